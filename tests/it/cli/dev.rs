//! `dev`: the first thing a skill developer runs.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rstest::rstest;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::platform::Answer;
use crate::support::postgres::free_port;
use crate::support::program::{Program, Running};

/// On a port of its own and otherwise as it comes.
fn on_a_port(program: Program) -> Program {
    program.with("COUPLET_LISTEN", &format!("127.0.0.1:{}", free_port()))
}

/// What stands behind a label of what it printed.
fn printed(server: &Running, label: &str) -> String {
    let out = server.out();
    let value = out.lines().find_map(|line| line.strip_prefix(label)).unwrap_or_else(|| panic!("no {label} in {out}"));
    value.trim().to_owned()
}

#[rstest]
#[case("0.0.0.0:0")]
#[case("[::]:0")]
#[case("192.0.2.1:8080")]
fn it_binds_loopback_only(#[case] listen: &str) {
    let ran = Program::new().with("COUPLET_LISTEN", listen).run("dev");
    let told = ran.refused(2);
    assert!(told.contains("listen") && told.contains("loopback") && told.contains("127.0.0.1:8080"), "{told}");
}

#[test]
fn an_address_in_use_is_told() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ran = Program::new().with("COUPLET_LISTEN", &taken.local_addr().unwrap().to_string()).run("dev");
    assert!(ran.refused(1).starts_with("listen: "), "{ran:?}");
}

#[rstest]
#[case::rebound_name("Host", "evil.example")]
#[case::looks_like_loopback("Host", "127.0.0.1.evil.example")]
#[case::proxy("X-Forwarded-For", "192.0.2.1")]
#[case::tunnel("X-Forwarded-Host", "auth.example.com")]
#[case::standard_proxy("Forwarded", "for=192.0.2.1")]
#[tokio::test]
async fn its_page_with_the_password_is_for_this_machine_alone(#[case] name: &str, #[case] value: &str) {
    let program = on_a_port(Program::new());
    let server = program.serve("dev").await;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let (home, link) = (format!("{}/", server.url), format!("{}/dev/link", server.url));
    let amazon = http.post(format!("{}/dev/login-with-amazon/token", server.url));
    let callback = http.get(format!("{}/dev/callback?code=x", server.url));
    for request in [http.get(&home), http.post(&link), callback, amazon] {
        let answer = request.header(name, value).send().await.unwrap();
        assert_eq!(answer.status(), 404);
        assert!(!answer.text().await.unwrap().contains(&printed(&server, "Password")));
    }
    let own = http.get(&home).send().await.unwrap();
    assert_eq!(own.status(), 200);
    assert!(own.text().await.unwrap().contains(&printed(&server, "Password")));
}

#[tokio::test]
async fn its_secrets_are_for_their_owner_alone() {
    let program = on_a_port(Program::new());
    let _server = program.serve("dev").await;
    for (file, expected) in [("data", 0o700), ("data/master.key", 0o600), ("data/dev.json", 0o600)] {
        let mode = std::fs::metadata(program.folder.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, expected, "{file}");
    }
}

/// The secrets that it keeps.
fn kept(program: &Program) -> serde_json::Value {
    let text = std::fs::read_to_string(program.folder.path().join("data/dev.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_file_of_an_older_version_gets_what_it_lacks_and_keeps_the_rest() {
    let program = on_a_port(Program::new());
    drop(program.serve("dev").await);
    let mut older = kept(&program);
    let removed = older.as_object_mut().unwrap().remove("amazon_client_secret").unwrap();
    program.write("data/dev.json", &older.to_string());
    let server = program.serve("dev").await;
    assert_eq!(printed(&server, "Password"), older["password"]);
    let mut newer = kept(&program);
    let added = newer.as_object_mut().unwrap().remove("amazon_client_secret").unwrap();
    assert!(added != removed && added.as_str().unwrap().len() >= 43);
    assert_eq!(newer, older);
    let mode = std::fs::metadata(program.folder.path().join("data/dev.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    drop(server);
    drop(program.serve("dev").await);
    assert_eq!(kept(&program)["amazon_client_secret"], added);
}

#[tokio::test]
async fn its_login_with_amazon_takes_the_kept_secret_alone() {
    let program = on_a_port(Program::new());
    let server = program.serve("dev").await;
    let secret = kept(&program)["amazon_client_secret"].as_str().unwrap().to_owned();
    for (secret, expected) in [("other", (401, "invalid_client")), (&*secret, (400, "invalid_grant"))] {
        let form = [
            ("grant_type", "authorization_code"),
            ("code", "ANMADEUP"),
            ("client_id", "amzn1.application-oa2-client.demo"),
            ("client_secret", secret),
        ];
        let request = reqwest::Client::new().post(format!("{}/dev/login-with-amazon/token", server.url));
        let answer = Answer::of(request.form(&form)).await;
        assert_eq!((answer.status.as_u16(), answer.error()), expected);
    }
}

#[tokio::test]
async fn it_is_ready_within_a_second_or_so() {
    let program = on_a_port(Program::new());
    let began = Instant::now();
    let _server = program.serve("dev").await;
    // One second is the promise for a release build on an idle machine; the tests are neither.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[rstest]
#[tokio::test]
async fn it_prints_what_to_open_and_what_to_paste(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = on_a_port(Program::on(backend).await);
    let server = program.serve("dev").await;
    assert_eq!(printed(&server, "Open"), format!("{}/", server.url));
    assert_eq!(printed(&server, "User name"), "demo");
    assert_eq!(printed(&server, "Your Client ID"), "alexa-demo");
    assert_eq!(printed(&server, "Access Token URI"), format!("{}/oauth2/token", server.url));
    assert_eq!(printed(&server, "Your Web Authorization URI"), format!("{}/oauth2/authorize", server.url));
    assert!(printed(&server, "Your Secret").len() >= 43);
    assert!(server.out().to_lowercase().contains("not for production"), "{}", server.out());
    let home = reqwest::get(&server.url).await.unwrap().text().await.unwrap();
    assert!(home.contains("Link account") && home.contains(&printed(&server, "Password")), "{home}");
}

#[rstest]
#[tokio::test]
async fn a_second_run_is_the_same_also_on_another_port(#[values(Sqlite, Postgres)] backend: Backend) {
    let mut program = Program::on(backend).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        program = on_a_port(program);
        let mut server = program.serve("dev").await;
        seen.push([printed(&server, "Password"), printed(&server, "Your Secret"), printed(&server, "Your Client ID")]);
        server.terminate();
        assert_eq!(server.ended().await, Some(0), "{}", server.log());
    }
    assert_eq!(seen[1..], [seen[0].clone(), seen[0].clone()]);
    let clients = program.run("client list --json").json();
    assert_eq!(clients.as_array().unwrap().len(), 1);
    let uris = clients[0]["redirect_uris"].as_array().unwrap();
    assert_eq!(uris.len(), 4, "three regions and the page of the last run: {uris:?}");
    assert_eq!(program.run("user list --json").json().as_array().unwrap().len(), 1);
}
