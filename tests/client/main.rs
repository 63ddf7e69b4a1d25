//! The client with scripted answers: its requests, decoding, retries and waits.

mod decode;
mod encode;
mod hostile;
mod pacing;
mod retry;
mod script;
