//! Signals that ask a running command to stop: SIGINT, SIGTERM, and SIGHUP when the terminal closes.
//!
//! A signal that the process ignored when it started stays ignored; `nohup` and background jobs of a shell rely on
//! that.

/// The meaning of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignalRequest {
    /// SIGINT or SIGTERM. The second one means: exit now.
    Stop,
    /// SIGHUP. It may arrive twice, from the shell and from the kernel, so a second one is ignored.
    HangUp,
}

#[cfg(unix)]
pub use unix::Signals;

#[cfg(not(unix))]
pub use other::Signals;

#[cfg(unix)]
mod unix {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    use super::SignalRequest;

    /// Catches signals once created.
    pub struct Signals {
        interrupt: Option<Signal>,
        terminate: Option<Signal>,
        hang_up: Option<Signal>,
    }

    impl Signals {
        pub fn listen() -> Self {
            let caught = |kind: SignalKind| match is_ignored(kind) {
                true => None,
                false => signal(kind).ok(),
            };
            Self {
                interrupt: caught(SignalKind::interrupt()),
                terminate: caught(SignalKind::terminate()),
                hang_up: caught(SignalKind::hangup()),
            }
        }

        /// The next request. Never resolves if every signal is ignored.
        pub async fn next(&mut self) -> SignalRequest {
            tokio::select! {
                () = received(&mut self.interrupt) => SignalRequest::Stop,
                () = received(&mut self.terminate) => SignalRequest::Stop,
                () = received(&mut self.hang_up) => SignalRequest::HangUp,
            }
        }
    }

    async fn received(signal: &mut Option<Signal>) {
        let came = match signal {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if came.is_none() {
            std::future::pending().await
        }
    }

    fn is_ignored(kind: SignalKind) -> bool {
        // SAFETY: a null action changes nothing; `sigaction` writes the current action into `action`, which has the
        // right type and for which all zeros are a valid value.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            libc::sigaction(kind.as_raw_value(), std::ptr::null(), &raw mut action) == 0
                && action.sa_sigaction == libc::SIG_IGN
        }
    }
}

#[cfg(not(unix))]
mod other {
    use super::SignalRequest;

    /// Catches Ctrl-C.
    pub struct Signals;

    impl Signals {
        pub fn listen() -> Self {
            Self
        }

        pub async fn next(&mut self) -> SignalRequest {
            match tokio::signal::ctrl_c().await {
                Ok(()) => SignalRequest::Stop,
                Err(_) => std::future::pending().await,
            }
        }
    }
}
