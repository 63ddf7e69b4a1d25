//! ECR delegations: permissions to pull from Amazon ECR repositories without stored credentials.

mod table;
mod words;

pub use table::ECR_DELEGATION;
