//! A reverse proxy that stands before a server and spoils its answers, to play a server that is broken in one way.
//! It owns carrying requests and answers; which answer is spoilt, and how, the test says.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use reqwest::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use reqwest::redirect::Policy;
use serde_json::{Map, Value};
use url::Url;

/// Headers that belong to one connection, or that the next one writes anew.
const OF_THE_CONNECTION: [HeaderName; 4] = [HOST, CONTENT_LENGTH, CONNECTION, TRANSFER_ENCODING];

/// An answer on its way, to be spoilt.
pub struct Told {
    /// What was asked for.
    pub path: String,
    /// What was posted.
    pub posted: String,
    /// The `Authorization` of the request.
    pub authorization: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    /// How long the answer is kept back.
    pub delay: Duration,
}

impl Told {
    /// Whether this is a success of the token endpoint.
    pub fn has_tokens(&self) -> bool {
        self.path == "/oauth2/token" && self.status == 200
    }

    /// Changes the body, which is a JSON object.
    pub fn change(&mut self, change: impl FnOnce(&mut Map<String, Value>)) {
        let mut json: Value = serde_json::from_slice(&self.body).unwrap();
        change(json.as_object_mut().unwrap());
        self.body = serde_json::to_vec(&json).unwrap();
    }

    /// Becomes an answer of an API without a body.
    pub fn become_empty(&mut self, status: u16) {
        self.status = status;
        self.headers.remove("content-type");
        self.body.clear();
    }

    /// Becomes an error answer of an API (RFC 6749 section 5.2).
    pub fn become_error(&mut self, status: u16, error: &str) {
        self.status = status;
        self.headers.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = serde_json::json!({ "error": error }).to_string().into_bytes();
    }

    /// Becomes a page.
    pub fn become_html(&mut self) {
        self.headers.insert(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
        self.body = b"<!doctype html><title>Welcome</title>".to_vec();
    }
}

/// Spoils an answer, or leaves it.
pub type Spoil = fn(&mut Told);

/// The proxy; its address is known before it serves, for the server behind it to be told.
pub struct Spoiler {
    /// Its URL, without a path.
    pub url: Url,
    listener: TcpListener,
}

/// A proxy that serves until this value is dropped.
pub struct Spoiling(ServerHandle);

impl Drop for Spoiling {
    fn drop(&mut self) {
        drop(self.0.stop(false));
    }
}

impl Spoiler {
    /// Takes a port.
    pub fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        Self { url, listener }
    }

    /// Serves what `behind` answers, spoilt.
    pub fn serve(self, behind: &str, spoil: Spoil) -> Spoiling {
        let route = Arc::new((behind.to_owned(), spoil));
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let http = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
                let service = move || {
                    let (route, http) = (route.clone(), http.clone());
                    App::new().default_service(web::to(move |request: HttpRequest, body: web::Bytes| {
                        let (route, http) = (route.clone(), http.clone());
                        async move { carry(&route.0, route.1, &http, &request, &body).await }
                    }))
                };
                let server = HttpServer::new(service).workers(1).disable_signals().listen(self.listener).unwrap().run();
                sender.send(server.handle()).unwrap();
                server.await.unwrap();
            });
        });
        Spoiling(receiver.recv().unwrap())
    }
}

async fn carry(
    behind: &str,
    spoil: Spoil,
    http: &reqwest::Client,
    request: &HttpRequest,
    body: &web::Bytes,
) -> HttpResponse {
    let method = request.method().as_str().parse().unwrap();
    let mut asked = http.request(method, format!("{behind}{}", request.uri())).body(body.to_vec());
    for (name, value) in request.headers() {
        if !OF_THE_CONNECTION.iter().any(|kept| kept.as_str() == name.as_str()) {
            asked = asked.header(name.as_str(), value.as_bytes());
        }
    }
    let authorization = request.headers().get(AUTHORIZATION);
    let answer = asked.send().await.unwrap();
    let mut told = Told {
        path: request.path().to_owned(),
        posted: String::from_utf8_lossy(body).into_owned(),
        authorization: authorization.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default(),
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        body: answer.bytes().await.unwrap().to_vec(),
        delay: Duration::ZERO,
    };
    spoil(&mut told);
    actix_web::rt::time::sleep(told.delay).await;
    answer_of(told)
}

fn answer_of(told: Told) -> HttpResponse {
    let mut answer = HttpResponse::build(actix_web::http::StatusCode::from_u16(told.status).unwrap());
    for (name, value) in told.headers.iter().filter(|(name, _)| !OF_THE_CONNECTION.contains(name)) {
        answer.append_header((name.as_str(), value.as_bytes()));
    }
    let mut answer = answer.body(told.body);
    if !told.headers.contains_key(CONTENT_TYPE.as_str()) {
        answer.headers_mut().remove(CONTENT_TYPE);
    }
    answer
}
