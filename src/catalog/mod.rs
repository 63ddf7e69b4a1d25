//! What RunPod rents out: GPU types, pools, CPU flavors, data centers and prices, from a dated snapshot in the binary.

/// The snapshot.
#[derive(Debug)]
pub struct Catalog {}
