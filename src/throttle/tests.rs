//! What a brake promises, within one process and between two.

use std::time::Duration;

use super::{Limit, MOST_KEYS, Throttle, Wait};
use crate::model::brake::{BrakeKind, Tally};

const MINUTE: Duration = Duration::from_secs(60);

fn brake(count: u32, per: Duration) -> Throttle {
    Throttle::new(BrakeKind::Account, Some(Limit { count, per }), [1; 32])
}

fn fail(brake: &Throttle, key: &[u8], times: u32) {
    (0..times).for_each(|_| brake.fail(key).unwrap());
}

/// What the table of all processes says after one of them told it something.
fn summed(told: &[Tally], before: u32) -> Vec<Tally> {
    told.iter().map(|tally| Tally { failures: tally.failures + before, ..*tally }).collect()
}

#[test]
fn beyond_the_limit_one_waits_and_others_do_not() {
    let brake = brake(2, MINUTE);
    fail(&brake, b"a", 2);
    let Err(Wait(wait)) = brake.fail(b"a") else { panic!("admitted a third time") };
    assert!(wait <= MINUTE && wait > Duration::from_secs(50));
    assert!(brake.look(b"a").is_err());
    assert_eq!((brake.look(b"b"), brake.fail(b"b")), (Ok(()), Ok(())));
}

#[test]
fn attempts_that_turn_out_well_do_not_count() {
    let brake = brake(1, MINUTE);
    for _ in 0..10 {
        brake.admit(b"a").unwrap().forgive();
    }
    assert!(brake.windows().is_empty(), "and leave nothing behind");
}

#[test]
fn an_attempt_that_nobody_waited_for_counts() {
    let brake = brake(1, MINUTE);
    drop(brake.admit(b"a").unwrap());
    assert!(brake.fail(b"a").is_err());
}

#[test]
fn attempts_at_the_same_moment_do_not_slip_past_and_wait_for_a_moment_only() {
    let brake = brake(2, MINUTE);
    let (one, other) = (brake.admit(b"a").unwrap(), brake.admit(b"a").unwrap());
    assert_eq!(brake.fail(b"a"), Err(Wait(Duration::from_secs(1))));
    one.forgive();
    drop(other);
    assert_eq!(brake.fail(b"a"), Ok(()));
}

#[test]
fn time_heals() {
    let brake = brake(1, Duration::from_millis(1));
    fail(&brake, b"a", 1);
    std::thread::sleep(Duration::from_millis(2));
    fail(&brake, b"a", 1);
}

#[test]
fn without_a_limit_nothing_is_counted() {
    let brake = Throttle::new(BrakeKind::Account, None, [1; 32]);
    fail(&brake, b"a", 1000);
    assert!(brake.windows().is_empty() && brake.take(9).is_empty());
}

#[test]
fn a_limit_reached_in_one_process_holds_in_the_other() {
    let (here, there) = (brake(4, MINUTE), brake(4, MINUTE));
    fail(&here, b"a", 4);
    there.learn(&here.take(9));
    assert!(there.look(b"a").is_err());
    assert_eq!(there.look(b"b"), Ok(()));
}

#[test]
fn failures_here_and_there_add_up() {
    let (here, there) = (brake(4, MINUTE), brake(4, MINUTE));
    fail(&there, b"a", 2);
    let before = there.take(9);
    fail(&here, b"a", 2);
    let together = summed(&here.take(9), before[0].failures);
    for process in [&here, &there] {
        process.learn(&together);
        process.learn(&together);
        assert!(process.look(b"a").is_err());
        assert!(process.take(9).is_empty(), "what was learnt is not told again");
    }
}

#[test]
fn what_is_counted_while_telling_is_not_forgotten_by_learning() {
    let brake = brake(4, MINUTE);
    fail(&brake, b"a", 3);
    let told = brake.take(9);
    fail(&brake, b"a", 1);
    brake.learn(&told);
    assert!(brake.look(b"a").is_err());
    assert_eq!(brake.take(9)[0].failures, 1);
}

#[test]
fn what_could_not_be_told_is_told_again_and_holds_here_all_along() {
    let brake = brake(2, MINUTE);
    fail(&brake, b"a", 2);
    let told = brake.take(9);
    assert!(brake.take(9).is_empty());
    brake.take_back(&told);
    assert!(brake.look(b"a").is_err());
    assert_eq!(brake.take(9)[0].failures, 2);
}

#[test]
fn a_window_that_is_over_elsewhere_shuts_nothing() {
    let brake = brake(2, MINUTE);
    let of_another = |tally: &Tally| Tally { age: MINUTE, ..*tally };
    fail(&brake, b"a", 2);
    let old: Vec<Tally> = brake.take(9).iter().map(of_another).collect();
    let fresh = self::brake(2, MINUTE);
    fresh.learn(&old);
    assert_eq!(fresh.look(b"a"), Ok(()));
}

#[test]
fn the_wait_is_that_of_the_window_and_not_of_the_learning() {
    let (here, there) = (brake(2, MINUTE), brake(2, MINUTE));
    fail(&here, b"a", 2);
    let aged: Vec<Tally> = here.take(9).iter().map(|told| Tally { age: MINUTE / 2, ..*told }).collect();
    there.learn(&aged);
    let Err(Wait(wait)) = there.look(b"a") else { panic!("admitted") };
    assert!(wait <= MINUTE / 2, "{wait:?}");
}

#[test]
fn single_failures_are_not_told_and_the_most_guessed_come_first() {
    let brake = brake(10, MINUTE);
    for number in 0..200_u8 {
        fail(&brake, &[number], 1);
    }
    assert!(brake.take(9).is_empty());
    fail(&brake, b"few", 2);
    fail(&brake, b"many", 9);
    assert_eq!(brake.take(1)[0].failures, 9);
    assert_eq!(brake.take(9).len(), 1);
}

#[test]
fn an_attempt_that_others_admitted_counts_beyond_the_limit() {
    let brake = brake(1, MINUTE);
    (0..5).for_each(|_| drop(brake.begin(b"a")));
    brake.begin(b"a").forgive();
    assert!(brake.fail(b"a").is_err());
    assert_eq!(brake.take(9)[0].failures, 5);
}

#[test]
fn a_brake_does_not_learn_from_another_kind() {
    let (accounts, addresses) = (brake(2, MINUTE), Throttle::new(BrakeKind::Address, accounts_limit(), [1; 32]));
    fail(&accounts, b"a", 2);
    addresses.learn(&accounts.take(9));
    assert!(addresses.windows().is_empty());
}

fn accounts_limit() -> Option<Limit> {
    Some(Limit { count: 2, per: MINUTE })
}

#[test]
fn a_flood_of_names_stays_bounded_and_opens_no_door() {
    let brake = brake(3, MINUTE);
    fail(&brake, b"guessed", 3);
    for number in 0..3 * u32::try_from(MOST_KEYS).unwrap() {
        fail(&brake, &number.to_be_bytes(), 1);
    }
    assert!(brake.windows().len() <= MOST_KEYS);
    assert!(brake.look(b"guessed").is_err());
}

#[test]
fn when_all_are_equally_shut_the_latest_stay_so() {
    let brake = brake(1, MINUTE);
    let latest = u32::try_from(MOST_KEYS).unwrap();
    for number in 0..=latest {
        fail(&brake, &number.to_be_bytes(), 1);
    }
    assert!(brake.look(&latest.to_be_bytes()).is_err() && brake.look(&(latest - 1).to_be_bytes()).is_err());
    assert!(brake.windows().len() >= MOST_KEYS / 3, "{}", brake.windows().len());
}
