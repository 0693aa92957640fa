//! The test's own book: what was acknowledged, what must therefore hold, and what was found that must not be.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What is known of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Acknowledged: it must work.
    Live,
    /// Its end was acknowledged, or it ended by a rule that the documents tell: nothing of it may work again.
    Dead,
    /// An answer that decides was lost for good: nothing is promised.
    Open,
}

/// One acknowledged link.
#[derive(Clone, Debug)]
pub struct Link {
    /// The index of its client.
    pub client: usize,
    /// What the server calls it.
    pub grant_id: String,
    /// The refresh token that was acknowledged last.
    pub refresh: String,
    /// Its latest access tokens, the newest last.
    pub access: VecDeque<String>,
    /// What must hold.
    pub state: State,
    /// Whether it was used since it was checked last.
    pub touched: bool,
    history: Vec<String>,
}

/// As many access tokens of a link as are looked at again.
const ACCESS_KEPT: usize = 4;

impl Link {
    /// A link whose first tokens have just arrived.
    pub fn new(client: usize, refresh: String, access: String) -> Self {
        let access = VecDeque::from([access]);
        Self {
            client,
            grant_id: String::new(),
            refresh,
            access,
            state: State::Live,
            touched: true,
            history: Vec::new(),
        }
    }

    /// New tokens have arrived.
    pub fn received(&mut self, refresh: String, access: String) {
        self.refresh = refresh;
        self.access.push_back(access);
        if self.access.len() > ACCESS_KEPT {
            self.access.pop_front();
        }
    }

    /// Notes what was done with it and what came of it.
    pub fn note(&mut self, book: &Book, what: impl Into<String>) {
        self.touched = true;
        let (round, at) = book.moment();
        self.history.push(format!("  round {round}, {:.3} s: {}", at.as_secs_f64(), what.into()));
    }

    /// What was done with it, for a failure.
    pub fn story(&self) -> String {
        format!("link {} ({:?})\n{}", self.grant_id, self.state, self.history.join("\n"))
    }
}

/// Something that must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// An acknowledged link does not work.
    Lost,
    /// A code gave two links, or a second success where it may give only one.
    RedeemedTwice,
    /// `invalid_grant` for a code or token that is good.
    InvalidGrant,
    /// An ended link, or a dead token, works.
    CameAlive,
    /// A session that was acknowledged is gone.
    SignInLost,
    /// Any other answer that is none of those promised.
    Answer,
}

/// The counts and findings of all workers.
pub struct Book {
    began: Instant,
    round: AtomicU32,
    findings: Mutex<Vec<(Wrong, String)>>,
    /// Links whose tokens arrived.
    pub acknowledged: AtomicU64,
    /// Links whose end was acknowledged.
    pub ended: AtomicU64,
    /// Links that a lost answer cost by the rules: `strict`, or an exchange that may not be repeated.
    pub forfeited: AtomicU64,
    /// Requests that were answered.
    pub answers: AtomicU64,
    /// Answers that never came.
    pub unanswered: AtomicU64,
    /// Answers that told to come again.
    pub put_off: AtomicU64,
    slowest: Mutex<Duration>,
}

impl Book {
    /// An empty one.
    pub fn new() -> Self {
        Self {
            began: Instant::now(),
            round: AtomicU32::new(0),
            findings: Mutex::default(),
            acknowledged: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            forfeited: AtomicU64::new(0),
            answers: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            put_off: AtomicU64::new(0),
            slowest: Mutex::default(),
        }
    }

    /// A new round begins.
    pub fn next_round(&self) {
        self.round.fetch_add(1, Ordering::Relaxed);
    }

    fn moment(&self) -> (u32, Duration) {
        (self.round.load(Ordering::Relaxed), self.began.elapsed())
    }

    /// Counts one more.
    pub fn count(&self, counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes how long an answer took.
    pub fn took(&self, time: Duration) {
        let mut slowest = self.slowest.lock().unwrap();
        *slowest = time.max(*slowest);
    }

    /// Notes something that must not be.
    pub fn wrong(&self, kind: Wrong, story: String) {
        let (round, at) = self.moment();
        let text = format!("{kind:?} in round {round} at {:.3} s: {story}", at.as_secs_f64());
        self.findings.lock().unwrap().push((kind, text));
    }

    /// Prints the counts; fails when there is any finding, with the first of them whole.
    pub fn close(&self, what: &str, rounds: u32, seed: u64) {
        let findings = self.findings.lock().unwrap();
        let of = |kind| findings.iter().filter(|(found, _)| *found == kind).count();
        let number = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        println!(
            "{what}: rounds {rounds}, links acknowledged {}, lost {}, codes redeemed twice {}, wrong invalid_grant {}, \
             came alive again {}, sign-ins lost {}, other wrong answers {}\n  \
             (ended with acknowledgement {}, forfeited by the rules {}, answers {}, unanswered {}, put off by 503 {}, \
             slowest answer {:.2} s; seed {seed})",
            number(&self.acknowledged),
            of(Wrong::Lost),
            of(Wrong::RedeemedTwice),
            of(Wrong::InvalidGrant),
            of(Wrong::CameAlive),
            of(Wrong::SignInLost),
            of(Wrong::Answer),
            number(&self.ended),
            number(&self.forfeited),
            number(&self.answers),
            number(&self.unanswered),
            number(&self.put_off),
            self.slowest.lock().unwrap().as_secs_f64(),
        );
        let told: Vec<&str> = findings.iter().take(5).map(|(_, text)| text.as_str()).collect();
        assert!(told.is_empty(), "COUPLET_SEED={seed}, {what}: {} findings\n{}", findings.len(), told.join("\n"));
        assert!(number(&self.acknowledged) > 0, "{what}: nobody linked");
    }
}
