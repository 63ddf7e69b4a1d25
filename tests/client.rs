//! The client with scripted answers: its requests, decoding, retries and waits.

mod support;

mod client {
    mod decode;
    mod encode;
    mod hostile;
    mod pacing;
    mod retry;
}
