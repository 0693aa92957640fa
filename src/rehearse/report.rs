//! Owns the result of a rehearsal: steps with their time, a verdict, and for a failure a machine name and the mend.
//! Leaves printing and the exit code to the command line; nothing in a report is secret.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::wire::WireFault;

/// The whole rehearsal; serializes to what `--json` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The platform that was played.
    pub platform: &'static str,
    /// The server that was rehearsed against.
    pub base_url: String,
    /// Whether the platform would have linked and stayed linked: every step passed.
    pub passed: bool,
    /// All steps, in the order in which they were made.
    pub steps: Vec<Step>,
}

/// One step and its verdict; `Display` is one line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// The link this step belongs to, from 1.
    pub round: u8,
    /// Machine name of the step, such as `repeat_exchange`.
    pub name: &'static str,
    /// Whether the platform would have been content; a step that was skipped is neither passed nor a failure.
    pub passed: bool,
    /// Machine name of the failure, such as `state_changed`.
    pub reason: Option<&'static str>,
    /// What was seen; for a failure what was expected, what was seen, and the mend. Never a secret.
    pub detail: String,
    /// Time from the first byte sent to the last byte received, in milliseconds.
    pub took_ms: f64,
}

/// The reason of a step that stands for all that was not made, since it needs what an earlier step failed to give.
const STOPPED: &str = "round_stopped";

/// Why a step failed: a machine name and words without any secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {}", self.detail())]
pub struct Fault {
    /// Machine name, such as `state_changed`.
    pub reason: &'static str,
    /// What the platform needs; empty where what was seen says it.
    pub expected: String,
    /// What came in its place.
    pub seen: String,
    /// What to change at the server.
    pub mend: String,
}

/// What is said of a step: words for what was seen, or why it failed.
pub(super) type Verdict = Result<String, Fault>;

/// Collects the steps of one rehearsal and tells each to a listener as soon as it is over.
pub(super) struct Logbook<'a> {
    round: u8,
    steps: Vec<Step>,
    on_step: &'a mut dyn FnMut(&Step),
}

impl Report {
    /// A report over finished steps; it passes when there are steps and all of them passed.
    pub fn new(platform: &'static str, base_url: String, steps: Vec<Step>) -> Self {
        Self { platform, base_url, passed: !steps.is_empty() && steps.iter().all(|step| step.passed), steps }
    }

    /// How many steps failed; what was skipped because of them is left out.
    pub fn failures(&self) -> usize {
        self.steps.iter().filter(|step| !step.passed && !step.skipped()).count()
    }
}

impl Step {
    /// Whether this stands for steps that were not made.
    pub fn skipped(&self) -> bool {
        self.reason == Some(STOPPED)
    }
}

impl Fault {
    /// A failure in the three parts that help; none of them may hold a secret.
    pub fn new(
        reason: &'static str,
        expected: impl fmt::Display,
        seen: impl fmt::Display,
        mend: impl fmt::Display,
    ) -> Self {
        Self { reason, expected: expected.to_string(), seen: seen.to_string(), mend: mend.to_string() }
    }

    /// A failure whose cause says by itself what was expected; no part may hold a secret.
    pub fn plain(reason: &'static str, seen: impl fmt::Display, mend: impl fmt::Display) -> Self {
        Self::new(reason, "", seen, mend)
    }

    /// Expected, seen and mend in one line.
    pub fn detail(&self) -> String {
        if self.expected.is_empty() {
            return format!("{}; mend: {}", self.seen, self.mend);
        }
        format!("expected {}; saw {}; mend: {}", self.expected, self.seen, self.mend)
    }
}

impl From<WireFault> for Fault {
    fn from(fault: WireFault) -> Self {
        Self::new(
            "unreachable",
            "an answer over HTTP",
            fault,
            "check that the server runs, the address and port, DNS, the firewall, and the certificate with its chain",
        )
    }
}

impl<'a> Logbook<'a> {
    pub(super) fn new(on_step: &'a mut dyn FnMut(&Step)) -> Self {
        Self { round: 0, steps: Vec::new(), on_step }
    }

    pub(super) fn begin_round(&mut self, round: u8) {
        self.round = round;
    }

