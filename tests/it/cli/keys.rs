//! Signing keys: listed and rotated while a server runs on the same database.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rstest::rstest;
use serde_json::Value;

use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::platform::Tokens;
use crate::support::program::Program;
use crate::support::stage::Stage;

/// Within this time a running server signs with a rotated key.
const FRESH: Duration = Duration::from_secs(1);

#[test]
fn without_a_master_key_there_are_no_keys_to_show() {
    for command in ["keys list", "keys rotate", "purge"] {
        let ran = Program::new().run(command);
        let told = ran.refused(2);
        assert!(told.starts_with("master_key_file") && told.contains("openssl rand -base64 32"), "{told}");
    }
}

#[rstest]
#[tokio::test]
async fn one_key_signs_and_the_former_one_stays_published(#[values(Sqlite, Postgres)] backend: Backend) {
    let program = Program::on(backend).await.set_up_to_serve();
    let first = program.run("keys list --json").json();
    assert_eq!((first.as_array().unwrap().len(), first[0]["state"].as_str()), (1, Some("signing")));
    assert_eq!(program.run("keys list --json").json(), first, "listing makes no further keys");
    let second = program.run("keys rotate --json").json();
    let both = program.run("keys list --json").json();
    assert_eq!((&both[0]["kid"], &both[0]["state"]), (&first[0]["kid"], &Value::from("published")));
    assert_eq!((&both[1], &second["state"]), (&second, &Value::from("signing")));
    assert!(both[0]["published_until"].is_string() && both[1]["published_until"].is_null());
    assert_eq!(program.run("keys list").done().lines().count(), 2);
}

fn kid_of(jwt: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(jwt.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

#[rstest]
#[tokio::test]
async fn a_running_server_follows_a_rotation_within_a_second(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    stage.program.run("client set alexa --access-token jwt").done();
    let alexa = stage.alexa();
    let before = alexa.link(&stage.person()).await;
    let rotated = stage.program.run("keys rotate --json").json()["kid"].as_str().unwrap().to_owned();
    tokio::time::sleep(FRESH).await;
    let after = Tokens::from(&alexa.refresh(&before.refresh).await);
    assert_eq!(kid_of(&after.access), rotated);
    let jwks = stage.get("/.well-known/jwks.json").await;
    let published: BTreeSet<_> =
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap()).collect();
    assert_eq!(published, BTreeSet::from([rotated.as_str(), &kid_of(&before.access)]));
    assert!(alexa.is_active(&before.access).await, "what was signed before stays good");
    assert!(alexa.is_active(&after.access).await);
}
