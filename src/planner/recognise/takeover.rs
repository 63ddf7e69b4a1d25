//! Compares unmanaged objects with the configuration, to predict whether adopting one would change it.

use std::collections::BTreeMap;

use crate::kind::{self, Kind};
use crate::model::{Address, Attributes, Object, Resource, Status};
use crate::resource::difference::{Readings, difference};
use crate::resource::members;
use crate::resource::resolved;

/// The known ids of recorded or chosen objects, by address.
pub type IdsByAddress = BTreeMap<Address, String>;

/// The declared resources, with lookup by parent and by name.
pub struct Declarations<'d> {
    declared: &'d BTreeMap<Address, Resource>,
    members: BTreeMap<Address, Vec<&'d Address>>,
    /// By kind and name.
    by_name: BTreeMap<&'d str, BTreeMap<&'d str, Vec<&'d Address>>>,
}

impl<'d> Declarations<'d> {
    pub fn new(declared: &'d BTreeMap<Address, Resource>) -> Self {
        let mut by_name: BTreeMap<&str, BTreeMap<&str, Vec<&Address>>> = BTreeMap::new();
        for (address, resource) in declared {
            if let Some(name) = kind::find(&address.kind).and_then(|kind| kind.display_name(&resource.inputs)) {
                by_name.entry(&address.kind).or_default().entry(name).or_default().push(address);
            }
        }
        Self { declared, members: members::by_parent(declared.keys()), by_name }
    }

    /// The addresses with the same name at RunPod as this object.
    pub fn of_same_name(&self, object: &Object) -> &[&'d Address] {
        self.by_name.get(object.kind).and_then(|named| named.get(&*object.name)).map_or(&[], Vec::as_slice)
    }

    /// The attributes in which `object` differs from the declaration of `address`; empty if the next plan would leave
    /// it unchanged.
    pub fn differing(&self, address: &Address, object: &Object, ids: &IdsByAddress) -> Vec<String> {
        let declared = kind::find(&address.kind).zip(self.declared.get(address));
        declared.map_or_else(Vec::new, |(kind, resource)| {
            differing(kind, resource, members::folded(address, &resource.inputs, &self.members), object, ids)
        })
    }
}

fn differing(
    kind: &'static Kind,
    resource: &Resource,
    folded: Attributes,
    object: &Object,
    ids: &IdsByAddress,
) -> Vec<String> {
    let wanted = resolved(folded, &|target| ids.get(target).cloned());
    // Attributes that the API does not return are unknown and not compared.
    let found = difference(&Readings {
        kind,
        wanted: &wanted,
        recorded: None,
        seen: &object.attributes,
        ignored: &resource.lifecycle.ignore_changes,
        positions: &resource.positions,
    });
    let refused = found.refused.into_iter().map(|(field, _)| field);
    let mut paths: Vec<String> = found.fields.into_iter().chain(refused).map(|field| field.path).collect();
    let seen = object.status.as_ref().and_then(Status::power);
    if let (Some(wanted), Some(seen)) = (resource.declared_power(), seen)
        && wanted != seen
    {
        paths.push("power".to_owned());
    }
    paths
}

/// Whether a plan would replace the object, independent of its attributes.
pub fn is_broken(object: &Object) -> bool {
    matches!(object.status, Some(Status::Error | Status::ZeroGpu))
}
