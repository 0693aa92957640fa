//! What a token says that the endpoint gave.

use couplet::model::client::AccessTokenFormat::{self, Jwt, Opaque};
use couplet::model::time::Clock;
use couplet::model::twilio::VideoAccess;
use reqwest::Client;
use rstest::rstest;
use serde_json::json;

use super::{PATH, Scene};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::platform::{Answer, Tokens};
use crate::support::rows::Rows;
use crate::support::twilio::{ACCOUNT, KEY, Token, sid};

#[rstest]
#[tokio::test]
async fn a_token_is_for_the_user_of_the_access_token_and_for_all_that_the_client_s_users_may(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(Jwt, Opaque)] format: AccessTokenFormat,
    #[values("GET", "POST")] method: &str,
) {
    let scene = Scene::with(backend, format, |_| {}).await;
    let (http, url, identity) = (Client::new(), format!("{}{PATH}", scene.app.url), scene.alice.to_string());
    let request = match method {
        "GET" => http.get(format!("{url}?room=cool+room&identity={identity}")),
        _ => http.post(format!("{url}?room=cool%20room")).form(&[("identity", &identity)]),
    };
    let answer = Answer::of(request.bearer_auth(&scene.tokens.access)).await;
    let text = answer.text("accessToken");
    assert_eq!(answer.json, json!({ "accessToken": text, "identity": identity, "expiresIn": 3600 }));
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let (token, now) = (Token::read(&text), scene.app.clock.now().timestamp());
    assert_eq!(token.header, json!({ "alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1" }));
    let expected = json!({
        "jti": format!("{KEY}-{now}"), "iss": KEY, "sub": ACCOUNT, "iat": now, "exp": now + 3600,
        "grants": {
            "identity": identity,
            "video": { "room": "cool room" },
            "chat": { "service_sid": sid("IS"), "deployment_role_sid": sid("RL"), "push_credential_sid": sid("CR") },
            "voice": {
                "incoming": { "allow": true },
                "outgoing": { "application_sid": sid("AP"), "params": { "foo": "bar" } },
                "push_credential_sid": sid("CR"),
            },
            "data_sync": { "service_sid": sid("IS") },
            "task_router": { "workspace_sid": sid("WS"), "worker_sid": sid("WK"), "role": "supervisor" },
        },
    });
    assert_eq!(token.claims, expected);
}

#[rstest]
#[case::by_comma("grants=chat,sync")]
#[case::by_blank("grants=sync+chat")]
#[case::repeated("grant=chat&grant=sync&grant=chat")]
#[tokio::test]
async fn an_app_may_ask_for_less(#[values(Sqlite, Postgres)] backend: Backend, #[case] query: &str) {
    let scene = Scene::with(backend, Jwt, |access| {
        let chat = access.chat.as_mut().unwrap();
        (chat.deployment_role_sid, chat.push_credential_sid) = (None, None);
    });
    let expected = json!({
        "chat": { "service_sid": sid("IS"), "endpoint_id": "phone:1" },
        "data_sync": { "service_sid": sid("IS"), "endpoint_id": "phone:1" },
    });
    assert_eq!(scene.await.grants(&format!("{query}&endpoint_id=phone:1")).await, expected);
}

#[rstest]
#[case("1", 1)]
#[case("14400", 14_400)]
#[case("86400", 86_400)]
#[case("", 3600)]
#[tokio::test]
async fn a_token_lives_as_long_as_was_asked(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] ttl: &str,
    #[case] seconds: i64,
) {
    let answer = Scene::on(backend).await.ask(&format!("grant=chat&ttl={ttl}")).await;
    assert_eq!(answer.json["expiresIn"], seconds);
    assert_eq!(Token::read(&answer.text("accessToken")).life(), seconds);
}

#[rstest]
#[tokio::test]
async fn with_one_room_on_the_list_it_is_that_room(#[values(Sqlite, Postgres)] backend: Backend) {
    let rooms = vec!["Lobby".to_owned()];
    let scene = Scene::with(backend, Jwt, |access| access.video = Some(VideoAccess { rooms })).await;
    for query in ["grant=video", "grant=video&room=Lobby"] {
        assert_eq!(scene.grants(query).await, json!({ "video": { "room": "Lobby" } }), "{query}");
    }
}

#[rstest]
#[tokio::test]
async fn without_a_list_of_rooms_an_app_may_name_one_or_none(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::with(backend, Jwt, |access| access.video = Some(VideoAccess::default())).await;
    assert_eq!(scene.grants("grant=video").await, json!({ "video": {} }));
    let room = "grant=video&room=RM00112233445566778899aabbccddeeff";
    assert_eq!(scene.grants(room).await, json!({ "video": { "room": "RM00112233445566778899aabbccddeeff" } }));
}

#[rstest]
#[tokio::test]
async fn a_user_who_can_not_be_called_is_not_said_to_be(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::with(backend, Jwt, |access| {
        let voice = access.voice.as_mut().unwrap();
        (voice.incoming, voice.push_credential_sid) = (false, None);
        voice.outgoing_params.clear();
    });
    let expected = json!({ "voice": { "outgoing": { "application_sid": sid("AP") } } });
    assert_eq!(scene.await.grants("grant=voice").await, expected);
}

#[rstest]
#[tokio::test]
async fn the_grant_of_a_player_goes_through_as_it_came(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let player = json!({ "requestCredentials": null, "playbackUrl": "https://p.example/a?b=c&d", "x": [1, 2.5] });
    let encoded: String = url::form_urlencoded::byte_serialize(player.to_string().as_bytes()).collect();
    let expected = json!({ "player": player });
    assert_eq!(scene.grants(&format!("grant=playback&playback={encoded}")).await, expected);
}

#[rstest]
#[tokio::test]
async fn parameters_that_nobody_knows_change_nothing(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let odd = "grant=sync&service_sid=ISffffffffffffffffffffffffffffffff&worker_sid=WK1&nbf=0&region=au1&__proto__=1";
    assert_eq!(scene.grants(odd).await, json!({ "data_sync": { "service_sid": sid("IS") } }));
}

#[rstest]
#[tokio::test]
async fn a_token_costs_no_write_but_counts_as_use_of_a_rotated_one(#[values(Sqlite, Postgres)] backend: Backend) {
    let scene = Scene::on(backend).await;
    let mut rows = Rows::of(&scene.app.database).await;
    let before = rows.version().await;
    assert_eq!(scene.ask("grant=sync").await.status, 200);
    assert_eq!(rows.version().await, before);
    let later = Tokens::from(&scene.client.refresh(&scene.tokens.refresh).await);
    assert_eq!(scene.client.twilio_token(&later.access, "grant=sync").await.status, 200);
    scene.app.clock.advance(std::time::Duration::from_secs(120));
    let former = scene.client.refresh(&scene.tokens.refresh).await;
    assert_eq!(former.error(), "invalid_grant", "its successor has arrived");
}
