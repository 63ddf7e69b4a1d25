//! Creating a pod.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::boot::StartKind;
use super::market::market;
use super::pod_spec::PodSpec;
use super::refusal::RequestRefusal;
use super::tweaks::Tweaks;
use crate::emulator::state::hardware::Hardware;
use crate::emulator::state::host::Machine;
use crate::emulator::state::pod::{GlobalNetworking, Phase, Pod, StatusChange, Storage};
use crate::emulator::state::world::World;

impl World {
    pub(in crate::emulator) fn check_image(&self, image: &str) -> Result<(), RequestRefusal> {
        match self.image_is(&self.settings.image_not_found, image) {
            true => Err(RequestRefusal::NoImage(image.to_owned())),
            false => Ok(()),
        }
    }

    /// Checks references, balance and capacity, then creates a pod. Returns its id.
    pub(in crate::emulator) fn create_pod(
        &mut self,
        spec: PodSpec,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<String, RequestRefusal> {
        self.check_image(&spec.image)?;
        let volume_center = match &spec.storage {
            Storage::Network { volume_id } => {
                let volume = self.volumes.get(volume_id).filter(|volume| volume.visible.found <= now);
                Some(volume.ok_or(RequestRefusal::NotFound)?.data_center.clone())
            }
            _ => None,
        };
        self.check_registry(spec.registry.as_deref())?;
        self.check_global_networking(&spec)?;
        self.check_money(&spec, now)?;
        if tweaks.object_mounts_bug {
            return Err(RequestRefusal::rule(
                r#"Variable "$input" got invalid value: Field "objectMounts" is not defined by type "PodFindAndDeployOnDemandInput"."#,
            ));
        }
        tweaks.check_create()?;
        self.now = now;
        let placement = if self.is_misspelt(&spec) {
            spec.hardware.first().map(|hardware| (hardware.clone(), None)).ok_or(RequestRefusal::NoCapacity)
        } else {
            let place = self.stock.place(&spec, volume_center.as_deref(), &mut self.rng, now);
            place.map(|(hardware, machine)| (hardware, Some(machine)))
        };
        let (hardware, machine) = placement?;
        if tweaks.duplicate_name {
            let theirs = PodSpec { env: BTreeMap::new(), storage: Storage::None, ..spec.clone() };
            self.insert_pod(theirs, hardware.clone(), machine.clone(), &Tweaks::default());
            self.touched.clear(); // created by another client
        }
        let id = self.insert_pod(spec, hardware, machine, tweaks);
        tweaks.deny_create().map(|()| id)
    }

    /// The live service accepts a data center in lower case but never finds a host for it (Q27).
    fn is_misspelt(&self, spec: &PodSpec) -> bool {
        let known = |id: &str| market().center(id).is_some();
        self.settings.observed()
            && !spec.data_centers.iter().any(|id| known(id))
            && spec.data_centers.iter().any(|id| known(&id.to_ascii_uppercase()))
    }

    fn check_global_networking(&self, spec: &PodSpec) -> Result<(), RequestRefusal> {
        let refused = || RequestRefusal::rule("global networking is not available for the requested configuration");
        if !spec.global_networking {
            return Ok(());
        }
        let nvidia = |hardware: &Hardware| market().gpu(hardware.id()).is_some_and(|gpu| gpu.is_nvidia());
        let centers = &spec.data_centers;
        let eligible = |id: &String| market().center(id).is_some_and(|center| center.offer.global_network);
        let placeable = centers.is_empty() || centers.iter().any(eligible);
        if spec.hardware.iter().any(nvidia) && placeable { Ok(()) } else { Err(refused()) }
    }

    /// Adds a pod that passed all checks. Returns its id.
    fn insert_pod(&mut self, spec: PodSpec, hardware: Hardware, machine: Option<Machine>, tweaks: &Tweaks) -> String {
        let now = self.now;
        let hardware = match hardware {
            Hardware::Gpu { id, count, .. } => {
                Hardware::Gpu { id, count, attached: if tweaks.zero_gpu { 0 } else { count } }
            }
            cpu @ Hardware::Cpu { .. } => cpu,
        };
        let mut env = spec.env;
        if self.settings.show_injected_env {
            if spec.start_ssh && !self.ssh_keys.is_empty() {
                env.entry("PUBLIC_KEY".to_owned()).or_insert_with(|| self.ssh_keys.join("\n"));
            }
            if spec.start_jupyter {
                let password = self.rng.id(20);
                env.entry("JUPYTER_PASSWORD".to_owned()).or_insert(password);
            }
        }
        let phase = self.start_container(StartKind::Create, machine.as_ref(), &spec.image, spec.registry.as_deref());
        let started_at = if let Phase::Started { placed, .. } = phase { placed } else { now };
        let mut pod = Pod {
            serial: self.take_serial(),
            id: self.rng.id(14),
            name: spec.name,
            hardware,
            cloud: spec.cloud,
            image: spec.image,
            args: spec.args,
            disk: spec.disk,
            storage: spec.storage,
            mount_path: spec.mount_path,
            ports: spec.ports,
            env,
            registry: spec.registry,
            template: spec.template,
            global_networking: GlobalNetworking { wanted: spec.global_networking, enabled: spec.global_networking },
            locked: spec.locked,
            interruptible: spec.interruptible,
            machine,
            phase,
            created_at: now,
            started_at,
            last_change: StatusChange { event: "Rented".to_owned(), by: "User".to_owned(), at: now },
            tcp_ports: BTreeMap::new(),
            proxy_port: 0,
            stale_ports: None,
            stolen_at: None,
            down_until: None,
            maintenance: None,
            visible: tweaks.visibility(now),
            stale_copy: None,
        };
        self.publish_ports(&mut pod);
        let id = pod.id.clone();
        self.add_pod(pod);
        self.touched.push(id.clone());
        id
    }
}
