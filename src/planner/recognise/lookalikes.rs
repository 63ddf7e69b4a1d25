//! Objects without markers: which declared address each of them belongs to. This is the only rule for it, so a plan and
//! `import --discover` cannot disagree.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::kind;
use crate::model::{Address, Object, Resource, Value};
use crate::resource::inventory::identity_key;
use crate::resource::referred_id;

/// The addresses declared with the same identity, and the objects that have it.
pub(in crate::planner) type Alike<'d, 'a> = (Vec<&'d Address>, Vec<&'a Object>);

/// Objects of kinds without markers, grouped by identity with the addresses that declare it. `id_of` returns the id of
/// a resource that an identity refers to.
pub(in crate::planner) fn alike<'d, 'a>(
    unmanaged: &[&'a Object],
    declared: impl Iterator<Item = (&'d Address, &'d Resource)>,
    id_of: &dyn Fn(&Address) -> Option<String>,
) -> Vec<Alike<'d, 'a>> {
    let mut by_identity: BTreeMap<(&str, Vec<Value>), Alike<'d, 'a>> = BTreeMap::new();
    for object in unmanaged {
        if let Some(key) = identity_key(object) {
            by_identity.entry((object.kind, key.into_iter().cloned().collect())).or_default().1.push(object);
        }
    }
    if by_identity.is_empty() {
        return Vec::new();
    }
    for (address, resource) in declared {
        let key = kind::find(&address.kind).and_then(|kind| {
            let wanted = kind.identity_key(&resource.inputs)?;
            Some((kind.name, wanted.into_iter().map(|value| with_id(value, id_of)).collect()))
        });
        if let Some(group) = key.and_then(|key| by_identity.get_mut(&key)) {
            group.0.push(address);
        }
    }
    by_identity.into_values().collect()
}

/// The value as RunPod shows it, with the id of the object in place of a reference.
fn with_id(value: &Value, id_of: &dyn Fn(&Address) -> Option<String>) -> Value {
    referred_id(value, id_of).map_or_else(|| value.clone(), Value::text)
}

/// An object that one of our live objects uses in place of a declared resource.
pub(in crate::planner) struct Mount<'d, 'a> {
    pub id: &'a str,
    /// The user's address.
    pub by: &'d Address,
    /// Whether the user was recognised by its marker and has no record. Such an object still uses what it was created
    /// with, so the used object belongs to the address even if its size or name was changed since.
    pub is_proof: bool,
}

/// What our live objects use, by the address that their blocks name.
pub(in crate::planner) type Mounts<'d, 'a> = BTreeMap<&'d Address, Vec<Mount<'d, 'a>>>;

/// An object and the address it belongs to.
pub(in crate::planner) struct Pair<'d, 'a> {
    pub address: &'d Address,
    pub object: &'a Object,
    /// The address of our object that uses it, if that decided.
    pub mounted_by: Option<&'d Address>,
    /// Whether it has the declared identity.
    pub is_identical: bool,
}

/// The result of [`pair`].
#[derive(Default)]
pub(in crate::planner) struct Pairing<'d, 'a> {
    pub pairs: Vec<Pair<'d, 'a>>,
    /// Addresses that several objects match, with no way to tell which one is meant.
    pub ambiguous: Vec<(&'d Address, Arc<[&'a Object]>)>,
}

/// Pairs unmanaged objects with the `open` resources, which have no live object.
///
/// Among objects of the same identity, an address gets the one that our objects use in its place. The others are paired
/// in order, unless there are more objects than addresses. Finally, an object with another identity belongs to the
/// address in whose place it is used, if it is like no declared resource and no object is like that address.
pub(in crate::planner) fn pair<'d, 'a>(
    unmanaged: &[&'a Object],
    open: impl Iterator<Item = (&'d Address, &'d Resource)> + Clone,
    mounts: &Mounts<'d, 'a>,
    id_of: &dyn Fn(&Address) -> Option<String>,
) -> Pairing<'d, 'a> {
    let mut pairing = Pairing::default();
    let mut alike_addresses: BTreeSet<&Address> = BTreeSet::new();
    let mut alike_objects: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (addresses, objects) in alike(unmanaged, open.clone(), id_of) {
        if !addresses.is_empty() {
            alike_addresses.extend(&addresses);
            alike_objects.extend(objects.iter().map(|object| (object.kind, &*object.id)));
            pairing.pair_identical(addresses, objects, mounts);
        }
    }
    let others = unmanaged.iter().filter(|object| !alike_objects.contains(&(object.kind, &*object.id)));
    let mut others: BTreeMap<(&str, &str), &'a Object> =
        others.map(|object| ((object.kind, &*object.id), *object)).collect();
    for (address, _) in open.filter(|(address, _)| !alike_addresses.contains(address)) {
        let Some(mount) = mounts.get(address).and_then(|mounts| only_proof(mounts)) else { continue };
        if let Some(object) = others.remove(&(&*address.kind, mount.id)) {
            pairing.pairs.push(Pair { address, object, mounted_by: Some(mount.by), is_identical: false });
        }
    }
    pairing
}

/// The first mount, if all agree on the object and one of them proves it.
fn only_proof<'m, 'd, 'a>(mounts: &'m [Mount<'d, 'a>]) -> Option<&'m Mount<'d, 'a>> {
    let first = mounts.first()?;
    let agreed = mounts.iter().all(|mount| mount.id == first.id);
    mounts.iter().find(|mount| agreed && mount.is_proof)
}

impl<'d, 'a> Pairing<'d, 'a> {
    /// Pairs the addresses and objects of one identity.
    fn pair_identical(&mut self, addresses: Vec<&'d Address>, objects: Vec<&'a Object>, mounts: &Mounts<'d, 'a>) {
        let places: BTreeMap<&str, usize> =
            objects.iter().enumerate().map(|(place, object)| (&*object.id, place)).collect();
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        let mut open = Vec::new();
        for address in addresses {
            let mounts = mounts.get(address).map_or(&[][..], Vec::as_slice);
            let used = mounts.iter().filter_map(|mount| Some((*places.get(mount.id)?, mount.by)));
            // Of several used objects the first one, by its first user.
            match used.filter(|(place, _)| !taken.contains(place)).min_by_key(|(place, _)| *place) {
                Some((place, by)) => {
                    taken.insert(place);
                    let object = objects[place];
                    self.pairs.push(Pair { address, object, mounted_by: Some(by), is_identical: true });
                }
                None => open.push(address),
            }
        }
        let objects: Vec<&Object> =
            objects.into_iter().enumerate().filter(|(place, _)| !taken.contains(place)).map(|(_, it)| it).collect();
        if objects.len() <= open.len() {
            let rest = open.into_iter().zip(objects);
            self.pairs.extend(rest.map(|(address, object)| Pair {
                address,
                object,
                mounted_by: None,
                is_identical: true,
            }));
        } else {
            let objects: Arc<[&Object]> = objects.into();
            self.ambiguous.extend(open.into_iter().map(|address| (address, Arc::clone(&objects))));
        }
    }
}
