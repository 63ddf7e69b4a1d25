//! The emulator's front: the order of its checks, its headers, its faults, both ways to call it, and its file.

mod carriers;
mod checks;
mod faults;
mod files;
mod hosts;
mod support;
