//! What refreshes do to tokens in force: leases, pauses, late answers.

use super::*;

#[test]
fn a_refresh_is_begun_by_one_until_its_lease_is_over() {
    let link = active().refresh_begun(at(5), LEASE).unwrap();
    assert_eq!(link.clone().refresh_begun(at(34), LEASE), None);
    let again = link.refresh_begun(at(35), LEASE).unwrap();
    assert_eq!(in_force(&again).leased_until, Some(at(65)));
}

#[test]
fn there_is_nothing_to_refresh_without_tokens() {
    let revoked = active().refresh_refused(&tokens(1), "refused", at(20)).unwrap();
    for link in [pending(), failed(pending(), 1).unwrap(), revoked] {
        assert_eq!(link.refresh_begun(at(20), LEASE), None);
    }
}

#[test]
fn refreshed_tokens_are_in_force_without_a_lease() {
    let begun = active().refresh_begun(at(5), LEASE).unwrap();
    let new = SealedTokens { access: vec![7], refresh: Some(vec![8]), ..tokens(1) };
    let link = begun.refreshed(&tokens(1), new.clone(), at(30)).unwrap();
    assert_eq!(in_force(&link), &SealedTokens { id: TokensId { serial: 1, ..new.id }, ..new });
    assert_eq!((link.changed_at, link.last_error), (at(30), None));
}

#[test]
fn a_refresh_without_a_new_refresh_token_keeps_the_old_one() {
    let new = SealedTokens { access: vec![7], refresh: None, ..tokens(1) };
    let link = active().refreshed(&tokens(1), new, at(30)).unwrap();
    assert_eq!((&in_force(&link).access, &in_force(&link).refresh), (&vec![7], &Some(vec![1, 2])));
}

#[test]
fn a_refresh_is_ignored_when_other_tokens_are_in_force() {
    let newer_code = exchanged(another(active(), 2), 2).unwrap();
    let newer_serial = active().refreshed(&tokens(1), tokens(1), at(30)).unwrap();
    for link in [newer_code, newer_serial, pending()] {
        assert_eq!(link.clone().refreshed(&tokens(1), tokens(1), at(40)), None);
        assert_eq!(link.clone().refresh_postponed(&tokens(1), "no answer", PAUSE, at(40)), None);
        assert_eq!(link.refresh_refused(&tokens(1), "refused", at(40)), None);
    }
}

#[test]
fn a_refresh_without_an_answer_keeps_the_tokens_and_lets_the_next_begin_after_the_pause() {
    let begun = active().refresh_begun(at(5), LEASE).unwrap();
    let used = in_force(&begun).clone();
    let link = begun.refresh_postponed(&used, "no answer", PAUSE, at(6)).unwrap();
    assert_eq!((&in_force(&link).refresh, link.last_error.as_deref()), (&tokens(1).refresh, Some("no answer")));
    assert_eq!(link.clone().refresh_begun(at(25), LEASE), None);
    assert!(link.refresh_begun(at(26), LEASE).is_some());
}

#[test]
fn a_refresh_that_someone_else_has_taken_on_is_not_postponed() {
    let begun = active().refresh_begun(at(5), LEASE).unwrap();
    let used = in_force(&begun).clone();
    let taken_on = begun.refresh_begun(at(35), LEASE).unwrap();
    assert_eq!(taken_on.refresh_postponed(&used, "no answer", PAUSE, at(36)), None);
}

#[test]
fn tokens_win_over_the_refusal_of_a_later_refresh_with_the_same_token() {
    let revoked = active().refresh_refused(&tokens(1), "refused", at(30)).unwrap();
    let link = revoked.refreshed(&tokens(1), SealedTokens { access: vec![7], ..tokens(1) }, at(31)).unwrap();
    assert_eq!((&in_force(&link).access, link.last_error.as_deref()), (&vec![7], None));
    let newer = active().refreshed(&tokens(1), tokens(1), at(30)).unwrap();
    assert_eq!(newer.refresh_refused(&tokens(1), "refused", at(31)), None);
}

#[test]
fn tokens_without_a_refresh_token_end_as_failed() {
    let link = active().ended(&tokens(1), "over", at(30)).unwrap();
    assert_eq!((&link.state, link.last_error.as_deref()), (&ReverseState::Failed, Some("over")));
}

#[test]
fn a_refused_refresh_revokes_the_link() {
    let link = active().refresh_refused(&tokens(1), "refused", at(30)).unwrap();
    assert_eq!((&link.state, link.last_error.as_deref()), (&ReverseState::Revoked(tokens(1).id), Some("refused")));
}

#[test]
fn a_refused_refresh_waits_for_the_code_that_came_meanwhile() {
    let link = another(active(), 2).refresh_refused(&tokens(1), "refused", at(30)).unwrap();
    assert_eq!((&link.state, waiting(&link)), (&ReverseState::Pending, Some(2)));
}
