//! A reverse link ends with its grant, its user, its client; a partner ends with its client.

use couplet::model::ids::GrantId;
use rstest::rstest;

use crate::store::cellar::{Cellar, client, moment, user};
use crate::store::partners::{begun, partner};
use crate::support::app::Backend::{self, Postgres, Sqlite};

/// Reverse links of Alice, of Bob, and of Alice to another client, in this order.
async fn three(cellar: &Cellar) -> [GrantId; 3] {
    let (bob, app) = (user("Bob"), client("app"));
    cellar.store.add_user(&bob).await.unwrap();
    cellar.store.add_client(&app).await.unwrap();
    cellar.store.set_partner(&partner(&app), moment(0)).await.unwrap();
    cellar.store.set_partner(&partner(&cellar.alexa), moment(0)).await.unwrap();
    let (of_bob, of_app) = (cellar.link_of(&bob, &cellar.alexa).await, cellar.link_of(&cellar.alice, &app).await);
    for grant in [of_bob, of_app] {
        cellar.add_reverse(grant).await;
    }
    [cellar.both_ways().await, of_bob, of_app]
}

async fn left(cellar: &Cellar, all: [GrantId; 3]) -> Vec<bool> {
    let mut left = Vec::new();
    for grant in all {
        left.push(cellar.store.reverse_link(grant).await.unwrap().is_some());
    }
    assert_eq!(cellar.count_reverse().await, i64::try_from(left.iter().filter(|left| **left).count()).unwrap());
    left
}

#[rstest]
#[tokio::test]
async fn a_revoked_grant_takes_its_reverse_link_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let all = three(&cellar).await;
    assert!(cellar.store.revoke_grant(all[0], moment(3)).await.unwrap());
    assert_eq!(left(&cellar, all).await, [false, true, true]);
}

#[rstest]
#[tokio::test]
async fn unlinking_takes_the_reverse_links_of_that_user_and_client_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let all = three(&cellar).await;
    let other_link = cellar.link().await;
    assert!(!cellar.store.unlink(all[1], cellar.alice.id, moment(3)).await.unwrap(), "it is not hers");
    assert_eq!(left(&cellar, all).await, [true, true, true]);
    assert!(cellar.store.unlink(other_link, cellar.alice.id, moment(3)).await.unwrap());
    assert_eq!(left(&cellar, all).await, [false, true, true]);
}

#[rstest]
#[tokio::test]
async fn a_deleted_user_takes_reverse_links_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let all = three(&cellar).await;
    assert!(cellar.store.delete_user(cellar.alice.id).await.unwrap());
    assert_eq!(left(&cellar, all).await, [false, true, false]);
}

#[rstest]
#[tokio::test]
async fn a_deleted_client_takes_its_partner_and_reverse_links_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let all = three(&cellar).await;
    assert!(cellar.store.delete_client(&cellar.alexa.id).await.unwrap());
    assert_eq!(left(&cellar, all).await, [false, false, true]);
    assert_eq!(cellar.store.partner(&cellar.alexa.id).await.unwrap(), None);
    assert_eq!(cellar.raw().await.number("SELECT count(*) FROM partners").await, 1);
}

#[rstest]
#[tokio::test]
async fn forgotten_grants_take_reverse_links_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let all = three(&cellar).await;
    assert_eq!(cellar.store.forget_grants_of(&cellar.alexa.id, 9).await.unwrap(), 2);
    assert_eq!(left(&cellar, all).await, [false, false, true]);
}

#[rstest]
#[tokio::test]
async fn purged_grants_take_reverse_links_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let all = three(&cellar).await;
    cellar.store.note_use(all[1], moment(9)).await.unwrap();
    let idle_before = Some(moment(5));
    cellar.store.purge_grants(None, 9, moment(9), moment(0), idle_before).await.unwrap();
    assert_eq!(left(&cellar, all).await, [false, true, false]);
}

#[rstest]
#[tokio::test]
async fn the_reverse_links_of_a_client_are_forgotten_up_to_the_limit_and_its_links_stay(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let cellar = Cellar::on(backend).await;
    let all = three(&cellar).await;
    for _ in 0..3 {
        cellar.link().await;
        cellar.both_ways().await;
    }
    let (mut after, mut steps) = (None, 0);
    loop {
        after = cellar.store.forget_reverse_links_of(&cellar.alexa.id, after, 2).await.unwrap();
        if after.is_none() {
            break;
        }
        steps += 1;
    }
    assert_eq!(steps, 4, "two links at a time, of eight");
    assert_eq!(left(&cellar, all).await, [false, false, true]);
    cellar.active(all[0]).await;
    assert_eq!(cellar.raw().await.number("SELECT count(*) FROM grants WHERE state = 'active'").await, 9);
}

#[rstest]
#[tokio::test]
async fn a_forgotten_partner_leaves_links_and_reverse_links(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let all = three(&cellar).await;
    assert!(cellar.store.delete_partner(&cellar.alexa.id).await.unwrap());
    assert_eq!(left(&cellar, all).await, [true, true, true]);
    assert_eq!(cellar.reverse(all[0]).await, begun(all[0]));
}
