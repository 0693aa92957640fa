//! Sign-ins that wait for an approval are remembered, and decided as long as they wait.

use couplet::app::SystemRandomness;
use couplet::model::approval::{Approval, ApprovalState, FirstFactor};
use couplet::model::ids::ApprovalId;
use couplet::store::approvals::{AddApproval, Disown, QuestionLimit};
use rstest::rstest;

use crate::store::approvals::{approval, disowned, limit};
use crate::store::cellar::{Cellar, assert_same, moment, token_hash, user};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn an_unknown_approval_is_not_found_and_not_decided(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (known, unknown) = (cellar.approval().await, ApprovalId::random(&SystemRandomness));
    assert!(cellar.store.approval(unknown).await.unwrap().is_none());
    assert!(!cellar.store.decide_approval(unknown, ApprovalState::Approved, moment(1)).await.unwrap());
    assert!(!cellar.store.extend_approval(unknown, moment(900), moment(1)).await.unwrap());
    cellar.store.told_of_disowned(unknown).await.unwrap();
    assert!(!cellar.store.begin_telling(unknown, moment(1), moment(2)).await.unwrap());
    let nobodys = approval(&user("nobody"));
    assert_eq!(cellar.store.add_approval(&nobodys, None, limit(9)).await.unwrap(), AddApproval::TooMany);
    assert_same(cellar.store.approval(known.id).await.unwrap(), Some((known, cellar.alice)));
}

#[rstest]
#[tokio::test]
async fn every_field_of_an_approval_comes_back_with_its_user(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for state in ApprovalState::ALL {
        let own = Approval { state, secret_hash: token_hash(1), number: 99, ..approval(&cellar.alice) };
        let (first, asked) = (FirstFactor::PasswordByCode, own.asked.filter(|_| state != ApprovalState::Refused));
        let (created_at, expires_at) = (moment(-5), moment(86_400));
        let own = Approval { first, asked, epoch: u32::MAX, created_at, expires_at, ..own };
        assert_eq!(cellar.store.add_approval(&own, None, limit(100)).await.unwrap(), AddApproval::Added);
        assert_same(cellar.store.approval(own.id).await.unwrap(), Some((own, cellar.alice.clone())));
    }
}

#[rstest]
#[tokio::test]
async fn one_that_waits_is_decided_and_one_that_is_over_is_not(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let store = &cellar.store;
    let (refused, late) = (cellar.approval().await.id, cellar.approval().await.id);
    assert!(store.decide_approval(refused, ApprovalState::Refused, moment(179)).await.unwrap());
    assert!(!store.decide_approval(refused, ApprovalState::Approved, moment(180)).await.unwrap());
    assert_eq!(store.approval(refused).await.unwrap().unwrap().0.decided_at, Some(moment(179)));
    assert!(!store.extend_approval(refused, moment(900), moment(1)).await.unwrap());
    assert!(!store.decide_approval(late, ApprovalState::Approved, moment(180)).await.unwrap());
    assert!(!store.extend_approval(late, moment(900), moment(180)).await.unwrap(), "what is over stays over");
    assert_eq!(cellar.approval_state(refused).await, ApprovalState::Refused);
    assert_eq!(cellar.approval_state(late).await, ApprovalState::Pending);
}

