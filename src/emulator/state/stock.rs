//! Hosts by pool, and the number of GPUs that can still be rented.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::hardware::Hardware;
use super::host::{Host, Machine};
use super::pattern::matches_pattern;
use super::pool::Pool;

/// Limits how many GPUs can be rented. The first matching rule applies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CapacityRule {
    /// GPU type or CPU flavor id; `*` matches any run of characters.
    #[serde(alias = "cpu")]
    pub gpu: String,
    #[serde(default = "any")]
    pub data_center: String,
    /// Free GPUs, or CPU pods. Creates and starts take them; stops and deletes return them.
    pub free: u32,
}

fn any() -> String {
    "*".to_owned()
}

impl CapacityRule {
    pub(in crate::emulator) fn covers(&self, hardware: &str, data_center: &str) -> bool {
        matches_pattern(&self.gpu, hardware) && matches_pattern(&self.data_center, data_center)
    }
}

#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Stock {
    pub rules: Vec<CapacityRule>,
    /// By hardware, data center and cloud.
    pools: BTreeMap<String, Pool>,
}

impl Stock {
    fn rule(&mut self, hardware: &str, center: &str) -> Option<&mut CapacityRule> {
        self.rules.iter_mut().find(|rule| rule.covers(hardware, center))
    }

    /// GPUs that can still be rented; `None` means unlimited.
    pub fn free(&self, hardware: &str, center: &str) -> Option<u32> {
        self.rules.iter().find(|rule| rule.covers(hardware, center)).map(|rule| rule.free)
    }

    pub fn take(&mut self, hardware: &str, center: &str, count: u32) {
        if let Some(rule) = self.rule(hardware, center) {
            rule.free = rule.free.saturating_sub(count);
        }
    }

    pub fn give_back(&mut self, hardware: &str, center: &str, count: u32) {
        if let Some(rule) = self.rule(hardware, center) {
            rule.free = rule.free.saturating_add(count);
        }
    }

    /// Puts a pod of `size` slots on the first host of the pool that is open, has room and suits, or on a new host.
    /// Returns the host and its index in the pool. For `suits` see [`Pool::find`].
    pub fn assign(
        &mut self,
        pool: &str,
        size: u32,
        now: Timestamp,
        suits: impl Fn(&Host) -> bool,
        open: impl FnOnce() -> Host,
    ) -> (usize, &Host) {
        let pool = self.pools.entry(pool.to_owned()).or_default();
        let index = pool.find(size, now, suits).unwrap_or_else(|| pool.add(open()));
        (index, pool.take(index, size))
    }

    /// Closes the matching hosts to new pods. Returns `false` if none matches.
    pub fn close(&mut self, pattern: &str, from: Timestamp, until: Timestamp) -> bool {
        let hosts = self.pools.values_mut().flat_map(Pool::hosts_mut).filter(|host| matches_pattern(pattern, &host.id));
        hosts.map(|host| host.closed = Some((from, until))).count() > 0
    }

    /// Frees the slots of a pod on its host.
    pub fn release(&mut self, machine: &Machine, hardware: &Hardware) {
        let size = if let Hardware::Gpu { count, .. } = hardware { *count } else { 1 };
        if let Some(pool) = self.pools.get_mut(&machine.pool) {
            pool.give_back(machine.host, size);
        }
    }

    /// Whether the host must pull the image. Marks it as pulled.
    pub fn pulls(&mut self, machine: &Machine, image: &str) -> bool {
        let host = self.pools.get_mut(&machine.pool).and_then(|pool| pool.host_mut(machine.host));
        host.is_some_and(|host| host.images.insert(image.to_owned()))
    }

    #[cfg(test)]
    pub fn assigned(&self) -> u32 {
        self.pools.values().map(Pool::assigned).sum()
    }
}
