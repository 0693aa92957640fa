//! Push verification.

use couplet::model::push::challenge::Answer;
use couplet::model::push::event::EventKind;
use couplet::store::push::PushTable;
use rstest::rstest;
use uuid::Uuid;

use crate::store::cellar::moment;
use crate::store::phone::{FREELY, Phone, event, factor};
use crate::support::app::Backend::{self, Postgres, Sqlite};

/// Walks through a table in steps of two; tells how many rows were forgotten.
async fn purge(phone: &Phone, table: PushTable, before: i64) -> u64 {
    let (mut forgotten, mut after): (u64, Option<Uuid>) = (0, None);
    loop {
        let step = phone.cellar.store.purge_push(table, after, 2, moment(before)).await.unwrap();
        forgotten += step.0;
        if step.1.is_none() {
            return forgotten;
        }
        after = step.1;
    }
}

#[rstest]
#[tokio::test]
async fn what_ended_before_a_moment_goes_and_the_rest_stays(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    for made in [0, 0, 0, 100] {
        phone.add_challenge(made).await;
    }
    phone.add_enrolment().await;
    let new = factor(&phone.factor.scope);
    let created = event(&new, None, EventKind::FactorCreated, 50);
    phone.cellar.store.add_push_factor(&new, None, FREELY, &created).await.unwrap();
    let all = [(PushTable::Challenges, 300, 301), (PushTable::Enrolments, 60, 61), (PushTable::Factors, 50, 51)];
    for ((table, still_there, ended), gone) in all.into_iter().zip([3, 1, 1]) {
        assert_eq!((purge(&phone, table, still_there).await, table), (0, table));
        assert_eq!((purge(&phone, table, ended).await, table), (gone, table));
    }
    assert_eq!(phone.cellar.raw().await.number("SELECT count(*) FROM push_challenges").await, 1);
    assert_eq!(phone.cellar.raw().await.number("SELECT count(*) FROM push_factors").await, 1);
}

#[rstest]
#[tokio::test]
async fn what_waited_too_long_for_a_webhook_is_given_up_in_steps(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    phone.add_webhook(&["*"]).await;
    for at in [20, 21, 22, 90] {
        let asked = phone.add_challenge(10).await;
        let told = event(&phone.factor, Some(&asked), EventKind::ChallengeDenied, at);
        phone.cellar.store.answer_challenge(asked.sid, Answer::Denied, None, &told).await.unwrap();
    }
    let store = &phone.cellar.store;
    assert_eq!(store.purge_deliveries(2, moment(90)).await.unwrap(), 2);
    assert_eq!(store.purge_deliveries(2, moment(90)).await.unwrap(), 1);
    assert_eq!((store.purge_deliveries(2, moment(90)).await.unwrap(), phone.deliveries().await), (0, 1));
}

#[rstest]
#[tokio::test]
async fn a_deleted_account_takes_everything_below_it_along(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let other = Phone::add_service(&phone.cellar).await;
    phone.add_webhook(&["*"]).await;
    phone.add_enrolment().await;
    let asked = phone.add_challenge(10).await;
    let told = event(&phone.factor, Some(&asked), EventKind::ChallengeApproved, 20);
    phone.cellar.store.answer_challenge(asked.sid, Answer::Approved, None, &told).await.unwrap();
    assert!(phone.cellar.store.delete_push_account(phone.service.account).await.unwrap());
    assert!(!phone.cellar.store.delete_push_account(phone.service.account).await.unwrap());
    let mut raw = phone.cellar.raw().await;
    for table in ["enrolments", "entities", "factors", "challenges", "webhooks", "deliveries"] {
        assert_eq!(raw.number(&format!("SELECT count(*) FROM push_{table}")).await, 0, "{table}");
    }
    let left = phone.cellar.store.push_accounts().await.unwrap();
    assert_eq!(left.iter().map(|account| account.sid).collect::<Vec<_>>(), [other.account]);
}
