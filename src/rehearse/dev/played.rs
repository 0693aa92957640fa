//! Owns the steps of the link on the page of `couplet dev`: what is shown of each, and its verdict in words. Leaves their order
//! to its parent.

use std::fmt;
use std::time::Duration;

use crate::rehearse::report::Fault;
use crate::rehearse::token_answer::{Tokens, outcome};
use crate::rehearse::wire::{Recorded, WireFault};

/// One step of the link. Holds secrets: `Debug` leaves the raw messages out.
pub struct Played {
    /// What the platform did.
    pub name: &'static str,
    /// What came of it.
    pub verdict: String,
    /// Whether the platform would go on.
    pub passed: bool,
    /// From the request to the answer; zero where a person or the browser took the time.
    pub took: Duration,
    /// The raw request.
    pub request: String,
    /// The raw answer.
    pub answer: String,
}

impl fmt::Debug for Played {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Played");
        shown.field("name", &self.name).field("passed", &self.passed).field("verdict", &self.verdict);
        shown.field("took", &self.took).finish_non_exhaustive()
    }
}

impl Played {
    /// A step that was not taken, and why that is no fault.
    pub(super) fn skipped(name: &'static str, why: &str) -> Self {
        let (request, answer) = (String::new(), String::new());
        Self { name, verdict: why.to_owned(), passed: true, took: Duration::ZERO, request, answer }
    }
}

pub(super) fn is_active(answer: &Recorded) -> Result<(), Fault> {
    let active = answer.json().and_then(|json| json.get("active")?.as_bool());
    if active == Some(true) {
        return Ok(());
    }
    Err(Fault::new("old_access_token_died", "active: true", "something else", "a refresh must not end an access token"))
}

pub(super) fn expect_status(answer: &Recorded, status: u16, reason: &'static str) -> Result<(), Fault> {
    if answer.status == status {
        return Ok(());
    }
    Err(Fault::new(reason, format!("status {status}"), outcome(answer), "read the answer"))
}

/// Notes a step; gives the tokens of its answer when it passed.
pub(super) fn keep(
    played: &mut Vec<Played>,
    name: &'static str,
    answer: Result<Recorded, WireFault>,
    success: &'static str,
    check: impl Fn(&Recorded) -> Result<(), Fault>,
) -> Option<Tokens> {
    match answer {
        Ok(recorded) => {
            let checked = check(&recorded);
            let tokens = Tokens::of(&recorded);
            let passed = checked.is_ok();
            played.push(Played {
                name,
                verdict: words(checked.as_ref().map(|()| success)),
                passed,
                took: recorded.took,
                request: recorded.request,
                answer: recorded.answer,
            });
            passed.then_some(tokens)
        }
        Err(fault) => {
            let verdict = format!("No answer: {fault}");
            let (request, answer) = (String::new(), String::new());
            played.push(Played { name, verdict, passed: false, took: Duration::ZERO, request, answer });
            None
        }
    }
}

pub(super) fn words(outcome: Result<&'static str, &Fault>) -> String {
    let text = outcome.map_or_else(Fault::detail, str::to_owned);
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_raw_messages_of_a_step_are_not_in_its_debug_form() {
        let played = Played {
            name: "Exchange",
            verdict: "Expected status 200.".to_owned(),
            passed: false,
            took: Duration::ZERO,
            request: "client_secret=hidden".to_owned(),
            answer: "refresh_token=hidden".to_owned(),
        };
        let shown = format!("{played:?}");
        assert!(shown.contains("Exchange") && !shown.contains("hidden"), "{shown}");
    }

    #[test]
    fn a_verdict_begins_with_a_capital_letter() {
        let fault = Fault::new("token_status", "status 200", "status 400", "look");
        assert_eq!(words(Err(&fault)), "Expected status 200; saw status 400; mend: look");
        assert_eq!(words(Ok("The code came back.")), "The code came back.");
    }
}
