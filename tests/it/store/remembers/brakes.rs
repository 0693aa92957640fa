//! Failures are summed by key as long as their window is open, by the database's own time.

use std::time::Duration;

use couplet::model::brake::{BrakeKey, BrakeKind, Tally};
use rstest::rstest;

use crate::store::cellar::Cellar;
use crate::support::app::Backend::{self, Postgres, Sqlite};
use crate::support::rows::Rows;

/// How long every window here lasts.
pub const WINDOW: Duration = Duration::from_secs(300);

/// Failures of a key; another number is another key.
pub fn tally(number: u8, failures: u32) -> Tally {
    let key = BrakeKey::new(BrakeKind::Account, &[number; 32]);
    Tally { key, age: Duration::ZERO, window: WINDOW, failures }
}

/// The same whose window began some seconds ago.
pub fn aged(number: u8, failures: u32, seconds: u64) -> Tally {
    Tally { age: Duration::from_secs(seconds), ..tally(number, failures) }
}

/// What the last minute brought: key and failures, in the order of the keys.
pub async fn sums(cellar: &Cellar) -> Vec<(BrakeKey, u32)> {
    let found = cellar.store.failures_within(Duration::from_secs(60), 99).await.unwrap();
    let mut sums: Vec<_> = found.iter().map(|tally| (tally.key, tally.failures)).collect();
    sums.sort_unstable();
    sums
}

#[rstest]
#[tokio::test]
async fn failures_add_up_by_key(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    assert_eq!(sums(&cellar).await, []);
    cellar.store.add_failures(&[]).await.unwrap();
    cellar.store.add_failures(&[tally(2, 5), tally(1, 3)]).await.unwrap();
    cellar.store.add_failures(&[tally(1, 4)]).await.unwrap();
    assert_eq!(sums(&cellar).await, [(tally(1, 0).key, 7), (tally(2, 0).key, 5)]);
}

#[rstest]
#[tokio::test]
async fn a_window_keeps_its_beginning_and_its_length(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.store.add_failures(&[aged(1, 1, 100)]).await.unwrap();
    cellar.store.add_failures(&[tally(1, 1)]).await.unwrap();
    let found = cellar.store.failures_within(WINDOW, 9).await.unwrap();
    assert_eq!((found.len(), found[0].window, found[0].failures), (1, WINDOW, 2));
    let age = found[0].age.as_secs();
    assert!((100..130).contains(&age), "{age}");
}

#[rstest]
#[tokio::test]
async fn a_window_that_is_over_is_not_told_and_makes_room_for_another(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    cellar.store.add_failures(&[aged(1, 9, 300), aged(2, 9, 200)]).await.unwrap();
    assert_eq!(sums(&cellar).await, [(tally(2, 0).key, 9)]);
    cellar.store.add_failures(&[tally(1, 1), tally(2, 1)]).await.unwrap();
    assert_eq!(sums(&cellar).await, [(tally(1, 0).key, 1), (tally(2, 0).key, 10)]);
}

#[rstest]
#[tokio::test]
async fn only_what_changed_within_the_time_is_told_the_latest_first(#[values(Sqlite, Postgres)] backend: Backend) {
    let cellar = Cellar::on(backend).await;
    for number in 1..=3 {
        cellar.store.add_failures(&[aged(number, 1, 100)]).await.unwrap();
    }
    let mut rows = Rows::of(&cellar.database).await;
    for number in 1..=3_u8 {
        let key = rows.bytes(tally(number, 0).key.as_bytes());
        let by = u32::from(number) * 10_000;
        rows.change(&format!("UPDATE brakes SET changed_at = changed_at - {by} WHERE key = {key}")).await;
    }
    let told = |time, limit| {
        let store = cellar.store.clone();
        async move {
            let found = store.failures_within(Duration::from_secs(time), limit).await.unwrap();
            found.iter().map(|tally| tally.key).collect::<Vec<_>>()
        }
    };
    let [first, second, third] = [1, 2, 3].map(|number| tally(number, 0).key);
    assert_eq!(told(1, 9).await, []);
    assert_eq!(told(19, 9).await, [first]);
    assert_eq!(told(300, 9).await, [first, second, third]);
    assert_eq!(told(300, 2).await, [first, second]);
}

#[rstest]
#[tokio::test]
async fn what_was_written_before_the_clock_was_set_back_shuts_nothing_for_longer(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let cellar = Cellar::on(backend).await;
    cellar.store.add_failures(&[tally(1, 9), tally(2, 2)]).await.unwrap();
    let mut rows = Rows::of(&cellar.database).await;
    let key = rows.bytes(tally(1, 0).key.as_bytes());
    let hour = 3_600_000;
    let ahead = format!("began_at = began_at + {hour}, ends_at = ends_at + {hour}, changed_at = changed_at + {hour}");
    rows.change(&format!("UPDATE brakes SET {ahead} WHERE key = {key}")).await;
    assert_eq!(sums(&cellar).await, [(tally(2, 0).key, 2)]);
    cellar.store.add_failures(&[tally(1, 1)]).await.unwrap();
    assert_eq!(sums(&cellar).await, [(tally(1, 0).key, 1), (tally(2, 0).key, 2)]);
}
