//! Credentials that are refused.

use std::time::Duration;

use couplet::app::SystemRandomness;
use couplet::model::ids::ClientId;
use couplet::model::secret::ClientSecretHash;
use couplet::model::time::Clock;
use rstest::rstest;

use super::{FORM, ask, assert_refused, assert_taken, raw_basic};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};

const WRONG: &str = "another-secret-that-is-long-enough-0123456789";

#[rstest]
#[case::unknown_client("nobody", SECRET)]
#[case::wrong_secret("app", WRONG)]
#[case::shortened_secret("app", "test-secret")]
#[case::empty_secret("app", "")]
#[tokio::test]
async fn wrong_credentials_are_refused_in_header_and_body(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] id: &str,
    #[case] secret: &str,
) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    assert_refused(&ask(&app, Some(&raw_basic(id, secret)), &[]).await);
    assert_refused(&ask(&app, None, &[("client_id", id), ("client_secret", secret)]).await);
}

#[rstest]
#[tokio::test]
async fn nobody_learns_which_clients_exist(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    app.add_app("public", None, |_| {}).await;
    let unknown = ask(&app, Some(&raw_basic("nobody", WRONG)), &[]).await;
    for id in ["app", "public"] {
        assert_eq!(ask(&app, Some(&raw_basic(id, WRONG)), &[]).await.json, unknown.json, "{id}");
    }
}

#[rstest]
#[tokio::test]
async fn a_confidential_client_has_to_prove_itself(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    assert_refused(&ask(&app, None, &[]).await);
    assert_refused(&ask(&app, None, &[("client_id", "app")]).await);
    assert_refused(&ask(&app, None, &[("client_secret", SECRET)]).await);
}

#[rstest]
#[tokio::test]
async fn header_and_body_have_to_agree(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    app.add_app("other", Some(SECRET), |_| {}).await;
    let good = raw_basic("app", SECRET);
    assert_refused(&ask(&app, Some(&good), &[("client_id", "app"), ("client_secret", WRONG)]).await);
    assert_refused(&ask(&app, Some(&good), &[("client_secret", WRONG)]).await);
    let wrong = raw_basic("app", WRONG);
    assert_refused(&ask(&app, Some(&wrong), &[("client_id", "app"), ("client_secret", SECRET)]).await);
    for more in [vec![("client_id", "other")], vec![("client_id", "other"), ("client_secret", SECRET)]] {
        let answer = ask(&app, Some(&good), &more).await;
        assert!(["invalid_request", "invalid_client"].contains(&answer.error()), "{}", answer.json);
    }
}

#[rstest]
#[tokio::test]
async fn credentials_that_are_given_twice_are_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let (id, secret) = (("client_id", "app"), ("client_secret", SECRET));
    for body in [[id, id, secret], [id, secret, secret]] {
        assert_eq!(ask(&app, None, &body).await.error(), "invalid_request");
    }
    let request = reqwest::Client::new().post(format!("{}/oauth2/token", app.url)).form(&FORM);
    let twice = request.basic_auth("app", Some(SECRET)).header("Authorization", raw_basic("app", SECRET));
    let status = twice.send().await.unwrap().status();
    assert!(status.is_client_error(), "{status}");
}

#[rstest]
#[case::nothing("Basic")]
#[case::no_base64("Basic !!!")]
#[case::no_colon("Basic YXBw")]
#[case::no_utf8("Basic //86//8=")]
#[case::another_scheme("Bearer YXBwOmFwcA==")]
#[case::empty("")]
#[case::broken_percent_encoding("Basic YXBwOiV6eg==")]
#[case::nul("Basic YXBwOgA=")]
#[tokio::test]
async fn a_malformed_header_is_refused(#[values(Sqlite, Postgres)] backend: Backend, #[case] header: &str) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    assert_refused(&ask(&app, Some(header), &[]).await);
    assert_refused(&ask(&app, Some(header), &[("client_id", "app")]).await);
}

#[rstest]
#[tokio::test]
async fn a_public_client_has_no_secret(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("public", None, |_| {}).await;
    assert_refused(&ask(&app, Some(&raw_basic("public", SECRET)), &[]).await);
    assert_refused(&ask(&app, None, &[("client_id", "public"), ("client_secret", SECRET)]).await);
}

#[rstest]
#[tokio::test]
async fn a_disabled_client_is_refused(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    for (id, secret) in [("app", Some(SECRET)), ("public", None)] {
        app.add_app(id, secret, |_| {}).await;
        app.database.store.enable_client(&ClientId::parse(id).unwrap(), false).await.unwrap();
    }
    assert_refused(&ask(&app, Some(&raw_basic("app", SECRET)), &[]).await);
    assert_refused(&ask(&app, None, &[("client_id", "public")]).await);
}

/// Gives the client a new secret, with the usual overlap for the one before.
async fn rotate_secret(app: &TestApp, secret: &str) {
    let hash = ClientSecretHash::of(&secret.to_owned().into(), &SystemRandomness);
    let until = app.clock.now() + Duration::from_secs(86_400);
    assert!(app.database.store.rotate_secret(&ClientId::parse("app").unwrap(), &hash, until).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_former_secret_ends_with_its_overlap(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    rotate_secret(&app, "the second secret").await;
    app.clock.advance(Duration::from_secs(86_399));
    assert_taken(&ask(&app, Some(&raw_basic("app", SECRET)), &[]).await);
    assert_taken(&ask(&app, Some(&raw_basic("app", "the second secret")), &[]).await);
    app.clock.advance(Duration::from_secs(1));
    assert_refused(&ask(&app, Some(&raw_basic("app", SECRET)), &[]).await);
    assert_taken(&ask(&app, Some(&raw_basic("app", "the second secret")), &[]).await);
}

#[rstest]
#[tokio::test]
async fn never_more_than_two_secrets_are_valid(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    rotate_secret(&app, "the second secret").await;
    rotate_secret(&app, "the third secret").await;
    assert_refused(&ask(&app, Some(&raw_basic("app", SECRET)), &[]).await);
    assert_taken(&ask(&app, Some(&raw_basic("app", "the second secret")), &[]).await);
    assert_taken(&ask(&app, Some(&raw_basic("app", "the third secret")), &[]).await);
}
