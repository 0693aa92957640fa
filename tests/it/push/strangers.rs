//! Who does not get in, and what wire and methods have to be like.

use std::time::Duration;

use couplet::model::time::Clock;
use reqwest::Method;
use rstest::rstest;
use serde_json::{Value, json};

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::TestApp;
use crate::support::push::{ALICE, BackEnd, Basic, Device, send};
use crate::support::raw;

#[rstest]
#[tokio::test]
async fn wrong_credentials_are_refused_with_what_the_sdks_need(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, other) = (BackEnd::of(&app).await, BackEnd::of(&app).await);
    let Basic { user, password, .. } = back_end.basic.clone();
    let wrong = [
        (&*user, &*other.basic.password),
        (&user, ""),
        (&user, &format!("{password}:")),
        ("AC0123456789abcdef0123456789abcdef", &password),
        ("token", &password),
        ("token", ""),
        ("token", "a.b.c"),
        ("", ""),
        ("admin", "admin"),
    ];
    for (user, password) in wrong {
        for path in ["/v2/Services", &back_end.service, "/v2/Services/nothing"] {
            let refused = Basic::new(&app.url, user, password).get(path).await;
            assert_eq!(refused.refusal(), (401, 20003), "{user}:{password}");
            assert!(refused.headers["www-authenticate"].to_str().unwrap().starts_with("Basic "));
            let date = refused.headers["date"].to_str().unwrap();
            assert!(chrono_reads(date) && refused.headers["content-type"] == "application/json", "{date}");
        }
    }
    for header in ["", "Basic", "Basic !", "Bearer abc", "Basic dG9rZW4="] {
        let request = reqwest::Client::new().get(format!("{}/v2/Services", app.url)).header("Authorization", header);
        assert_eq!(send(request).await.refusal(), (401, 20003), "{header}");
    }
    let anonymous = reqwest::Client::new().post(format!("{}/v2/Services", app.url));
    assert_eq!(send(anonymous).await.refusal(), (401, 20003));
    let large = format!("FriendlyName={}", "a".repeat(70_000));
    assert_eq!(Basic::new(&app.url, "token", "").post_raw("/v2/Services", &large).await.refusal(), (401, 20003));
}

fn chrono_reads(date: &str) -> bool {
    date.ends_with(" GMT") && date.len() == 29 && date.contains(", ")
}

#[rstest]
#[tokio::test]
async fn a_request_token_counts_in_its_time_for_its_account(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, now) = (BackEnd::of(&app).await, app.clock.now());
    let device = back_end.device(&app, ALICE).await;
    let path = format!("{}/Challenges", device.entity);
    let good = json!({ "typ": "JWT", "alg": "ES256", "cty": "twilio-pba;v=1", "kid": device.credential });
    let seconds = now.timestamp();
    let payload =
        |from: i64, until: i64| json!({ "sub": device.account, "nbf": seconds + from, "exp": seconds + until });
    let with = |name: &str, value: Value| {
        let mut header = good.clone();
        header[name] = value;
        header
    };
    let asked = async |header: &Value, payload: &Value| {
        Basic::new(&app.url, "token", &device.sign_token(header, payload)).get(&path).await
    };
    for (from, until, status) in
        [(0, 600, 200), (60, 660, 200), (-599, 1, 200), (61, 600, 401), (-600, 0, 401), (0, 661, 401)]
    {
        assert_eq!(asked(&good, &payload(from, until)).await.status, status, "{from} {until}");
    }
    let wrong_headers = [
        with("alg", json!("none")),
        with("alg", json!("HS256")),
        with("alg", json!("ES384")),
        with("cty", json!("twilio-fpa;v=1")),
        with("kid", json!("CR0123456789abcdef0123456789abcdef")),
        with("kid", json!(device.factor)),
        with("kid", json!(null)),
        with("crit", json!(["b64"])),
    ];
    for header in wrong_headers {
        assert_eq!(asked(&header, &payload(0, 600)).await.refusal(), (401, 20003), "{header}");
    }
    let other_account = json!({ "sub": "AC0123456789abcdef0123456789abcdef", "nbf": seconds, "exp": seconds + 600 });
    for payload in [other_account, json!({ "sub": device.account }), json!({ "nbf": seconds, "exp": seconds + 600 })] {
        assert_eq!(asked(&good, &payload).await.refusal(), (401, 20003), "{payload}");
    }
    let mut impostor = Device::new(&app.url, &device.entity);
    (impostor.account, impostor.credential) = (device.account.clone(), device.credential.clone());
    assert_eq!(impostor.at(now).get(&path).await.refusal(), (401, 20003));
    app.clock.advance(Duration::from_secs(600));
    assert_eq!(device.at(now).get(&path).await.refusal(), (401, 20003));
}

