//! Random small configurations with few keys and values, so that two of them have much in common.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, btree_set};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sindri::model::{Dialect, Power};

use super::fleet::{Fleet, Machine, Pod, Storage, Variable, Volume};

const VOLUMES: [&str; 3] = ["data", "models", "scratch"];
const PODS: [&str; 4] = ["api", "eval", "note", "train"];

pub fn dialect() -> impl Strategy<Value = Dialect> {
    select(vec![Dialect::V1, Dialect::V2])
}

/// Up to three volumes and, with replicas, about six pods.
pub fn fleet() -> impl Strategy<Value = Fleet> {
    (btree_map(select(&VOLUMES[..]), volume(), 0..=3), btree_map(select(&PODS[..]), pod(), 0..=3))
        .prop_map(|(volumes, pods)| Fleet { volumes, pods })
}

/// A change that someone else makes to a pod or volume.
#[derive(Clone, Copy, Debug)]
pub enum OutsideChange {
    Delete,
    Power,
    Image,
    Variable,
    Fail,
    LoseGpu,
    Migrate,
    Rename,
    Grow,
}

/// Changes, each to one of the objects that exist at that time.
pub fn outside_changes() -> impl Strategy<Value = Vec<(OutsideChange, proptest::sample::Index)>> {
    use OutsideChange::{Delete, Fail, Grow, Image, LoseGpu, Migrate, Power, Rename, Variable};
    let kinds = select(vec![Delete, Power, Image, Variable, Fail, LoseGpu, Migrate, Rename, Grow]);
    proptest::collection::vec((kinds, any::<proptest::sample::Index>()), 1..=3)
}

/// A configuration and a later version of it: some blocks removed, some new, some with a few other fields.
pub fn history() -> impl Strategy<Value = (Fleet, Fleet)> {
    let fields = prop_oneof![3 => Just(0), 6 => (0..32_u32).prop_map(|field| 1 << field), 1 => any::<u32>()];
    (fleet(), fleet(), proptest::collection::vec((fields, 0..8_u8), VOLUMES.len() + PODS.len()))
        .prop_map(|(first, other, fates)| (first.clone(), changed(&first, &other, &fates)))
}

/// For each key: which fields it takes from the other fleet, and whether its block is removed.
fn changed(first: &Fleet, other: &Fleet, fates: &[(u32, u8)]) -> Fleet {
    let (of_volumes, of_pods) = fates.split_at(VOLUMES.len());
    Fleet {
        volumes: changed_blocks(&VOLUMES, &first.volumes, &other.volumes, of_volumes, mixed_volume),
        pods: changed_blocks(&PODS, &first.pods, &other.pods, of_pods, mixed_pod),
    }
}

fn changed_blocks<T: Clone>(
    keys: &[&'static str],
    first: &BTreeMap<&'static str, T>,
    other: &BTreeMap<&'static str, T>,
    fates: &[(u32, u8)],
    mix: fn(&T, &T, u32) -> T,
) -> BTreeMap<&'static str, T> {
    let mut blocks = BTreeMap::new();
    // Any block of the other fleet, which may have none with the same key.
    let models: Vec<&T> = other.values().collect();
    for (index, (key, (fields, fate))) in keys.iter().zip(fates).enumerate() {
        let model = (!models.is_empty()).then(|| models[index % models.len()]);
        let block = match (first.get(key), model, fate) {
            (Some(_), _, 0) => None,
            (Some(block), Some(model), _) => Some(mix(block, model, *fields)),
            (Some(block), None, _) => Some(block.clone()),
            (None, model, 0..=2) => model.cloned(),
            (None, ..) => None,
        };
        blocks.extend(block.map(|block| (*key, block)));
    }
    blocks
}

/// Takes each listed field from `other` if its bit is set.
macro_rules! mix {
    ($first:ident, $other:ident, $fields:ident, $($field:ident),*) => {{
        let mut mixed = $first.clone();
        let mut bits = $fields;
        $(
            if bits & 1 == 1 {
                mixed.$field = $other.$field.clone();
            }
            bits >>= 1;
        )*
        let _ = bits;
        mixed
    }};
}

fn mixed_volume(first: &Volume, other: &Volume, fields: u32) -> Volume {
    // There are few fields, so fold the bits to use most of them.
    let fields = fields | fields >> 4 | fields >> 8;
    mix!(first, other, fields, title, size_gb, region, tier)
}

