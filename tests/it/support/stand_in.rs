//! A small HTTP/1.1 server on a free port of loopback that answers as a function says. It owns connections; what is answered is
//! its function's.

use std::sync::Arc;

use reqwest::header::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Answer {
    /// Without headers.
    pub fn new(status: u16, body: impl ToString) -> Self {
        Self { status, headers: Vec::new(), body: body.to_string() }
    }
}

/// A server; it listens as long as its runtime lives.
pub struct StandIn {
    /// Its address, without a slash at its end.
    pub url: String,
    held: watch::Sender<bool>,
}

impl StandIn {
    /// Answers by this function, one request a connection.
    pub async fn serving(answer: impl Fn(Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (url, held) = (format!("http://{}", listener.local_addr().unwrap()), watch::Sender::new(false));
        let (answer, holding) = (Arc::new(answer), held.clone());
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (answer, held) = (answer.clone(), holding.subscribe());
                tokio::spawn(async move { serve(stream, &*answer, held).await });
            }
        });
        Self { url, held }
    }

    /// From now on requests are read, and answered when they are let go.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }
}

async fn serve(
    mut stream: TcpStream,
    answer: &(dyn Fn(Request) -> Answer + Send + Sync),
    mut held: watch::Receiver<bool>,
) {
    let Some(request) = read(&mut stream).await else { return };
    let Answer { status, headers, body } = answer(request);
    drop(held.wait_for(|held| !*held).await);
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    drop(stream.write_all(format!("{head}{body}").as_bytes()).await);
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let mut lines = head.lines();
            let mut first = lines.next()?.split(' ');
            let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
            let pairs = lines.filter_map(|line| line.split_once(": "));
            let headers: HeaderMap =
                pairs.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            let length = headers.get("content-length").map_or(0, |value| value.to_str().unwrap().parse().unwrap());
            if bytes.len() >= end + 4 + length {
                return Some(Request { method, path, headers, body: bytes[end + 4..].to_vec() });
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
}
