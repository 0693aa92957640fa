//! The links of a user and the lists of grants are remembered.

use std::collections::BTreeSet;
use std::sync::Arc;

use couplet::model::grant::{GrantState, RefreshState};
use couplet::model::ids::{ClientId, GrantId};
use couplet::store::grants::{BothWays, GrantFilter, Link, NewGrant};
use rstest::rstest;

use crate::store::cellar::{Cellar, assert_same, client, moment, new_grant, successor, user};
use crate::support::app::Backend::{self, Postgres, Sqlite};

async fn link_with(cellar: &Cellar, change: impl FnOnce(&mut NewGrant)) -> GrantId {
    let mut grant = new_grant(&cellar.alice, &cellar.alexa);
    change(&mut grant);
    cellar.store.issue_code(&grant).await.unwrap();
    cellar.redeem(&grant).await;
    grant.id
}

async fn listed(cellar: &Cellar, filter: &GrantFilter) -> BTreeSet<GrantId> {
    let found = cellar.store.grants(filter, None, 99).await.unwrap();
    found.into_iter().map(|owned| owned.link.grant.id).collect()
}

#[rstest]
#[tokio::test]
async fn unlinking_ends_every_link_with_that_client_and_no_other(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let bob = user("Bob");
    cellar.store.add_user(&bob).await.unwrap();
    let (first, again) = (cellar.link().await, cellar.link().await);
    let of_bob = cellar.link_of(&bob, &cellar.alexa).await;
    assert!(cellar.store.unlink(first, cellar.alice.id, moment(2)).await.unwrap());
    for id in [first, again] {
        assert_same(cellar.state(id).await, GrantState::Revoked { at: moment(2) });
    }
    cellar.active(of_bob).await;
}

#[rstest]
#[tokio::test]
async fn a_user_sees_the_own_living_links_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let bob = user("Bob");
    cellar.store.add_user(&bob).await.unwrap();
    cellar.code().await;
    cellar.link_of(&bob, &cellar.alexa).await;
    let revoked = cellar.link().await;
    cellar.store.revoke_grant(revoked, moment(2)).await.unwrap();
    let link = cellar.link().await;
    let owned = cellar.store.grant(link).await.unwrap().unwrap();
    let expected = Link { owned, client: Arc::new(cellar.alexa.clone()) };
    assert_same(
        cellar.store.links_of(cellar.alice.id, 9).await.unwrap(),
        vec![BothWays { link: expected, reverse: None }],
    );
}

#[rstest]
#[tokio::test]
async fn the_newest_links_come_first_up_to_the_limit(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let mut by_age = Vec::new();
    for age in [3, 0, 4, 1, 2] {
        by_age.push((age, link_with(&cellar, |grant| grant.created_at = moment(-age)).await));
    }
    by_age.sort();
    let found = cellar.store.links_of(cellar.alice.id, 3).await.unwrap();
    let ids: Vec<GrantId> = found.into_iter().map(|both| both.link.grant.id).collect();
    assert_eq!(ids, by_age[..3].iter().map(|(_, id)| *id).collect::<Vec<_>>());
}

#[rstest]
#[tokio::test]
async fn codes_are_not_listed_and_links_are_also_when_they_ended(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.code().await;
    let revoked_code = cellar.code().await.id;
    cellar.store.revoke_grant(revoked_code, moment(2)).await.unwrap();
    assert!(listed(&cellar, &GrantFilter::default()).await.is_empty());
    let (active, revoked) = (cellar.link().await, cellar.link().await);
    cellar.store.revoke_grant(revoked, moment(2)).await.unwrap();
    assert_eq!(listed(&cellar, &GrantFilter::default()).await, [active, revoked].into());
}

#[rstest]
#[tokio::test]
async fn grants_are_listed_by_user_and_by_client(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (bob, app) = (user("Bob"), client("app"));
    cellar.store.add_user(&bob).await.unwrap();
    cellar.store.add_client(&app).await.unwrap();
    let first = cellar.link().await;
    let second = cellar.link_of(&cellar.alice, &app).await;
    let third = cellar.link_of(&bob, &app).await;
    let filter = |user: Option<_>, client: Option<&ClientId>| GrantFilter { user_id: user, client_id: client.cloned() };
    for (filter, expected) in [
        (filter(None, None), vec![first, second, third]),
        (filter(Some(cellar.alice.id), None), vec![first, second]),
        (filter(None, Some(&app.id)), vec![second, third]),
        (filter(Some(cellar.alice.id), Some(&app.id)), vec![second]),
        (filter(Some(bob.id), Some(&cellar.alexa.id)), vec![]),
    ] {
        assert_eq!(listed(&cellar, &filter).await, expected.into_iter().collect(), "{filter:?}");
    }
}

#[rstest]
#[tokio::test]
async fn grants_are_listed_by_id_page_by_page(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let mut ids = Vec::new();
    for _ in 0..10 {
        ids.push(cellar.link().await);
    }
    ids.sort();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = cellar.store.grants(&GrantFilter::default(), after, 4).await.unwrap();
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = Some(last.link.grant.id);
        listed.extend(page.into_iter().map(|owned| owned.link.grant.id));
    }
    assert_eq!(listed, ids);
}

#[rstest]
#[tokio::test]
async fn a_grant_tells_whether_its_owner_is_enabled(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let link = cellar.link().await;
    cellar.store.disable_user(cellar.alice.id, moment(2)).await.unwrap();
    assert!(!cellar.store.grant(link).await.unwrap().unwrap().owner_enabled);
    cellar.store.enable_user(cellar.alice.id).await.unwrap();
    assert!(cellar.store.grant(link).await.unwrap().unwrap().owner_enabled);
}

#[rstest]
#[tokio::test]
async fn a_new_password_leaves_links_alone(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let link = cellar.link().await;
    let before = cellar.active(link).await;
    cellar.store.set_password(cellar.alice.id, "second hash").await.unwrap();
    assert_same(cellar.active(link).await, before);
}

#[rstest]
#[tokio::test]
async fn one_link_changes_without_its_neighbour(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (changed, neighbour) = (cellar.link().await, cellar.link().await);
    let before = cellar.active(neighbour).await;
    let from: RefreshState = cellar.active(changed).await.refresh;
    cellar.store.note_refresh_used(changed, 0).await.unwrap();
    cellar.store.rotate_refresh(changed, &from, &successor(&from, moment(2)), moment(2)).await.unwrap();
    cellar.store.note_use(changed, moment(3)).await.unwrap();
    cellar.store.revoke_grant(changed, moment(4)).await.unwrap();
    assert_same(cellar.active(neighbour).await, before);
}
