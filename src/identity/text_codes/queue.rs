//! Owns messages on their way: they are sent beside the requests that asked for them, so that nobody learns by the time of an
//! answer whether one was sent. What waits here is lost with the process; people ask again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::mpsc::{self, OwnedPermit};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::sleep;

use crate::model::outcomes::Outcomes;
use crate::model::phone::Phone;
use crate::model::text_message::{CodeMessage, CodeSender, NotSent, OUTCOMES};

/// As many messages as wait. More at once means that the sender is away; then people are told to come again.
const WAITING: usize = 500;

/// As many as are handed over at once.
const AT_ONCE: usize = 16;

/// How often one looks whether all have gone.
const LOOK: Duration = Duration::from_millis(50);

/// Messages on their way.
pub struct Queue {
    sender: mpsc::Sender<Job>,
    under_way: Arc<AtomicUsize>,
    /// What became of those that were sent.
    pub outcomes: Arc<Outcomes<{ OUTCOMES.len() }>>,
}

/// What goes out.
pub enum Message {
    /// A code.
    Code(CodeMessage),
    /// Words without one.
    Words(Phone, String),
}

struct Job {
    message: Option<Message>,
    outcome: oneshot::Sender<Result<(), NotSent>>,
}

/// A place in the queue.
pub struct Place {
    permit: OwnedPermit<Job>,
    under_way: Arc<AtomicUsize>,
}

impl Queue {
    /// Hands messages over to `to`, on the runtime that this is called on.
    pub fn before(to: Arc<dyn CodeSender>) -> Self {
        let (sender, mut receiver) = mpsc::channel::<Job>(WAITING);
        let under_way = Arc::new(AtomicUsize::new(0));
        let (counter, turns) = (under_way.clone(), Arc::new(Semaphore::new(AT_ONCE)));
        let outcomes = Arc::new(Outcomes::of(OUTCOMES));
        let counted = outcomes.clone();
        tokio::spawn(async move {
            while let Some(Job { message, outcome }) = receiver.recv().await {
                let Ok(turn) = turns.clone().acquire_owned().await else { return };
                let (to, counter, counted) = (to.clone(), counter.clone(), counted.clone());
                tokio::spawn(async move {
                    if let Some(message) = message {
                        let sent = match &message {
                            Message::Code(message) => to.send_code(message).await,
                            Message::Words(phone, words) => to.send_words(phone, words).await,
                        };
                        counted.count(sent.as_ref().map_or_else(NotSent::outcome, |()| "sent"));
                        if let Err(why) = &sent {
                            tell(why);
                        }
                        drop(outcome.send(sent));
                    }
                    counter.fetch_sub(1, Ordering::Relaxed);
                    drop(turn);
                });
            }
        });
        Self { sender, under_way, outcomes }
    }

    /// A place, unless too many wait.
    pub fn place(&self) -> Option<Place> {
        let permit = self.sender.clone().try_reserve_owned().ok()?;
        Some(Place { permit, under_way: self.under_way.clone() })
    }

    /// Returns when nothing is on its way.
    pub async fn ended(&self) {
        while self.under_way.load(Ordering::Relaxed) > 0 {
            sleep(LOOK).await;
        }
    }
}

impl Place {
    /// Puts a message on its way, or takes as long and sends nothing. What is given tells how it went, if there is a message.
    pub fn take(self, message: Option<Message>) -> oneshot::Receiver<Result<(), NotSent>> {
        let (outcome, told) = oneshot::channel();
        self.under_way.fetch_add(1, Ordering::Relaxed);
        drop(self.permit.send(Job { message, outcome }));
        told
    }
}

/// Whatever the operator can mend is an error; the number is never told.
fn tell(why: &NotSent) {
    let class = why.class();
    match why {
        NotSent::Configuration(_) | NotSent::NoTemplate(_) | NotSent::Message(_) => {
            tracing::error!(class, error = %why, "a text message was not sent; check the settings of sms.twilio");
        }
        NotSent::Number(_) | NotSent::Country(_) | NotSent::OptedOut(_) => {
            tracing::info!(class, error = %why, "a text message was not sent");
        }
        _ => tracing::warn!(class, error = %why, "a text message was not sent"),
    }
}
