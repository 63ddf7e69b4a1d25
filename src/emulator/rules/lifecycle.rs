//! What happens to pods: rent, change, stop, start, leave.
//!
//! Money and stock are booked in three places only (`rent`, `change_pod`, `remove_pod`), from what the pod is before and
//! after, so that no sequence of calls leaks a GPU or a bill.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::emulator::dialect::call::Tweaks;
use crate::emulator::rules::boot::{Begin, Step};
use crate::emulator::rules::market::market;
use crate::emulator::rules::money::{Rate, nanos, storage};
use crate::emulator::rules::order::{Order, Refusal, disk_limit};
use crate::emulator::state::ordered_store::Entry;
use crate::emulator::state::pod::{
    Change, GlobalNetworking, Hardware, Machine, Phase, Pod, Shadow, StalePorts, Status, Storage, Visible,
};
use crate::emulator::state::settings::{Pace, ResumeWithoutGpu};
use crate::emulator::state::world::{World, after_millis, after_seconds};

/// Deleted, and for a while still to be seen.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Departed<T> {
    pub item: T,
    pub at: Timestamp,
    /// Lists show it until then.
    pub listed_until: Timestamp,
    /// It can be read, as TERMINATED, until then.
    pub shown_until: Timestamp,
}

impl<T: Entry> Entry for Departed<T> {
    fn serial(&self) -> u64 {
        self.item.serial()
    }

    fn id(&self) -> &str {
        self.item.id()
    }
}

impl<T> Departed<T> {
    /// Whether a list shows it, for a list call that lags by so many seconds.
    pub fn is_listed(&self, lag_seconds: Option<u64>, now: Timestamp) -> bool {
        now < self.listed_until || now < after_seconds(self.at, lag_seconds.unwrap_or(0))
    }

    /// Whether no read or list will show it any more, whatever lag a later call has.
    pub fn is_forgotten(&self, now: Timestamp) -> bool {
        const LONGEST_LAG_SECONDS: u64 = 120;
        now >= self.listed_until.max(self.shown_until).max(after_seconds(self.at, LONGEST_LAG_SECONDS))
    }
}

/// What a user may do to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Start,
    Stop,
    Restart,
    /// v1 only: recreates the container.
    Reset,
}

impl Action {
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Reset => "reset",
        }
    }
}

/// New values; none: untouched.
#[derive(Default)]
pub struct Changes {
    pub name: Option<String>,
    pub locked: Option<bool>,
    pub image: Option<String>,
    pub args: Option<String>,
    pub disk: Option<u64>,
    pub ports: Option<Vec<String>>,
    pub env: Option<BTreeMap<String, String>>,
    pub registry: Option<Option<String>>,
    pub volume_size: Option<u64>,
    pub mount_path: Option<String>,
    pub global_networking: Option<bool>,
    /// The container is recreated whether or not a value differs (v1).
    pub resets: bool,
}

impl World {
    pub(in crate::emulator) fn check_image(&self, image: &str) -> Result<(), Refusal> {
        match self.image_is(&self.settings.image_not_found, image) {
            true => Err(Refusal::NoImage(image.to_owned())),
            false => Ok(()),
        }
    }

