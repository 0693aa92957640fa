//! Requests that no HTTP library sends, byte for byte, and their answers taken apart as a strict reader does.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than the server needs to answer or to close on a busy machine.
const PATIENCE: Duration = Duration::from_secs(15);

/// One answer.
#[derive(Debug)]
pub struct RawAnswer {
    /// The status.
    pub status: u16,
    /// The headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

impl RawAnswer {
    /// All values of a header, joined.
    pub fn header(&self, name: &str) -> String {
        let values = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        values.collect::<Vec<_>>().join(", ")
    }
}

/// Sends bytes, says that no more will come, and gives all that comes back until the server closes.
pub async fn send(url: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    // The server may close before it has read everything.
    drop(stream.write_all(bytes).await);
    drop(stream.shutdown().await);
    let mut answer = Vec::new();
    drop(timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server answers or closes"));
    answer
}

/// Sends a whole request and gives its one answer.
pub async fn ask(url: &str, request: impl AsRef<[u8]>) -> RawAnswer {
    let request = request.as_ref();
    let answered = send(url, request).await;
    let mut answers = parse(&answered, request.starts_with(b"HEAD "));
    let shown = || format!("{} {}", String::from_utf8_lossy(request), String::from_utf8_lossy(&answered));
    assert_eq!(answers.len(), 1, "{}", shown());
    answers.remove(0)
}

/// Takes answers apart; anything that is none fails the test. `to_head`: they have no body, whatever they say.
pub fn parse(bytes: &[u8], to_head: bool) -> Vec<RawAnswer> {
    let mut rest = bytes;
    let mut answers = Vec::new();
    while !rest.is_empty() {
        let end = rest.windows(4).position(|window| window == b"\r\n\r\n").expect("a head that ends");
        let head = std::str::from_utf8(&rest[..end]).expect("a head in ASCII");
        rest = &rest[end + 4..];
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().strip_prefix("HTTP/1.").expect("a status line");
        let status: u16 = status[2..5].parse().expect("a status");
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line}"));
            (name.to_ascii_lowercase(), value.to_owned())
        };
        let headers: Vec<_> = lines.map(header).collect();
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let length: usize = length.map_or(0, |(_, length)| length.parse().expect("a length"));
        let length = if to_head || status < 200 { 0 } else { length };
        assert!(length <= rest.len(), "an answer that is cut off: {head}");
        let body = String::from_utf8(rest[..length].to_vec()).expect("a body in UTF-8");
        rest = &rest[length..];
        if status >= 200 {
            answers.push(RawAnswer { status, headers, body });
        }
    }
    answers
}
