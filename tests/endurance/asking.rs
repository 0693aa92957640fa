//! Asking a server that may be gone, as platforms do: what is not answered is asked again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::RequestBuilder;
use tokio::time::{sleep, timeout};

use crate::ledger::{Book, Wrong};
use crate::support::person::Page;
use crate::support::platform::Answer;

/// How long an answer is waited for: longer than the server may take.
const ANSWER_PATIENCE: Duration = Duration::from_secs(8);

/// How long a server may be away, or out of order, in one piece. Shorter than the grace time for lost answers.
const OUTAGE_PATIENCE: Duration = Duration::from_secs(50);

/// How soon something is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// An answer, and how it came about.
pub struct Settled {
    /// The answer.
    pub answer: Answer,
    /// Whether an earlier try may have been done without our knowing.
    pub in_doubt: bool,
}

/// Someone who asks.
#[derive(Clone)]
pub struct Asking {
    /// Where it is noted.
    pub book: Arc<Book>,
    /// Whether the server itself is up all the time: then no answer may be missing.
    pub server_stays: bool,
}

impl Asking {
    /// Asks once; nothing when no answer came or the server put us off.
    pub async fn once(&self, request: RequestBuilder) -> Option<Answer> {
        let began = Instant::now();
        let answer = self.arrived(timeout(ANSWER_PATIENCE, Answer::attempt(request)).await, began)?;
        if answer.status == 503 {
            self.put_off(answer.headers.contains_key("retry-after"), &answer.json.to_string());
            return None;
        }
        if answer.status.is_server_error() || answer.status == 429 {
            self.book.wrong(Wrong::Answer, format!("{} {}", answer.status, answer.json));
            return None;
        }
        Some(answer)
    }

    /// Asks until there is an answer.
    pub async fn until_answered(&self, request: impl Fn() -> RequestBuilder) -> Settled {
        let began = Instant::now();
        let mut in_doubt = false;
        loop {
            if let Some(answer) = self.once(request()).await {
                return Settled { answer, in_doubt };
            }
            in_doubt = true;
            assert!(began.elapsed() < OUTAGE_PATIENCE, "no recovery within {OUTAGE_PATIENCE:?}");
            sleep(PAUSE).await;
        }
    }

    /// Opens a page or posts a form; nothing when no page came or the server put us off.
    pub async fn page(&self, page: impl Future<Output = reqwest::Result<Page>>) -> Option<Page> {
        let began = Instant::now();
        let page = self.arrived(timeout(ANSWER_PATIENCE, page).await, began)?;
        if page.status == 503 {
            self.put_off(!page.header("retry-after").is_empty(), &page.body);
            return None;
        }
        if page.status.as_u16() >= 400 {
            self.book.wrong(Wrong::Answer, format!("{} {} {}", page.url.path(), page.status, page.body));
            return None;
        }
        Some(page)
    }

    fn arrived<T, E, F>(&self, result: Result<Result<T, E>, F>, began: Instant) -> Option<T>
    where
        E: std::fmt::Debug,
    {
        self.book.took(began.elapsed());
        if let Ok(Ok(answer)) = result {
            self.book.count(&self.book.answers);
            return Some(answer);
        }
        self.book.count(&self.book.unanswered);
        if self.server_stays {
            let why = result.ok().and_then(Result::err);
            self.book.wrong(Wrong::Answer, format!("none, after {:?}: {why:?}", began.elapsed()));
        }
        None
    }

    fn put_off(&self, tells_when: bool, body: &str) {
        self.book.count(&self.book.put_off);
        if !tells_when || body.contains("invalid_grant") {
            self.book.wrong(Wrong::Answer, format!("503, Retry-After: {tells_when}, {body}"));
        }
    }
}
