//! Creating a pod: references, balance, capacity, effect.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::boot::Begin;
use super::market::market;
use super::pod_spec::Order;
use super::refusal::Refusal;
use super::tweaks::Tweaks;
use crate::emulator::state::hardware::Hardware;
use crate::emulator::state::host::Machine;
use crate::emulator::state::moment::after_seconds;
use crate::emulator::state::pod::{Change, GlobalNetworking, Phase, Pod, Storage, Visible};
use crate::emulator::state::world::World;

impl World {
    pub(in crate::emulator) fn check_image(&self, image: &str) -> Result<(), Refusal> {
        match self.image_is(&self.settings.image_not_found, image) {
            true => Err(Refusal::NoImage(image.to_owned())),
            false => Ok(()),
        }
    }

    /// Creates a pod: references, balance, capacity, effect. Gives its id.
    pub(in crate::emulator) fn rent(
        &mut self,
        order: Order,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        self.check_image(&order.image)?;
        let volume_center = match &order.storage {
            Storage::Network { volume_id } => {
                let volume = self.volumes.get(volume_id).filter(|volume| volume.visible.found <= now);
                Some(volume.ok_or(Refusal::NotFound)?.data_center.clone())
            }
            _ => None,
        };
        self.check_registry(order.registry.as_deref())?;
        self.check_global_networking(&order)?;
        self.check_money(&order, now)?;
        if tweaks.object_mounts_bug {
            return Err(Refusal::rule(
                r#"Variable "$input" got invalid value: Field "objectMounts" is not defined by type "PodFindAndDeployOnDemandInput"."#,
            ));
        }
        if tweaks.no_capacity && !tweaks.ghost {
            return Err(Refusal::NoCapacity);
        }
        self.now = now;
        let placement = if self.is_misspelt(&order) {
            order.hardware.first().map(|hardware| (hardware.clone(), None)).ok_or(Refusal::NoCapacity)
        } else {
            let place = self.stock.place(&order, volume_center.as_deref(), &mut self.dice, now);
            place.map(|(hardware, machine)| (hardware, Some(machine)))
        };
        let (hardware, machine) = placement?;
        if tweaks.duplicate_name {
            let theirs = Order { env: BTreeMap::new(), storage: Storage::None, ..order.clone() };
            self.settle_in(theirs, hardware.clone(), machine.clone(), &Tweaks::default());
            self.touched.clear(); // not this call's doing
        }
        let id = self.settle_in(order, hardware, machine, tweaks);
        if tweaks.ghost { Err(Refusal::NoCapacity) } else { Ok(id) }
    }

    /// The live service accepts a data center in lower case and never finds a host for it (Q27).
    fn is_misspelt(&self, order: &Order) -> bool {
        let known = |id: &str| market().center(id).is_some();
        self.settings.observed()
            && !order.data_centers.iter().any(|id| known(id))
            && order.data_centers.iter().any(|id| known(&id.to_ascii_uppercase()))
    }

    fn check_global_networking(&self, order: &Order) -> Result<(), Refusal> {
        let refused = || Refusal::rule("global networking is not available for the requested configuration");
        if !order.global_networking {
            return Ok(());
        }
        let nvidia = |hardware: &Hardware| market().gpu(hardware.id()).is_some_and(|gpu| gpu.is_nvidia());
        let centers = &order.data_centers;
        let eligible = |id: &String| market().center(id).is_some_and(|center| center.offer.global_network);
        let placeable = centers.is_empty() || centers.iter().any(eligible);
        if order.hardware.iter().any(nvidia) && placeable { Ok(()) } else { Err(refused()) }
    }

    /// The effect of a create.
    fn settle_in(&mut self, order: Order, hardware: Hardware, machine: Option<Machine>, tweaks: &Tweaks) -> String {
        let now = self.now;
        let hardware = match hardware {
            Hardware::Gpu { id, count, .. } => {
                Hardware::Gpu { id, count, attached: if tweaks.zero_gpu { 0 } else { count } }
            }
            cpu @ Hardware::Cpu { .. } => cpu,
        };
        let mut env = order.env;
        if self.settings.show_injected_env {
            if order.start_ssh && !self.ssh_keys.is_empty() {
                env.entry("PUBLIC_KEY".to_owned()).or_insert_with(|| self.ssh_keys.join("\n"));
            }
            if order.start_jupyter {
                let password = self.dice.id(20);
                env.entry("JUPYTER_PASSWORD".to_owned()).or_insert(password);
            }
        }
        let phase = self.begin(Begin::Rent, machine.as_ref(), &order.image);
        let started_at = if let Phase::Started { placed, .. } = phase { placed } else { now };
        let mut pod = Pod {
            serial: self.serial(),
            id: self.dice.id(14),
            name: order.name,
            hardware,
            cloud: order.cloud,
            image: order.image,
            args: order.args,
            disk: order.disk,
            storage: order.storage,
            mount_path: order.mount_path,
            ports: order.ports,
            env,
            registry: order.registry,
            global_networking: GlobalNetworking { wanted: order.global_networking, enabled: order.global_networking },
            locked: order.locked,
            interruptible: order.interruptible,
            machine,
            phase,
            created_at: now,
            started_at,
            last_change: Change { event: "Rented".to_owned(), by: "User".to_owned(), at: now },
            tcp_ports: BTreeMap::new(),
            proxy_port: 0,
            stale_ports: None,
            stolen_at: None,
            down_until: None,
            maintenance: None,
            visible: Visible {
                found: after_seconds(now, tweaks.not_found_after_create_seconds.unwrap_or(0)),
                listed: after_seconds(now, tweaks.appear_lag_seconds.unwrap_or(0)),
            },
            shadow: None,
        };
        self.publish_ports(&mut pod);
        let id = pod.id.clone();
        self.add_pod(pod);
        self.touched.push(id.clone());
        id
    }
}
