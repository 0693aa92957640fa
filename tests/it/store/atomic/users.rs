//! Users change whole or not at all, together with their sign-ins.

use couplet::store::users::AddUser;
use rstest::rstest;

use crate::store::cellar::{CROWD, Cellar, assert_same, count, moment, user};
use crate::support::app::Backend::{self, Postgres, Sqlite};

/// The same login, in upper and lower case as the bits of `number` say.
fn bob(number: usize) -> String {
    let letters = "bob@ex".chars().enumerate();
    letters.map(|(bit, c)| if number >> bit & 1 == 1 { c.to_ascii_uppercase() } else { c }).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_gets_a_login_however_each_writes_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let outcomes = cellar.crowd(|store, number| async move { store.add_user(&user(&bob(number))).await.unwrap() });
    let outcomes = outcomes.await;
    assert_eq!(count(&outcomes, AddUser::Added), 1);
    let winner = outcomes.iter().position(|outcome| *outcome == AddUser::Added).unwrap();
    let found = cellar.store.user_by_login(&user("bob@ex").login).await.unwrap().unwrap();
    assert_eq!(found.login.as_str(), bob(winner));
}

#[rstest]
#[tokio::test]
async fn a_password_is_not_set_when_sign_ins_can_not_be_ended(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let sign_in = cellar.sign_in_of(&cellar.alice, 60).await;
    cellar.raw().await.refuse_to_end_sign_ins().await;
    assert!(cellar.store.set_password(cellar.alice.id, "second hash").await.is_err());
    assert!(cellar.store.sign_in(sign_in).await.unwrap().is_some());
    assert_same(cellar.store.user(cellar.alice.id).await.unwrap(), Some(cellar.alice.clone()));
    assert_eq!(cellar.store.add_user(&user("next")).await.unwrap(), AddUser::Added, "the failure holds nobody up");
}

#[rstest]
#[tokio::test]
async fn a_user_is_not_disabled_when_sign_ins_can_not_be_ended(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.sign_in_of(&cellar.alice, 60).await;
    cellar.raw().await.refuse_to_end_sign_ins().await;
    assert!(cellar.store.disable_user(cellar.alice.id, moment(1)).await.is_err());
    assert_same(cellar.store.user(cellar.alice.id).await.unwrap(), Some(cellar.alice));
}

#[rstest]
#[tokio::test]
async fn a_new_password_ends_all_sign_ins_of_the_user_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let bob = user("Bob");
    cellar.store.add_user(&bob).await.unwrap();
    let ended = [cellar.sign_in_of(&cellar.alice, 60).await, cellar.sign_in_of(&cellar.alice, 60).await];
    let kept = cellar.sign_in_of(&bob, 60).await;
    assert!(cellar.store.set_password(cellar.alice.id, "second hash").await.unwrap());
    for id in ended {
        assert!(cellar.store.sign_in(id).await.unwrap().is_none());
    }
    assert!(cellar.store.sign_in(kept).await.unwrap().is_some());
}

#[rstest]
#[case::by_a_new_password(true)]
#[case::by_disabling(false)]
#[tokio::test]
async fn a_sign_in_that_was_under_way_when_all_ended_is_of_an_earlier_epoch(
    #[values(Sqlite, Postgres)] backend: Backend,
    #[case] new_password: bool,
) {
    let cellar = Cellar::on(backend).await;
    if new_password {
        cellar.store.set_password(cellar.alice.id, "second hash").await.unwrap();
    } else {
        cellar.store.disable_user(cellar.alice.id, moment(1)).await.unwrap();
    }
    let late = cellar.sign_in_of(&cellar.alice, 60).await;
    let (sign_in, alice) = cellar.store.sign_in(late).await.unwrap().unwrap();
    assert!(sign_in.epoch < alice.sign_in_epoch);
}

#[rstest]
#[tokio::test]
async fn disabling_ends_all_sign_ins_of_the_user_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let bob = user("Bob");
    cellar.store.add_user(&bob).await.unwrap();
    let (ended, kept) = (cellar.sign_in_of(&cellar.alice, 60).await, cellar.sign_in_of(&bob, 60).await);
    assert!(cellar.store.disable_user(cellar.alice.id, moment(1)).await.unwrap());
    assert!(cellar.store.sign_in(ended).await.unwrap().is_none());
    assert!(cellar.store.sign_in(kept).await.unwrap().is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_disables_and_one_enables_a_user(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = cellar.alice.id;
    let disabled = cellar.crowd(|store, _| async move { store.disable_user(id, moment(1)).await.unwrap() });
    assert_eq!(count(&disabled.await, true), 1);
    let enabled = cellar.crowd(|store, _| async move { store.enable_user(id).await.unwrap() });
    assert_eq!(count(&enabled.await, true), 1);
    assert_eq!(cellar.store.user(id).await.unwrap().unwrap().sign_in_epoch, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_rehashes_a_password(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = cellar.alice.id;
    let rehashed = cellar.crowd(|store, number| async move {
        store.rehash_password(id, "first hash", &number.to_string()).await.unwrap()
    });
    let rehashed = rehashed.await;
    assert_eq!(count(&rehashed, true), 1);
    let winner = rehashed.iter().position(|won| *won).unwrap().to_string();
    assert_eq!(cellar.store.user(id).await.unwrap().unwrap().password_hash, Some(winner));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn many_new_passwords_leave_no_sign_in(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = cellar.alice.id;
    for _ in 0..8 {
        cellar.sign_in_of(&cellar.alice, 60).await;
    }
    let set = cellar.crowd(|store, number| async move { store.set_password(id, &number.to_string()).await.unwrap() });
    assert_eq!(count(&set.await, false), 0);
    assert_eq!(cellar.raw().await.number("SELECT count(*) FROM sign_ins").await, 0);
    let epoch = cellar.store.user(id).await.unwrap().unwrap().sign_in_epoch;
    assert_eq!(usize::try_from(epoch).unwrap(), CROWD);
}
