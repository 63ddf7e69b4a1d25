//! One request out, one reply back, and nothing of what they mean.
//!
//! Two implementations stand behind [`Transport`]: `http` over reqwest, and the emulator's direct call. Both run on tokio's
//! clock, so that pacing, retries and waits are the same code under real and under simulated (paused) time.

pub mod clock;
pub mod http;
pub mod probe;

use async_trait::async_trait;
use bytes::Bytes;

/// The methods that RunPod's REST dialects use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    pub fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A request below an API's origin.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    /// Path with query, percent-encoded: `/v2/pods?limit=1000`.
    pub path: String,
    /// Lower-case names. Carries the credential: never log it.
    pub headers: Vec<(String, String)>,
    pub body: Option<Bytes>,
}

/// What came back, whatever its status.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    /// Lower-case names.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// No reply came.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TransportError {
    /// The request never left: refused connection, unknown host, failed TLS handshake. It had no effect.
    #[error("no connection to {origin}: {reason}")]
    NotSent { origin: String, reason: String },
    /// The request left, or may have; whether it took effect is not known.
    #[error("no answer from {origin}: {reason}")]
    NoAnswer { origin: String, reason: String },
    /// An answer came and was longer than any that RunPod gives; whether the request took effect is not known.
    #[error("the answer of {origin} is longer than {limit_mb} MB and was not read to its end")]
    TooLong { origin: String, limit_mb: usize },
}

/// Something that carries requests to one API origin.
#[async_trait]
pub trait Transport: Send + Sync {
    async fn send(&self, request: Request) -> Result<Reply, TransportError>;

    /// `https://api.runpod.io`, `sandbox`: for messages.
    fn origin(&self) -> &str;
}
