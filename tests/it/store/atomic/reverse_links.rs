//! Each step in the life of a reverse link is taken once, and none outlives its grant.

use couplet::model::ids::{GrantId, UserId};
use couplet::model::reverse_link::ReverseLink;
use couplet::store::partners::AddReverseLink;
use rstest::rstest;

use crate::store::cellar::{CROWD, Cellar, count, moment, user};
use crate::store::partners::{begun, full, waiting};
use crate::support::app::Backend::{self, Postgres, Sqlite};

/// Crowds that meet in each race; in each, every second one ends what the other begins.
const ROUNDS: usize = 4;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_adds_a_reverse_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grant = cellar.link().await;
    let nth = move |number: usize| {
        let code = waiting(u8::try_from(number).unwrap(), 2);
        ReverseLink::begun(grant, begun(grant).partner, code, moment(2))
    };
    let outcomes = cellar.crowd(|store, number| async move { store.add_reverse_link(&nth(number)).await.unwrap() });
    let outcomes = outcomes.await;
    assert_eq!((count(&outcomes, AddReverseLink::Added), count(&outcomes, AddReverseLink::Exists)), (1, CROWD - 1));
    let winner = outcomes.iter().position(|outcome| *outcome == AddReverseLink::Added).unwrap();
    assert_eq!(cellar.reverse(grant).await, nth(winner));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_changes_a_reverse_link(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let grant = cellar.both_ways().await;
    let read = cellar.reverse(grant).await;
    let outcomes = cellar.crowd(|store, number| {
        let link = ReverseLink { last_error: Some(format!("by {number}")), ..full(read.clone()) };
        async move { store.change_reverse_link(&link).await.unwrap() }
    });
    let outcomes = outcomes.await;
    assert_eq!(count(&outcomes, true), 1);
    let winner = outcomes.iter().position(|won| *won).unwrap();
    let expected = ReverseLink { version: 1, last_error: Some(format!("by {winner}")), ..full(read) };
    assert_eq!(cellar.reverse(grant).await, expected);
}

/// Links of as many users as pairs are in a crowd.
async fn pairs(cellar: &Cellar, round: usize) -> Vec<(GrantId, UserId)> {
    let mut pairs = Vec::new();
    for pair in 0..CROWD / 2 {
        let owner = user(&format!("user{round}of{pair}"));
        cellar.store.add_user(&owner).await.unwrap();
        pairs.push((cellar.link_of(&owner, &cellar.alexa).await, owner.id));
    }
    pairs
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_reverse_link_that_comes_while_its_grant_is_revoked_is_not_kept(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let cellar = Cellar::on(backend).await;
    for round in 0..ROUNDS {
        let pairs = pairs(&cellar, round).await;
        let race = cellar.crowd(|store, number| {
            let (grant, _) = pairs[number / 2];
            async move {
                if (number + round).is_multiple_of(2) {
                    return store.add_reverse_link(&begun(grant)).await.unwrap() != AddReverseLink::Exists;
                }
                store.revoke_grant(grant, moment(3)).await.unwrap()
            }
        });
        assert_eq!(count(&race.await, true), CROWD);
        assert_eq!(cellar.count_reverse().await, 0, "round {round}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_reverse_link_that_comes_while_its_owner_unlinks_is_not_kept(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for round in 0..ROUNDS {
        let pairs = pairs(&cellar, round).await;
        let race = cellar.crowd(|store, number| {
            let (grant, owner) = pairs[number / 2];
            async move {
                if (number + round).is_multiple_of(2) {
                    return store.add_reverse_link(&begun(grant)).await.unwrap() != AddReverseLink::Exists;
                }
                store.unlink(grant, owner, moment(3)).await.unwrap()
            }
        });
        assert_eq!(count(&race.await, true), CROWD);
        assert_eq!(cellar.count_reverse().await, 0, "round {round}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_reverse_link_that_changes_while_its_grant_is_revoked_is_not_kept(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let cellar = Cellar::on(backend).await;
    let pairs = pairs(&cellar, 0).await;
    for (grant, _) in &pairs {
        cellar.add_reverse(*grant).await;
    }
    let race = cellar.crowd(|store, number| {
        let (grant, _) = pairs[number / 2];
        async move {
            if number.is_multiple_of(2) {
                store.change_reverse_link(&full(begun(grant))).await.unwrap();
                return true;
            }
            store.revoke_grant(grant, moment(3)).await.unwrap()
        }
    });
    assert_eq!(count(&race.await, true), CROWD);
    assert_eq!(cellar.count_reverse().await, 0);
}
