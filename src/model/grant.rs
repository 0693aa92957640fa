//! Owns the life of a link, called a grant: issued as a code, then active, then revoked. Leaves moving from one state to the
//! next to `store/`, where each step is one guarded write.

use std::time::Duration;

use crate::model::ids::{ClientId, GrantId, UserId};
use crate::model::pkce::CodeChallenge;
use crate::model::redirect_uri::RedirectUri;
use crate::model::scope::Scope;
use crate::model::secret::TokenHash;
use crate::model::time::{Timestamp, after};

/// One link of one user to one client.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Names the row; part of every code and token of the link.
    pub id: GrantId,
    /// Whose account is linked.
    pub user_id: UserId,
    /// What it is linked to.
    pub client_id: ClientId,
    /// What the user allowed.
    pub scope: Scope,
    /// The authorization code it began with.
    pub code: CodeBinding,
    /// When the user allowed it.
    pub created_at: Timestamp,
    /// Where in its life it is.
    pub state: GrantState,
}

/// What an authorization code is bound to (RFC 6749 section 4.1.3, RFC 7636 section 4.4).
#[derive(Clone, Debug)]
pub struct CodeBinding {
    /// The hash of its secret.
    pub hash: TokenHash,
    /// From when on it can't be redeemed.
    pub expires_at: Timestamp,
    /// Where the answer went.
    pub redirect_uri: RedirectUri,
    /// Whether the authorization request named the redirect URI; then the token request must too.
    pub redirect_uri_given: bool,
    /// The challenge that the verifier has to meet.
    pub challenge: Option<CodeChallenge>,
}

/// Where in its life a grant is.
#[derive(Clone, Debug)]
pub enum GrantState {
    /// The code was issued and not yet redeemed.
    Issued,
    /// The code was redeemed: a linked service.
    Active(ActiveGrant),
    /// Ended, for good.
    Revoked {
        /// When it ended.
        at: Timestamp,
    },
}

impl GrantState {
    /// The name of the state in listings and in the database.
    pub fn name(&self) -> &'static str {
        match self {
            GrantState::Issued => "issued",
            GrantState::Active(_) => "active",
            GrantState::Revoked { .. } => "revoked",
        }
    }
}

/// A live link.
#[derive(Clone, Debug)]
pub struct ActiveGrant {
    /// When the code was redeemed.
    pub redeemed_at: Timestamp,
    /// When the link was last used, to the day, unless an idle time-out asks for more.
    pub last_used_at: Timestamp,
    /// The refresh token in force.
    pub refresh: RefreshState,
}

/// The refresh token in force, as far as the database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshState {
    /// The hash of its secret.
    pub hash: TokenHash,
    /// How many tokens came before it.
    pub generation: u32,
    /// Whether it, or an access token issued with it, was seen in use.
    pub used: bool,
    /// When its latest predecessors were replaced.
    pub rotations: Rotations,
}

/// The moments of the latest rotations, oldest first, in whole milliseconds; bounded, so that the row never grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotations(Vec<i64>);

impl Rotations {
    /// How many moments are kept.
    pub const KEPT: usize = 8;

    /// Reads the stored form: big-endian 64-bit integers.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (moments, rest) = bytes.as_chunks::<8>();
        let valid = rest.is_empty() && moments.len() <= Self::KEPT;
        valid.then(|| Self(moments.iter().map(|moment| i64::from_be_bytes(*moment)).collect()))
    }

    /// The stored form.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|moment| moment.to_be_bytes()).collect()
    }

    /// The same with one more rotation, at `now`; the oldest is forgotten. Filled up with moments long past, so that the row
    /// has one length from the first rotation on.
    pub fn with(&self, now: Timestamp) -> Self {
        let mut moments = [vec![0; Self::KEPT], self.0.clone()].concat();
        moments.push(now.timestamp_millis());
        let surplus = moments.len().saturating_sub(Self::KEPT);
        Self(moments.split_off(surplus))
    }

    /// Whether the predecessor `steps` rotations ago (1 is the latest) was replaced less than `grace` ago.
    ///
    /// Beyond what is kept, the oldest kept moment speaks: it is later than the true one, so nothing dies too early.
    pub fn in_grace(&self, steps: u32, now: Timestamp, grace: Duration) -> bool {
        let steps = usize::try_from(steps).unwrap_or(usize::MAX);
        let index = self.0.len().saturating_sub(steps);
        let moment = self.0.get(index).copied().and_then(Timestamp::from_timestamp_millis);
        moment.is_some_and(|moment| now < after(moment, grace))
    }
}
