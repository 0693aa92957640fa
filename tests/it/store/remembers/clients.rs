//! Clients are remembered.

use couplet::model::approval::ApprovalPolicy;
use couplet::model::client::{AccessTokenFormat, Client, ClientSettings, Credentials, GrantType, RefreshPolicy};
use couplet::model::ids::{ClientId, UserId};
use couplet::model::redirect_uri::RedirectUri;
use couplet::model::scope::Scope;
use couplet::model::secret::PlainSecret;
use couplet::model::time::Timestamp;
use couplet::store::clients::{AddClient, ChangeSettings};
use rstest::rstest;
use uuid::Uuid;

use crate::store::cellar::{Cellar, assert_same, client, moment, secret_hash};
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::twilio;

fn public(id: &str) -> Client {
    Client { credentials: Credentials::Public, ..client(id) }
}

fn accepts(client: &Client, secret: &str, now: Timestamp) -> bool {
    match &client.credentials {
        Credentials::Public => false,
        Credentials::Confidential(secrets) => secrets.accept(&PlainSecret::from(secret.to_owned()), now),
    }
}

/// Every field at its limit or away from its default.
fn awkward_settings() -> ClientSettings {
    let long = format!("https://example.com/{}", "x".repeat(RedirectUri::MAX_LENGTH - 20));
    let uris = [long.as_str(), "http://127.0.0.1/cb", "https://EXAMPLE.com:443/%63b?a=1&b="];
    let scopes: Vec<String> = (0..Scope::MAX_TOKENS).map(|number| format!("scope:{number}!~")).collect();
    ClientSettings {
        name: "Zoë's \"Lights\" 灯 \u{1F4A1} 'x'; DROP TABLE clients; -- \\ \u{0}".to_owned(),
        preset: Some("alexa".to_owned()),
        redirect_uris: uris.map(|uri| RedirectUri::parse(uri, true).unwrap()).to_vec(),
        scope: Scope::parse(&scopes.join(" ")).unwrap(),
        grant_types: vec![GrantType::RefreshToken],
        access_token: AccessTokenFormat::Opaque,
        refresh: RefreshPolicy::Strict,
        require_pkce: true,
        repeat_exchange: true,
        lenient_redirect_uri: true,
        introspect_any: true,
        always_ask_consent: true,
        approval: ApprovalPolicy::Required,
        backend_of: vec![ClientId::parse("another").unwrap()],
        exchange_grant_id: true,
        twilio: twilio::everything(UserId(Uuid::max())),
    }
}

#[rstest]
#[tokio::test]
async fn an_unknown_client_is_not_found_and_not_changed(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (store, unknown, settings) = (&cellar.store, ClientId::parse("Alexa").unwrap(), awkward_settings());
    assert!(store.client(&unknown).await.unwrap().is_none(), "ids differ by case");
    assert!(!store.rotate_secret(&unknown, &secret_hash("x"), moment(1)).await.unwrap());
    assert!(!store.enable_client(&unknown, false).await.unwrap());
    assert!(!store.delete_client(&unknown).await.unwrap());
    let change = store.change_settings(&unknown, &cellar.alexa.settings, &settings).await;
    assert_eq!(change.unwrap(), ChangeSettings::Overtaken);
    assert_same(store.clients().await.unwrap(), vec![cellar.alexa]);
}

#[rstest]
#[tokio::test]
async fn a_taken_id_is_not_given_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let second = Client { settings: awkward_settings(), enabled: false, ..client("alexa") };
    assert_eq!(cellar.store.add_client(&second).await.unwrap(), AddClient::IdTaken);
    assert_same(cellar.store.clients().await.unwrap(), vec![cellar.alexa]);
}

#[rstest]
#[tokio::test]
async fn settings_that_are_not_the_expected_ones_stay(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let mistaken = ClientSettings { require_pkce: true, ..cellar.alexa.settings.clone() };
    let change = cellar.store.change_settings(&cellar.alexa.id, &mistaken, &awkward_settings()).await;
    assert_eq!(change.unwrap(), ChangeSettings::Overtaken);
    assert_same(cellar.store.client(&cellar.alexa.id).await.unwrap(), Some(cellar.alexa));
}

#[rstest]
#[tokio::test]
async fn a_public_client_gets_no_secret(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let app = public("app");
    cellar.store.add_client(&app).await.unwrap();
    assert!(!cellar.store.rotate_secret(&app.id, &secret_hash("second"), moment(9)).await.unwrap());
    assert_same(cellar.store.client(&app.id).await.unwrap(), Some(app));
}