    pub(in crate::emulator) fn check_registry(&self, registry: Option<&str>) -> Result<(), Refusal> {
        match registry {
            Some(id) if self.registries.get(id).is_none() => {
                Err(Refusal::Rule(format!("container registry auth {id} not found")))
            }
            _ => Ok(()),
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

    fn check_money(&self, order: &Order, now: Timestamp) -> Result<(), Refusal> {
        let price = order.hardware.first().map_or(0.0, |hardware| hardware.price(order.cloud));
        let persistent = if let Storage::Persistent { size } = order.storage { size } else { 0 };
        let wanted = Rate { compute: nanos(price), storage: storage(order.disk + persistent, 0.10) };
        if !self.ledger.affords(wanted, now) {
            return Err(Refusal::NoBalance);
        }
        if !self.ledger.within_limit(wanted) {
            return Err(Refusal::rule("spend limit exceeded"));
        }
        Ok(())
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

    /// Books a new pod.
    pub(in crate::emulator) fn add_pod(&mut self, pod: Pod) {
        self.ledger.change(Rate::default(), pod.rate(), self.now);
        if let Some(machine) = &pod.machine {
            self.stock.take(pod.hardware.id(), &machine.data_center, pod.units_taken());
        }
        if let Storage::Network { volume_id } = &pod.storage
            && let Some(volume) = self.volumes.get_mut(volume_id)
        {
            volume.attached += 1;
        }
        self.pods.insert(pod);
    }

    /// Changes a pod, and books the difference.
    pub(in crate::emulator) fn change_pod(&mut self, id: &str, change: impl FnOnce(&mut Pod)) {
        let Some(pod) = self.pods.get_mut(id) else { return };
        let (rate, units) = (pod.rate(), pod.units_taken());
        change(pod);
        self.ledger.change(rate, pod.rate(), self.now);
        if let Some(machine) = &pod.machine {
            let (hardware, center, now_taken) = (pod.hardware.id(), &machine.data_center, pod.units_taken());
            self.stock.give_back(hardware, center, units.saturating_sub(now_taken));
            self.stock.take(hardware, center, now_taken.saturating_sub(units));
        }
        if self.touched.last().is_none_or(|last| last != id) {
            self.touched.push(id.to_owned());
        }
    }

    /// Takes a pod out of the world and out of all books.
    pub(in crate::emulator) fn remove_pod(&mut self, id: &str) -> Option<Pod> {
        let pod = self.pods.remove(id)?;
        self.ledger.change(pod.rate(), Rate::default(), self.now);
        if let Some(machine) = &pod.machine {
            self.stock.give_back(pod.hardware.id(), &machine.data_center, pod.units_taken());
            self.stock.leave(machine, &pod.hardware);
        }
        if let Storage::Network { volume_id } = &pod.storage
            && let Some(volume) = self.volumes.get_mut(volume_id)
        {
            volume.attached = volume.attached.saturating_sub(1);
        }
        self.touched.push(id.to_owned());
        Some(pod)
    }

    /// A pod that calls may name: it exists and is no longer hidden after its create.
    pub(in crate::emulator) fn find_pod(&self, id: &str, now: Timestamp) -> Result<&Pod, Refusal> {
        self.pods.get(id).filter(|pod| pod.visible.found <= now).ok_or(Refusal::NotFound)
    }

    pub(in crate::emulator) fn status_of(&self, pod: &Pod, now: Timestamp) -> Status {
        pod.stage(now).status(self.settings.fidelity)
    }

    /// Lets reads show the old pod for a while (Q14).
    fn cast_shadow(pod: &mut Pod, old: &Pod, seconds: Option<u64>, now: Timestamp) {
        if let Some(seconds) = seconds {
            let old = Pod { shadow: None, ..old.clone() };
            pod.shadow = Some(Box::new(Shadow { until: after_seconds(now, seconds), pod: old }));
        }
    }

    /// Start, stop, restart or reset, if status and lock allow it.
    pub(in crate::emulator) fn act(
        &mut self,
        id: &str,
        action: Action,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let pod = self.find_pod(id, now)?;
        let status = self.status_of(pod, now);
        // v1's reset has no word in v2's table; it needs what a restart needs.
        let needed = if action == Action::Reset { Action::Restart } else { action };
        if !status.actions().contains(&needed.word()) {
            let text = format!("action '{}' is not valid for pod status {}", action.word(), status.word());
            return Err(Refusal::Conflict(text));
        }
        if pod.locked && matches!(action, Action::Stop | Action::Reset) {
            return Err(Refusal::Conflict("pod is locked".to_owned()));
        }
        match action {
            Action::Start => self.start(id, tweaks, now),
            Action::Stop => {
                self.now = now;
                self.change_pod(id, |pod| {
                    let old = pod.clone();
                    Self::cast_shadow(pod, &old, tweaks.stale_read_seconds, now);
                });
                self.stop(id, "User");
                Ok(())
            }
            Action::Restart | Action::Reset => {
                self.now = now;
                self.recreate(id, action == Action::Reset);
                Ok(())
            }
        }
    }

    pub(in crate::emulator) fn stop(&mut self, id: &str, by: &str) {
        let now = self.now;
        let stolen = self.dice.chance(self.settings.steal_on_stop);
        let stolen_at = stolen.then(|| after_seconds(now, self.settings.steal_after_seconds));
        self.change_pod(id, |pod| {
            pod.phase = Phase::Stopped { since: now };
            pod.stolen_at = stolen_at;
            pod.last_change = Change { event: "Exited".to_owned(), by: by.to_owned(), at: now };
        });
    }

    pub(in crate::emulator) fn start(&mut self, id: &str, tweaks: &Tweaks, now: Timestamp) -> Result<(), Refusal> {
        let pod = self.find_pod(id, now)?;
        if self.ledger.broke {
            return Err(Refusal::NoBalance);
        }
        let center = pod.machine.as_ref().map_or("", |machine| machine.data_center.as_str());
        let free = self.stock.free(pod.hardware.id(), center);
        let wanted = if let Hardware::Gpu { count, .. } = pod.hardware { count } else { 1 };
        let full = pod.stolen_at.is_some_and(|at| at <= now) || free.is_some_and(|free| free < wanted);
        let zero = tweaks.zero_gpu || (full && self.settings.resume_without_gpu == ResumeWithoutGpu::Zero);
        if tweaks.resume_refused || pod.is_serviced() || (full && !zero) {
            return Err(Refusal::HostFull);
        }
        let (old, mut next) = (pod.clone(), pod.clone());
        self.now = now;
        Self::cast_shadow(&mut next, &old, tweaks.stale_read_seconds, now);
        next.phase = self.begin(Begin::Resume, next.machine.as_ref(), &next.image);
        next.started_at = now;
        next.global_networking.enabled = next.global_networking.wanted;
        next.last_change = Change { event: "Resumed".to_owned(), by: "User".to_owned(), at: now };
        if let Hardware::Gpu { count, attached, .. } = &mut next.hardware {
            *attached = if zero { 0 } else { *count };
        }
        self.publish_ports(&mut next);
        if self.settings.pace == Pace::Realistic {
            next.stale_ports = Some(StalePorts { until: after_seconds(now, 90), ports: old.tcp_ports });
        }
        self.change_pod(id, |pod| *pod = next);
        Ok(())
    }

    /// A new container in place of the old one, on the same host.
    fn recreate(&mut self, id: &str, new_ports: bool) {
        let Some(pod) = self.pods.get(id) else { return };
        let mut next = pod.clone();
        let old_placing = match pod.phase {
            Phase::Started { placed, .. } if placed > self.now => Some(placed),
            _ => None,
        };
        next.phase = self.begin(Begin::Again, next.machine.as_ref(), &next.image);
        if let (Some(earliest), Phase::Started { placed, pulled, up, .. }) = (old_placing, &mut next.phase) {
            // Still waiting for its host: everything moves behind that.
            let delay = earliest.duration_since(*placed).as_millis().try_into().unwrap_or(0);
            (*placed, *pulled, *up) = (earliest, after_millis(*pulled, delay), after_millis(*up, delay));
        } else {
            next.started_at = self.now;
        }
        next.global_networking.enabled = next.global_networking.wanted;
        if new_ports {
            self.publish_ports(&mut next);
        }
        self.change_pod(id, |pod| *pod = next);
    }

    /// Applies new values. A running container is recreated when anything it is made of differs.
    pub(in crate::emulator) fn edit(
        &mut self,
        id: &str,
        changes: Changes,
        tweaks: &Tweaks,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let pod = self.find_pod(id, now)?;
        if let Some(image) = &changes.image {
            self.check_image(image)?;
        }
        self.check_registry(changes.registry.as_ref().and_then(Option::as_deref))?;
        if changes.disk.zip(disk_limit(&pod.hardware)).is_some_and(|(disk, limit)| disk > limit) {
            return Err(Refusal::NoCapacity);
        }
        if let (Storage::Persistent { size }, Some(wanted)) = (&pod.storage, changes.volume_size)
            && wanted < *size
        {
            return Err(Refusal::rule("volume size cannot be reduced"));
        }
        let (old, mut next) = (pod.clone(), pod.clone());
        changes.apply(&mut next);
        let differs = !next.same_container(&old);
        let is_noop = !differs && next.same_labels(&old);
        let resets = differs || changes.resets || (is_noop && self.settings.noop_patch_restarts);
        if is_noop && !resets {
            return Ok(());
        }
        self.now = now;
        let new_ports = next.ports != old.ports || changes.resets;
        Self::cast_shadow(&mut next, &old, tweaks.stale_read_seconds, now);
        self.change_pod(id, |pod| *pod = next);
        // A stopped pod keeps the new values for its next start.
        if resets && !old.is_stopped() {
            self.recreate(id, new_ports);
        }
        Ok(())
    }

    /// Deletes a pod; its pod volume goes with it.
    pub(in crate::emulator) fn terminate(&mut self, id: &str, tweaks: &Tweaks, now: Timestamp) -> Result<(), Refusal> {
        let pod = self.find_pod(id, now)?;
        if pod.locked && self.settings.lock_blocks_delete {
            return Err(Refusal::Conflict("pod is locked".to_owned()));
        }
        if tweaks.delete_ignored {
            return Ok(());
        }
        self.now = now;
        let shown = match tweaks.delete_slow_seconds {
            Some(seconds) => after_seconds(now, seconds),
            None => after_millis(now, self.step(Step::Vanish)),
        };
        let listed = after_seconds(now, tweaks.disappear_lag_seconds.unwrap_or(0));
        self.depart(id, listed, shown);
        Ok(())
    }

    /// Deletes a pod now; lists and reads may lag behind.
    pub(in crate::emulator) fn depart(&mut self, id: &str, listed_until: Timestamp, shown_until: Timestamp) {
        let now = self.now;
        // A few are looked through each time, many whenever their number has doubled: next to nothing on average.
        if self.departed_pods.len() < 64 || self.departed_pods.len().is_power_of_two() {
            self.departed_pods.retain(|departed| !departed.is_forgotten(now));
        }
        if let Some(mut item) = self.remove_pod(id) {
            item.last_change = Change { event: "Terminated".to_owned(), by: "User".to_owned(), at: now };
            self.departed_pods.insert(Departed { item, at: now, listed_until, shown_until });
        }
    }

    /// Pods with a network volume are stopped, the others are gone with their data (contract, section 12.10).
    pub(in crate::emulator) fn run_out_of_money(&mut self) {
        self.ledger.settle(self.now);
        self.ledger.broke = true;
        let ids: Vec<String> = self.pods.newest_first().map(|pod| pod.id.clone()).collect();
        for id in ids {
            match self.pods.get(&id) {
                Some(Pod { storage: Storage::Network { .. }, phase, .. }) => {
                    if matches!(phase, Phase::Started { .. }) {
                        self.stop(&id, "System");
                    }
                }
                _ => self.depart(&id, self.now, self.now),
            }
        }
    }
}

impl Changes {
    fn apply(&self, pod: &mut Pod) {
        fn set<T: Clone>(target: &mut T, value: &Option<T>) {
            if let Some(value) = value {
                target.clone_from(value);
            }
        }
        set(&mut pod.name, &self.name);
        set(&mut pod.locked, &self.locked);
        set(&mut pod.image, &self.image);
        set(&mut pod.args, &self.args);
        set(&mut pod.disk, &self.disk);
        set(&mut pod.ports, &self.ports);
        set(&mut pod.env, &self.env);
        set(&mut pod.registry, &self.registry);
        set(&mut pod.mount_path, &self.mount_path);
        set(&mut pod.global_networking.wanted, &self.global_networking);
        if let (Storage::Persistent { size }, Some(wanted)) = (&mut pod.storage, self.volume_size) {
            *size = wanted;
        }
    }
}

impl Pod {
    /// Whether nothing differs that a container is made of.
    fn same_container(&self, other: &Self) -> bool {
        self.image == other.image
            && self.args == other.args
            && self.disk == other.disk
            && self.ports == other.ports
            && self.env == other.env
            && self.registry == other.registry
            && self.storage == other.storage
            && self.mount_path == other.mount_path
    }

    /// Whether nothing differs of what can change beside a running container.
    fn same_labels(&self, other: &Self) -> bool {
        self.name == other.name && self.locked == other.locked && self.global_networking == other.global_networking
    }
}
