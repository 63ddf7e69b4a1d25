//! The hosts of one kind of hardware in one data center and cloud.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::host::Host;
use super::steps::look_at;

/// The hosts of a pool, oldest first. It is saved as a plain list.
#[derive(Clone, Default)]
pub struct Pool {
    hosts: Vec<Host>,
    /// The hosts that have free slots. Only these are searched, so that a create costs the same in a pool of any size.
    free: BTreeMap<Vacancy, BTreeSet<usize>>,
}

/// All that distinguishes hosts of a pool when a pod is placed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Vacancy {
    slots: u32,
    cuda: Option<String>,
    has_ip: bool,
}

impl Vacancy {
    fn of(host: &Host) -> Self {
        let slots = host.slots.saturating_sub(host.assigned);
        Self { slots, cuda: host.cuda.clone(), has_ip: host.ip.is_some() }
    }
}

impl Pool {
    pub fn add(&mut self, host: Host) -> usize {
        let index = self.hosts.len();
        self.hosts.push(host);
        self.list(index);
        index
    }

    pub fn host_mut(&mut self, index: usize) -> Option<&mut Host> {
        self.hosts.get_mut(index)
    }

    pub fn hosts_mut(&mut self) -> impl Iterator<Item = &mut Host> {
        self.hosts.iter_mut()
    }

    /// The first host with `size` free slots that is open and suits. `suits` may only depend on the CUDA version and on
    /// whether there is a public address.
    pub fn find(&self, size: u32, now: Timestamp, suits: impl Fn(&Host) -> bool) -> Option<usize> {
        let open = |index: &usize| look_at(&self.hosts[*index]).is_open(now);
        let suitable = |hosts: &&BTreeSet<usize>| hosts.first().is_some_and(|first| suits(&self.hosts[*first]));
        let roomy = self.free.iter().filter(|(vacancy, _)| vacancy.slots >= size).map(|(_, hosts)| hosts);
        roomy.filter(suitable).filter_map(|hosts| hosts.iter().copied().find(open)).min()
    }

    /// Takes slots of a host that [`Pool::find`] or [`Pool::add`] returned.
    pub fn take(&mut self, index: usize, size: u32) -> &Host {
        self.delist(index);
        self.hosts[index].assigned += size;
        self.list(index);
        &self.hosts[index]
    }

    /// Returns slots of a host.
    pub fn give_back(&mut self, index: usize, size: u32) {
        self.delist(index);
        if let Some(host) = self.hosts.get_mut(index) {
            host.assigned = host.assigned.saturating_sub(size);
            self.list(index);
        }
    }

    /// Adds a host to the free ones, if it has free slots.
    fn list(&mut self, index: usize) {
        let vacancy = self.hosts.get(index).map(Vacancy::of).filter(|vacancy| vacancy.slots > 0);
        if let Some(vacancy) = vacancy {
            self.free.entry(vacancy).or_default().insert(index);
        }
    }

    /// Takes a host out of the free ones.
    fn delist(&mut self, index: usize) {
        let Some(vacancy) = self.hosts.get(index).map(Vacancy::of) else { return };
        if let Entry::Occupied(mut hosts) = self.free.entry(vacancy) {
            hosts.get_mut().remove(&index);
            if hosts.get().is_empty() {
                hosts.remove();
            }
        }
    }

    #[cfg(test)]
    pub fn assigned(&self) -> u32 {
        self.hosts.iter().map(|host| host.assigned).sum()
    }
}

impl Serialize for Pool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.hosts.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Pool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut pool = Self::default();
        for host in Vec::deserialize(deserializer)? {
            pool.add(host);
        }
        Ok(pool)
    }
}
