//! The room of push verification: owns who may do what in Twilio Verify's data model, and what becomes of it. A back end asks,
//! a device answers with its signature. Leaves the wire to `web/push/`, and what is remembered to `store/push/`.

pub mod accounts;
pub mod answer;
pub mod caller;
pub mod challenges;
pub mod entities;
pub mod error;
pub mod factors;
mod form;
mod listing;
pub mod notifications;
pub mod outbox;
pub mod own_people;
mod registrations;
pub mod request_jwt;
pub mod sender;
pub mod senders;
pub mod services;
pub mod signatures;
pub mod targets;
pub mod webhook_signature;
pub mod webhooks;

use std::sync::Arc;

use crate::model::failure::{Failure, Fault};
use crate::model::push::event::{Event, EventKind};
use crate::model::push::service::{Scope, Service};
use crate::model::push::sid::{AccountSid, FactorSid, ServiceSid};
use crate::model::random::{Randomness, uuid};
use crate::model::time::{Clock, Timestamp};
use crate::push::error::Refusal;
use crate::push::outbox::Outbox;
use crate::push::sender::Sender;
use crate::push::targets::Targets;
use crate::store::Store;
use crate::tokens::keys::Keys;

/// Why something was not done.
pub type Denied = Failure<Refusal>;

/// Everything that has to do with push verification.
pub struct Push {
    /// Remembers.
    pub store: Arc<dyn Store>,
    /// Seals auth tokens.
    pub keys: Arc<Keys>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The source of chance.
    pub randomness: Arc<dyn Randomness>,
    /// Brings messages to devices.
    pub sender: Arc<dyn Sender>,
    /// Brings events to webhooks.
    pub outbox: Arc<Outbox>,
}

impl Push {
    /// Puts the room together. Webhooks go to `targets` only.
    pub fn new(
        store: Arc<dyn Store>,
        keys: Arc<Keys>,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
        sender: Arc<dyn Sender>,
        targets: Targets,
    ) -> Result<Self, Fault> {
        let outbox = Arc::new(Outbox::new(store.clone(), keys.clone(), clock.clone(), targets)?);
        Ok(Self { store, keys, clock, randomness, sender, outbox })
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A service of an account by what stands in the path.
    async fn own_service(&self, account: AccountSid, sid: &str) -> Result<Service, Denied> {
        let sid = ServiceSid::parse(sid).ok_or_else(|| Refusal::not_found("service"))?;
        let found = self.store.push_service(account, sid).await?;
        found.ok_or_else(|| Refusal::not_found("service").into())
    }

    /// What is told to webhooks of a factor.
    fn event(&self, kind: EventKind, scope: &Scope, factor: FactorSid) -> Event {
        let id = uuid(&*self.randomness);
        Event { id, kind, scope: scope.clone(), factor, challenge: None, at: self.now() }
    }
}
