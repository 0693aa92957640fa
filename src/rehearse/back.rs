//! Owns what the platform's servers do with one link: exchange, repeats, refreshes in parallel, wrong tokens, unlink.
//! Leaves the rules for single answers to `token_answer`.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::attempt::{Attempt, random_text};
use super::reciprocal::Reciprocal;
use super::report::{Fault, Logbook, Verdict};
use super::simulate::Onward;
use super::token_answer::{Tokens, check_error, check_time, check_tokens, outcome};
use super::token_client::TokenClient;
use super::wire::{Recorded, WireFault};
use crate::model::random::Randomness;
use crate::model::secret::PlainSecret;

/// How many hosts of the platform refresh at the same time.
const PARALLEL: usize = 8;

/// The servers' part of one round.
pub(super) struct Back<'a> {
    pub(super) client: TokenClient<'a>,
    pub(super) attempt: &'a Attempt,
    pub(super) deadline: Duration,
    pub(super) randomness: &'a dyn Randomness,
}

/// What the platform keeps of a link.
struct Link {
    access_token: Option<PlainSecret>,
    refresh_token: PlainSecret,
}

type Answer = Result<Recorded, WireFault>;

impl Back<'_> {
    /// Makes the link, uses it hard, and unlinks it again.
    pub(super) async fn use_code(&self, code: &PlainSecret, logbook: &mut Logbook<'_>) -> Onward {
        let answer = self.exchange(code, logbook).await;
        if is_invalid_client(&answer) {
            return self.stranger(logbook).await;
        }
        let tokens = tokens_of(&answer);
        let Some(refresh_token) = tokens.refresh_token else {
            logbook.stop("a refresh token");
            self.present_wrong_things(logbook).await;
            if let Some(access_token) = tokens.access_token {
                // Not a step: it only takes back what the exchange left behind.
                let _ = self.client.revoke(&access_token).await;
            }
            return Onward::Go;
        };
        let mut link = Link { access_token: tokens.access_token, refresh_token };
        if self.repeat_exchange(code, &mut link, logbook).await {
            self.refresh(&mut link, logbook).await;
            self.old_access_token(&link, logbook).await;
            self.reciprocal(&link, logbook).await;
        } else {
            logbook.stop("a link that went on after the repeat");
        }
        self.present_wrong_things(logbook).await;
        self.unlink(&link, logbook).await;
        Onward::Go
    }

    /// What is left when the server does not know the client: every further call would get that same answer, so no
    /// other is judged. Asks once with the other authentication, to tell a wrong secret from a way that is not taken.
    async fn stranger(&self, logbook: &mut Logbook<'_>) -> Onward {
        let other = TokenClient { authentication: self.client.authentication.other(), ..self.client };
        let made_up: PlainSecret = random_text(self.randomness).into();
        if is_invalid_client(&other.refresh(&made_up).await) {
            return Onward::Stop;
        }
        logbook.stop("a client that the server knows");
        Onward::Without(self.client.authentication)
    }

    async fn exchange(&self, code: &PlainSecret, logbook: &mut Logbook<'_>) -> Answer {
        let started = Instant::now();
        let answer = self.client.exchange(self.attempt, code).await;
        let verdict = self.judge(&answer, true).map(|()| describe(&answer));
        logbook.note("exchange", started.elapsed(), verdict);
        answer
    }

    /// The platform lost the answer and asks again; from now on it uses what the second answer held.
    async fn repeat_exchange(&self, code: &PlainSecret, link: &mut Link, logbook: &mut Logbook<'_>) -> bool {
        let started = Instant::now();
        let answer = self.client.exchange(self.attempt, code).await;
        let verdict = self.judge(&answer, true).map_err(|fault| {
            refused(fault, "repeat_refused", "status 200 for the identical exchange", "continue the link when the same client repeats an exchange within a minute: its first answer may be lost")
        });
        logbook.note("repeat_exchange", started.elapsed(), verdict.map(|()| "the link goes on".to_owned()));
        let continued = answer.as_ref().is_ok_and(|recorded| recorded.status == 200);
        link.take(tokens_of(&answer));
        continued
    }

    /// Refreshes from several hosts at once, of which half lose their answers, and once more from both sides.
    async fn refresh(&self, link: &mut Link, logbook: &mut Logbook<'_>) {
        let started = Instant::now();
        let refreshes = (0..PARALLEL).map(|_| self.client.refresh(&link.refresh_token));
        let answers = join_all(refreshes).await;
        let verdict = self.judge_parallel(&answers);
        logbook.note("parallel_refresh", started.elapsed(), verdict);

        let kept = answers.iter().step_by(2).map(tokens_of);
        let kept = kept.filter_map(|tokens| tokens.refresh_token).next_back();
        let started = Instant::now();
        let verdict = self.next_refresh(link, kept).await;
        logbook.note("next_refresh", started.elapsed(), verdict);
    }

    fn judge_parallel(&self, answers: &[Answer]) -> Verdict {
        let faults: Vec<Fault> = answers.iter().filter_map(|answer| self.judge(answer, false).err()).collect();
        let count = faults.len();
        match faults.into_iter().next() {
            None => Ok(format!("{PARALLEL} at once answered; half of the answers thrown away")),
            Some(fault) => Err(refused(
                fault,
                "parallel_refresh_refused",
                format!("status 200 for each of {PARALLEL} refreshes at once ({count} failed)"),
                "let all refreshes with one token succeed: platforms refresh from several hosts",
            )),
        }
    }

    /// First the host that lost its answer, then one that kept it.
    async fn next_refresh(&self, link: &mut Link, kept: Option<PlainSecret>) -> Verdict {
        let lost = |fault| {
            refused(
                fault,
                "lost_answer_cost_the_link",
                "status 200 with each refresh token that a host still holds",
                "keep the former refresh token valid until its successor is used",
            )
        };
        let previous = link.refresh_token.clone();
        let successor = kept.filter(|kept| kept.expose() != previous.expose());
        let rotates = successor.is_some();
        for refresh_token in [Some(previous), successor].into_iter().flatten() {
            let answer = self.client.refresh(&refresh_token).await;
            self.judge(&answer, false).map_err(lost)?;
            link.refresh_token = tokens_of(&answer).refresh_token.unwrap_or(refresh_token);
        }
        Ok(match rotates {
            true => "the server rotates; the former token and its successor both work".to_owned(),
            false => "the same refresh token goes on".to_owned(),
        })
    }

    async fn old_access_token(&self, link: &Link, logbook: &mut Logbook<'_>) {
        let started = Instant::now();
        let answer = match &link.access_token {
            Some(access_token) => self.client.introspect(access_token).await,
            None => None,
        };
        let verdict = match &answer {
            None => Ok("not checked: no access token, or no introspection offered".to_owned()),
            Some(Err(fault)) => Err(fault.clone().into()),
            Some(Ok(recorded)) => judge_introspection(recorded),
        };
        logbook.note("old_access_token", started.elapsed(), verdict);
    }

    async fn reciprocal(&self, link: &Link, logbook: &mut Logbook<'_>) {
        let started = Instant::now();
        let verdict = match &link.access_token {
            None => Ok("not checked: no access token".to_owned()),
            Some(access_token) => {
                let (client, deadline, randomness) = (self.client, self.deadline, self.randomness);
                Reciprocal { client, access_token, deadline, randomness }.rehearse().await
            }
        };
        logbook.note("reciprocal", started.elapsed(), verdict);
    }

    /// Tokens, codes and secrets that the server never issued.
    async fn present_wrong_things(&self, logbook: &mut Logbook<'_>) {
        let made_up: PlainSecret = random_text(self.randomness).into();

        let started = Instant::now();
        let answer = self.client.refresh(&made_up).await;
        let verdict = self.judge_refusal(&answer, &[400], "invalid_grant");
        logbook.note("bad_refresh_token", started.elapsed(), verdict);

        let started = Instant::now();
        let answer = self.client.exchange(self.attempt, &made_up).await;
        let verdict = self.judge_refusal(&answer, &[400], "invalid_grant");
        logbook.note("bad_code", started.elapsed(), verdict);

        let started = Instant::now();
        let stranger = TokenClient { client_secret: &made_up, ..self.client };
        let answer = stranger.refresh(&made_up).await;
        let verdict = self.judge_refusal(&answer, &[401, 400], "invalid_client");
        logbook.note("wrong_secret", started.elapsed(), verdict);
    }

    async fn unlink(&self, link: &Link, logbook: &mut Logbook<'_>) {
        let started = Instant::now();
        let verdict = match self.client.revoke(&link.refresh_token).await {
            None => Ok("not done: no revocation offered, so this link stays on the server".to_owned()),
            Some(answer) => self.judge_unlink(&answer, link).await,
        };
        logbook.note("unlink", started.elapsed(), verdict);
    }

    async fn judge_unlink(&self, answer: &Answer, link: &Link) -> Verdict {
        let recorded = answer.as_ref().map_err(|fault| fault.clone())?;
        if recorded.status != 200 {
            let mend = "answer a revocation with 200 (RFC 7009 section 2.2)";
            return Err(Fault::new("revoke_refused", "status 200", outcome(recorded), mend));
        }
        let after = self.client.refresh(&link.refresh_token).await;
        if after.as_ref().is_ok_and(|recorded| recorded.status == 200) {
            let mend = "end the whole link when its refresh token is revoked";
            return Err(Fault::new("link_outlived_unlink", "400 invalid_grant", "a refresh that works", mend));
        }
        let refusal = self.judge_refusal(&after, &[400], "invalid_grant")?;
        Ok(format!("revoked; a refresh afterwards gets {refusal}"))
    }

    fn judge(&self, answer: &Answer, refresh_required: bool) -> Result<(), Fault> {
        check_tokens(check_time(answer, self.deadline)?, refresh_required)
    }

    fn judge_refusal(&self, answer: &Answer, statuses: &[u16], code: &str) -> Verdict {
        let recorded = check_time(answer, self.deadline)?;
        check_error(recorded, statuses, code)?;
        Ok(outcome(recorded))
    }
}