#[rstest]
#[tokio::test]
async fn one_that_waits_for_a_code_waits_longer_and_never_shorter(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = cellar.approval().await.id;
    for (until, expected) in [(moment(900), moment(900)), (moment(60), moment(900))] {
        assert!(cellar.store.extend_approval(id, until, moment(1)).await.unwrap());
        assert_eq!(cellar.store.approval(id).await.unwrap().unwrap().0.expires_at, expected);
    }
    assert!(cellar.store.decide_approval(id, ApprovalState::Approved, moment(899)).await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_question_takes_the_place_of_the_one_before_if_that_still_waits(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let cellar = Cellar::on(backend).await;
    let store = &cellar.store;
    let (waits, approved) = (cellar.approval().await.id, cellar.approval().await.id);
    store.decide_approval(approved, ApprovalState::Approved, moment(1)).await.unwrap();
    for former in [waits, approved] {
        store.add_approval(&approval(&cellar.alice), Some(former), limit(100)).await.unwrap();
    }
    assert_eq!(cellar.approval_state(waits).await, ApprovalState::Superseded);
    assert_eq!(cellar.approval_state(approved).await, ApprovalState::Approved);
    let third = cellar.approval().await.id;
    let refused = store.add_approval(&approval(&cellar.alice), Some(third), limit(1)).await.unwrap();
    assert_eq!(refused, AddApproval::TooMany);
    assert_eq!(cellar.approval_state(third).await, ApprovalState::Superseded, "also when no more may be asked");
}

#[rstest]
#[tokio::test]
async fn questions_that_came_to_nothing_count_and_no_others(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let store = &cellar.store;
    let bob = user("Bob");
    store.add_user(&bob).await.unwrap();
    let before = Approval { created_at: moment(-1), ..approval(&cellar.alice) };
    let unasked = Approval { asked: None, ..approval(&cellar.alice) };
    for other in [approval(&bob), before, unasked.clone()] {
        assert_eq!(store.add_approval(&other, None, limit(100)).await.unwrap(), AddApproval::Added);
    }
    let approved = cellar.approval().await.id;
    store.decide_approval(approved, ApprovalState::Approved, moment(1)).await.unwrap();
    for _ in 0..2 {
        let added = store.add_approval(&approval(&cellar.alice), None, limit(2)).await.unwrap();
        assert_eq!(added, AddApproval::Added);
    }
    assert_eq!(store.add_approval(&approval(&cellar.alice), None, limit(2)).await.unwrap(), AddApproval::TooMany);
    let unasked = Approval { id: ApprovalId::random(&SystemRandomness), ..unasked };
    assert_eq!(store.add_approval(&unasked, None, limit(0)).await.unwrap(), AddApproval::Added, "it asks nobody");
}

#[rstest]
#[tokio::test]
async fn those_that_ask_nobody_are_counted_for_themselves(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let store = &cellar.store;
    let unasked = || Approval { asked: None, ..approval(&cellar.alice) };
    let two = QuestionLimit { unasked: 2, ..limit(1) };
    let not_put = approval(&cellar.alice);
    for other in [not_put.clone(), unasked()] {
        assert_eq!(store.add_approval(&other, None, two).await.unwrap(), AddApproval::Added);
        store.decide_approval(not_put.id, ApprovalState::NotPut, moment(1)).await.unwrap();
    }
    for refused in [unasked(), approval(&cellar.alice)] {
        assert_eq!(store.add_approval(&refused, None, two).await.unwrap(), AddApproval::TooMany);
    }
    let asks = store.add_approval(&approval(&cellar.alice), None, limit(1)).await.unwrap();
    assert_eq!(asks, AddApproval::Added, "what was not put is no question that came to nothing");
}

#[rstest]
#[tokio::test]
async fn what_was_disowned_withdraws_the_password_of_its_epoch_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let store = &cellar.store;
    let (old, bob) = (cellar.approval().await, user("Bob"));
    store.add_user(&bob).await.unwrap();
    let bobs = cellar.sign_in_of(&bob, 60).await;
    store.set_password(cellar.alice.id, "second hash").await.unwrap();
    let alice = store.user(cellar.alice.id).await.unwrap().unwrap();
    let hers = cellar.sign_in_of(&alice, 60).await;
    assert_eq!(store.disown(&disowned(&old), moment(2), moment(60)).await.unwrap(), Disown::Outdated);
    assert_same(store.user(alice.id).await.unwrap(), Some(alice.clone()));
    assert!(store.sign_in(hers).await.unwrap().is_some());
    let new = approval(&alice);
    store.add_approval(&new, None, limit(100)).await.unwrap();
    assert_eq!(store.disown(&disowned(&new), moment(3), moment(60)).await.unwrap(), Disown::Withdrawn);
    let withdrawn = store.user(alice.id).await.unwrap().unwrap();
    let expected = (None, Some(moment(3)), alice.sign_in_epoch + 1);
    assert_eq!((withdrawn.password_hash, withdrawn.disowned_at, withdrawn.sign_in_epoch), expected);
    assert!(store.sign_in(hers).await.unwrap().is_none() && store.sign_in(bobs).await.unwrap().is_some());
    assert_eq!(store.disown(&disowned(&new), moment(4), moment(60)).await.unwrap(), Disown::Overtaken);
    assert_eq!(cellar.approval_state(new.id).await, ApprovalState::Disowned);
    assert!(store.disowned(moment(59), 9).await.unwrap().iter().all(|found| found.id != new.id));
    let found = store.disowned(moment(60), 9).await.unwrap();
    assert!(found.iter().any(|found| found.id == new.id && found.is_withdrawn), "{found:?}");
    assert!(!store.begin_telling(new.id, moment(59), moment(120)).await.unwrap());
    assert!(store.begin_telling(new.id, moment(60), moment(120)).await.unwrap());
    store.told_of_disowned(new.id).await.unwrap();
    assert!(!store.begin_telling(new.id, moment(200), moment(300)).await.unwrap());
    assert_eq!(cellar.approval_state(new.id).await, ApprovalState::Told);
}

#[rstest]
#[tokio::test]
async fn whether_a_user_wants_approval_is_remembered(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for on in [true, true, false] {
        assert!(cellar.store.set_approval(cellar.alice.id, on).await.unwrap());
        assert_eq!(cellar.store.user(cellar.alice.id).await.unwrap().unwrap().approval, on);
    }
    assert!(!cellar.store.set_approval(user("nobody").id, true).await.unwrap());
}
