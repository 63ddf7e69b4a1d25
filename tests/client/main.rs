//! The client against scripted answers: what it sends, what it reads, what it repeats, when it waits.

mod decode;
mod encode;
mod hostile;
mod pacing;
mod retry;
mod script;
