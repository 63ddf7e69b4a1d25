//! Migration: a pod moves to another host and gets a new id.

use jiff::Timestamp;

use super::pod_spec::{CudaConstraint, PodSpec};
use super::refusal::describe;
use crate::emulator::state::hardware::Hardware;
use crate::emulator::state::pod::{Pod, StatusChange, Storage};
use crate::emulator::state::tombstone::Tombstone;
use crate::emulator::state::visibility::Visibility;
use crate::emulator::state::world::World;

impl World {
    /// Migrates a pod as the console does: everything but the id and the host stays the same.
    pub(in crate::emulator) fn migrate(&mut self, id: &str, now: Timestamp) -> Result<(), String> {
        let Some(pod) = self.pods.get(id) else { return Err(format!("no pod `{id}`")) };
        let center = match &pod.storage {
            Storage::Network { volume_id } => self.volumes.get(volume_id).map(|volume| volume.data_center.clone()),
            _ => None,
        };
        // Find the new host first, so that a pod without one stays unchanged.
        let placed = self.stock.place(&spec_of(pod), center.as_deref(), &mut self.rng, now);
        let (hardware, machine) = placed.map_err(|refusal| describe(&refusal))?;
        self.now = now;
        let Some(old) = self.remove_pod(id) else { return Err(format!("no pod `{id}`")) };
        self.deleted_pods.bury(Tombstone { item: old.clone(), at: now, listed_until: now, shown_until: now });
        let next = Pod {
            serial: self.take_serial(),
            id: self.rng.id(14),
            hardware,
            machine: Some(machine),
            created_at: now,
            last_change: StatusChange { event: "Rented".to_owned(), by: "System".to_owned(), at: now },
            visible: Visibility { found: now, listed: now },
            stolen_at: None,
            down_until: None,
            maintenance: None,
            stale_ports: None,
            stale_copy: None,
            ..old
        };
        self.touched.push(next.id.clone());
        self.add_pod(next);
        Ok(())
    }
}

/// The spec of another pod like this one.
fn spec_of(pod: &Pod) -> PodSpec {
    let hardware = match &pod.hardware {
        Hardware::Gpu { id, count, .. } => Hardware::Gpu { id: id.clone(), count: *count, attached: *count },
        cpu @ Hardware::Cpu { .. } => cpu.clone(),
    };
    PodSpec {
        name: pod.name.clone(),
        hardware: vec![hardware],
        cloud: pod.cloud,
        data_centers: Vec::new(),
        data_centers_in_order: false,
        countries: Vec::new(),
        cuda: CudaConstraint::default(),
        min_ram_per_gpu: 0,
        min_vcpu_per_gpu: 0,
        public_ip: false,
        image: pod.image.clone(),
        args: pod.args.clone(),
        disk: pod.disk,
        storage: pod.storage.clone(),
        mount_path: pod.mount_path.clone(),
        ports: pod.ports.clone(),
        env: pod.env.clone(),
        registry: pod.registry.clone(),
        template: pod.template.clone(),
        global_networking: pod.global_networking.wanted,
        locked: pod.locked,
        interruptible: pod.interruptible,
        start_ssh: false,
        start_jupyter: false,
    }
}
