//! Clients change whole or not at all.

use couplet::model::client::{Client, ClientSettings, Credentials};
use couplet::model::secret::PlainSecret;
use couplet::store::clients::{AddClient, ChangeSettings};
use rstest::rstest;

use crate::store::cellar::{CROWD, Cellar, client, count, moment, secret_hash};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_registers_a_client(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let outcomes = cellar.crowd(|store, number| async move {
        let settings = ClientSettings { name: number.to_string(), ..client("app").settings };
        store.add_client(&Client { settings, ..client("app") }).await.unwrap()
    });
    let outcomes = outcomes.await;
    assert_eq!(count(&outcomes, AddClient::Added), 1);
    let winner = outcomes.iter().position(|outcome| *outcome == AddClient::Added).unwrap();
    let app = cellar.store.client(&client("app").id).await.unwrap().unwrap();
    assert_eq!(app.settings.name, winner.to_string());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_changes_the_settings_and_the_others_are_overtaken(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let outcomes = cellar.crowd(|store, number| {
        let (id, before) = (cellar.alexa.id.clone(), cellar.alexa.settings.clone());
        let settings = ClientSettings { name: number.to_string(), ..before.clone() };
        async move { store.change_settings(&id, &before, &settings).await.unwrap() }
    });
    let outcomes = outcomes.await;
    assert_eq!(count(&outcomes, ChangeSettings::Changed), 1);
    let winner = outcomes.iter().position(|outcome| *outcome == ChangeSettings::Changed).unwrap();
    let alexa = cellar.store.client(&cellar.alexa.id).await.unwrap().unwrap();
    assert_eq!(alexa.settings.name, winner.to_string());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_many_new_secrets_two_different_ones_are_left(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let rotated = cellar.crowd(|store, number| {
        let id = cellar.alexa.id.clone();
        async move { store.rotate_secret(&id, &secret_hash(&format!("secret {number}")), moment(60)).await.unwrap() }
    });
    assert_eq!(count(&rotated.await, true), CROWD);
    let alexa = cellar.store.client(&cellar.alexa.id).await.unwrap().unwrap();
    let Credentials::Confidential(secrets) = &alexa.credentials else { panic!("Alexa has lost her secret") };
    let accepted = |number: &usize| secrets.accept(&PlainSecret::from(format!("secret {number}")), moment(0));
    assert_eq!((0..CROWD).filter(accepted).count(), 2, "the last one, and the one it replaced");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_deletes_a_client(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.link().await;
    let deleted = cellar.crowd(|store, _| {
        let id = cellar.alexa.id.clone();
        async move { store.delete_client(&id).await.unwrap() }
    });
    assert_eq!(count(&deleted.await, true), 1);
}
