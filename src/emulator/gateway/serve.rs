//! The emulator over HTTP/1.1, by its own clock.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http_body_util::{BodyExt, Either, Full, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Response, StatusCode, header};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::control::MOUNT;
use super::deliver::{TimeSource, deliver};
use super::delivery::DeliveryResult;
use super::emulator::Emulator;
use super::origin;
use super::target::RequestTarget;
use super::world_file::WorldFileError;
use crate::transport::{Method, Reply, Request};

/// A safety limit. The API's own limit is much lower and is checked later.
const MAX_BODY_BYTES: usize = 256 << 20;

/// How long open connections may continue after a signal to stop.
const GRACE: Duration = Duration::from_secs(2);

type StreamPart = stream::Iter<std::array::IntoIter<io::Result<Frame<Bytes>>, 2>>;
type ResponseBody = Either<Full<Bytes>, StreamBody<StreamPart>>;

/// Serves until ctrl-c or SIGTERM, then finishes open requests and saves the world.
///
/// # Errors
/// If the world cannot be saved at the end.
pub async fn serve(listener: TcpListener, emulator: Arc<Emulator>) -> Result<(), WorldFileError> {
    let (stop, stopping) = watch::channel(false);
    // If the caller drops this future, the set is dropped and closes every connection.
    let mut connections = JoinSet::new();
    let mut signal = Box::pin(stop_signal());
    loop {
        tokio::select! {
            () = &mut signal => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, emulator.clone(), stopping.clone()));
                }
                // No file descriptors left, or a client that disconnected immediately. Keep serving.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    // Sending only fails when no connection is left.
    let _ = stop.send(true);
    let _ = tokio::time::timeout(GRACE, async { while connections.join_next().await.is_some() {} }).await;
    emulator.save()
}

/// Serves one connection until it ends or is reset.
async fn connection(stream: TcpStream, peer: SocketAddr, emulator: Arc<Emulator>, mut stopping: watch::Receiver<bool>) {
    // Send small responses immediately. If setting the option fails, responses are only slower.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(Notify::new());
    let service = service_fn(|request| {
        let (emulator, reset) = (emulator.clone(), reset.clone());
        Box::pin(async move { Ok::<_, Infallible>(respond(request, peer, emulator, &reset).await) })
    });
    let mut connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    loop {
        tokio::select! {
            // An error means that the client left or that the response was truncated on purpose.
            _ = &mut connection => return,
            () = reset.notified() => break,
            Ok(()) = stopping.changed() => std::pin::Pin::new(&mut connection).graceful_shutdown(),
        }
    }
    // Closing without lingering sends RST instead of FIN.
    let _ = connection.into_parts().io.into_inner().set_zero_linger();
}

async fn respond(
    request: hyper::Request<Incoming>,
    peer: SocketAddr,
    emulator: Arc<Emulator>,
    reset: &Notify,
) -> Response<ResponseBody> {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let is_control = path.starts_with(MOUNT);
    let Some(method) = method(&head.method) else {
        let allow = vec![("allow".into(), RequestTarget::parse(&path).methods())];
        return whole(Reply { status: 405, headers: allow, body: Bytes::new() });
    };
    let mut request = Request { method, path, headers: headers(&head.headers), body: None };
    let authority = head.uri.authority().map(|authority| authority.as_str());
    if let Some(refusal) = origin::refusal(&request, authority, is_control) {
        return whole(refusal);
    }
    let Ok(body) = Limited::new(body, MAX_BODY_BYTES).collect().await else {
        return whole(Reply { status: 413, headers: Vec::new(), body: Bytes::new() });
    };
    request.body = Some(body.to_bytes());
    if is_control && peer.ip().to_canonical().is_loopback() {
        return whole(emulator.control(&request));
    }
    match deliver(emulator, request, TimeSource::Own).await {
        DeliveryResult::Reply(reply) => whole(reply),
        DeliveryResult::Cut(reply, at) => cut(reply, at),
        DeliveryResult::Reset => {
            reset.notify_one();
            std::future::pending().await
        }
    }
}

/// The method of a request. HEAD is a GET whose body hyper omits.
fn method(method: &hyper::Method) -> Option<Method> {
    match method.as_str() {
        "GET" | "HEAD" => Some(Method::Get),
        "POST" => Some(Method::Post),
        "PUT" => Some(Method::Put),
        "PATCH" => Some(Method::Patch),
        "DELETE" => Some(Method::Delete),
        _ => None,
    }
}

fn headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

fn whole(reply: Reply) -> Response<ResponseBody> {
    let (mut response, body) = head(reply);
    *response.body_mut() = Either::Left(Full::new(body));
    response
}

/// A response that announces the whole body and breaks after `at` bytes.
fn cut(reply: Reply, at: usize) -> Response<ResponseBody> {
    let (mut response, body) = head(reply);
    let part = body.slice(..at.min(body.len()));
    let broken = io::Error::other("cut on purpose");
    *response.body_mut() = Either::Right(StreamBody::new(stream::iter([Ok(Frame::data(part)), Err(broken)])));
    response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
    response
}

fn head(reply: Reply) -> (Response<ResponseBody>, Bytes) {
    let mut response = Response::new(Either::Left(Full::default()));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        // A content type from a fault list may be invalid as a header. The response is sent without it.
        if let (Ok(name), Ok(value)) = (name.parse::<header::HeaderName>(), value.parse()) {
            response.headers_mut().append(name, value);
        }
    }
    (response, reply.body)
}

/// Resolves at ctrl-c or SIGTERM, or never if signals are unavailable.
async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}
