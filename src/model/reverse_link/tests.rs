//! The life of a reverse link, event by event.

mod refresh;

use std::time::Duration;

use uuid::Uuid;

use super::{
    ReverseLink, ReverseStanding, ReverseState, ReverseSummary, SealedTokens, SeenCodes, TokensId, WaitingCode,
};
use crate::model::ids::GrantId;
use crate::model::partner::PartnerName;
use crate::model::time::Timestamp;

const LEASE: Duration = Duration::from_secs(30);
/// Our account at the partner, and another one.
const ALEXA: [u8; 32] = [70; 32];
const OTHER: [u8; 32] = [71; 32];
const PAUSE: Duration = Duration::from_secs(20);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
}

fn partner(name: &str) -> PartnerName {
    PartnerName::parse(name).unwrap()
}

/// A code that came at 0 and lives until 300.
fn code(number: u8) -> WaitingCode {
    let expires_at = at(300);
    let (hash, profile) = ([number; 32], ALEXA);
    WaitingCode { sealed: vec![number], hash, profile, expires_at, attempts: 0, next_attempt_at: at(0) }
}

/// Tokens that began with a code.
fn tokens(from: u8) -> SealedTokens {
    SealedTokens {
        access: vec![from, 1],
        refresh: Some(vec![from, 2]),
        scope: None,
        id: TokensId { from: [from; 32], serial: 0 },
        profile: ALEXA,
        fresh_until: at(3300),
        expires_at: at(3600),
        leased_until: None,
    }
}

/// The first code waits.
fn pending() -> ReverseLink {
    ReverseLink::begun(GrantId(Uuid::nil()), partner("alexa"), code(1), at(0))
}

/// The first code was exchanged.
fn active() -> ReverseLink {
    exchanged(pending(), 1).unwrap()
}

fn another(link: ReverseLink, number: u8) -> ReverseLink {
    link.with_code(partner("alexa"), code(number), at(10))
}

fn exchanged(link: ReverseLink, from: u8) -> Option<ReverseLink> {
    link.exchanged(tokens(from), at(20))
}

fn failed(link: ReverseLink, number: u8) -> Option<ReverseLink> {
    link.exchange_failed(&[number; 32], "refused", at(20))
}

fn postponed(link: ReverseLink, number: u8, now: i64) -> Option<ReverseLink> {
    let begun = link.code.clone().filter(|code| code.hash[0] == number).unwrap_or_else(|| code(number));
    link.exchange_postponed(&begun, "no answer", PAUSE, at(now))
}

#[track_caller]
fn in_force(link: &ReverseLink) -> &SealedTokens {
    match &link.state {
        ReverseState::Active(tokens) => tokens,
        other => panic!("{other:?}"),
    }
}

fn waiting(link: &ReverseLink) -> Option<u8> {
    link.code.as_ref().map(|code| code.hash[0])
}

#[test]
fn a_first_code_waits_and_is_known() {
    let link = pending();
    assert_eq!((waiting(&link), &link.state, link.version), (Some(1), &ReverseState::Pending, 0));
    assert!(link.seen.contains(&[1; 32]) && !link.seen.contains(&[2; 32]));
    assert_eq!((link.created_at, link.changed_at, link.last_error), (at(0), at(0), None));
}

#[test]
fn an_exchanged_code_waits_no_more_and_its_tokens_are_in_force() {
    let link = active();
    assert_eq!((waiting(&link), in_force(&link)), (None, &tokens(1)));
    assert_eq!((link.created_at, link.changed_at), (at(0), at(20)));
}

#[test]
fn tokens_stay_in_force_while_another_code_of_their_partner_waits() {
    let link = another(active(), 2);
    assert_eq!((waiting(&link), in_force(&link)), (Some(2), &tokens(1)));
    assert!(link.seen.contains(&[1; 32]) && link.seen.contains(&[2; 32]));
    assert_eq!(link.changed_at, at(10));
}

#[test]
fn tokens_of_another_account_end_when_a_code_comes() {
    let link = active().with_code(partner("other"), WaitingCode { profile: OTHER, ..code(2) }, at(10));
    assert_eq!((&link.partner, &link.state, waiting(&link)), (&partner("other"), &ReverseState::Pending, Some(2)));
}

#[test]
fn tokens_that_come_late_from_another_account_are_ignored() {
    let link = pending().with_code(partner("alexa"), WaitingCode { profile: OTHER, ..code(2) }, at(10));
    assert_eq!(exchanged(link, 1), None);
}

#[test]
fn a_code_after_the_end_begins_anew() {
    let revoked = active().refresh_refused(&tokens(1), "refused", at(20)).unwrap();
    for ended in [failed(pending(), 1).unwrap(), revoked] {
        let link = another(ended, 2);
        assert_eq!((&link.state, waiting(&link), link.last_error), (&ReverseState::Pending, Some(2), None));
    }
}

#[test]
fn a_late_success_is_in_force_until_the_newer_code_is_exchanged() {
    let link = exchanged(another(pending(), 2), 1).unwrap();
    assert_eq!((waiting(&link), in_force(&link)), (Some(2), &tokens(1)));
    let link = exchanged(link, 2).unwrap();
    assert_eq!((waiting(&link), in_force(&link)), (None, &tokens(2)));
}

