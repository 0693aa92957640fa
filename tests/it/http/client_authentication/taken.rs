//! Credentials that are taken.

use rstest::rstest;

use super::{ask, assert_taken, raw_basic};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{SECRET, TestApp};

#[rstest]
#[tokio::test]
async fn a_confidential_client_may_use_the_header_the_body_or_both_alike(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    let (header, id, secret) = (raw_basic("app", SECRET), ("client_id", "app"), ("client_secret", SECRET));
    assert_taken(&ask(&app, None, &[id, secret]).await);
    for body in [vec![], vec![id], vec![secret], vec![id, secret]] {
        assert_taken(&ask(&app, Some(&header), &body).await);
    }
}

#[rstest]
#[tokio::test]
async fn the_scheme_s_case_does_not_matter(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("app", Some(SECRET), |_| {}).await;
    for scheme in ["basic", "BASIC", "bAsIc"] {
        let header = raw_basic("app", SECRET).replace("Basic", scheme);
        assert_taken(&ask(&app, Some(&header), &[]).await);
    }
}

#[rstest]
#[tokio::test]
async fn a_public_client_says_its_name(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    app.add_app("public", None, |_| {}).await;
    assert_taken(&ask(&app, None, &[("client_id", "public")]).await);
    assert_taken(&ask(&app, None, &[("client_id", "public"), ("client_secret", "")]).await);
    assert_taken(&ask(&app, Some(&raw_basic("public", "")), &[]).await);
}
