//! Problem documents of v2.

use crate::emulator::dialect::response::Response;
use crate::emulator::rules::refusal::RequestRefusal;

/// The problem document for a refusal, in RunPod's words (contract, section 14; behaviour page, section 5.1).
pub fn problem(refusal: &RequestRefusal) -> Response {
    match refusal {
        RequestRefusal::Schema(violations) => {
            let errors = violations.iter().map(ToString::to_string).collect();
            Response::problem(422, "Request validation failed.", Some(errors))
        }
        RequestRefusal::NoImage(image) => {
            let errors = vec![format!("$.image: image '{image}' not found")];
            Response::problem(422, "Request validation failed.", Some(errors))
        }
        RequestRefusal::Rule(text) => Response::problem(400, text, None),
        RequestRefusal::NotFound => Response::problem(404, "resource not found", None),
        RequestRefusal::Absent(text) => Response::problem(404, text, None),
        RequestRefusal::NoBalance => Response::problem(402, "Insufficient balance.", None),
        RequestRefusal::NoCapacity => Response::problem(
            400,
            "There are no longer any instances available with the requested specifications. Please refresh and try again.",
            None,
        ),
        RequestRefusal::HostFull => {
            Response::problem(400, "There are not enough free GPUs on the host machine to start this pod.", None)
        }
        RequestRefusal::Conflict(text) => Response::problem(409, text, None),
    }
}
