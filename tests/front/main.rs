//! The emulator's front: the order of its checks, its headers, its faults, the two ways to reach it, and its file.

mod carriers;
mod checks;
mod faults;
mod files;
mod hosts;
mod support;
