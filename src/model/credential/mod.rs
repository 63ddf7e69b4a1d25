//! Recognises credentials by name, by form, by position in a command line, or because their value is known.
//!
//! The same rules apply to configurations, plans, API responses and the lines that diagnostics quote. They prefer false
//! positives: the reader of a wrongly hidden value can open the file, but a leaked one may cost the account.

mod forms;
mod known;
mod lines;
mod names;
mod tokens;

pub use forms::{command_line, holds_credential, surely_holds_credential};
pub use known::{distinctive_parts, is_distinctive};
pub use lines::mask_credentials;
pub use names::{names_credential, names_value};
