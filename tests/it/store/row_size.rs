//! A link costs the same bytes however often it is refreshed.

use couplet::model::ids::GrantId;
use rstest::rstest;

use super::cellar::{Cellar, moment, successor};
use crate::support::app::Backend::{self, Postgres, Sqlite};

async fn rotate(cellar: &Cellar, link: GrantId, times: i64) {
    for at in 0..times {
        let from = cellar.active(link).await.refresh;
        let to = successor(&from, moment(2 + at));
        cellar.store.rotate_refresh(link, &from, &to, moment(2 + at)).await.unwrap();
        cellar.store.note_refresh_used(link, to.generation).await.unwrap();
    }
}

/// The bytes of all grants: on PostgreSQL whole rows, on SQLite all columns but the numbers, which have at most 8 bytes.
async fn stored(cellar: &Cellar, backend: Backend) -> i64 {
    let query = match backend {
        Sqlite => {
            "SELECT SUM(length(scope) + length(state) + length(code_hash) + length(redirect_uri) \
             + COALESCE(length(code_challenge), 0) + length(refresh_hash) + length(rotations)) FROM grants"
        }
        Postgres => "SELECT CAST(SUM(pg_column_size(g.*)) AS BIGINT) FROM grants g",
    };
    cellar.raw().await.number(query).await
}

#[rstest]
#[tokio::test]
async fn a_row_is_as_long_after_200_rotations_as_after_the_first(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let links = [cellar.link().await, cellar.link().await];
    for link in links {
        rotate(&cellar, link, 1).await;
    }
    let first = stored(&cellar, backend).await;
    for link in links {
        rotate(&cellar, link, 199).await;
    }
    assert_eq!(stored(&cellar, backend).await, first);
    assert_eq!(cellar.raw().await.number("SELECT count(*) FROM grants").await, 2);
}

#[tokio::test]
async fn sqlite_needs_no_page_for_a_rotation() {
    let cellar = Cellar::on(Sqlite).await;
    let link = cellar.link().await;
    let before = cellar.raw().await.number("PRAGMA page_count").await;
    rotate(&cellar, link, 200).await;
    assert_eq!(cellar.raw().await.number("PRAGMA page_count").await, before);
}
