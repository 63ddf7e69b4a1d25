//! Secrets, registries, templates and serverless endpoints in the emulator, judged by the vendor's OpenAPI document in
//! both directions: the routes are the document's, a body is refused with 422 if and only if the document refuses it,
//! and the document describes every status and every body of an answer.
//!
//! The document is not in the repository. `SINDRI_CONTRACT_DIR` names its folder; the default is `../shared/runpod`.
//! Without it the tests are skipped with a message.

mod endpoints;
mod judge;
mod registries;
mod secrets;
mod templates;
