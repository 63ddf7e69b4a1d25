//! The built binary is killed, loses its disk, or races against itself; then one plain `sindri apply` must put
//! everything right.
//!
//! Short forms run with `cargo test`. The long forms run manually and print their counts:
//!
//! ```text
//! SINDRI_KILL_POINTS=all cargo test --release --test kill stepped -- --nocapture
//! SINDRI_KILL_POINTS=all cargo test --release --test kill disk:: -- --nocapture
//! SINDRI_KILLS=200 cargo test --release --test kill random -- --nocapture
//! SINDRI_KILLS=300 cargo test --release --test kill any_command -- --nocapture
//! ```

mod support;

mod kill {
    mod aftermath;
    mod commands;
    #[cfg(target_os = "linux")]
    mod disk;
    #[cfg(target_os = "linux")]
    mod effects;
    mod instants;
    #[cfg(target_os = "linux")]
    mod lost;
    mod race;
    #[cfg(target_os = "linux")]
    mod write_only;
}
