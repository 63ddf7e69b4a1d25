//! From the switches of the command line to an emulator that stands ready.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::emulator::Emulator;
use super::faults;
use super::faults::FaultsError;
use super::quota::QuotaProfile;
use super::world_file::{EPOCH, SavedWorld, WorldFile, WorldFileError};
use crate::emulator::state::settings::{Fidelity, Pace, Settings};
use crate::emulator::state::world::World;

/// What `--sandbox` and `emulator serve` can be told. Words parse with `FromStr` and print with `Display`.
#[derive(Clone, Debug, Default)]
pub struct EmulatorOptions {
    /// Where the world is kept; none: in memory only.
    pub world: Option<PathBuf>,
    /// A scenario's name, or the path of a fault list.
    pub faults: Option<String>,
    pub seed: u64,
    pub fidelity: Fidelity,
    pub pace: Pace,
    pub quota: QuotaProfile,
    pub v1_retired: bool,
    /// Virtual time does not begin before this. A server gives the present, since its clients go by the computer's
    /// clock; a sandbox gives nothing, and is the same on every day.
    pub not_before: Option<Timestamp>,
    /// The computer's time, for a sandbox: its clock goes on by what has passed since its file was written. Without it the
    /// clock goes on by the same minimum each time.
    pub now: Option<Timestamp>,
}

/// Why there is no emulator.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum OpenError {
    #[error(transparent)]
    #[diagnostic(transparent)]
    Faults(#[from] FaultsError),
    #[error(transparent)]
    #[diagnostic(transparent)]
    World(#[from] WorldFileError),
}

impl EmulatorOptions {
    /// Opens the world, or begins a new one, and says where its clock stands.
    ///
    /// A world that was saved keeps its seed and its other settings; fidelity, pace and retirement are as asked now.
    ///
    /// # Errors
    /// If the world or the fault list cannot be used. Nothing was changed then.
    pub fn open(&self) -> Result<(Arc<Emulator>, Timestamp), OpenError> {
        let rules = self.faults.as_deref().map(faults::load).transpose()?.unwrap_or_default();
        let (file, saved) = match &self.world {
            None => (None, None),
            Some(path) => {
                let (file, saved) = WorldFile::open(path)?;
                (Some(file), saved)
            }
        };
        let passed = self.now.zip(file.as_ref()).map(|(now, file)| file.age(now)).unwrap_or_default();
        let reopened = saved.as_ref().map_or(EPOCH, |saved| saved.reopened_at(passed));
        let start = reopened.max(self.not_before.unwrap_or(Timestamp::MIN));
        let mut saved = saved.unwrap_or_else(|| {
            SavedWorld::new(start, 0, World::new(Settings { seed: self.seed, ..Settings::default() }, start))
        });
        let settings = &mut saved.world.settings;
        settings.fidelity = self.fidelity;
        settings.pace = self.pace;
        settings.v1_retired = self.v1_retired;
        let emulator = Emulator::resume(saved, start, self.seed, file);
        emulator.set_faults(rules);
        emulator.set_quota(self.quota);
        Ok((Arc::new(emulator), start))
    }
}
