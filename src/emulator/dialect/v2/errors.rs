//! Problem documents of v2.

use crate::emulator::dialect::response::Response;
use crate::emulator::rules::refusal::Refusal;

/// The problem document for a refusal, in RunPod's words (contract, section 14; behaviour page, section 5.1).
pub fn problem(refusal: &Refusal) -> Response {
    match refusal {
        Refusal::Schema(violations) => {
            let errors = violations.iter().map(ToString::to_string).collect();
            Response::problem(422, "Request validation failed.", Some(errors))
        }
        Refusal::NoImage(image) => {
            let errors = vec![format!("$.image: image '{image}' not found")];
            Response::problem(422, "Request validation failed.", Some(errors))
        }
        Refusal::Rule(text) => Response::problem(400, text, None),
        Refusal::NotFound => Response::problem(404, "resource not found", None),
        Refusal::NoBalance => Response::problem(402, "Insufficient balance.", None),
        Refusal::NoCapacity => Response::problem(
            400,
            "There are no longer any instances available with the requested specifications. Please refresh and try again.",
            None,
        ),
        Refusal::HostFull => {
            Response::problem(400, "There are not enough free GPUs on the host machine to start this pod.", None)
        }
        Refusal::Conflict(text) => Response::problem(409, text, None),
    }
}
