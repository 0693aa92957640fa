//! Codes by text message are remembered until they are used, replaced, worn out or over.

use couplet::model::phone::Phone;
use couplet::model::text_code::{CodeTry, TriedCode};
use couplet::model::user::User;
use rstest::rstest;

use crate::store::cellar::{Cellar, moment, user};
use crate::store::text_codes::{MOST, code, tried};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn a_code_that_was_not_sent_is_not_found(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.store.put_text_code(&code(1, 1)).await.unwrap();
    assert_eq!(cellar.try_code(&tried(2, 1)).await, CodeTry::NotFound, "another browser or use");
}

#[rstest]
#[tokio::test]
async fn reasons_come_in_order(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.store.put_text_code(&code(1, 1)).await.unwrap();
    for _ in 0..MOST {
        assert_eq!(cellar.try_code(&tried(1, 2)).await, CodeTry::Wrong);
    }
    assert_eq!(cellar.try_code(&tried(1, 1)).await, CodeTry::NoTriesLeft, "also the right one");
    let late = cellar.store.try_text_code(&tried(1, 1), MOST, moment(600)).await.unwrap();
    assert_eq!(late, CodeTry::Expired, "told before the tries");
    let foreign = TriedCode { phone_hash: [6; 32], ..tried(1, 1) };
    let foreign = cellar.store.try_text_code(&foreign, MOST, moment(600)).await.unwrap();
    assert_eq!(foreign, CodeTry::OtherPhone, "told before the end");
}

#[rstest]
#[tokio::test]
async fn a_code_for_another_phone_or_too_late_counts_no_try(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.store.put_text_code(&code(1, 1)).await.unwrap();
    let foreign = TriedCode { phone_hash: [6; 32], ..tried(1, 1) };
    for _ in 0..2 * MOST {
        assert_eq!(cellar.try_code(&foreign).await, CodeTry::OtherPhone);
        let late = cellar.store.try_text_code(&tried(1, 2), MOST, moment(600)).await.unwrap();
        assert_eq!(late, CodeTry::Expired);
    }
    let in_time = cellar.store.try_text_code(&tried(1, 1), MOST, moment(599)).await.unwrap();
    assert_eq!(in_time, CodeTry::Right);
}

#[rstest]
#[tokio::test]
async fn a_code_is_used_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.store.put_text_code(&code(1, 1)).await.unwrap();
    assert_eq!(cellar.try_code(&tried(1, 2)).await, CodeTry::Wrong);
    assert_eq!(cellar.try_code(&tried(1, 1)).await, CodeTry::Right);
    assert_eq!(cellar.try_code(&tried(1, 1)).await, CodeTry::NotFound);
}

#[rstest]
#[tokio::test]
async fn a_new_code_replaces_the_former_one_and_has_all_tries(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for number in [1, 2] {
        cellar.store.put_text_code(&code(1, number)).await.unwrap();
        for _ in 0..MOST - 1 {
            assert_eq!(cellar.try_code(&tried(1, 9)).await, CodeTry::Wrong);
        }
    }
    assert_eq!(cellar.try_code(&tried(1, 2)).await, CodeTry::Right);
    cellar.store.put_text_code(&code(1, 3)).await.unwrap();
    assert_eq!(cellar.try_code(&tried(1, 2)).await, CodeTry::Wrong);
    assert_eq!(cellar.try_code(&tried(1, 3)).await, CodeTry::Right, "a used one is replaced as well");
}

#[rstest]
#[tokio::test]
async fn users_are_found_by_their_phone(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let phone = Phone::parse("+14155550100").unwrap();
    assert!(cellar.store.users_by_phone(&phone, 9).await.unwrap().is_empty());
    for login in ["Bob", "Carol", "Dan"] {
        let user = User { phone: Some(phone.clone()), ..user(login) };
        cellar.store.add_user(&user).await.unwrap();
    }
    let found = cellar.store.users_by_phone(&phone, 9).await.unwrap();
    assert_eq!(found.len(), 3);
    assert!(found.iter().all(|user| user.phone.as_ref() == Some(&phone)));
    assert_eq!(cellar.store.users_by_phone(&phone, 2).await.unwrap().len(), 2);
}
