//! Of many who decide one approval at once, one does; of many questions at once, no more are added than may be; and of many
//! who withdraw a password, one does.

use couplet::model::approval::{Approval, ApprovalState};
use couplet::store::approvals::{AddApproval, Disown, QuestionLimit};
use rstest::rstest;

use crate::store::approvals::{approval, disowned, limit};
use crate::store::cellar::{CROWD, Cellar, count, moment};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_that_use_an_approval_has_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for _ in 0..4 {
        let id = cellar.approval().await.id;
        let decided = cellar.crowd(move |store, _| async move {
            store.decide_approval(id, ApprovalState::Approved, moment(1)).await.unwrap()
        });
        assert_eq!(count(&decided.await, true), 1);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_yes_and_a_no_at_once_are_one_of_them(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = cellar.approval().await.id;
    let word = |number: usize| if number.is_multiple_of(2) { ApprovalState::Approved } else { ApprovalState::Refused };
    let decided = cellar.crowd(move |store, number| async move {
        store.decide_approval(id, word(number), moment(1)).await.unwrap().then(|| word(number))
    });
    let decided: Vec<_> = decided.await.into_iter().flatten().collect();
    assert_eq!(decided, [cellar.approval_state(id).await]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_questions_is_no_more_than_one_person_bears(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let alice = cellar.alice.clone();
    let added = cellar.crowd(move |store, _| {
        let question = approval(&alice);
        async move { store.add_approval(&question, None, limit(5)).await.unwrap() }
    });
    assert_eq!(count(&added.await, AddApproval::Added), 5);
    let alice = cellar.alice.clone();
    let added = cellar.crowd(move |store, _| {
        let unasked = Approval { asked: None, ..approval(&alice) };
        async move { store.add_approval(&unasked, None, QuestionLimit { unasked: 3, ..limit(5) }).await.unwrap() }
    });
    assert_eq!(count(&added.await, AddApproval::Added), 3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_withdraws_the_password(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let disowned = disowned(&cellar.approval().await);
    let id = disowned.id;
    let outcomes = cellar.crowd(move |store, _| {
        let disowned = disowned.clone();
        async move { store.disown(&disowned, moment(1), moment(60)).await.unwrap() }
    });
    let outcomes = outcomes.await;
    assert_eq!((count(&outcomes, Disown::Withdrawn), count(&outcomes, Disown::Overtaken)), (1, CROWD - 1));
    assert_eq!(cellar.store.user(cellar.alice.id).await.unwrap().unwrap().sign_in_epoch, 1);
    let told =
        cellar.crowd(move |store, _| async move { store.begin_telling(id, moment(60), moment(120)).await.unwrap() });
    assert_eq!(count(&told.await, true), 1);
}