    /// Notes a step and tells the listener.
    pub(super) fn note(&mut self, name: &'static str, took: Duration, verdict: Verdict) {
        let passed = verdict.is_ok();
        let (reason, detail) = match verdict {
            Ok(detail) => (None, detail),
            Err(fault) => (Some(fault.reason), fault.detail()),
        };
        self.push(Step { round: self.round, name, passed, reason, detail, took_ms: milliseconds(took) });
    }

    /// Notes a step that began at `started`, and gives back what it got, so that a round can go on after a fault
    /// that leaves the next step possible.
    pub(super) fn keep<T>(
        &mut self,
        name: &'static str,
        started: Instant,
        result: Result<(T, Verdict), Fault>,
    ) -> Option<T> {
        let (value, verdict) = match result {
            Ok((value, verdict)) => (Some(value), verdict),
            Err(fault) => (None, Err(fault)),
        };
        self.note(name, started.elapsed(), verdict);
        value
    }

    /// Notes that the rest of a round was not made, since it needs what an earlier step failed to give.
    pub(super) fn stop(&mut self, needed: &'static str) {
        self.skip(format!("the rest of this round needs {needed}; mend the step above first"));
    }

    /// Notes in words what was not made, and why.
    pub(super) fn skip(&mut self, detail: String) {
        let (round, name) = (self.round, "stopped");
        self.push(Step { round, name, passed: false, reason: Some(STOPPED), detail, took_ms: 0.0 });
    }

    /// Why the step before failed, if it did.
    pub(super) fn last_reason(&self) -> Option<&'static str> {
        self.steps.last().and_then(|step| step.reason)
    }

    fn push(&mut self, step: Step) {
        (self.on_step)(&step);
        self.steps.push(step);
    }

    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps
    }
}

/// Milliseconds with a precision of one microsecond.
pub(super) fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1e6).round() / 1e3
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match (self.passed, self.skipped()) {
            (true, _) => "ok",
            (false, true) => "skipped",
            (false, false) => "FAILED",
        };
        let name = self.name.replace('_', " ");
        write!(f, "{} {verdict:<7} {name:<18}", self.round)?;
        write!(f, "{:>9.1} ms  ", self.took_ms)?;
        if let Some(reason) = self.reason {
            write!(f, "{reason}: ")?;
        }
        f.write_str(&self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(passed: bool) -> Step {
        Step {
            round: 2,
            name: "repeat_exchange",
            passed,
            reason: (!passed).then_some("repeat_refused"),
            detail: "expected 200".into(),
            took_ms: 12.34,
        }
    }

    #[test]
    fn a_report_without_steps_does_not_pass() {
        assert!(!Report::new("alexa", String::new(), Vec::new()).passed);
    }

    #[test]
    fn one_failed_step_fails_the_report() {
        let steps = vec![step(true), step(false)];
        assert!(!Report::new("alexa", String::new(), steps).passed);
    }

    #[test]
    fn what_was_skipped_is_no_failure_and_yet_no_success() {
        let mut on_step = |_: &Step| {};
        let mut logbook = Logbook::new(&mut on_step);
        logbook.note("sign_in", Duration::ZERO, Err(Fault::plain("sign_in_refused", "the form again", "try another")));
        assert_eq!(logbook.last_reason(), Some("sign_in_refused"));
        logbook.stop("an authorization code");
        let report = Report::new("alexa", String::new(), logbook.into_steps());
        assert_eq!((report.failures(), report.steps.len(), report.passed), (1, 2, false));
        let line = report.steps[1].to_string();
        assert!(line.contains("skipped stopped") && !line.contains("FAILED"), "{line}");
    }

    #[test]
    fn a_fault_that_speaks_for_itself_tells_no_expectation() {
        let fault = Fault::plain("sign_in_throttled", "too many", "wait");
        assert_eq!(fault.detail(), "too many; mend: wait");
        assert_eq!(fault.to_string(), "sign_in_throttled: too many; mend: wait");
    }

    #[test]
    fn a_failed_step_names_its_reason_in_one_line() {
        let line = step(false).to_string();
        assert!(line.contains("FAILED  repeat exchange"), "{line}");
        assert!(line.contains("repeat_refused: expected 200"), "{line}");
        assert!(!line.contains('\n'));
    }
}
