//! SIGTERM: what is in flight is done and answered, nothing new is taken.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rstest::rstest;
use url::form_urlencoded::Serializer;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, PASSWORD, SECRET};
use crate::support::stage::Stage;

/// A request whose head has arrived and whose body has not.
struct Begun {
    stream: TcpStream,
    body: String,
}

impl Begun {
    fn post(address: &str, path: &str, headers: &str, form: &[(&str, &str)]) -> Self {
        let body = Serializer::new(String::new()).extend_pairs(form).finish();
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nExpect: 100-continue\r\nContent-Length: {}\r\n{headers}\
             Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut told = [0; 25];
        stream.read_exact(&mut told).unwrap();
        assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
        Self { stream, body }
    }

    fn finish(mut self) -> String {
        self.stream.write_all(self.body.as_bytes()).unwrap();
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

#[rstest]
#[tokio::test]
async fn a_sign_in_and_an_exchange_in_flight_are_finished(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut stage = Stage::on(backend).await;
    let alexa = stage.alexa();
    let code = alexa.code_from(&stage.person()).await;
    let page = stage.person().open(&alexa.authorize(&[])).await;
    let cookies = page.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let cookies: Vec<&str> = cookies.filter_map(|cookie| cookie.split(';').next()).collect();
    let headers = format!("Origin: {}\r\nCookie: {}\r\n", stage.server.url, cookies.join("; "));
    let (request, csrf) = (page.value("request"), page.value("csrf"));
    let form = [("username", ALICE), ("password", PASSWORD), ("request", &*request), ("csrf", &*csrf)];
    let address = stage.program.variable("COUPLET_LISTEN").to_owned();
    let sign_in = Begun::post(&address, "/sign-in", &headers, &form);
    let client = [("client_id", "alexa"), ("client_secret", SECRET), ("redirect_uri", &*alexa.redirect_uri)];
    let exchange = [("grant_type", "authorization_code"), ("code", &*code)];
    let exchange = Begun::post(&address, "/oauth2/token", "", &[client.as_slice(), &exchange].concat());
    stage.server.terminate();
    let began = Instant::now();
    while TcpStream::connect(&address).is_ok() {
        assert!(began.elapsed().as_secs() < 10, "it takes new connections after SIGTERM");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let signed_in = sign_in.finish();
    assert!(signed_in.starts_with("HTTP/1.1 303") && signed_in.contains("session"), "{signed_in}");
    let exchanged = exchange.finish();
    assert!(exchanged.starts_with("HTTP/1.1 200"), "{exchanged}");
    assert_eq!(stage.server.ended().await, Some(0), "{}", stage.server.log());
    let json = exchanged.split_once("\r\n\r\n").unwrap().1;
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    stage.server = stage.program.serve("serve").await;
    let refreshed = alexa.refresh(json["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refreshed.status, 200, "the link that was acknowledged while stopping lives");
}
