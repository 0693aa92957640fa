//! The rehearsal's hand-over of Alexa's own code: what breaks it is named, and a server without it is left in peace.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use couplet::rehearse::{Report, Step};
use rstest::rstest;

use super::broken::{failures, spoilt};
use crate::support::spoiler::{Spoil, Told};

fn is_hand_over(told: &Told) -> bool {
    told.path == "/oauth2/reciprocal"
}

/// Takes every code with a token of ours, as it should be.
fn take(told: &mut Told) {
    if is_hand_over(told) && told.authorization.starts_with("Bearer cpl") {
        told.become_empty(200);
    } else if is_hand_over(told) {
        told.become_empty(401);
        told.headers.insert("www-authenticate", "Bearer error=\"invalid_token\"".parse().unwrap());
    }
}

fn steps(report: &Report) -> Vec<&Step> {
    report.steps.iter().filter(|step| step.name == "reciprocal").collect()
}

#[rstest]
#[case::fault(|told: &mut Told| if is_hand_over(told) { told.become_empty(500) })]
#[case::foreign_token(|told: &mut Told| if is_hand_over(told) { told.become_empty(403) })]
#[case::redirect(|told: &mut Told| if is_hand_over(told) { told.become_empty(302) })]
#[tokio::test]
async fn a_code_that_is_not_taken_is_named(#[case] spoil: Spoil) {
    assert_eq!(failures(&spoilt(spoil, |_| {}).await), [("reciprocal", "reciprocal_refused")]);
}

#[tokio::test]
async fn a_repeated_code_that_is_not_taken_is_named() {
    static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let once: Spoil = |told| {
        take(told);
        if is_hand_over(told) && !SEEN.lock().unwrap().insert(told.posted.clone()) {
            told.become_empty(400);
        }
    };
    assert_eq!(failures(&spoilt(once, |_| {}).await), [("reciprocal", "reciprocal_repeat_refused")]);
}

#[rstest]
#[case::taken(|told: &mut Told| if is_hand_over(told) { told.become_empty(200) })]
#[case::no_challenge(|told: &mut Told| { take(told); told.headers.remove("www-authenticate"); })]
#[case::another_challenge(|told: &mut Told| {
    take(told);
    told.headers.insert("www-authenticate", "Basic realm=x".parse().unwrap());
})]
#[case::another_status(|told: &mut Told| {
    take(told);
    if is_hand_over(told) && told.status == 401 {
        told.status = 400;
    }
})]
#[tokio::test]
async fn a_made_up_access_token_that_is_not_refused_is_named(#[case] spoil: Spoil) {
    assert_eq!(failures(&spoilt(spoil, |_| {}).await), [("reciprocal", "reciprocal_takes_any_token")]);
}

#[tokio::test]
async fn a_hand_over_that_waits_for_the_platform_is_named() {
    let late: Spoil = |told| {
        take(told);
        if is_hand_over(told) {
            told.delay = Duration::from_millis(1100);
        }
    };
    let report = spoilt(late, |plan| plan.deadline = Duration::from_secs(1)).await;
    assert!(failures(&report).contains(&("reciprocal", "reciprocal_too_slow")), "{:?}", failures(&report));
    assert!(steps(&report)[0].detail.contains("exchange it afterwards"), "{}", steps(&report)[0]);
}

#[rstest]
#[case::no_endpoint(|told: &mut Told| if is_hand_over(told) { told.become_empty(404) }, "no reciprocal endpoint")]
#[case::no_post(|told: &mut Told| if is_hand_over(told) { told.become_empty(405) }, "no reciprocal endpoint")]
#[case::no_partner(|told: &mut Told| if is_hand_over(told) { told.become_error(400, "invalid_client") }, "has no partner")]
#[tokio::test]
async fn a_server_or_client_without_the_other_direction_is_left_in_peace(#[case] spoil: Spoil, #[case] words: &str) {
    let report = spoilt(spoil, |_| {}).await;
    assert!(report.passed);
    let details: Vec<_> = steps(&report).iter().map(|step| &*step.detail).collect();
    assert!(details.iter().all(|detail| detail.starts_with("not checked: ") && detail.contains(words)), "{details:?}");
    assert_eq!(details.len(), 4);
}

#[tokio::test]
async fn a_server_that_takes_codes_as_it_should_is_praised() {
    let report = spoilt(take, |_| {}).await;
    assert!(report.passed);
    assert!(steps(&report).iter().all(|step| step.detail.starts_with("a code was taken")), "{}", steps(&report)[0]);
}
