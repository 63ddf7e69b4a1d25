//! What somebody else does: the console, the host, the market. The cause of all drift.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::emulator::dialect::call::Tweaks;
use crate::emulator::dialect::v2;
use crate::emulator::rules::lifecycle::Departed;
use crate::emulator::rules::order::{CudaWish, Order, Refusal};
use crate::emulator::state::pod::{Change, Fate, Hardware, Maintenance, Phase, Pod, Storage, Visible};
use crate::emulator::state::world::{PodEvent, VolumeEvent, World, after_seconds};

/// What a call sets off, so many virtual seconds after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Aftermath {
    pub seconds: u64,
    pub whose: Whose,
    pub event: PodEvent,
}

/// Whom it happens to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The pod that the call creates or names.
    Called,
    /// Every pod on the host of that pod.
    Neighbors,
    /// Every pod on the hosts whose id fits.
    Host(String),
    /// Every spot pod that runs then.
    Spot,
}

/// Something that is going to happen.
#[derive(Clone, Serialize, Deserialize)]
pub struct Due {
    pub at: Timestamp,
    /// None: every spot pod that runs then.
    pub pod: Option<String>,
    /// Instead of a pod, hosts, with `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    pub happening: Happening,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Happening {
    Event(PodEvent),
    MaintenanceBegins,
    MaintenanceEnds,
}

impl World {
    /// Takes the first of what is due by `now`.
    pub(in crate::emulator) fn next_due(&mut self, now: Timestamp) -> Option<Due> {
        let (index, first) = self.due.iter().enumerate().min_by_key(|(_, due)| due.at)?;
        (first.at <= now).then(|| self.due.remove(index))
    }

    /// Lets it happen. What has become impossible meanwhile (the pod is gone, or stopped) does not happen.
    pub(in crate::emulator) fn happen(&mut self, due: Due) {
        let at = due.at.max(self.now);
        if let (Some(host), Happening::Event(event)) = (&due.host, &due.happening) {
            return drop(self.host_event(host, event, at));
        }
        let ids = match due.pod {
            Some(id) => vec![id],
            None => self.pods.newest_first().filter(|pod| pod.interruptible).map(|pod| pod.id.clone()).collect(),
        };
        for id in ids {
            match &due.happening {
                Happening::Event(event) => drop(self.pod_event(&id, event, at)),
                Happening::MaintenanceBegins => self.begin_maintenance(&id, at),
                Happening::MaintenanceEnds => self.end_maintenance(&id, at),
            }
        }
    }

    fn begin_maintenance(&mut self, id: &str, at: Timestamp) {
        self.now = at;
        let runs = self.pods.get(id).is_some_and(|pod| !pod.is_stopped());
        if runs {
            self.stop(id, "System");
        }
        self.change_pod(id, |pod| {
            if let Some(window) = &mut pod.maintenance {
                (window.under_way, window.resumes) = (true, runs);
            }
        });
    }

    fn end_maintenance(&mut self, id: &str, at: Timestamp) {
        self.now = at;
        let mut resumes = false;
        self.change_pod(id, |pod| {
            resumes = pod.maintenance.take().is_some_and(|window| window.resumes) && pod.is_stopped();
        });
        if resumes {
            // Whoever cannot be started now stays stopped.
            let _ = self.start(id, &Tweaks::default(), at);
        }
    }

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
            PodEvent::Maintenance { starts_in, seconds } => {
                self.now = now;
                let start = after_seconds(now, *starts_in);
                let end = after_seconds(start, *seconds);
                let window = Maintenance { start, end, under_way: false, resumes: false };
                self.change_pod(id, |pod| pod.maintenance = Some(window));
                for (at, happening) in [(start, Happening::MaintenanceBegins), (end, Happening::MaintenanceEnds)] {
                    self.due.push(Due { at, pod: Some(id.to_owned()), host: None, happening });
                }
                self.arrive(now);
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
            if let Phase::Started { up, fate, .. } = &mut pod.phase {
                *fate = to;
                // Of a container that runs, the first of the new runs begins now; another one comes up first.
                if *up <= now {
                    *up = now;
                }
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
        let placed = self.stock.place(&same_again(pod), center.as_deref(), &mut self.dice, now);
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
            maintenance: None,
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
