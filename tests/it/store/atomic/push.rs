//! Push verification: one answer, one factor for a token, one who tells of it.

use couplet::model::push::challenge::{Answer, ChallengeState};
use couplet::model::push::event::EventKind;
use couplet::model::push::factor::FactorChange;
use couplet::store::push::AddFactor;
use rstest::rstest;

use crate::store::cellar::{CROWD, count, moment};
use crate::store::phone::{FREELY, Phone, add_in_a_crowd, event, factor, scope};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn of_64_answers_to_one_challenge_one_counts_and_is_told(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    phone.add_webhook(&["*"]).await;
    let challenge = phone.add_challenge(10).await;
    let outcomes = phone.cellar.crowd(|store, number| {
        let approve = number.is_multiple_of(3);
        let (answer, kind) = match approve {
            true => (Answer::Approved, EventKind::ChallengeApproved),
            false => (Answer::Denied, EventKind::ChallengeDenied),
        };
        let event = event(&phone.factor, Some(&challenge), kind, 20);
        let sid = challenge.sid;
        async move { (approve, store.answer_challenge(sid, answer, None, &event).await.unwrap()) }
    });
    let winners: Vec<bool> = outcomes.await.into_iter().filter(|(_, won)| *won).map(|(approve, _)| approve).collect();
    let [approved] = winners[..] else { panic!("{} answers counted", winners.len()) };
    let answer = if approved { Answer::Approved } else { Answer::Denied };
    let stored = phone.cellar.store.challenge(&challenge.scope, challenge.sid).await.unwrap().unwrap();
    assert_eq!(stored.state, ChallengeState::Answered(answer, moment(20)));
    assert_eq!(phone.deliveries().await, 1);
    let told = phone.cellar.raw().await.texts("SELECT body FROM push_deliveries").await;
    assert!(told[0].contains(answer.as_str()), "{told:?}");
}

#[rstest]
#[tokio::test]
async fn an_access_token_makes_one_factor(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    phone.add_webhook(&["factor.created"]).await;
    let enrolment = phone.add_enrolment().await;
    let outcomes = phone.cellar.crowd(|store, _| {
        let factor = factor(&phone.factor.scope);
        let (event, token) = (event(&factor, None, EventKind::FactorCreated, 5), Some(enrolment.sid));
        async move { store.add_push_factor(&factor, token, FREELY, &event).await.unwrap() }
    });
    let outcomes = outcomes.await;
    assert_eq!((count(&outcomes, AddFactor::Added), count(&outcomes, AddFactor::NotAdmitted)), (1, CROWD - 1));
    assert_eq!(phone.deliveries().await, 1);
    assert_eq!(phone.cellar.raw().await.number("SELECT count(*) FROM push_factors").await, 2);
}

#[rstest]
#[tokio::test]
async fn a_crowd_for_a_new_person_makes_one_entity_with_as_many_factors_as_it_may_have(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let phone = Phone::on(backend).await;
    let person = scope(&phone.service, "somebody-new");
    let outcomes = phone.cellar.crowd(|store, _| {
        let factor = factor(&person);
        let event = event(&factor, None, EventKind::FactorCreated, 5);
        add_in_a_crowd(store, factor, (100, 20), event)
    });
    let outcomes = outcomes.await;
    assert_eq!((count(&outcomes, AddFactor::Added), count(&outcomes, AddFactor::TooMany)), (20, CROWD - 20));
    assert_eq!(phone.cellar.raw().await.number("SELECT count(*) FROM push_entities").await, 2);
}

#[rstest]
#[tokio::test]
async fn a_day_brings_an_entity_as_many_factors_as_are_allowed(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let outcomes = phone.cellar.crowd(|store, _| {
        let factor = factor(&phone.factor.scope);
        let event = event(&factor, None, EventKind::FactorCreated, 5);
        add_in_a_crowd(store, factor, (31, 1000), event)
    });
    let outcomes = outcomes.await;
    assert_eq!((count(&outcomes, AddFactor::Added), count(&outcomes, AddFactor::TooManyToday)), (30, CROWD - 30));
    let tomorrow = factor(&phone.factor.scope);
    let event = event(&tomorrow, None, EventKind::FactorCreated, 86_400);
    let added = phone.cellar.store.add_push_factor(&tomorrow, None, (31, 1000), &event).await.unwrap();
    assert_eq!(added, AddFactor::Added);
}

#[rstest]
#[tokio::test]
async fn a_verification_and_a_deletion_are_told_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    phone.add_webhook(&["factor.verified", "factor.deleted"]).await;
    let new = factor(&phone.factor.scope);
    let created = event(&new, None, EventKind::FactorCreated, 5);
    phone.cellar.store.add_push_factor(&new, None, FREELY, &created).await.unwrap();
    let verified = phone.cellar.crowd(|store, _| {
        let (sid, event) = (new.sid, event(&new, None, EventKind::FactorVerified, 6));
        async move { store.change_push_factor(sid, &FactorChange::default(), Some(&event), moment(6)).await.unwrap() }
    });
    assert_eq!((count(&verified.await, true), phone.deliveries().await), (CROWD, 1));
    let deleted = phone.cellar.crowd(|store, _| {
        let (sid, event) = (new.sid, event(&new, None, EventKind::FactorDeleted, 7));
        async move { store.delete_push_factor(sid, &event).await.unwrap() }
    });
    assert_eq!((count(&deleted.await, true), phone.deliveries().await), (1, 2));
}

#[rstest]
#[tokio::test]
async fn a_delivery_is_tried_by_one_at_a_time(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let webhook = phone.add_webhook(&["*"]).await;
    let challenge = phone.add_challenge(10).await;
    let told = event(&phone.factor, Some(&challenge), EventKind::ChallengeApproved, 20);
    phone.cellar.store.answer_challenge(challenge.sid, Answer::Approved, None, &told).await.unwrap();
    let due = phone.cellar.store.due_deliveries(webhook.sid, moment(20), 10).await.unwrap();
    let [delivery] = &due[..] else { panic!("{due:?}") };
    let outcomes = phone.cellar.crowd(|store, _| {
        let delivery = delivery.clone();
        async move { store.begin_delivery(&delivery, moment(35)).await.unwrap() }
    });
    assert_eq!(count(&outcomes.await, true), 1);
    assert_eq!(phone.cellar.store.due_webhooks(moment(34)).await.unwrap(), []);
    let again = phone.cellar.store.due_deliveries(webhook.sid, moment(35), 10).await.unwrap();
    assert_eq!((again[0].attempts, again[0].event), (1, told.id));
}
