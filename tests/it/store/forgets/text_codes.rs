//! Codes that are over are forgotten in small steps, and no others.

use couplet::model::text_code::CodeTry;
use rstest::rstest;

use crate::store::cellar::{Cellar, moment};
use crate::store::text_codes::{code, tried};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn expired_codes_go_in_small_steps(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for key in 0..5 {
        cellar.store.put_text_code(&code(key, 1)).await.unwrap();
    }
    let mut lives = code(9, 1);
    lives.expires_at = moment(601);
    cellar.store.put_text_code(&lives).await.unwrap();
    assert_eq!(cellar.store.purge_text_codes(2, moment(600)).await.unwrap(), 0, "not before they are over");
    for forgotten in [2, 2, 1, 0] {
        assert_eq!(cellar.store.purge_text_codes(2, moment(601)).await.unwrap(), forgotten);
    }
    assert_eq!(cellar.try_code(&tried(0, 1)).await, CodeTry::NotFound);
    assert_eq!(cellar.try_code(&tried(9, 1)).await, CodeTry::Right);
}
