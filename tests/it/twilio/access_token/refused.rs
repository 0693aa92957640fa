//! Who gets no token, and what can't be asked for.

use std::time::Duration;

use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::model::ids::ClientId;
use couplet::model::time::Clock;
use couplet::model::twilio::{TokenLife, TwilioAccess};
use reqwest::Client;
use rstest::rstest;

use super::{PATH, Scene};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::app::{ALICE, SECRET, TestApp};
use crate::support::platform::Answer;
use crate::support::twilio::everything;

/// Nothing that could be a token, the words of the refusal, and how it is to be kept.
#[track_caller]
fn assert_refused(answer: &Answer, status: u16, error: &str, words: &str) {
    assert_eq!((answer.status.as_u16(), answer.error()), (status, error), "{}", answer.json);
    let told = answer.text("error_description");
    assert!(told.contains(words), "{told}");
    assert_eq!(
        (answer.json.get("accessToken"), &answer.headers["cache-control"]),
        (None, &"no-store".parse().unwrap())
    );
}

#[track_caller]
fn assert_dead(answer: &Answer) {
    assert_refused(answer, 401, "invalid_token", "not in force any more");
    assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
}

#[rstest]
#[tokio::test]
async fn without_a_bearer_token_in_the_header_nobody_is_anybody(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let (http, url) = (Client::new(), format!("{}{PATH}", scene.app.url));
    let access = scene.tokens.access.as_str();
    assert_dead(&Answer::of(http.get(&url)).await);
    assert_dead(&Answer::of(http.post(&url)).await);
    assert_dead(&Answer::of(http.get(&url).basic_auth("app", Some(SECRET))).await);
    assert_dead(&Answer::of(http.get(format!("{url}?access_token={access}&identity={}", scene.alice))).await);
    assert_dead(&Answer::of(http.post(&url).form(&[("access_token", access)])).await);
    let twice = http.get(&url).bearer_auth(access).header("Authorization", "Bearer other");
    assert_refused(&Answer::of(twice).await, 400, "invalid_request", "more than once");
}

#[rstest]
#[tokio::test]
async fn what_is_no_access_token_of_ours_opens_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let given = scene.ask("room=DailyStandup").await.text("accessToken");
    for token in ["made-up", "a.b.c", scene.tokens.refresh.as_str(), given.as_str()] {
        assert_dead(&scene.client.twilio_token(token, "").await);
    }
}

#[rstest]
#[tokio::test]
async fn what_introspection_calls_inactive_opens_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let scene = Scene::with(backend, format, |_| {}).await;
    let (store, now) = (&scene.app.database.store, scene.app.clock.now());
    let app = ClientId::parse("app").unwrap();
    let is_open = async || scene.ask("room=DailyStandup").await;
    store.disable_user(scene.alice, now).await.unwrap();
    assert_dead(&is_open().await);
    store.enable_user(scene.alice).await.unwrap();
    store.enable_client(&app, false).await.unwrap();
    assert_dead(&is_open().await);
    store.enable_client(&app, true).await.unwrap();
    assert_eq!(is_open().await.status, 200, "both are back");
    scene.client.revoke(&scene.tokens.refresh).await;
    assert_dead(&is_open().await);
}

#[rstest]
#[tokio::test]
async fn an_access_token_that_has_ended_opens_nothing(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
) {
    let scene = Scene::with(backend, format, |_| {}).await;
    scene.app.clock.advance(Duration::from_secs(3599));
    assert_eq!(scene.ask("room=DailyStandup").await.status, 200);
    scene.app.clock.advance(Duration::from_secs(1));
    assert_dead(&scene.ask("room=DailyStandup").await);
}

#[rstest]
#[case::somebody_else("identity=bob")]
#[case::her_login("identity=Alice")]
#[case::another_case("identity=ID")]
#[tokio::test]
async fn nobody_gets_a_token_for_another_identity(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] query: &str,
    #[values("GET", "POST")] method: &str,
) {
    let scene = Scene::on(backend).await;
    let query = query.replace("ID", &format!("{}-", scene.alice));
    let (http, url) = (Client::new(), format!("{}{PATH}", scene.app.url));
    let request = match method {
        "GET" => http.get(format!("{url}?{query}")),
        _ => http.post(url).header("Content-Type", "application/x-www-form-urlencoded").body(query),
    };
    let answer = Answer::of(request.bearer_auth(&scene.tokens.access)).await;
    assert_refused(&answer, 403, "access_denied", "identity is another one");
}

