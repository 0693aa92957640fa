//! `serve` from its start to its end.

use std::io::{Read, Write};
use std::net::TcpStream;

use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::program::Program;
use crate::support::stage::Stage;

#[rstest]
#[tokio::test]
async fn both_listeners_tell_that_it_is_alive_and_ready(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await.set_up_to_serve();
    let server = program.serve("serve").await;
    let admin = format!("http://{}", program.variable("COUPLET_ADMIN_LISTEN"));
    for listener in [&server.url, &admin] {
        for path in ["/healthz", "/readyz"] {
            let answer = reqwest::get(format!("{listener}{path}")).await.unwrap();
            assert_eq!(answer.status(), 200, "{listener}{path}");
        }
    }
    let elsewhere = reqwest::get(format!("{admin}/.well-known/oauth-authorization-server")).await.unwrap();
    assert_eq!(elsewhere.status(), 404, "the admin listener serves no public path");
    assert!(server.out().contains(&server.url), "it says where it serves: {}", server.out());
}

/// The head of a request whose body is on its way; the server has begun with it when this returns.
pub fn begin_request(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "POST /oauth2/token HTTP/1.1\r\nHost: couplet\r\nExpect: 100-continue\r\nContent-Length: 8\r\n\
                Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut begun = [0; 25];
    stream.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[rstest]
#[tokio::test]
async fn told_to_stop_it_finishes_what_is_in_flight_and_ends_well(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await.set_up_to_serve();
    let mut server = program.serve("serve").await;
    let address = program.variable("COUPLET_LISTEN");
    let mut in_flight = begin_request(address);
    server.terminate();
    let began = std::time::Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(began.elapsed().as_secs() < 10, "it takes new connections after SIGTERM");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    in_flight.write_all(b"a=b&c=d&").unwrap();
    let mut answer = String::new();
    in_flight.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") || answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert_eq!(server.ended().await, Some(0), "{}", server.log());
}

#[rstest]
#[tokio::test]
async fn a_link_outlives_a_restart(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut stage = Stage::on(backend).await;
    let (alexa, person) = (stage.alexa(), stage.person());
    let tokens = alexa.link(&person).await;
    stage.server.terminate();
    assert_eq!(stage.server.ended().await, Some(0));
    stage.server = stage.program.serve("serve").await;
    assert!(alexa.is_active(&tokens.access).await);
    assert_eq!(alexa.refresh(&tokens.refresh).await.status, 200);
    let account = person.open(&format!("{}/account", stage.server.url)).await;
    assert!(!account.has("input[name=password]"), "the browser is still signed in");
}

#[rstest]
#[tokio::test]
async fn two_that_start_at_once_on_an_empty_database_share_its_keys(#[values(Sqlite, Postgres)] backend: Backend) {
    let first = Program::on(backend).await.set_up_to_serve();
    let database = match backend {
        Sqlite => format!("sqlite:{}", first.folder.path().join("shared.db").display()),
        Postgres => first.variable("DATABASE_URL").to_owned(),
    };
    let first = first.with("DATABASE_URL", &database);
    let second = Program::new().set_up_to_serve().with("DATABASE_URL", &database);
    let mut servers = [first.start("serve"), second.start("serve")];
    let mut published = Vec::new();
    for server in &mut servers {
        server.ready().await;
        let jwks = reqwest::get(format!("{}/.well-known/jwks.json", server.url)).await.unwrap();
        published.push(jwks.text().await.unwrap());
    }
    assert_eq!(published[0], published[1]);
    assert_eq!(published[0].matches("\"kid\"").count(), 1, "{}", published[0]);
}
