//! Recognises credentials: by their name, by their form, by their place in a command line, or because they are known.
//!
//! One rule for configurations, plans, answers and the lines that a diagnostic quotes. It errs towards hiding: a hidden
//! value costs a reader a look at the file, a shown one may cost the account.

mod forms;
mod known;
mod lines;
mod names;

pub use forms::{command_line, holds_credential};
pub use known::{distinctive_parts, is_distinctive};
pub use lines::mask_credentials;
pub use names::{names_credential, names_value};
