//! Network volumes: disks that outlive the pods that mount them.

mod price;
mod table;
mod words;

pub use table::NETWORK_VOLUME;
