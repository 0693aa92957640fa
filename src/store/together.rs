//! Owns asking together what many ask at the same moment: while a question is with the database, further ones gather, and go
//! as one when it comes back. Nobody waits for company, and each answer was made after its question was asked. Leaves the
//! questions to the statements.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::store::{PATIENCE, QUEUE, StoreError};

/// What became of a question.
pub type Answer<A> = Result<A, StoreError>;

/// A question with where its answer goes.
struct Asked<Q, A> {
    question: Q,
    sender: oneshot::Sender<Answer<A>>,
    at: Instant,
}

/// Gathers questions of one kind.
pub struct Together<Q, A> {
    gathered: Mutex<Gathered<Q, A>>,
    limits: Limits,
}

/// How much is asked at once.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// As many rounds as may be under way.
    pub rounds: usize,
    /// As many questions as go in one round.
    pub questions: usize,
}

struct Gathered<Q, A> {
    waiting: Vec<Asked<Q, A>>,
    under_way: usize,
}

impl<Q: Send + 'static, A: Send + 'static> Together<Q, A> {
    /// Nothing is asked yet.
    pub fn new(limits: Limits) -> Arc<Self> {
        let gathered = Gathered { waiting: Vec::new(), under_way: 0 };
        Arc::new(Self { gathered: Mutex::new(gathered), limits })
    }

    /// The answer to a question, within our patience. `answer` finds it for many: as many answers as questions, in their
    /// order.
    pub async fn ask<F, R>(self: &Arc<Self>, question: Q, answer: F) -> Result<A, StoreError>
    where
        F: Fn(Vec<Q>) -> R + Send + 'static,
        R: Future<Output = Vec<Answer<A>>> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let begins = {
            let mut gathered = self.lock();
            gathered.waiting.push(Asked { question, sender, at: Instant::now() });
            let begins = gathered.under_way < self.limits.rounds;
            gathered.under_way += usize::from(begins);
            begins
        };
        if begins {
            // A task of its own: the one who asked first may leave, and the others still wait.
            tokio::spawn(Round { together: self.clone(), ended: false }.go(answer));
        }
        match timeout(PATIENCE, receiver).await {
            Ok(Ok(answer)) => answer,
            // Left out of its round, or the round broke off.
            Ok(Err(_)) | Err(_) => Err(StoreError::Unavailable("no answer in time".to_owned())),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Gathered<Q, A>> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A round under way; it makes room for another one when it ends, in whatever way.
struct Round<Q: Send + 'static, A: Send + 'static> {
    together: Arc<Together<Q, A>>,
    ended: bool,
}

impl<Q: Send + 'static, A: Send + 'static> Round<Q, A> {
    async fn go<F, R>(mut self, answer: F)
    where
        F: Fn(Vec<Q>) -> R + Send + 'static,
        R: Future<Output = Vec<Answer<A>>> + Send + 'static,
    {
        while let Some(asked) = self.next() {
            // Who has gone is not asked for, nor who waited so long that the answer could come too late.
            let asked = asked.into_iter().filter(|asked| !asked.sender.is_closed() && asked.at.elapsed() < QUEUE);
            let (questions, senders): (Vec<_>, Vec<_>) = asked.map(|asked| (asked.question, asked.sender)).unzip();
            if questions.is_empty() {
                continue;
            }
            for (sender, answer) in senders.into_iter().zip(answer(questions).await) {
                // Whoever asked may have gone meanwhile.
                drop(sender.send(answer));
            }
        }
    }

    /// What has gathered, the oldest first. Without anything the round has ended: both in one step, so that nobody gathers
    /// for a round that goes no more.
    fn next(&mut self) -> Option<Vec<Asked<Q, A>>> {
        let mut gathered = self.together.lock();
        if gathered.waiting.is_empty() {
            gathered.under_way -= 1;
            self.ended = true;
            return None;
        }
        let many = gathered.waiting.len().min(self.together.limits.questions);
        let later = gathered.waiting.split_off(many);
        Some(std::mem::replace(&mut gathered.waiting, later))
    }
}

impl<Q: Send + 'static, A: Send + 'static> Drop for Round<Q, A> {
    fn drop(&mut self) {
        if !self.ended {
            let mut gathered = self.together.lock();
            gathered.under_way -= 1;
            if gathered.under_way == 0 {
                // Nobody would ask for them; they learn at once that there is no answer.
                gathered.waiting.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Limits, Together};
    use crate::store::StoreError;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::Semaphore;
    use tokio::task::yield_now;

    #[tokio::test]
    async fn questions_that_come_while_one_is_asked_go_together_and_each_gets_its_own_answer() {
        let together = Together::new(Limits { rounds: 1, questions: 64 });
        let (gate, rounds) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)));
        let ask = |question: u32| {
            let (together, gate, rounds) = (together.clone(), gate.clone(), rounds.clone());
            tokio::spawn(async move {
                let answer = move |questions: Vec<u32>| {
                    let (gate, rounds) = (gate.clone(), rounds.clone());
                    async move {
                        rounds.fetch_add(1, Ordering::Relaxed);
                        gate.acquire().await.unwrap().forget();
                        questions.into_iter().map(|question| Ok(question * 2)).collect()
                    }
                };
                together.ask(question, answer).await.unwrap()
            })
        };
        let first = ask(1);
        while rounds.load(Ordering::Relaxed) == 0 {
            yield_now().await;
        }
        let others: Vec<_> = (2..20).map(ask).collect();
        while together.lock().waiting.len() < others.len() {
            yield_now().await;
        }
        gate.add_permits(2);
        assert_eq!(first.await.unwrap(), 2);
        for (question, answer) in (2..20).zip(others) {
            assert_eq!(answer.await.unwrap(), question * 2);
        }
        assert_eq!(rounds.load(Ordering::Relaxed), 2);
    }

    #[tokio::test]
    async fn a_round_that_breaks_off_leaves_the_way_free_for_the_next() {
        let together = Together::new(Limits { rounds: 1, questions: 64 });
        let broken = together.ask(1, |_| async { panic!("the first round breaks") }).await;
        assert!(matches!(broken, Err(StoreError::Unavailable(_))));
        assert_eq!(together.ask(1, |asked: Vec<u32>| async { asked.into_iter().map(Ok).collect() }).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn more_than_fit_into_one_round_go_in_several() {
        let together = Together::new(Limits { rounds: 2, questions: 3 });
        let asks = (0..50).map(|question| {
            together.ask(question, |questions: Vec<u32>| async {
                assert!(questions.len() <= 3);
                questions.into_iter().map(Ok).collect()
            })
        });
        let answers = futures_util::future::join_all(asks).await.into_iter().map(Result::unwrap);
        assert_eq!(answers.collect::<Vec<_>>(), (0..50).collect::<Vec<_>>());
    }
}
