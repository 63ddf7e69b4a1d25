//! A kind that exists only here: a shelf stands in a pod. It has two attributes, one of them a reference, cannot be
//! updated, and exists on REST v2 only. One file per layer, like the kinds of the crate.

mod config;
mod emulator;
mod kind;
mod runpod;

/// Adds the kind to the registry of each layer, before anything reads them.
pub fn register() {
    use sindri::model::Dialect;

    sindri::kind::KINDS.extend(&[&kind::SHELF]).expect("the first lookup is later");
    sindri::config::kinds::KINDS.extend(&[&config::SHELF]).expect("the first lookup is later");
    sindri::runpod::wires(Dialect::V2).extend(&[&runpod::SHELF]).expect("the first lookup is later");
    sindri::emulator::kinds(sindri::emulator::ApiVersion::V2)
        .extend(&[&emulator::SHELF])
        .expect("the first lookup is later");
}