#[test]
fn tokens_of_an_older_code_do_not_replace_those_of_a_newer_one() {
    let link = exchanged(another(pending(), 2), 2).unwrap();
    assert_eq!(exchanged(link, 1), None);
}

#[test]
fn tokens_of_the_same_code_are_stored_once() {
    assert_eq!(exchanged(active(), 1), None);
}

#[test]
fn a_late_failure_of_an_older_code_changes_nothing() {
    let link = another(pending(), 2);
    assert_eq!(failed(link.clone(), 1), None);
    assert_eq!(postponed(link, 1, 20), None);
    assert_eq!(failed(active(), 1), None, "nothing waits");
}

#[test]
fn a_refused_code_fails_the_link() {
    let link = failed(pending(), 1).unwrap();
    assert_eq!((waiting(&link), &link.state), (None, &ReverseState::Failed));
    assert_eq!((link.last_error.as_deref(), link.changed_at), (Some("refused"), at(20)));
}

#[test]
fn a_refused_code_leaves_tokens_in_force() {
    let link = failed(another(active(), 2), 2).unwrap();
    assert_eq!((waiting(&link), in_force(&link)), (None, &tokens(1)));
    assert_eq!(link.last_error.as_deref(), Some("refused"));
}

#[test]
fn success_after_failure_mends_the_link() {
    let link = exchanged(another(failed(pending(), 1).unwrap(), 2), 2).unwrap();
    assert_eq!((in_force(&link), link.last_error.as_deref()), (&tokens(2), None));
    let late = exchanged(failed(pending(), 1).unwrap(), 1).unwrap();
    assert_eq!((in_force(&late), late.last_error.as_deref()), (&tokens(1), None));
}

#[test]
fn without_an_answer_the_code_is_tried_again_after_the_pause() {
    let link = postponed(postponed(pending(), 1, 5).unwrap(), 1, 30).unwrap();
    let waiting = link.code.as_ref().unwrap();
    assert_eq!((waiting.attempts, waiting.next_attempt_at, waiting.expires_at), (2, at(50), at(300)));
    assert_eq!((&link.state, link.last_error.as_deref()), (&ReverseState::Pending, Some("no answer")));
}

#[test]
fn a_code_is_tried_once_more_shortly_before_its_end() {
    let waiting = postponed(pending(), 1, 290).unwrap();
    assert_eq!((&waiting.state, waiting.code.unwrap().next_attempt_at), (&ReverseState::Pending, at(297)));
    let link = postponed(pending(), 1, 297).unwrap();
    assert_eq!((&link.state, link.code), (&ReverseState::Failed, None));
    let why = link.last_error.unwrap();
    assert!(why.contains("ended") && why.ends_with("no answer"), "{why}");
}

#[test]
fn a_try_that_someone_else_has_taken_on_is_not_postponed() {
    let begun = pending().exchange_begun(at(5), LEASE).unwrap();
    let taken_on = begun.clone().exchange_begun(at(35), LEASE).unwrap();
    assert_eq!(taken_on.exchange_postponed(&begun.code.unwrap(), "no answer", PAUSE, at(36)), None);
}

#[test]
fn a_code_that_is_not_due_or_not_there_is_not_begun() {
    let later = postponed(pending(), 1, 5).unwrap();
    assert_eq!(later.clone().exchange_begun(at(24), LEASE), None);
    assert!(later.exchange_begun(at(25), LEASE).is_some());
    assert_eq!(active().exchange_begun(at(25), LEASE), None);
}

#[test]
fn an_exchange_is_begun_by_one_until_its_lease_is_over() {
    let link = pending().exchange_begun(at(5), LEASE).unwrap();
    assert_eq!(link.clone().exchange_begun(at(34), LEASE), None);
    let again = link.exchange_begun(at(35), LEASE).unwrap();
    let waiting = again.code.unwrap();
    assert_eq!((waiting.next_attempt_at, waiting.attempts), (at(65), 0));
}

#[test]
fn the_latest_eight_codes_are_known() {
    let link = (2..=10).fold(pending(), another);
    let known: Vec<u8> = (0..=11).filter(|number| link.seen.contains(&[*number; 32])).collect();
    assert_eq!(known, (3..=10).collect::<Vec<_>>());
    let stored = link.seen.to_bytes();
    assert_eq!((stored.len(), SeenCodes::from_bytes(&stored)), (8 * 32, Some(link.seen)));
}

#[test]
fn a_code_that_was_forgotten_is_older_than_all_others() {
    let link = (2..=10).fold(active(), another);
    assert_eq!(in_force(&link), &tokens(1));
    assert!(link.has_seen(&[1; 32]), "its tokens are in force");
    let link = exchanged(link, 10).unwrap();
    assert!(!link.has_seen(&[1; 32]));
    assert_eq!((in_force(&link), exchanged(link.clone(), 1)), (&tokens(10), None));
}

#[test]
fn a_summary_names_every_standing_as_it_is_stored() {
    let revoked = active().refresh_refused(&tokens(1), "refused", at(20)).unwrap();
    for (link, name) in
        [(pending(), "pending"), (active(), "active"), (failed(pending(), 1).unwrap(), "failed"), (revoked, "revoked")]
    {
        let summary = ReverseSummary::from(link);
        assert_eq!((summary.standing.as_str(), ReverseStanding::parse(name)), (name, Some(summary.standing)));
    }
    assert_eq!(ReverseStanding::parse("Active"), None);
}