#[rstest]
#[tokio::test]
async fn every_field_of_a_client_comes_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = "-._~".repeat(ClientId::MAX_LENGTH / 4);
    let awkward =
        Client { settings: awkward_settings(), enabled: false, created_at: moment(-2_000_000_000), ..client(&id) };
    for client in [awkward, public("app"), client("plain")] {
        assert_eq!(cellar.store.add_client(&client).await.unwrap(), AddClient::Added);
        assert_same(cellar.store.client(&client.id).await.unwrap(), Some(client));
    }
}

#[rstest]
#[case(GrantType::AuthorizationCode, AccessTokenFormat::Jwt, RefreshPolicy::Stable)]
#[case(GrantType::RefreshToken, AccessTokenFormat::Opaque, RefreshPolicy::Rotate)]
#[case(GrantType::RefreshToken, AccessTokenFormat::Jwt, RefreshPolicy::Strict)]
#[tokio::test]
async fn every_choice_comes_back(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] grant_type: GrantType,
    #[case] access_token: AccessTokenFormat,
    #[case] refresh: RefreshPolicy,
) {
    let cellar = Cellar::on(backend).await;
    let before = &cellar.alexa.settings;
    let settings = ClientSettings { grant_types: vec![grant_type], access_token, refresh, ..before.clone() };
    let changed = cellar.store.change_settings(&cellar.alexa.id, before, &settings).await.unwrap();
    assert_eq!(changed, ChangeSettings::Changed);
    assert_same(cellar.store.client(&cellar.alexa.id).await.unwrap(), Some(Client { settings, ..cellar.alexa }));
}

#[rstest]
#[tokio::test]
async fn settings_can_be_changed_again_and_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (first, second) = (cellar.alexa.settings.clone(), awkward_settings());
    for (from, to) in [(&first, &second), (&second, &second), (&second, &first)] {
        let change = cellar.store.change_settings(&cellar.alexa.id, from, to).await;
        assert_eq!(change.unwrap(), ChangeSettings::Changed);
    }
    assert_same(cellar.store.client(&cellar.alexa.id).await.unwrap(), Some(cellar.alexa));
}

#[rstest]
#[tokio::test]
async fn settings_of_an_older_version_can_be_changed(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let older = r#"{ "unknown": 1, "name": "Old" }"#;
    cellar.raw().await.run(&format!("UPDATE clients SET settings = '{older}'")).await;
    let before = cellar.store.client(&cellar.alexa.id).await.unwrap().unwrap().settings;
    assert_eq!(before, ClientSettings { name: "Old".to_owned(), ..ClientSettings::default() });
    let change = cellar.store.change_settings(&cellar.alexa.id, &before, &awkward_settings()).await;
    assert_eq!(change.unwrap(), ChangeSettings::Changed);
    assert_eq!(cellar.store.client(&cellar.alexa.id).await.unwrap().unwrap().settings, awkward_settings());
}

#[rstest]
#[tokio::test]
async fn a_rotated_secret_lives_until_its_overlap_ends(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    assert!(cellar.store.rotate_secret(&cellar.alexa.id, &secret_hash("second"), moment(60)).await.unwrap());
    let alexa = cellar.store.client(&cellar.alexa.id).await.unwrap().unwrap();
    assert!(!accepts(&alexa, "first", moment(60)));
    assert!(!accepts(&alexa, "third", moment(0)));
    assert!(accepts(&alexa, "first", moment(59)));
    assert!(accepts(&alexa, "second", moment(60)));
}

#[rstest]
#[tokio::test]
async fn the_secret_before_the_former_one_ends_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for secret in ["second", "third"] {
        let until = Timestamp::MAX_UTC;
        assert!(cellar.store.rotate_secret(&cellar.alexa.id, &secret_hash(secret), until).await.unwrap());
    }
    let alexa = cellar.store.client(&cellar.alexa.id).await.unwrap().unwrap();
    assert!(!accepts(&alexa, "first", moment(0)));
    assert!(accepts(&alexa, "second", moment(0)));
    assert!(accepts(&alexa, "third", moment(0)));
}

#[rstest]
#[tokio::test]
async fn a_client_is_switched_off_and_on(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for enabled in [false, false, true] {
        assert!(cellar.store.enable_client(&cellar.alexa.id, enabled).await.unwrap());
        assert_eq!(cellar.store.client(&cellar.alexa.id).await.unwrap().unwrap().enabled, enabled);
    }
}

#[rstest]
#[tokio::test]
async fn clients_are_listed_by_id(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for id in ["ifttt", "app2", "google", "app10"] {
        cellar.store.add_client(&client(id)).await.unwrap();
    }
    let listed = cellar.store.clients().await.unwrap();
    let ids: Vec<&str> = listed.iter().map(|client| client.id.as_str()).collect();
    assert_eq!(ids, ["alexa", "app10", "app2", "google", "ifttt"]);
}
