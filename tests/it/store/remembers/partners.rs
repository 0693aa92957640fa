//! Partners are remembered.

use couplet::model::partner::{Partner, PartnerUrl};
use couplet::model::scope::Scope;
use couplet::store::partners::SetPartner;
use rstest::rstest;

use crate::store::cellar::{Cellar, client, moment};
use crate::store::partners::{partner, partner_name};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn a_client_that_does_not_exist_gets_no_partner(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let nobody = client("nobody");
    assert_eq!(cellar.store.set_partner(&partner(&nobody), moment(0)).await.unwrap(), SetPartner::UnknownClient);
    assert_eq!(cellar.store.partner(&nobody.id).await.unwrap(), None);
    assert!(!cellar.store.delete_partner(&nobody.id).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn every_field_of_a_partner_comes_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let plain = partner(&cellar.alexa);
    let awkward = Partner {
        name: partner_name("a-partner-of-32-characters-0-9-z"),
        token_url: PartnerUrl::parse("http://127.0.0.1:65535/token?x=%00&y='\"$1").unwrap(),
        partner_client_id: "'; DROP TABLE partners; -- $1 ?1 é🔑".to_owned(),
        sealed_secret: (0..=255).collect(),
        scope: Scope::parse("!#[]~ profile:user_id").unwrap(),
        ..plain.clone()
    };
    let empty =
        Partner { partner_client_id: String::new(), sealed_secret: vec![], scope: Scope::default(), ..plain.clone() };
    for expected in [plain, awkward, empty] {
        assert_eq!(cellar.store.set_partner(&expected, moment(0)).await.unwrap(), SetPartner::Set);
        assert_eq!(cellar.store.partner(&cellar.alexa.id).await.unwrap(), Some(expected));
    }
}

#[rstest]
#[tokio::test]
async fn another_partner_replaces_that_of_its_client_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let app = client("app");
    cellar.store.add_client(&app).await.unwrap();
    let kept = partner(&app);
    let next = Partner { name: partner_name("next"), sealed_secret: vec![9], ..partner(&cellar.alexa) };
    for partner in [&kept, &partner(&cellar.alexa), &next] {
        assert_eq!(cellar.store.set_partner(partner, moment(0)).await.unwrap(), SetPartner::Set);
    }
    assert_eq!(cellar.store.partner(&cellar.alexa.id).await.unwrap(), Some(next));
    assert_eq!(cellar.store.partner(&app.id).await.unwrap(), Some(kept));
    assert_eq!(cellar.raw().await.number("SELECT count(*) FROM partners").await, 2);
}

#[rstest]
#[tokio::test]
async fn a_partner_is_forgotten_once_and_that_of_another_client_stays(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let app = client("app");
    cellar.store.add_client(&app).await.unwrap();
    for client in [&cellar.alexa, &app] {
        cellar.store.set_partner(&partner(client), moment(0)).await.unwrap();
    }
    assert!(cellar.store.delete_partner(&cellar.alexa.id).await.unwrap());
    assert!(!cellar.store.delete_partner(&cellar.alexa.id).await.unwrap());
    assert_eq!(cellar.store.partner(&cellar.alexa.id).await.unwrap(), None);
    assert_eq!(cellar.store.partner(&app.id).await.unwrap(), Some(partner(&app)));
}