fn mixed_pod(first: &Pod, other: &Pod, fields: u32) -> Pod {
    mix!(
        first,
        other,
        fields,
        replicas,
        title,
        machine,
        community,
        regions,
        image,
        disk_gb,
        storage,
        path,
        ports,
        env,
        entrypoint,
        command,
        locked,
        public_ip,
        ssh,
        power,
        in_place,
        create_first,
        prevent_destroy,
        ignore
    )
}

prop_compose! {
    fn volume()(
        title in select(vec!["", "-b"]),
        size_gb in select(vec![50, 100, 200]),
        region in select(vec!["US-CA-2", "US-KS-2"]),
        tier in any::<bool>(),
    ) -> Volume {
        Volume { title, size_gb, region, tier }
    }
}

fn machine() -> impl Strategy<Value = Machine> {
    const TYPES: [&[&str]; 4] = [
        &["NVIDIA GeForce RTX 4090"],
        &["NVIDIA GeForce RTX 3090", "NVIDIA GeForce RTX 4090"],
        &["NVIDIA GeForce RTX 4090", "NVIDIA GeForce RTX 3090"],
        &["NVIDIA GeForce RTX 3090"],
    ];
    const FLAVORS: [&[&str]; 2] = [&["cpu3c"], &["cpu5c", "cpu3c"]];
    let gpus = (select(&TYPES[..]), 1..=2_i64, option::of(Just(8)));
    let cpus = (select(&FLAVORS[..]), select(vec![2, 4]));
    prop_oneof![
        3 => gpus.prop_map(|(types, count, least_ram_gb)| Machine::Gpus { types, count, least_ram_gb }),
        1 => cpus.prop_map(|(flavors, count)| Machine::Cpus { flavors, count }),
    ]
}

fn storage() -> impl Strategy<Value = Storage> {
    prop_oneof![
        1 => Just(Storage::None),
        2 => select(vec![10, 20, 40]).prop_map(Storage::Own),
        3 => select(&VOLUMES[..]).prop_map(Storage::Network),
    ]
}

fn variable() -> impl Strategy<Value = Variable> {
    let text = select(vec!["", "1", "two words"]);
    (text, any::<bool>()).prop_map(|(text, secret)| if secret { Variable::Secret(text) } else { Variable::Plain(text) })
}

type Machinery = (Option<u32>, Machine, bool, &'static [&'static str], Storage, i64);

fn machinery() -> impl Strategy<Value = Machinery> {
    const REGIONS: [&[&str]; 4] = [&[], &["US-CA-2"], &["US-KS-2"], &["US-KS-2", "US-CA-2"]];
    (option::weighted(0.4, 0..=3_u32), machine(), any::<bool>(), select(&REGIONS[..]), storage(), select(vec![10, 20]))
}

prop_compose! {
    fn pod()(
        (replicas, machine, community, regions, storage, disk_gb) in machinery(),
        (title, image, path) in (select(vec!["", "-b"]), select(vec!["image:1", "image:2"]), select(vec!["/workspace", "/data"])),
        ports in btree_set(select(vec!["22/tcp", "8080/http", "8888/http", "9000/tcp"]), 0..=3),
        env in btree_map(select(vec!["A", "B", "TOKEN"]), variable(), 0..=3),
        (entrypoint, command) in (words(), words()),
        (locked, public_ip, ssh) in (proptest::bool::weighted(0.15), any::<bool>(), option::of(any::<bool>())),
        power in option::weighted(0.4, select(vec![Power::Running, Power::Stopped])),
        (in_place, create_first, prevent_destroy) in (any::<bool>(), any::<bool>(), proptest::bool::weighted(0.1)),
        ignore in btree_set(select(vec!["image", "env", "env.A", "ports", "name", "locked", "container_disk_gb"]), 0..=2)
            .prop_flat_map(|ignore| prop_oneof![3 => Just(Default::default()), 1 => Just(ignore)]),
    ) -> Pod {
        Pod {
            replicas, title, machine, community, regions, image, disk_gb, storage, path, ports, env, entrypoint, command,
            locked, public_ip, ssh, power, in_place, create_first, prevent_destroy, ignore,
        }
    }
}

fn words() -> impl Strategy<Value = &'static [&'static str]> {
    const WORDS: [&[&str]; 4] = [&[], &[], &["bash", "-c", "echo \"it's up\""], &["serve"]];
    select(&WORDS[..])
}
