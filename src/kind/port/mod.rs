//! Ports: exposures of a pod, which exist only within their pod's request.

mod table;

pub use table::PORT;
