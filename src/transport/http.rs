//! HTTP requests: one pooled client per origin.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};

use super::{Method, Reply, Request, Transport, TransportError};

/// Timeout of one request, including the connection and the whole response, so that a slowly dripping response cannot
/// exceed it. Source: RunPod's own SDK uses the same timeout.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Shorter than the idle timeout of most servers, so that a create rarely uses a connection that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Maximum response body, in MB: several times the size of a list of 10,000 pods. hyper limits the headers.
const LONGEST_BODY_MB: usize = 64;

/// Maximum size of the buffer for a body that has not arrived yet, in bytes: a list of 1,000 pods.
const RESERVED_BODY: usize = 2 << 20;

/// A transport over HTTP.
pub struct HttpTransport {
    origin: String,
    client: reqwest::Client,
}

/// The HTTP client could not be created because the machine's TLS or resolver is unusable.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[diagnostic(code(sindri::transport::setup), help("the machine's TLS or proxy settings are unusable"))]
#[error("cannot set up HTTP for {origin}: {reason}")]
pub struct HttpSetupError {
    pub origin: String,
    pub reason: String,
}

impl HttpTransport {
    /// A transport to `origin` (`https://api.runpod.io`, without a path).
    ///
    /// Redirects are returned as responses and never followed, because following one would send the key to another
    /// host. An https origin uses the proxy from the environment (the key stays inside TLS). A plain http origin is
    /// loopback and never uses a proxy.
    ///
    /// # Errors
    /// [`HttpSetupError`] when TLS cannot be set up.
    pub fn new(origin: &str, timeout: Duration) -> Result<Self, HttpSetupError> {
        let secure = origin.starts_with("https://");
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(timeout)
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .pool_idle_timeout(IDLE_TIMEOUT)
            .https_only(secure)
            // Root certificates are of no use on plain http.
            .tls_built_in_root_certs(secure);
        if !secure {
            builder = builder.no_proxy();
        }
        let client =
            builder.build().map_err(|error| HttpSetupError { origin: origin.to_owned(), reason: reason(error) })?;
        Ok(Self { origin: origin.to_owned(), client })
    }

    /// Reads the whole body up to the limit. Responses are not decompressed, so the length on the wire is the actual
    /// length.
    async fn body(&self, mut reply: reqwest::Response) -> Result<Bytes, TransportError> {
        let limit = LONGEST_BODY_MB << 20;
        let too_long = || TransportError::TooLong { origin: self.origin.clone(), limit_mb: LONGEST_BODY_MB };
        if reply.content_length().is_some_and(|length| length > limit as u64) {
            return Err(too_long());
        }
        // A server may announce more than it sends, so only a page's worth is reserved before anything arrives.
        let announced = reply.content_length().map_or(0, |length| length as usize);
        let mut body = BytesMut::with_capacity(announced.min(RESERVED_BODY));
        while let Some(chunk) = reply.chunk().await.map_err(|error| self.no_answer(error))? {
            if body.len() + chunk.len() > limit {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    fn no_answer(&self, error: reqwest::Error) -> TransportError {
        TransportError::NoAnswer { origin: self.origin.clone(), reason: reason(error) }
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, request: Request) -> Result<Reply, TransportError> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut outgoing = self.client.request(method, format!("{}{}", self.origin, request.path));
        for (name, value) in &request.headers {
            outgoing = outgoing.header(name, value);
        }
        if let Some(body) = request.body {
            outgoing = outgoing.body(body);
        }
        let reply = match outgoing.send().await {
            Ok(reply) => reply,
            Err(error) if error.is_connect() || error.is_builder() => {
                return Err(TransportError::NotSent { origin: self.origin.clone(), reason: reason(error) });
            }
            Err(error) => return Err(self.no_answer(error)),
        };
        let status = reply.status().as_u16();
        let headers = reply.headers().iter();
        // Header bytes that are not text are never needed, so a lossy conversion is enough.
        let headers = headers
            .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let body = self.body(reply).await?;
        Ok(Reply { status, headers, body })
    }
}

/// The error in one line. The innermost cause is the clearest (`connection refused`) and contains no URL.
fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "timed out".to_owned();
    }
    let error = error.without_url();
    let mut innermost: &dyn Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    fn get(path: &str) -> Request {
        let headers = vec![("authorization".to_owned(), "Bearer rpa_canary".to_owned())];
        Request { method: Method::Get, path: path.to_owned(), headers, body: None }
    }

    /// A server that reads one request and answers with `reply`, or closes the connection immediately.
    async fn serve(reply: &'static str) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4096];
            let _ = socket.read(&mut buffer).await.unwrap();
            socket.write_all(reply.as_bytes()).await.unwrap();
        });
        format!("http://{address}")
    }

    /// Sends a request with a time limit that even a slow machine keeps.
    async fn send(origin: &str) -> Result<Reply, TransportError> {
        HttpTransport::new(origin, Duration::from_secs(120)).unwrap().send(get("/v2/pods")).await
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_is_not_followed() {
        let origin = serve(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\nX-Request-Id: 7\r\ncontent-length: 0\r\n\r\n",
        )
        .await;
        let reply = send(&origin).await.unwrap();
        assert_eq!((reply.status, reply.header("x-request-id")), (302, Some("7")));
    }

    /// A server that answers with `head` and then endlessly repeats `part`, pausing each time.
    async fn serve_without_end(head: &'static str, part: Vec<u8>, pause: Duration) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut socket, _) = listener.accept().await.unwrap();
            let _ = socket.read(&mut [0; 4096]).await.unwrap();
            socket.write_all(head.as_bytes()).await.unwrap();
            // The client eventually closes the connection.
            while socket.write_all(&part).await.is_ok() {
                tokio::time::sleep(pause).await;
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn an_answer_without_end_is_given_up_by_its_length_or_by_its_time() {
        let megabyte = [b"100000\r\n".to_vec(), vec![b' '; 1 << 20], b"\r\n".to_vec()].concat();
        let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let error = send(&serve_without_end(chunked, megabyte, Duration::ZERO).await).await.unwrap_err();
        assert!(matches!(error, TransportError::TooLong { .. }), "{error:?}");
        let announced = "HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n";
        let error = send(&serve_without_end(announced, vec![b' '], Duration::from_millis(50)).await).await.unwrap_err();
        assert!(matches!(error, TransportError::TooLong { .. }), "{error:?}");
        // Slowly dripping bytes, in the head and in the body.
        for (head, part) in [("HTTP/1.1 200 OK\r\nx: ", b"y".to_vec()), (chunked, b"1\r\n \r\n".to_vec())] {
            let origin = serve_without_end(head, part, Duration::from_millis(50)).await;
            let client = HttpTransport::new(&origin, Duration::from_millis(400)).unwrap();
            let error = client.send(get("/v2/pods")).await.unwrap_err();
            assert!(matches!(error, TransportError::NoAnswer { .. }), "{error:?}");
            assert!(error.to_string().contains("timed out"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_refused_connection_was_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let error = send(&origin).await.unwrap_err();
        assert!(matches!(error, TransportError::NotSent { .. }), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[tokio::test]
    async fn a_connection_closed_before_the_answer_is_no_answer() {
        for reply in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n{"] {
            let error = send(&serve(reply).await).await.unwrap_err();
            assert!(matches!(error, TransportError::NoAnswer { .. }), "{reply:?}: {error:?}");
        }
    }
}
