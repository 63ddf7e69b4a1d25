//! The emulator's gateway: order of checks, headers, faults, transports, world files, and work per request.

mod carriers;
mod checks;
#[path = "../scale/count.rs"]
#[allow(dead_code, reason = "the suite `scale` uses the rest")]
mod count;
mod faults;
mod files;
mod growth;
mod hosts;
mod new_kinds;
mod support;
