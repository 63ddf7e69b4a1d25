//! Compares unmanaged objects with the configuration, to predict whether adopting one would change it.

use std::collections::{BTreeMap, BTreeSet};

use crate::kind::{self, Kind};
use crate::model::{Address, Attributes, Object, Observed, Resource, State, Status};
use crate::resource::difference::{Readings, difference};
use crate::resource::inventory::live_object;
use crate::resource::members;
use crate::resource::resolved;

/// The known ids of recorded or chosen objects, by address.
pub type IdsByAddress = BTreeMap<Address, String>;

/// The number of resources with one name that an object is compared with. More than one is a rarity.
const MOST_NAMESAKES: usize = 100;

/// What the configuration says about unmanaged objects.
#[derive(Default)]
pub struct Takeover<'o> {
    /// Objects that their declarations describe exactly.
    pub taken: Vec<(Address, &'o Object)>,
    /// Objects that a resource of the same name declares differently, with the attributes that differ.
    pub differing: Vec<(&'o Object, Address, Vec<String>)>,
    pub undeclared: Vec<&'o Object>,
}

/// Looks up each unmanaged object among the resources that are declared under its name and have no live object yet.
pub fn takeover<'o>(
    declared: &BTreeMap<Address, Resource>,
    (state, observed): (&State, &Observed),
    mut unmanaged: Vec<&'o Object>,
) -> Takeover<'o> {
    let mut takeover = Takeover::default();
    let mut ids: IdsByAddress =
        state.resources.iter().map(|(address, record)| (address.clone(), record.id.clone())).collect();
    // Volumes come before pods, because pods are compared by the ids of their mounts.
    unmanaged.sort_by_key(|object| kind::rank(object.kind));
    let mut declarations = Declarations::new(declared);
    declarations.retain(|address| {
        state.resources.get(address).is_none_or(|record| live_object(observed, record).is_none()) //
    });
    for object in unmanaged {
        let named = declarations.of_same_name(object).take(MOST_NAMESAKES);
        let mut closest: Option<(&Address, Vec<String>)> = None;
        for address in named {
            let fields = declarations.differing(address, object, &ids);
            if closest.as_ref().is_none_or(|(_, fewest)| fields.len() < fewest.len()) {
                closest = Some((address, fields));
            }
            if closest.as_ref().is_some_and(|(_, fields)| fields.is_empty()) {
                break;
            }
        }
        match closest {
            None => takeover.undeclared.push(object),
            Some((address, fields)) if fields.is_empty() => {
                ids.insert(address.clone(), object.id.clone());
                declarations.remove(object, address);
                takeover.taken.push((address.clone(), object));
            }
            Some((address, fields)) => takeover.differing.push((object, address.clone(), fields)),
        }
    }
    takeover
}

/// The declared resources, with lookup by parent and by name.
pub struct Declarations<'d> {
    declared: &'d BTreeMap<Address, Resource>,
    members: BTreeMap<Address, Vec<&'d Address>>,
    /// By kind and name.
    by_name: BTreeMap<&'d str, BTreeMap<&'d str, BTreeSet<&'d Address>>>,
}

impl<'d> Declarations<'d> {
    pub fn new(declared: &'d BTreeMap<Address, Resource>) -> Self {
        let mut by_name: BTreeMap<&str, BTreeMap<&str, BTreeSet<&Address>>> = BTreeMap::new();
        for (address, resource) in declared {
            if let Some(name) = kind::find(&address.kind).and_then(|kind| kind.display_name(&resource.inputs)) {
                by_name.entry(&address.kind).or_default().entry(name).or_default().insert(address);
            }
        }
        Self { declared, members: members::by_parent(declared.keys()), by_name }
    }

    /// The addresses with the same name at RunPod as this object.
    fn of_same_name(&self, object: &Object) -> impl Iterator<Item = &'d Address> {
        self.by_name.get(object.kind).and_then(|named| named.get(&*object.name)).into_iter().flatten().copied()
    }

    /// Keeps only some addresses for lookup by name.
    fn retain(&mut self, keeps: impl Fn(&Address) -> bool) {
        let names = self.by_name.values_mut().flat_map(BTreeMap::values_mut);
        names.for_each(|addresses| addresses.retain(|address| keeps(address)));
    }

    /// Removes an address from lookup by the name of its object.
    fn remove(&mut self, object: &Object, address: &Address) {
        let addresses = self.by_name.get_mut(object.kind).and_then(|named| named.get_mut(&*object.name));
        addresses.map(|addresses| addresses.remove(address));
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
