//! Shows long waits for RunPod: as events while an apply shows its progress, otherwise as lines on stderr.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::console::Console;
use super::output::{Output, Stream};
use crate::render::style::printable;
use crate::render::words;

/// A wait before a request, because RunPod asked for slower requests or had an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pause {
    pub wait: Duration,
    pub reason: String,
}

/// Receives the announcements of a client.
pub struct Pauses {
    /// For lines on stderr; `None` with `--quiet` and `--json`.
    output: Option<Arc<Output>>,
    events: Mutex<Option<UnboundedSender<Pause>>>,
}

impl Pauses {
    pub fn new(console: &Console) -> Self {
        let output = (!console.quiet && !console.json).then(|| console.output());
        Self { output, events: Mutex::new(None) }
    }

    /// From now on, pauses arrive here and not on stderr, until the receiver is dropped.
    pub fn receive(&self) -> UnboundedReceiver<Pause> {
        let (sender, receiver) = unbounded_channel();
        *self.events.lock().unwrap_or_else(PoisonError::into_inner) = Some(sender);
        receiver
    }

    pub fn announce(&self, pause: Pause) {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(pause) = unreceived(events.as_ref(), pause) else { return };
        if let Some(output) = &self.output {
            output.write(Stream::Err, &format!("{}\n", printable(&words::paused(pause.wait, &pause.reason))));
        }
    }
}

/// Sends a pause to the receiver; returns it if there is none.
fn unreceived(events: Option<&UnboundedSender<Pause>>, pause: Pause) -> Option<Pause> {
    match events {
        Some(sender) => sender.send(pause).err().map(|refused| refused.0),
        None => Some(pause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_goes_to_the_receiver_as_long_as_there_is_one() {
        let pauses = Pauses { output: None, events: Mutex::new(None) };
        let pause = |seconds| Pause { wait: Duration::from_secs(seconds), reason: "quota".into() };
        pauses.announce(pause(1));
        let mut received = pauses.receive();
        pauses.announce(pause(2));
        assert_eq!(received.try_recv(), Ok(pause(2)));
        drop(received);
        let events = pauses.events.lock().unwrap();
        assert_eq!(unreceived(events.as_ref(), pause(3)), Some(pause(3)));
    }
}
