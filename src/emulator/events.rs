//! What somebody else does: the console, the host, the market. The cause of all drift.

use jiff::Timestamp;

use super::call::Tweaks;
use super::lifecycle::Departed;
use super::order::{CudaWish, Order, Refusal};
use super::pod::{Change, Fate, Hardware, Phase, Pod, Storage, Visible};
use super::v2;
use super::world::{PodEvent, VolumeEvent, World, after_seconds};

impl World {
    /// Does to a pod what somebody else would, locks and waiting times aside. The error says why it cannot be.
    pub fn pod_event(&mut self, id: &str, event: &PodEvent, now: Timestamp) -> Result<(), String> {
        let now = self.arrive(now);
        let pod = self.pods.get(id).ok_or_else(|| format!("no pod `{id}`"))?;
        let must_run = |pod: &Pod| if pod.is_stopped() { Err(format!("pod `{id}` is stopped")) } else { Ok(()) };
        match event {
            PodEvent::Preempt => {
                must_run(pod)?;
                self.now = now;
                self.stop(id, "System");
            }
            PodEvent::Stop => {
                must_run(pod)?;
                self.now = now;
                self.stop(id, "User");
            }
            PodEvent::Start => {
                if !pod.is_stopped() {
                    return Err(format!("pod `{id}` is not stopped"));
                }
                self.start(id, &Tweaks::default(), now).map_err(|refusal| why(&refusal))?;
            }
            PodEvent::Crash => self.set_fate(id, Fate::CrashLoop, now)?,
            PodEvent::Fail => self.set_fate(id, Fate::Failed, now)?,
            PodEvent::Edit { changes } => v2::edit(self, id, changes, now).map_err(|refusal| why(&refusal))?,
            PodEvent::Delete => {
                self.now = now;
                self.depart(id, now, now);
            }
            PodEvent::Migrate => self.migrate(id, now)?,
            PodEvent::ZeroGpu => {
                if !matches!(pod.hardware, Hardware::Gpu { .. }) {
                    return Err(format!("pod `{id}` has no GPU to lose"));
                }
                self.now = now;
                self.change_pod(id, |pod| {
                    if let Hardware::Gpu { attached, .. } = &mut pod.hardware {
                        *attached = 0;
                    }
                });
            }
            PodEvent::HostDown { seconds } => {
                self.now = now;
                self.change_pod(id, |pod| pod.down_until = Some(after_seconds(now, *seconds)));
            }
        }
        Ok(())
    }

    /// The container that runs now ends otherwise than it began.
    fn set_fate(&mut self, id: &str, to: Fate, now: Timestamp) -> Result<(), String> {
        if self.pods.get(id).is_none_or(Pod::is_stopped) {
            return Err(format!("pod `{id}` is stopped"));
        }
        self.now = now;
        self.change_pod(id, |pod| {
            if let Phase::Started { placed, pulled, up, fate, .. } = &mut pod.phase {
                *fate = to;
                // The first of the new runs begins now.
                (*placed, *pulled, *up) = ((*placed).min(now), (*pulled).min(now), now);
            }
        });
        Ok(())
    }

    /// The console's migration: a new pod with everything but the id, on another host.
    fn migrate(&mut self, id: &str, now: Timestamp) -> Result<(), String> {
        let Some(pod) = self.pods.get(id) else { return Err(format!("no pod `{id}`")) };
        let center = match &pod.storage {
            Storage::Network { volume_id } => self.volumes.get(volume_id).map(|volume| volume.data_center.clone()),
            _ => None,
        };
        // The new place is found first, so that a pod that nothing can hold stays where it is.
        let placed = self.stock.place(&same_again(pod), center.as_deref(), &mut self.dice);
        let (hardware, machine) = placed.map_err(|refusal| why(&refusal))?;
        self.now = now;
        let Some(old) = self.remove_pod(id) else { return Err(format!("no pod `{id}`")) };
        self.departed_pods.insert(Departed { item: old.clone(), at: now, listed_until: now, shown_until: now });
        let next = Pod {
            serial: self.serial(),
            id: self.dice.id(14),
            hardware,
            machine: Some(machine),
            created_at: now,
            last_change: Change { event: "Rented".to_owned(), by: "System".to_owned(), at: now },
            visible: Visible { found: now, listed: now },
            stolen_at: None,
            down_until: None,
            stale_ports: None,
            shadow: None,
            ..old
        };
        self.touched.push(next.id.clone());
        self.add_pod(next);
        Ok(())
    }

    /// Does to a network volume what somebody else would; a delete takes it from under the pods that mount it.
    pub fn volume_event(&mut self, id: &str, event: &VolumeEvent, now: Timestamp) -> Result<(), String> {
        let now = self.arrive(now);
        self.volumes.get(id).ok_or_else(|| format!("no network volume `{id}`"))?;
        match event {
            VolumeEvent::Resize { size } => self.change_volume(id, None, Some(*size), now),
            VolumeEvent::Rename { name } => self.change_volume(id, Some(name), None, now),
            VolumeEvent::Delete => {
                self.now = now;
                self.remove_volume(id, now);
            }
        }
        Ok(())
    }
}

/// An order for another pod like this one.
fn same_again(pod: &Pod) -> Order {
    let hardware = match &pod.hardware {
        Hardware::Gpu { id, count, .. } => Hardware::Gpu { id: id.clone(), count: *count, attached: *count },
        cpu @ Hardware::Cpu { .. } => cpu.clone(),
    };
    Order {
        name: pod.name.clone(),
        hardware: vec![hardware],
        cloud: pod.cloud,
        data_centers: Vec::new(),
        data_centers_in_order: false,
        countries: Vec::new(),
        cuda: CudaWish::default(),
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
        global_networking: pod.global_networking.wanted,
        locked: pod.locked,
        interruptible: pod.interruptible,
        start_ssh: false,
        start_jupyter: false,
    }
}

/// A refusal in words, for whoever asked for an event.
fn why(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Schema(violations) => violations.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        Refusal::Rule(text) | Refusal::Conflict(text) => text.clone(),
        Refusal::NotFound => "not found".to_owned(),
        Refusal::NoImage(image) => format!("image {image} not found"),
        Refusal::NoBalance => "insufficient balance".to_owned(),
        Refusal::NoCapacity => "no capacity".to_owned(),
        Refusal::HostFull => "no free GPU on the host".to_owned(),
    }
}
