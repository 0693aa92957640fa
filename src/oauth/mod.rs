//! Owns the protocol: the checks of each request in the order of its RFC, and the one or two store calls that follow.
//! Leaves HTTP to `web/`, SQL to `store/`, people to `identity/`.

pub mod authorize;
mod bearer;
pub mod client_auth;
pub mod error;
pub mod grants;
pub mod introspect;
pub mod links;
pub mod metadata;
pub mod presented_token;
pub mod reciprocal;
pub mod revoke;
pub mod trusted_redirect;

use std::sync::Arc;
use std::time::Duration;

use crate::model::failure::Failure;
use crate::model::grant::ActiveGrant;
use crate::model::random::Randomness;
use crate::model::time::{Clock, after};
use crate::oauth::error::Refusal;
use crate::partners::Partners;
use crate::store::Store;
use crate::throttle::Throttle;
use crate::tokens::keys::{KeyFailure, Keys};

/// What the protocol depends on.
pub struct Protocol {
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// The keys in force.
    pub keys: Arc<Keys>,
    /// What we hold at partners.
    pub partners: Arc<Partners>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The source of chance.
    pub randomness: Arc<dyn Randomness>,
    /// Slows down guessing of client secrets; counted per client and address.
    pub client_brake: Throttle,
    /// Slows down whoever hands over code after code for one link, each of which is a call to the partner.
    pub code_brake: Throttle,
    /// Slows down whoever fetches authorization code after code, each of which is a row until it is purged.
    pub issue_brake: Throttle,
    /// The operator's choices.
    pub policy: Policy,
}

/// The operator's choices about tokens.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Our name in tokens and answers: the public URL without a slash at its end (RFC 8414 section 2).
    pub issuer: String,
    /// How long an authorization code lives.
    pub code_ttl: Duration,
    /// How long an access token lives.
    pub access_ttl: Duration,
    /// How long a link lives without use; none means until it is revoked.
    pub refresh_idle: Option<Duration>,
    /// How long a lost answer can be fetched again.
    pub refresh_grace: Duration,
}

impl Protocol {
    /// Whether a link has gone unused for longer than the operator allows.
    fn is_idle(&self, active: &ActiveGrant) -> bool {
        let end = self.policy.refresh_idle.map(|idle| after(active.last_used_at, idle));
        end.is_some_and(|end| self.clock.now() >= end)
    }
}

/// A failure of the keys, as one of a request: keys refuse nobody.
fn never_refused(failure: KeyFailure) -> Failure<Refusal> {
    failure.map(|never| match never {})
}
