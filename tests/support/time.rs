//! Virtual time.

use std::future::Future;
use std::time::Duration;

use tokio::time::sleep;

/// Runs with a clock that stands still while any task can run.
pub fn in_virtual_time<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(future)
}

/// Waits until lists and reads have caught up.
pub async fn rest() {
    sleep(Duration::from_secs(130)).await;
}
