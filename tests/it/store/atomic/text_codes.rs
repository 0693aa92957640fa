//! Of many tries at once, the right code counts once, and no more wrong ones are looked at than there may be.

use couplet::model::text_code::CodeTry;
use rstest::rstest;

use crate::store::cellar::{CROWD, Cellar, count, moment};
use crate::store::text_codes::{MOST, code, tried};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_that_try_the_right_code_has_it(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for round in 0..4 {
        cellar.store.put_text_code(&code(1, round)).await.unwrap();
        let tries = cellar.crowd(move |store, _| async move {
            store.try_text_code(&tried(1, round), MOST, moment(1)).await.unwrap()
        });
        let tries = tries.await;
        assert_eq!((count(&tries, CodeTry::Right), count(&tries, CodeTry::NotFound)), (1, CROWD - 1));
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_guesses_is_looked_at_no_further_than_one_guesser(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.store.put_text_code(&code(1, 255)).await.unwrap();
    let tries = cellar.crowd(|store, number| async move {
        let guess = tried(1, u8::try_from(number).unwrap());
        store.try_text_code(&guess, MOST, moment(1)).await.unwrap()
    });
    let tries = tries.await;
    assert_eq!(count(&tries, CodeTry::Wrong), MOST as usize);
    assert_eq!(count(&tries, CodeTry::NoTriesLeft), CROWD - MOST as usize);
    assert_eq!(cellar.try_code(&tried(1, 255)).await, CodeTry::NoTriesLeft);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_replaced_whole_while_it_is_tried(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.store.put_text_code(&code(1, 0)).await.unwrap();
    let tries = cellar.crowd(|store, number| async move {
        if number % 4 == 0 {
            store.put_text_code(&code(1, 7)).await.unwrap();
            return None;
        }
        Some(store.try_text_code(&tried(1, 7), MOST, moment(1)).await.unwrap())
    });
    let right = count(&tries.await, Some(CodeTry::Right));
    assert!(right <= CROWD / 4, "at most once for each time it was put: {right}");
}
