//! Checks whether a TCP port, an SSH server or a web page is reachable. Never sends credentials.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Timeout of one probe.
const PATIENCE: Duration = Duration::from_secs(5);

/// Prefix of every SSH server's greeting. Source: RFC 4253, section 4.2.
const BANNER: &[u8] = b"SSH-";

/// The check to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// `203.0.113.7:35558` accepts connections.
    Tcp(String),
    /// An SSH server sends its greeting.
    Ssh(String),
    /// A web server responds, rather than RunPod's proxy in place of one that does not listen yet.
    HttpAnswers(String),
    /// The page responds with 2xx or 3xx.
    HttpSucceeds(String),
}

/// Runs one probe; the error describes the unexpected result.
pub async fn probe(probe: &Probe) -> Result<(), String> {
    match probe {
        Probe::Tcp(address) => connected(address).await.map(drop),
        Probe::Ssh(address) => greeted(address).await,
        Probe::HttpAnswers(url) => match status(url).await? {
            // RunPod's proxy returns 404 for a pod it does not know yet, and 5xx while nothing listens on the port.
            code @ (404 | 502..=504 | 520..=530) => Err(format!("{url} answers {code}")),
            _ => Ok(()),
        },
        Probe::HttpSucceeds(url) => match status(url).await? {
            200..=399 => Ok(()),
            code => Err(format!("{url} answers {code}")),
        },
    }
}

async fn connected(address: &str) -> Result<TcpStream, String> {
    match timeout(PATIENCE, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(format!("no connection to {address}: {error}")),
        Err(_) => Err(format!("no connection to {address} within {} s", PATIENCE.as_secs())),
    }
}

async fn greeted(address: &str) -> Result<(), String> {
    let mut stream = connected(address).await?;
    let mut banner = [0; BANNER.len()];
    match timeout(PATIENCE, stream.read_exact(&mut banner)).await {
        Ok(Ok(_)) if banner == BANNER => Ok(()),
        Ok(Ok(_)) => Err(format!("the server at {address} is not an SSH server")),
        Ok(Err(_)) => Err(format!("{address} closes the connection without a greeting")),
        Err(_) => Err(format!("{address} accepts connections, but no SSH server answers there")),
    }
}

/// The status code, without following redirects.
async fn status(url: &str) -> Result<u16, String> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PATIENCE).build();
    let answer = client.map_err(|error| error.to_string())?.get(url).send().await;
    answer.map(|answer| answer.status().as_u16()).map_err(|error| match error.is_timeout() {
        true => format!("{url} does not answer within {} s", PATIENCE.as_secs()),
        false => format!("{url} does not answer"),
    })
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;

    use super::*;

    /// Greets every connection with these bytes, or answers with them after the client's request. Returns the address.
    async fn server(answer: &'static [u8]) -> String {
        let speaks_first = !answer.starts_with(b"HTTP");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if !speaks_first {
                    let _ = stream.read(&mut [0; 1024]).await;
                }
                let _ = stream.write_all(answer).await;
                let _ = stream.read(&mut [0; 1024]).await;
            }
        });
        address
    }

    #[tokio::test]
    async fn an_ssh_server_is_distinguished_from_other_servers() {
        let ssh = server(b"SSH-2.0-OpenSSH_9.6\r\n").await;
        assert_eq!(probe(&Probe::Ssh(ssh.clone())).await, Ok(()));
        assert_eq!(probe(&Probe::Tcp(ssh)).await, Ok(()));
        let other = server(b"220 mail\r\n").await;
        assert!(probe(&Probe::Ssh(other.clone())).await.unwrap_err().contains("is not an SSH server"));
        assert_eq!(probe(&Probe::Tcp(other)).await, Ok(()));
        // A port that was free a moment ago.
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
        assert!(probe(&Probe::Tcp(closed.clone())).await.unwrap_err().contains("no connection to"));
        assert!(probe(&Probe::Ssh(closed)).await.is_err());
    }

    #[tokio::test]
    async fn a_page_must_exist_and_a_port_only_answers() {
        let answers = async |answer: &'static [u8]| {
            let url = format!("http://{}/health", server(answer).await);
            let [any, good] = [Probe::HttpAnswers(url.clone()), Probe::HttpSucceeds(url)];
            (probe(&any).await.is_ok(), probe(&good).await.is_ok())
        };
        assert_eq!(answers(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await, (true, true));
        assert_eq!(answers(b"HTTP/1.1 302 Found\r\nlocation: /login\r\ncontent-length: 0\r\n\r\n").await, (true, true));
        assert_eq!(answers(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n").await, (true, false));
        for proxy in [
            b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".as_slice(),
            b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
            b"HTTP/1.1 524 A Timeout\r\ncontent-length: 0\r\n\r\n",
        ] {
            assert_eq!(answers(proxy).await, (false, false));
        }
    }
}
