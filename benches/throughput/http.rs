//! Owns a lean HTTP client: requests are bytes made beforehand, answers are read just far enough to be checked. Leaves what is
//! asked to the scenarios. It has to cost a small part of what the server costs, since both share the machine.

use std::net::SocketAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A kept-alive connection with one request at a time.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

/// An answer, as long as the next request is not sent.
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The head, without the line of the status.
    pub head: &'a str,
    /// The body.
    pub body: &'a str,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: vec![0; 32 * 1024], filled: 0 }
    }

    /// Sends a request and reads the whole answer.
    pub async fn ask(&mut self, request: &[u8]) -> Answer<'_> {
        self.stream.write_all(request).await.unwrap();
        self.filled = 0;
        let head_end = loop {
            self.read_more().await;
            if let Some(end) = self.buffer[..self.filled].windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end + 2;
            }
        };
        let head = std::str::from_utf8(&self.buffer[..head_end]).unwrap();
        let status = head[9..12].parse().unwrap();
        let length: usize = header(head, "content-length").map_or(0, |length| length.parse().unwrap());
        let end = head_end + 2 + length;
        while self.filled < end {
            self.read_more().await;
        }
        assert_eq!(self.filled, end, "more came than was asked for");
        let (head, body) = self.buffer[..end].split_at(head_end);
        let text = |bytes| std::str::from_utf8(bytes).unwrap();
        Answer { status, head: text(head), body: text(&body[2..]) }
    }

    async fn read_more(&mut self) {
        let read = self.stream.read(&mut self.buffer[self.filled..]).await.unwrap();
        assert!(read > 0, "the server closed the connection, or its answer is longer than foreseen");
        self.filled += read;
    }
}

impl Answer<'_> {
    /// The status and the beginning of the body, to tell what is wrong with it.
    pub fn summary(&self) -> String {
        format!("{}: {}", self.status, self.body.chars().take(300).collect::<String>())
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let lines = head.split("\r\n").skip(1);
    lines.filter_map(|line| line.split_once(": ")).find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, v)| v)
}

/// A request with a place for a token, in bytes ready to be sent.
#[derive(Clone)]
pub struct Form {
    bytes: Vec<u8>,
    token: std::ops::Range<usize>,
}

impl Form {
    /// A post to `path` by a client with a secret; `body` has `{}` where a token of that length goes.
    pub fn new(path: &str, (client_id, secret): (&str, &str), body: &str, token_length: usize) -> Self {
        let credentials = STANDARD.encode(format!("{client_id}:{secret}"));
        let (before, after) = body.split_once("{}").unwrap();
        let length = before.len() + token_length + after.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {credentials}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{before}"
        );
        Self::around(&head, token_length, after)
    }

    /// A request to `target` for the user of a bearer token of that length.
    pub fn bearer(target: &str, token_length: usize) -> Self {
        let head = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ");
        Self::around(&head, token_length, "\r\n\r\n")
    }

    fn around(head: &str, token_length: usize, after: &str) -> Self {
        let token = head.len()..head.len() + token_length;
        let bytes = format!("{head}{}{after}", " ".repeat(token_length)).into_bytes();
        Self { bytes, token }
    }

    /// The request with that token.
    pub fn with(&mut self, token: &str) -> &[u8] {
        self.bytes[self.token.clone()].copy_from_slice(token.as_bytes());
        &self.bytes
    }
}