impl Link {
    fn take(&mut self, tokens: Tokens) {
        if let Some(refresh_token) = tokens.refresh_token {
            self.refresh_token = refresh_token;
        }
        if tokens.access_token.is_some() {
            self.access_token = tokens.access_token;
        }
    }
}

fn tokens_of(answer: &Answer) -> Tokens {
    answer.as_ref().map(Tokens::of).unwrap_or_default()
}

fn is_invalid_client(answer: &Answer) -> bool {
    answer.as_ref().is_ok_and(|recorded| recorded.error_code().as_deref() == Some("invalid_client"))
}

fn describe(answer: &Answer) -> String {
    let tokens = tokens_of(answer);
    let length = |token: Option<PlainSecret>| token.map_or(0, |token| token.expose().len());
    let (access, refresh) = (length(tokens.access_token), length(tokens.refresh_token));
    format!("access token of {access} and refresh token of {refresh} characters")
}

/// A plain refusal gets the name of the rule it breaks here; other faults keep theirs.
fn refused(fault: Fault, reason: &'static str, expected: impl std::fmt::Display, mend: &str) -> Fault {
    if fault.reason != "token_status" {
        return fault;
    }
    let seen = fault.seen;
    Fault::new(reason, expected, seen, mend)
}

fn judge_introspection(recorded: &Recorded) -> Verdict {
    let active = recorded.json().and_then(|json| json.get("active").and_then(serde_json::Value::as_bool));
    match active {
        Some(true) => Ok("an access token from before the refreshes is still active".to_owned()),
        Some(false) => Err(Fault::new(
            "old_access_token_died",
            "an earlier access token active until its own expires_in",
            "an inactive one",
            "never end earlier access tokens at a refresh: requests with them are under way",
        )),
        None => Ok(format!("not checked: introspection answered {}", outcome(recorded))),
    }
}
