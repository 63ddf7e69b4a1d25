//! Compares unmanaged objects with the configuration, to predict whether adopting one would change it.

use std::collections::BTreeMap;

use crate::kind;
use crate::model::{Address, Object, Resource, Status};
use crate::resource::difference::{Readings, difference};
use crate::resource::members;
use crate::resource::resolved;

/// The known ids of recorded or chosen objects, by address.
pub type IdsByAddress = BTreeMap<Address, String>;

/// The attributes in which `object` differs from the declaration of `address`; empty if the next plan would leave it
/// unchanged.
pub fn differing(
    declared: &BTreeMap<Address, Resource>,
    address: &Address,
    object: &Object,
    ids: &IdsByAddress,
) -> Vec<String> {
    let Some((kind, resource)) = kind::find(&address.kind).zip(declared.get(address)) else { return Vec::new() };
    let members: Vec<&Address> = declared
        .values()
        .filter(|member| member.parent.as_ref() == Some(address))
        .map(|member| &member.address)
        .collect();
    let folded = members::fold_members(address, &resource.inputs, &members);
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

/// The declared addresses with the same name at RunPod as this object.
pub fn addresses_of_same_name<'d>(
    declared: &'d BTreeMap<Address, Resource>,
    object: &Object,
) -> impl Iterator<Item = &'d Address> {
    let named = |resource: &&Resource| {
        let name = kind::find(object.kind).and_then(|kind| kind.display_name(&resource.inputs));
        resource.address.kind == object.kind && name == Some(object.name.as_str())
    };
    declared.values().filter(named).map(|resource| &resource.address)
}

/// Whether a plan would replace the object, independent of its attributes.
pub fn is_broken(object: &Object) -> bool {
    matches!(object.status, Some(Status::Error | Status::ZeroGpu))
}
