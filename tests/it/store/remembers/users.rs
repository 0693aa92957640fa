//! Users are remembered.

use couplet::app::SystemRandomness;
use couplet::model::email::Email;
use couplet::model::ids::UserId;
use couplet::model::login::Login;
use couplet::model::phone::Phone;
use couplet::model::user::User;
use couplet::store::users::AddUser;
use rstest::rstest;

use crate::store::cellar::{Cellar, assert_same, moment, user};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn an_unknown_user_is_not_found_and_not_changed(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (store, nobody) = (&cellar.store, UserId::random(&SystemRandomness));
    assert!(store.user(nobody).await.unwrap().is_none());
    assert!(store.user_by_login(&Login::parse("Alic").unwrap()).await.unwrap().is_none());
    assert!(!store.set_password(nobody, "hash").await.unwrap());
    assert!(!store.rehash_password(nobody, "first hash", "hash").await.unwrap());
    assert!(!store.disable_user(nobody, moment(1)).await.unwrap());
    assert!(!store.enable_user(nobody).await.unwrap());
    assert!(!store.delete_user(nobody).await.unwrap());
    assert_same(store.users(None, 9).await.unwrap(), vec![cellar.alice]);
}

#[rstest]
#[case("Alice")]
#[case("aLICE")]
#[case("\u{ff21}lice")]
#[tokio::test]
async fn a_login_is_taken_in_every_spelling(#[values(Sqlite, Postgres)] backend: Backend, #[case] login: &str) {
    let cellar = Cellar::on(backend).await;
    assert_eq!(cellar.store.add_user(&user(login)).await.unwrap(), AddUser::LoginTaken);
    assert_same(cellar.store.users(None, 9).await.unwrap(), vec![cellar.alice]);
}

#[rstest]
#[tokio::test]
async fn a_hash_that_is_not_the_expected_one_stays(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    assert!(!cellar.store.rehash_password(cellar.alice.id, "older hash", "second hash").await.unwrap());
    let without = User { password_hash: None, ..user("invited") };
    cellar.store.add_user(&without).await.unwrap();
    assert!(!cellar.store.rehash_password(without.id, "", "second hash").await.unwrap());
    assert_same(cellar.store.user(cellar.alice.id).await.unwrap(), Some(cellar.alice));
}

#[rstest]
#[tokio::test]
async fn every_field_of_a_user_comes_back(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let full = User {
        email: Some(Email::parse("o'Zoë+tag@Example.com").unwrap()),
        phone: Some(Phone::parse("+14155550100").unwrap()),
        password_hash: Some("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned()),
        password_by_code: true,
        disabled_at: Some(moment(-2_000_000_000)),
        approval: true,
        disowned_at: Some(moment(7)),
        sign_in_epoch: u32::MAX,
        created_at: moment(2_000_000_000),
        ..user("ZOE\u{308}'; DROP TABLE users; --".replace(' ', "_").as_str())
    };
    let bare = User { password_hash: None, ..user(&"é".repeat(Login::MAX_LENGTH / 2)) };
    for user in [full, bare] {
        assert_eq!(cellar.store.add_user(&user).await.unwrap(), AddUser::Added);
        assert_same(cellar.store.user(user.id).await.unwrap(), Some(user));
    }
}

#[rstest]
#[tokio::test]
async fn a_user_is_found_by_a_login_in_any_case(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let zoe = user("Zoë@Example.com");
    cellar.store.add_user(&zoe).await.unwrap();
    for login in ["Zoë@Example.com", "ZOË@EXAMPLE.COM", "zoe\u{308}@example.com"] {
        let found = cellar.store.user_by_login(&Login::parse(login).unwrap()).await.unwrap();
        assert_same(found, Some(zoe.clone()));
    }
}

#[rstest]
#[tokio::test]
async fn a_password_is_set_and_rehashed(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let id = cellar.alice.id;
    assert!(cellar.store.set_password(id, "second hash").await.unwrap());
    assert!(cellar.store.rehash_password(id, "second hash", "third hash").await.unwrap());
    let expected = User { password_hash: Some("third hash".to_owned()), sign_in_epoch: 1, ..cellar.alice };
    assert_same(cellar.store.user(id).await.unwrap(), Some(expected));
}

#[rstest]
#[tokio::test]
async fn a_password_that_was_set_by_a_code_is_trusted_in_its_epoch_only(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (store, id) = (&cellar.store, cellar.alice.id);
    let by_code = async || store.user(id).await.unwrap().unwrap().password_by_code;
    assert!(!store.trust_password(id, 0).await.unwrap(), "nothing to trust anew");
    assert!(store.set_password_by_code(id, "second hash").await.unwrap() && by_code().await);
    assert!(!store.trust_password(id, 0).await.unwrap() && by_code().await);
    assert!(store.trust_password(id, 1).await.unwrap() && !by_code().await);
    store.set_password_by_code(id, "third hash").await.unwrap();
    assert!(store.set_password(id, "fourth hash").await.unwrap() && !by_code().await);
    assert!(!store.set_password_by_code(user("nobody").id, "hash").await.unwrap());
}

#[rstest]
#[tokio::test]
async fn a_user_is_disabled_once_and_let_in_again(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let (store, id) = (&cellar.store, cellar.alice.id);
    assert!(!store.enable_user(id).await.unwrap(), "she is not disabled");
    assert!(store.disable_user(id, moment(5)).await.unwrap());
    assert!(!store.disable_user(id, moment(6)).await.unwrap());
    assert_eq!(store.user(id).await.unwrap().unwrap().disabled_at, Some(moment(5)), "the first moment counts");
    assert!(store.enable_user(id).await.unwrap());
    assert_same(store.user(id).await.unwrap(), Some(User { sign_in_epoch: 1, ..cellar.alice }));
}

#[rstest]
#[tokio::test]
async fn users_are_listed_by_id_page_by_page(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let mut ids = vec![cellar.alice.id];
    for number in 0..9 {
        let user = user(&format!("user{number}"));
        cellar.store.add_user(&user).await.unwrap();
        ids.push(user.id);
    }
    ids.sort();
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = cellar.store.users(after, 4).await.unwrap();
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        listed.extend(page.into_iter().map(|user| user.id));
    }
    assert_eq!(listed, ids);
    assert!(cellar.store.users(None, 0).await.unwrap().is_empty());
}