#[rstest]
#[case::unknown_grant("grant=telepathy", "grant is unknown; known: video, chat, voice, sync, task_router, playback")]
#[case::unknown_among_known("grants=chat,Video", "grant is unknown")]
#[case::no_life("ttl=0", "ttl")]
#[case::too_long("ttl=86401", "ttl")]
#[case::negative("ttl=-1", "ttl")]
#[case::fraction("ttl=60.5", "ttl")]
#[case::words("ttl=1h", "ttl")]
#[case::two_lives("ttl=60&ttl=61", "ttl is given more than once")]
#[case::two_identities("identity=a&identity=a", "identity is given more than once")]
#[case::no_room("grant=video", "room is missing")]
#[case::no_player("grant=playback", "playback is missing")]
#[case::no_object("grant=playback&playback=[]", "playback must be")]
#[case::no_json("grant=playback&playback={", "playback must be")]
#[case::broken_encoding("room=%f", "percent")]
#[tokio::test]
async fn what_can_not_be_is_told(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] query: &str,
    #[case] words: &str,
) {
    assert_refused(&Scene::on(backend).await.ask(query).await, 400, "invalid_request", words);
}

#[tokio::test]
async fn what_is_too_long_is_told() {
    let scene = Scene::on(Sqlite).await;
    for name in ["room", "endpoint_id"] {
        let answer = scene.ask(&format!("{name}={}", "x".repeat(1025))).await;
        assert_refused(&answer, 400, "invalid_request", name);
    }
    let player = format!("playback={{\"a\":\"{}\"}}", "x".repeat(8192));
    assert_refused(&scene.ask(&player).await, 400, "invalid_request", "8 KiB");
}

#[rstest]
#[tokio::test]
async fn a_client_s_own_limit_holds(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::with(backend, Jwt, |access| access.max_ttl = Some(TokenLife::try_from(600).unwrap())).await;
    assert_refused(&scene.ask("ttl=601").await, 400, "invalid_request", "600 seconds");
    let answer = scene.ask("grant=chat").await;
    assert_eq!(answer.json["expiresIn"], 600, "the usual hour is too long here");
}

#[rstest]
#[case("grant=chat", "the grant chat")]
#[case("grant=sync&grant=chat", "the grant chat")]
#[case("room=Elsewhere", "this room")]
#[case("room=dailystandup", "this room")]
#[tokio::test]
async fn what_the_operator_did_not_allow_is_not_given(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] query: &str,
    #[case] words: &str,
) {
    let scene = Scene::with(backend, Jwt, |access| access.chat = None).await;
    assert_refused(&scene.ask(query).await, 403, "access_denied", words);
}

#[rstest]
#[tokio::test]
async fn users_of_a_client_without_any_grant_get_no_token(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::with(backend, Jwt, |access| *access = TwilioAccess::default()).await;
    assert_refused(&scene.ask("").await, 403, "access_denied", "no Twilio access token");
}

#[rstest]
#[tokio::test]
async fn who_is_no_worker_does_not_become_one(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::on(backend).await;
    let alice = app.add_user(ALICE).await;
    app.add_user("bob").await;
    let mut access = TwilioAccess { task_router: everything(alice).task_router, ..TwilioAccess::default() };
    let client = app.add_app("app", Some(SECRET), |settings| settings.twilio = access.clone()).await;
    let page = app.person().link_as("bob", &client.authorize(&[])).await;
    let code = crate::support::platform::answer_parameter(&page, "code").unwrap();
    let bob = client.exchange(&code, &[]).await.text("access_token");
    let explicit = client.twilio_token(&bob, "grant=task_router").await;
    assert_refused(&explicit, 403, "access_denied", "no worker");
    assert_refused(&client.twilio_token(&bob, "").await, 403, "access_denied", "no Twilio access token");
    let (id, before) =
        (ClientId::parse("app").unwrap(), app.database.store.client(&ClientId::parse("app").unwrap()).await);
    access.playback = true;
    let before = before.unwrap().unwrap().settings;
    let after = couplet::model::client::ClientSettings { twilio: access, ..before.clone() };
    app.database.store.change_settings(&id, &before, &after).await.unwrap();
    assert_eq!(client.twilio_token(&bob, "playback={}").await.status, 200, "the rest is his, at once");
}

#[rstest]
#[tokio::test]
async fn without_an_api_key_there_is_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = TestApp::with(backend, |config| config.twilio = None).await.with_alice().await;
    let client = app.add_app("app", Some(SECRET), |settings| settings.twilio.playback = true).await;
    let tokens = client.link(&app.person()).await;
    assert_refused(&client.twilio_token(&tokens.access, "").await, 404, "not_found", "nothing at this path");
}
