//! Rendering, read as a user reads it: whole outputs against golden files, and what must hold for any input.

mod fixture;
mod golden;
mod accepted;
mod orphans;
mod plans;
mod applies;
mod standing;
mod drift;
mod shapes;
mod comment;
mod markup;
mod page;
mod schema;
mod hostile;
mod unpriced;
