//! Sends a request and returns the response, without interpreting either.
//!
//! [`Transport`] has two implementations: `http`, based on reqwest, and direct calls into the built-in emulator. Both
//! use tokio's clock, so pacing, retries and waits run the same code in real and in simulated (paused) time.

pub mod clock;
pub mod http;
pub mod probe;

use async_trait::async_trait;
use bytes::Bytes;

/// The HTTP methods that RunPod's REST dialects use.
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

/// A request to a path below an API's origin.
#[derive(Clone)]
pub struct Request {
    pub method: Method,
    /// Path with query, percent-encoded: `/v2/pods?limit=1000`.
    pub path: String,
    /// Lower-case names. Contains the credential, so never log it.
    pub headers: Vec<(String, String)>,
    pub body: Option<Bytes>,
}

/// A response with any status.
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

/// No response was received.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TransportError {
    /// The request was not sent: refused connection, unknown host, failed TLS handshake. It had no effect.
    #[error("no connection to {origin}: {reason}")]
    NotSent { origin: String, reason: String },
    /// The request was sent, or may have been; whether it took effect is unknown.
    #[error("no response from {origin}: {reason}")]
    NoAnswer { origin: String, reason: String },
    /// The response was longer than any that RunPod sends; whether the request took effect is unknown.
    #[error("the response of {origin} is longer than {limit_mb} MB and was not read completely")]
    TooLong { origin: String, limit_mb: usize },
}

/// Sends requests to one API origin.
#[async_trait]
pub trait Transport: Send + Sync {
    async fn send(&self, request: Request) -> Result<Reply, TransportError>;
}
