//! No failure is lost when many are told at once.

use rstest::rstest;

use crate::store::cellar::{CROWD, Cellar};
use crate::store::remembers::brakes::{sums, tally};
use crate::support::app::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_tells_of_the_same_keys_is_summed(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    let outcomes = cellar.crowd(|store, number| async move {
        let mut tallies = [tally(1, 1), tally(2, 2), tally(3, 3)];
        tallies.rotate_left(number % 3);
        store.add_failures(&tallies).await.is_ok()
    });
    assert!(outcomes.await.iter().all(|added| *added), "none waits for another in circles");
    let crowd = u32::try_from(CROWD).unwrap();
    let expected = [1, 2, 3].map(|number: u8| (tally(number, 0).key, crowd * u32::from(number)));
    assert_eq!(sums(&cellar).await, expected);
}
