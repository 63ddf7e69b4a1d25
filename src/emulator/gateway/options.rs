//! Opening an emulator from command-line options.

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use super::emulator::Emulator;
use super::faults;
use super::faults::FaultsError;
use super::quota::QuotaProfile;
use super::world_file::{EPOCH, SavedWorld, WorldFile, WorldFileError};
use crate::emulator::state::settings::{BootPace, Fidelity, Settings};
use crate::emulator::state::world::World;

/// The options of `--sandbox` and `emulator serve`. Enums parse with `FromStr` and print with `Display`.
#[derive(Clone, Debug, Default)]
pub struct EmulatorOptions {
    /// The world file; `None` keeps the world in memory.
    pub world: Option<PathBuf>,
    /// The name of a scenario or the path of a fault list.
    pub faults: Option<String>,
    pub seed: u64,
    pub fidelity: Fidelity,
    pub pace: BootPace,
    pub quota: QuotaProfile,
    pub v1_retired: bool,
    /// The earliest start of virtual time. A server sets the current time, because its clients use the system clock. A
    /// sandbox sets nothing, so that it is the same on every day.
    pub not_before: Option<Timestamp>,
    /// The system time, for a sandbox: its clock advances by the time since its file was written. Without it, the clock
    /// advances by the same minimum each time.
    pub now: Option<Timestamp>,
}

/// Why an emulator could not be opened.
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
    /// Opens the world file or creates a new world. Returns the emulator and the time of its clock.
    ///
    /// A saved world keeps its seed and other settings; fidelity, pace and retirement are taken from the options.
    ///
    /// # Errors
    /// If the world file or the fault list cannot be used. Nothing is changed then.
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
