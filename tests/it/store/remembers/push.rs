//! Push verification.

use couplet::model::push::challenge::{Answer, Challenge, ChallengeFilter, ChallengeState, Standing};
use couplet::model::push::event::EventKind;
use couplet::model::push::factor::{FactorChange, FactorStatus, Platform};
use couplet::model::push::paging::{Cursor, Page, PageRequest, Position};
use couplet::model::push::service::{Scope, ServiceChange};
use couplet::model::push::sid::{AccountSid, ServiceSid};
use couplet::model::push::webhook::WebhookChange;
use couplet::store::push::{AddChallenge, AddFactor};
use rstest::rstest;

use crate::store::cellar::moment;
use crate::store::phone::{ALL, FREELY, Phone, challenge, event, factor, scope, webhook};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn nothing_is_there_for_another_account_service_or_person(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let other = Phone::add_service(&phone.cellar).await;
    let asked = phone.add_challenge(10).await;
    let store = &phone.cellar.store;
    let mine = &phone.factor.scope;
    let foreign = [
        Scope { account: other.account, ..mine.clone() },
        Scope { service: other.sid, ..mine.clone() },
        scope(&phone.service, "Alice-1234"),
    ];
    for scope in foreign {
        assert_eq!(store.push_factor(&scope, phone.factor.sid).await.unwrap(), None);
        assert_eq!(store.challenge(&scope, asked.sid).await.unwrap(), None);
        assert!(store.push_factors(&scope, moment(9), &ALL).await.unwrap().is_empty());
        let all = ChallengeFilter::default();
        assert!(store.challenges(&scope, &all, moment(9), &ALL).await.unwrap().is_empty());
    }
    assert_eq!(store.push_service(other.account, phone.service.sid).await.unwrap(), None);
    assert!(!store.delete_push_service(other.account, phone.service.sid).await.unwrap());
    let change = ServiceChange::default();
    assert!(!store.change_push_service(other.account, phone.service.sid, &change, moment(9)).await.unwrap());
    let hook = phone.add_webhook(&["*"]).await;
    assert_eq!(store.webhook(other.sid, hook.sid).await.unwrap(), None);
    assert!(!store.delete_webhook(other.sid, hook.sid).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn nothing_is_added_below_what_is_not_there(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let store = &phone.cellar.store;
    let mut service = phone.service.clone();
    service.sid = ServiceSid::random(&couplet::app::SystemRandomness);
    let new = factor(&scope(&service, "alice-1234"));
    let created = event(&new, None, EventKind::FactorCreated, 5);
    assert_eq!(store.add_push_factor(&new, None, FREELY, &created).await.unwrap(), AddFactor::NotAdmitted);
    assert!(!store.add_webhook(&webhook(&service, &["*"]), 10).await.unwrap());
    service.account = AccountSid::random(&couplet::app::SystemRandomness);
    assert!(!store.add_push_service(&service).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_service_comes_back_and_changes_only_what_is_named(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let (store, mut service) = (&phone.cellar.store, phone.service.clone());
    assert_eq!(store.push_service(service.account, service.sid).await.unwrap().as_ref(), Some(&service));
    let change = ServiceChange { include_date: Some(false), ..ServiceChange::default() };
    assert!(store.change_push_service(service.account, service.sid, &change, moment(5)).await.unwrap());
    service.settings.include_date = false;
    service.updated_at = moment(5);
    assert_eq!(store.push_services(service.account, &ALL).await.unwrap(), [service]);
}

#[rstest]
#[tokio::test]
async fn a_factor_comes_back_and_is_found_by_its_key(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let store = &phone.cellar.store;
    let mut expected = phone.factor.clone();
    expected.status = FactorStatus::Verified;
    expected.updated_at = moment(1);
    assert_eq!(store.push_factor_of(expected.credential).await.unwrap().as_ref(), Some(&expected));
    let change = FactorChange { platform: Some(Platform::Apn), token: Some("n".repeat(40)), ..Default::default() };
    assert!(store.change_push_factor(expected.sid, &change, None, moment(8)).await.unwrap());
    expected.config.platform = Platform::Apn;
    expected.config.token = Some("n".repeat(40));
    expected.updated_at = moment(8);
    store.count_factor_try(expected.sid).await.unwrap();
    expected.tries = 1;
    assert_eq!(store.push_factors(&expected.scope, moment(9), &ALL).await.unwrap(), [expected]);
}

#[rstest]
#[tokio::test]
async fn a_dead_token_goes_and_nothing_else_does(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let (store, sid, token) = (&phone.cellar.store, phone.factor.sid, "t".repeat(32));
    let newer = FactorChange { token: Some("n".repeat(40)), ..Default::default() };
    let mut expected = phone.factor.clone();
    (expected.status, expected.updated_at) = (FactorStatus::Verified, moment(1));
    for (platform, token) in [(Platform::Fcm, "n".repeat(40)), (Platform::Apn, token.clone()), (Platform::None, token)]
    {
        assert!(!store.forget_push_token(sid, platform, &token, moment(8)).await.unwrap());
        assert_eq!(store.push_factor_of(expected.credential).await.unwrap().as_ref(), Some(&expected));
    }
    assert!(store.forget_push_token(sid, Platform::Fcm, &"t".repeat(32), moment(8)).await.unwrap());
    (expected.config.platform, expected.config.token, expected.updated_at) = (Platform::None, None, moment(8));
    assert_eq!(store.push_factor_of(expected.credential).await.unwrap(), Some(expected));
    assert!(!store.forget_push_token(sid, Platform::Fcm, &"t".repeat(32), moment(9)).await.unwrap());
    assert!(store.change_push_factor(sid, &newer, None, moment(9)).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn an_unverified_factor_is_gone_from_lists_after_a_day(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let (store, new) = (&phone.cellar.store, factor(&phone.factor.scope));
    let created = event(&new, None, EventKind::FactorCreated, 0);
    store.add_push_factor(&new, None, FREELY, &created).await.unwrap();
    for (at, many) in [(86_399, 2), (86_400, 1)] {
        assert_eq!(store.push_factors(&new.scope, moment(at), &ALL).await.unwrap().len(), many);
    }
}

#[rstest]
#[tokio::test]
async fn a_device_that_is_one_too_many_costs_neither_its_token_nor_a_turn_of_today(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let phone = Phone::on(backend).await;
    let token = phone.add_enrolment().await;
    let new = factor(&phone.factor.scope);
    let created = event(&new, None, EventKind::FactorCreated, 5);
    let store = &phone.cellar.store;
    for _ in 0..3 {
        let refused = store.add_push_factor(&new, Some(token.sid), (2, 1), &created).await.unwrap();
        assert_eq!(refused, AddFactor::TooMany);
    }
    assert_eq!(store.enrolment(token.sid).await.unwrap().unwrap().factor, None);
    let added = store.add_push_factor(&new, Some(token.sid), (2, 2), &created).await.unwrap();
    assert_eq!(added, AddFactor::Added);
    let another = factor(&phone.factor.scope);
    let refused = store.add_push_factor(&another, None, (2, 3), &created).await.unwrap();
    assert_eq!(refused, AddFactor::TooManyToday);
}

#[rstest]
#[tokio::test]
async fn a_token_that_does_not_count_leaves_no_person_behind(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let token = phone.add_enrolment().await;
    let new = factor(&scope(&phone.service, "somebody-new"));
    let late = event(&new, None, EventKind::FactorCreated, 60);
    let refused = phone.cellar.store.add_push_factor(&new, Some(token.sid), FREELY, &late).await.unwrap();
    assert_eq!(refused, AddFactor::NotAdmitted);
    assert_eq!(phone.cellar.store.push_entity(phone.service.sid, &new.scope.identity).await.unwrap(), None);
}

#[rstest]
#[tokio::test]
async fn an_access_token_comes_back_and_knows_what_it_was_spent_for(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let (store, mut enrolment) = (&phone.cellar.store, phone.add_enrolment().await);
    assert_eq!(store.enrolment(enrolment.sid).await.unwrap().as_ref(), Some(&enrolment));
    for (at, outcome) in [(60, AddFactor::NotAdmitted), (59, AddFactor::Added), (59, AddFactor::NotAdmitted)] {
        let new = factor(&phone.factor.scope);
        enrolment.factor = Some(new.sid).filter(|_| outcome == AddFactor::Added).or(enrolment.factor);
        let created = event(&new, None, EventKind::FactorCreated, at);
        assert_eq!(store.add_push_factor(&new, Some(enrolment.sid), FREELY, &created).await.unwrap(), outcome);
    }
    assert_eq!(store.enrolment(enrolment.sid).await.unwrap(), Some(enrolment));
}

#[rstest]
#[tokio::test]
async fn a_challenge_comes_back_with_its_answer(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let store = &phone.cellar.store;
    let asked = phone.add_challenge(10).await;
    assert_eq!(store.challenge(&asked.scope, asked.sid).await.unwrap().as_ref(), Some(&asked));
    let told = event(&phone.factor, Some(&asked), EventKind::ChallengeDenied, 20);
    let metadata = [("why".to_owned(), "not me".to_owned())].into();
    assert!(store.answer_challenge(asked.sid, Answer::Denied, Some(&metadata), &told).await.unwrap());
    assert!(!store.answer_challenge(asked.sid, Answer::Approved, None, &told).await.unwrap());
    let expected = Challenge {
        state: ChallengeState::Answered(Answer::Denied, moment(20)),
        metadata: Some(metadata),
        updated_at: moment(20),
        ..asked
    };
    assert_eq!(store.challenge(&expected.scope, expected.sid).await.unwrap(), Some(expected));
}

#[rstest]
#[tokio::test]
async fn a_challenge_that_ran_out_can_not_be_answered_and_is_expired_in_every_filter(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let phone = Phone::on(backend).await;
    let store = &phone.cellar.store;
    let asked = phone.add_challenge(0).await;
    let found = async |standing, at| {
        let filter = ChallengeFilter { standing: Some(standing), factor: Some(asked.factor) };
        store.challenges(&asked.scope, &filter, moment(at), &ALL).await.unwrap().len()
    };
    assert_eq!((found(Standing::Pending, 299).await, found(Standing::Expired, 299).await), (1, 0));
    assert_eq!((found(Standing::Pending, 300).await, found(Standing::Expired, 300).await), (0, 1));
    let told = event(&phone.factor, Some(&asked), EventKind::ChallengeApproved, 300);
    assert!(!store.answer_challenge(asked.sid, Answer::Approved, None, &told).await.unwrap());
    let told = event(&phone.factor, Some(&asked), EventKind::ChallengeApproved, 299);
    assert!(store.answer_challenge(asked.sid, Answer::Approved, None, &told).await.unwrap());
    assert_eq!(found(Standing::Answered(Answer::Approved), 900).await, 1);
}

#[rstest]
#[tokio::test]
async fn challenges_are_for_verified_factors_and_not_too_many_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let (store, new) = (&phone.cellar.store, factor(&phone.factor.scope));
    let created = event(&new, None, EventKind::FactorCreated, 0);
    store.add_push_factor(&new, None, FREELY, &created).await.unwrap();
    assert_eq!(store.add_challenge(&challenge(&new, 5), 2).await.unwrap(), AddChallenge::Unverified);
    let at =
        [(5, AddChallenge::Added), (6, AddChallenge::Added), (7, AddChallenge::TooMany), (305, AddChallenge::Added)];
    for (at, outcome) in at {
        assert_eq!(store.add_challenge(&challenge(&phone.factor, at), 2).await.unwrap(), outcome, "{at}");
    }
}

#[rstest]
#[tokio::test]
async fn a_list_is_walked_page_by_page_in_both_directions(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[values(false, true)] descending: bool,
) {
    let phone = Phone::on(backend).await;
    let mut made = Vec::new();
    // Two of one moment each.
    for number in 0..7 {
        made.push(phone.add_challenge(number / 2).await);
    }
    made.sort_by_key(|challenge| (challenge.created_at, challenge.sid.0));
    if descending {
        made.reverse();
    }
    let expected: Vec<_> = made.iter().map(|challenge| challenge.sid).collect();
    let page = async |cursor| {
        let request = PageRequest { number: 0, size: 3, cursor, descending };
        let all = ChallengeFilter::default();
        let found = phone.cellar.store.challenges(&phone.factor.scope, &all, moment(9), &request).await.unwrap();
        Page::cut(request, found, |row: &Challenge| Position { at: row.created_at, id: row.sid.0 })
    };
    let sids = |page: &Page<Challenge>| page.rows.iter().map(|row| row.sid).collect::<Vec<_>>();
    let first = page(Cursor::Skip(0)).await;
    assert!(first.previous.is_none());
    let second = page(first.next.unwrap()).await;
    let third = page(second.next.unwrap()).await;
    assert!(third.next.is_none());
    assert_eq!([sids(&first), sids(&second), sids(&third)].concat(), expected);
    let back = page(third.previous.unwrap()).await;
    assert_eq!(sids(&back), sids(&second));
    let first_again = page(back.previous.unwrap()).await;
    assert_eq!((sids(&first_again), first_again.previous), (sids(&first), None));
    assert_eq!(sids(&page(Cursor::Skip(1)).await), sids(&second));
    assert!(page(Cursor::Skip(u32::MAX)).await.rows.is_empty());
}

#[rstest]
#[tokio::test]
async fn a_webhook_gets_the_events_it_asked_for_while_it_is_enabled(#[values(Sqlite, Postgres)] backend: Backend) {
    let phone = Phone::on(backend).await;
    let store = &phone.cellar.store;
    let mut hook = phone.add_webhook(&["challenge.denied", "factor.deleted"]).await;
    assert_eq!(store.webhook(hook.service, hook.sid).await.unwrap().as_ref(), Some(&hook));
    assert!(!store.add_webhook(&webhook(&phone.service, &["*"]), 1).await.unwrap());
    for (answer, kind, waiting) in
        [(Answer::Approved, EventKind::ChallengeApproved, 0), (Answer::Denied, EventKind::ChallengeDenied, 1)]
    {
        let asked = phone.add_challenge(10).await;
        let told = event(&phone.factor, Some(&asked), kind, 20);
        assert!(store.answer_challenge(asked.sid, answer, None, &told).await.unwrap());
        assert_eq!(phone.deliveries().await, waiting, "{kind:?}");
    }
    let due = store.due_deliveries(hook.sid, moment(20), 10).await.unwrap();
    assert_eq!(due[0].url.as_deref(), Some("https://hooks.example.com/verify"));
    assert!(due[0].body.contains("type=challenge.denied&account_sid=AC"), "{}", due[0].body);
    let change = WebhookChange { enabled: Some(false), ..WebhookChange::default() };
    assert!(store.change_webhook(hook.service, hook.sid, &change, moment(30)).await.unwrap());
    (hook.settings.enabled, hook.updated_at) = (false, moment(30));
    assert_eq!(store.webhooks(hook.service, &ALL).await.unwrap(), [hook.clone()]);
    assert_eq!(store.due_deliveries(hook.sid, moment(30), 10).await.unwrap()[0].url, None);
    store.end_delivery(&due[0]).await.unwrap();
    assert_eq!(store.due_webhooks(moment(99)).await.unwrap(), []);
}
