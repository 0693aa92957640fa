//! Windows that are over go, open ones stay.

use rstest::rstest;

use crate::store::cellar::Cellar;
use crate::store::remembers::brakes::{aged, sums, tally};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn windows_that_are_over_go_up_to_the_limit(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let over: Vec<_> = (1..=5).map(|number| aged(number, 9, 300)).collect();
    cellar.store.add_failures(&over).await.unwrap();
    cellar.store.add_failures(&[aged(6, 9, 200), tally(7, 9)]).await.unwrap();
    for forgotten in [2, 2, 1, 0] {
        assert_eq!(cellar.store.purge_brakes(2).await.unwrap(), forgotten);
    }
    assert_eq!(sums(&cellar).await, [(tally(6, 0).key, 9), (tally(7, 0).key, 9)]);
    assert_eq!(cellar.raw().await.number("SELECT count(*) FROM brakes").await, 2);
}
