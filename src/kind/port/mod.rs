//! Ports: exposures of a pod. They exist only as part of their pod's request.

mod table;

pub use table::PORT;
