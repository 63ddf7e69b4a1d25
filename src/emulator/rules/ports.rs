//! The ports of a pod, requested and published.

use std::collections::BTreeMap;

use crate::emulator::state::pod::Pod;
use crate::emulator::state::world::World;

/// Splits `8888/http` into number and protocol; `None` if it is invalid. A number above 70000 requests a symmetrical
/// port (contract, section 15).
pub fn parse_port(port: &str) -> Option<(u32, &str)> {
    let (number, protocol) = port.split_once('/')?;
    let number: u32 = number.parse().ok()?;
    let valid = ((1..=65_535).contains(&number) || number > 70_000) && matches!(protocol, "http" | "tcp");
    valid.then_some((number, protocol))
}

impl Pod {
    /// The requested TCP ports.
    pub fn wanted_tcp_ports(&self) -> impl Iterator<Item = u32> {
        self.ports.iter().filter_map(|port| parse_port(port)).filter(|(_, kind)| *kind == "tcp").map(|(port, _)| port)
    }
}

impl World {
    /// Assigns new public ports to a new container.
    pub(in crate::emulator) fn publish_ports(&mut self, pod: &mut Pod) {
        let mut ports = BTreeMap::new();
        for private in pod.wanted_tcp_ports() {
            let public = loop {
                let candidate = self.rng.between(10_000, 60_999) as u16;
                if !ports.values().any(|taken| *taken == candidate) {
                    break candidate;
                }
            };
            ports.insert(private, public);
        }
        pod.tcp_ports = ports;
        pod.proxy_port = self.rng.between(60_000, 65_000) as u16;
    }
}
