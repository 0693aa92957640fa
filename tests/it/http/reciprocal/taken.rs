//! What Alexa's form takes, and that a code is taken once: repeated it changes nothing, another one takes its place.

use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::model::client::ClientSettings;
use couplet::model::client::RefreshPolicy::Rotate;
use reqwest::Client;
use rstest::rstest;

use super::{GOOD, PATH, Stage, assert_accepted};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::platform::{Answer, Tokens};

#[rstest]
#[tokio::test]
async fn a_code_is_taken_and_exchanged(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let stage = Stage::with(backend, |settings| settings.access_token = format).await;
    let code = stage.amazon.issue_code();
    assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, code.expose()).await);
    assert_eq!(stage.amazon.arrived(), 0, "the exchange does not keep the platform waiting");
    stage.assert_exchanged(1).await;
}

#[rstest]
#[case::body("", "grant_type=reciprocal_authorization_code&client_id=alexa&code=")]
#[case::query("grant_type=reciprocal_authorization_code&client_id=alexa&code=", "")]
#[case::code_in_the_body("grant_type=reciprocal_authorization_code&client_id=alexa", "code=")]
#[case::code_in_the_query("client_id=alexa&code=", "grant_type=reciprocal_authorization_code")]
#[case::unknown_beside("grant_type=reciprocal_authorization_code&new=1&new=2", "client_id=alexa&redirect_uri=x&code=")]
#[tokio::test]
async fn parameters_may_stand_in_the_body_and_in_the_query(#[case] query: &str, #[case] body: &str) {
    let stage = Stage::on(Sqlite).await;
    let code = stage.amazon.issue_code();
    let with_code = |part: &str| if part.ends_with("code=") { format!("{part}{}", code.expose()) } else { part.into() };
    let request = Client::new().post(format!("{}{PATH}?{}", stage.app.url, with_code(query)));
    let request = request.bearer_auth(&stage.tokens.access);
    let request = match body {
        "" => request,
        body => request.header("Content-Type", "application/x-www-form-urlencoded").body(with_code(body)),
    };
    assert_accepted(&Answer::of(request).await);
    stage.assert_exchanged(1).await;
}

#[rstest]
#[case("application/x-www-form-urlencoded;charset=UTF-8", "Bearer")]
#[case("application/x-www-form-urlencoded; charset=utf-8", "bearer")]
#[case("Application/X-WWW-Form-Urlencoded", "BEARER")]
#[tokio::test]
async fn names_of_media_type_and_scheme_are_read_as_http_reads_them(#[case] media_type: &str, #[case] scheme: &str) {
    let stage = Stage::on(Sqlite).await;
    let request = Client::new().post(format!("{}{PATH}", stage.app.url)).header("Content-Type", media_type).body(GOOD);
    let request = request.header("Authorization", format!("{scheme} {}", stage.tokens.access));
    assert_accepted(&Answer::of(request).await);
    assert_eq!(stage.rows().await.count("reverse_links").await, 1);
}

#[rstest]
#[case::longest(&"a".repeat(2048))]
#[case::one_character("a")]
#[case::all_kinds(" !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~ ")]
#[tokio::test]
async fn any_code_that_the_standard_allows_is_taken(#[case] code: &str) {
    let stage = Stage::on(Sqlite).await;
    assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, code).await);
    assert_eq!(stage.rows().await.count("reverse_links").await, 1);
}

#[rstest]
#[tokio::test]
async fn a_code_that_waits_is_taken_again_without_a_change(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let mut rows = stage.rows().await;
    assert_accepted(&stage.post(GOOD).await);
    let before = rows.version().await;
    for _ in 0..3 {
        assert_accepted(&stage.post(GOOD).await);
    }
    assert_eq!(rows.version().await, before);
}

#[rstest]
#[tokio::test]
async fn a_code_that_was_exchanged_is_taken_again_without_a_change(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let code = stage.amazon.issue_code();
    assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, code.expose()).await);
    stage.assert_exchanged(1).await;
    let mut rows = stage.rows().await;
    let before = rows.version().await;
    assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, code.expose()).await);
    assert_eq!(rows.version().await, before);
    stage.assert_exchanged(1).await;
}

#[rstest]
#[tokio::test]
async fn another_code_takes_the_place_of_the_one_that_waits(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, "unknown to Amazon").await);
    assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, stage.amazon.issue_code().expose()).await);
    assert_eq!(stage.rows().await.count("reverse_links").await, 1);
    stage.assert_exchanged(1).await;
}

#[rstest]
#[tokio::test]
async fn a_code_repeated_after_another_came_changes_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, "unknown to Amazon").await);
    assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, stage.amazon.issue_code().expose()).await);
    let mut rows = stage.rows().await;
    let before = rows.version().await;
    assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, "unknown to Amazon").await);
    assert_eq!(rows.version().await, before);
    stage.assert_exchanged(1).await;
}

#[rstest]
#[tokio::test]
async fn a_later_code_is_exchanged_too(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    for count in 1..=3 {
        let code = stage.amazon.issue_code();
        assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, code.expose()).await);
        stage.assert_exchanged(count).await;
    }
    assert_eq!(stage.rows().await.count("reverse_links").await, 1);
}

#[rstest]
#[tokio::test]
async fn each_link_has_a_code_of_its_own(#[values(Sqlite, Postgres)] backend: Backend) {
    let stage = Stage::on(backend).await;
    let again = stage.alexa.link(&stage.app.person()).await;
    for tokens in [&stage.tokens, &again] {
        assert_accepted(&stage.alexa.hand_over(&tokens.access, stage.amazon.issue_code().expose()).await);
    }
    assert_eq!(stage.rows().await.count("reverse_links").await, 2);
    stage.assert_exchanged(2).await;
}

#[rstest]
#[tokio::test]
async fn a_token_that_a_refresh_left_behind_still_hands_over(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let change = |settings: &mut ClientSettings| (settings.access_token, settings.refresh) = (format, Rotate);
    let stage = Stage::with(backend, change).await;
    let refreshed = Tokens::from(&stage.alexa.refresh(&stage.tokens.refresh).await);
    assert!(stage.alexa.is_active(&refreshed.access).await);
    assert_accepted(&stage.alexa.hand_over(&stage.tokens.access, stage.amazon.issue_code().expose()).await);
    stage.assert_exchanged(1).await;
}
