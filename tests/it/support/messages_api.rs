//! Twilio's Messages API on a free port of loopback: the strict stand-in of `rehearse`, and what can go wrong on the wire before
//! it. It owns connections; what is answered is the stand-in's.

use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use couplet::app::SystemRandomness;
use couplet::config::Twilio as Connector;
use couplet::model::time::Clock;
use couplet::rehearse::messages_api::{Answer, Call, MessagesApi, Sent};
use couplet::twilio::messages::{Settings, Templates};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

use super::ledger;

/// The account.
pub const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
/// Its secret.
pub const TOKEN: &str = "7c1e09a45fd2b86390e4a17bd5c3f862";
/// Its Messaging Service.
pub const SERVICE: &str = "MG0123456789abcdef0123456789abcdef";

/// The four required templates, each with its own words.
pub const TEMPLATES: &str = r#"[
    {"usageType": "Register", "content": "[Register] Your code is {{code}}."},
    {"usageType": "SignIn", "content": "[SignIn] Your code for {{application.name}} is {{code}}."},
    {"usageType": "ForgotPassword", "content": "[ForgotPassword] Your code is {{code}}."},
    {"usageType": "Generic", "content": "[Generic] Your code is {{code}}."}
]"#;

/// What goes wrong with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFault {
    /// The request is read and never answered.
    Hang,
    /// The connection is closed before an answer.
    Close,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The first line and the headers.
    pub head: String,
    /// The body.
    pub body: String,
}

/// The server; it ends with this value. Messages and faults are the stand-in's, to which this derefs.
pub struct Twilio {
    shared: Arc<Shared>,
    /// Its address.
    pub url: String,
    _stop: oneshot::Sender<()>,
}

struct Shared {
    logic: MessagesApi,
    seen: Mutex<Vec<Seen>>,
    fault: Mutex<Option<WireFault>>,
    arrived: watch::Sender<usize>,
}

impl Deref for Twilio {
    type Target = MessagesApi;

    fn deref(&self) -> &MessagesApi {
        &self.shared.logic
    }
}

impl Twilio {
    /// Serves, with the clock of the server under test.
    pub fn start(clock: Arc<dyn Clock>) -> Self {
        Self::start_with(TOKEN, clock)
    }

    /// Serves whoever brings this auth token.
    pub fn start_with(token: &str, clock: Arc<dyn Clock>) -> Self {
        let logic = MessagesApi::new(ACCOUNT, token.to_owned().into(), SERVICE, clock, Arc::new(SystemRandomness));
        let (seen, fault, arrived) = (Mutex::default(), Mutex::default(), watch::Sender::new(0));
        let shared = Arc::new(Shared { logic, seen, fault, arrived });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let served = shared.clone();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = accept(TcpListener::from_std(listener).unwrap(), served) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { shared, url, _stop: stop }
    }

    /// The settings that lead here.
    pub fn settings(&self) -> Settings {
        ledger::note(TOKEN);
        Settings {
            account_sid: ACCOUNT.to_owned(),
            auth_token: TOKEN.to_owned().into(),
            service_sid: SERVICE.to_owned(),
            risk_check: true,
            templates: Templates::parse(TEMPLATES).unwrap(),
            base_url: self.url.parse().unwrap(),
        }
    }

    /// The same as a configuration has them.
    pub fn connector(&self) -> Connector {
        Connector::new(self.settings())
    }

    /// Lets every connection meet this fault; `None` mends it.
    pub fn fail(&self, fault: Option<WireFault>) {
        *self.shared.fault.lock().unwrap() = fault;
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Waits until so many requests have been answered, then gives the messages.
    pub async fn until_sent(&self, count: usize) -> Vec<Sent> {
        let mut arrived = self.shared.arrived.subscribe();
        let enough = tokio::time::timeout(Duration::from_secs(20), arrived.wait_for(|seen| *seen >= count)).await;
        assert!(enough.is_ok(), "{} requests came, not {count}", self.calls());
        self.sent()
    }

    /// The digits of the latest message, once so many have come.
    pub async fn code(&self, count: usize) -> String {
        let sent = self.until_sent(count).await;
        let code = digits(&sent.last().unwrap().body);
        ledger::note(&code);
        code
    }
}

/// The only six digits in a text.
pub fn digits(text: &str) -> String {
    let codes: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).filter(|part| part.len() == 6).collect();
    assert_eq!(codes.len(), 1, "{text}");
    codes[0].to_owned()
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(serve(stream, shared.clone()));
    }
}

/// One request for each connection.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let Some((head, body)) = read(&mut stream).await else { return };
    shared.seen.lock().unwrap().push(Seen { head: head.clone(), body: String::from_utf8(body.clone()).unwrap() });
    let fault = *shared.fault.lock().unwrap();
    match fault {
        Some(WireFault::Close) => return,
        None => {}
        Some(WireFault::Hang) => return tokio::time::sleep(Duration::from_secs(60)).await,
    }
    let mut line = head.lines().next().unwrap_or_default().split(' ');
    let call = Call {
        method: line.next().unwrap_or_default(),
        path: line.next().unwrap_or_default(),
        content_type: field(&head, "content-type"),
        authorization: field(&head, "authorization"),
        body: &body,
    };
    let Answer { status, body } = shared.logic.answer(&call);
    shared.arrived.send_modify(|arrived| *arrived += 1);
    let length = body.len();
    let answer = format!(
        "HTTP/1.1 {status} .\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    drop(stream.write_all(answer.as_bytes()).await);
}

/// Head and body of a request; nothing when the connection ends before it is whole.
async fn read(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(read[..end].to_vec()).ok()?;
            let length = field(&head, "content-length").map_or(0, |length| length.parse().unwrap());
            if read.len() >= end + 4 + length {
                return Some((head, read[end + 4..].to_vec()));
            }
        }
        if stream.read_buf(&mut read).await.ok()? == 0 {
            return None;
        }
    }
}

/// The value of a header field.
pub fn field<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
}