#[rstest]
#[tokio::test]
async fn a_device_does_nothing_that_is_its_back_ends(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let (back_end, now) = (BackEnd::of(&app).await, app.clock.now());
    let device = back_end.device(&app, ALICE).await;
    let basic = device.at(now);
    assert_eq!(basic.get(&back_end.service).await.text("sid"), back_end.service_sid());
    let (service, entity) = (&back_end.service, &device.entity);
    let reads = [
        "/v2/Services".to_owned(),
        format!("{service}/Entities"),
        format!("{service}/Webhooks"),
        entity.clone(),
        format!("{entity}/Factors"),
        device.path(),
    ];
    for path in reads {
        assert_eq!(basic.get(&path).await.refusal(), (401, 20003), "{path}");
    }
    let writes = ["/v2/Services", service, &format!("{service}/AccessTokens"), &format!("{entity}/Factors")];
    for path in writes.into_iter().chain([&*format!("{entity}/Challenges"), &format!("{service}/Webhooks")]) {
        let form = [("FriendlyName", "Mine"), ("FactorSid", &*device.factor), ("Details.Message", "m")];
        assert_eq!(basic.post(path, &form).await.refusal(), (401, 20003), "{path}");
    }
    for path in [service, entity] {
        assert_eq!(basic.delete(path).await.refusal(), (401, 20003), "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn the_wire_is_as_clients_use_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let back_end = BackEnd::of(&app).await;
    let basic = &back_end.basic;
    for accept in ["application/x-www-form-urlencoded", "*/*", "text/html"] {
        let get = basic.request(Method::GET, &back_end.service);
        let get = get.header("Accept", accept).header("Content-Type", "application/x-www-form-urlencoded");
        assert_eq!(send(get).await.text("sid"), back_end.service_sid(), "{accept}");
    }
    // What one platform leaves as it is within values.
    let raw = "FriendlyName=a=b/c?d%26e%20f+g&Unknown=1&&Push.IncludeDate=";
    assert_eq!(basic.post_raw("/v2/Services", raw).await.json["friendly_name"], "a=b/c?d&e f g");
    let upper = back_end.service.replace(back_end.service_sid(), &back_end.service_sid().to_uppercase());
    assert_eq!(basic.get(&upper).await.text("sid"), back_end.service_sid());
    for nothing in ["/v2/", "/v2/Nothing", "/v2/Services/", "/v2/Services/VA1/Verifications"] {
        assert_eq!(basic.get(nothing).await.refusal(), (404, 20404), "{nothing}");
    }
    let put = send(basic.request(Method::PUT, &back_end.service)).await;
    assert_eq!((put.refusal(), put.headers["allow"].to_str().unwrap()), ((405, 20004), "GET, HEAD, POST, DELETE"));
    let json = basic.request(Method::POST, "/v2/Services").json(&json!({ "FriendlyName": "Owl" }));
    assert_eq!(send(json).await.refusal(), (415, 60306));
    assert_eq!(basic.post_raw("/v2/Services", "FriendlyName=%ff").await.refusal(), (400, 60306));
    let large = format!("FriendlyName={}", "a".repeat(70_000));
    assert_eq!(basic.post_raw("/v2/Services", &large).await.refusal(), (413, 60306));
    assert_eq!(send(basic.request(Method::HEAD, &back_end.service)).await.status, 200);
}

#[tokio::test]
async fn the_header_for_signatures_is_spelt_as_one_sdk_looks_for_it() {
    let app = TestApp::on(Sqlite).await;
    let back_end = BackEnd::of(&app).await;
    let device = back_end.device(&app, ALICE).await;
    let path = back_end.ask(&device, &[]).await;
    let request = device.at(app.clock.now()).request(Method::GET, &path).build().unwrap();
    let authorization = request.headers()["authorization"].to_str().unwrap().to_owned();
    let host = app.url.trim_start_matches("http://");
    let text =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: {authorization}\r\nConnection: close\r\n\r\n");
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.contains("\r\nTwilio-Verify-Signature-Fields: sid,account_sid,"), "{answer}");
}

#[tokio::test]
async fn a_request_that_is_not_even_looked_at_gets_an_answer_with_a_body() {
    let app = TestApp::on(Sqlite).await;
    for headers in ["Host: @a@\r\n".to_owned(), format!("Host: a\r\nX: {}\r\n", "x".repeat(60_000))] {
        let whole = format!("GET /v2/Services HTTP/1.1\r\nConnection: close\r\n{headers}\r\n");
        let answer = raw::ask(&app.url, whole).await;
        let json: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        assert_eq!((&json["code"], &json["status"]), (&json!(60306), &json!(answer.status)), "{answer:?}");
    }
}
