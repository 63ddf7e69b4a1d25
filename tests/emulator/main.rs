//! The emulator's gateway: order of checks, headers, faults, transports, world files.

mod carriers;
mod checks;
mod faults;
mod files;
mod hosts;
mod support;
