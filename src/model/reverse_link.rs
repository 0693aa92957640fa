//! Owns the life of a reverse link, what we hold at the partner for one grant: a code waits for its exchange, tokens are in
//! force, and how each event changes that. Leaves storing each step, guarded by the row's version, to `store/` and making the
//! calls to `partners/`.

mod standing;

use std::time::Duration;

use crate::model::ids::GrantId;
use crate::model::partner::{PartnerName, Profile};
use crate::model::scope::Scope;
use crate::model::time::{Timestamp, after, before};
pub use standing::{ReverseStanding, ReverseSummary};

/// A reverse link. Codes and tokens are sealed for their place; what happens to it is a method here, and each gives the row
/// as it has to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReverseLink {
    /// The grant it belongs to; with that it ends.
    pub grant_id: GrantId,
    /// Who issued the tokens.
    pub partner: PartnerName,
    /// How often the row was written; a writer that did not see the latest version loses.
    pub version: u32,
    /// The codes that came, so that each is taken once.
    pub seen: SeenCodes,
    /// The code that waits for its exchange; there may be one while tokens of an earlier code are in force.
    pub code: Option<WaitingCode>,
    /// Where in its life it is.
    pub state: ReverseState,
    /// What went wrong last, in words without secrets.
    pub last_error: Option<String>,
    /// When the first code came.
    pub created_at: Timestamp,
    /// When anything last happened.
    pub changed_at: Timestamp,
}

/// Where in its life a reverse link is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReverseState {
    /// The first tokens are on their way.
    Pending,
    /// Tokens are in force.
    Active(SealedTokens),
    /// The code could not be exchanged; only linking anew helps.
    Failed,
    /// The partner refused the refresh token: the customer took the permission back. Names the tokens, should another process
    /// have refreshed them a moment before.
    Revoked(TokensId),
}

impl ReverseState {
    /// The same without what is sealed in it.
    pub fn standing(&self) -> ReverseStanding {
        match self {
            ReverseState::Pending => ReverseStanding::Pending,
            ReverseState::Active(_) => ReverseStanding::Active,
            ReverseState::Failed => ReverseStanding::Failed,
            ReverseState::Revoked(_) => ReverseStanding::Revoked,
        }
    }
}

/// A reciprocal code on its way to the partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingCode {
    /// The code, sealed.
    pub sealed: Vec<u8>,
    /// Its hash.
    pub hash: CodeHash,
    /// With which of our accounts at the partner it can be exchanged.
    pub profile: Profile,
    /// From when on the partner refuses it.
    pub expires_at: Timestamp,
    /// How often its exchange was tried without an answer that settles it.
    pub attempts: u32,
    /// When the next try is due; in the future also while one is under way.
    pub next_attempt_at: Timestamp,
}

/// The partner's tokens, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedTokens {
    /// The access token.
    pub access: Vec<u8>,
    /// The refresh token, if the partner gave one.
    pub refresh: Option<Vec<u8>>,
    /// What they permit, when the partner said it.
    pub scope: Option<Scope>,
    /// Which tokens these are.
    pub id: TokensId,
    /// To which of our accounts at the partner they were issued.
    pub profile: Profile,
    /// Until when the access token is given out as it is.
    pub fresh_until: Timestamp,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// Until when no other refresh begins, because one is under way or the last one failed a moment ago.
    pub leased_until: Option<Timestamp>,
}

/// How long before its end a code is tried for the last time.
const LAST_TRY: Duration = Duration::from_secs(3);

/// The hash of a reciprocal code.
pub type CodeHash = [u8; 32];

/// Tells tokens of one link apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokensId {
    /// The code they began with.
    pub from: CodeHash,
    /// How many refreshes there were.
    pub serial: u32,
}

/// The hashes of the latest codes, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenCodes(Vec<CodeHash>);

impl SeenCodes {
    /// How many are kept; platforms send a new one when the customer links or consents anew.
    const KEPT: usize = 8;

    /// Reads the stored form; `None` unless it is a whole number of hashes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        rest.is_empty().then(|| Self(hashes.to_vec()))
    }

    /// The stored form: one hash after the other.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    /// Whether this code came before.
    pub fn contains(&self, hash: &CodeHash) -> bool {
        self.0.contains(hash)
    }

    fn with(mut self, hash: CodeHash) -> Self {
        self.0.push(hash);
        let surplus = self.0.len().saturating_sub(Self::KEPT);
        Self(self.0.split_off(surplus))
    }

    /// Where in the order of codes it stands; one that was forgotten is older than all others.
    fn rank(&self, hash: &CodeHash) -> Option<usize> {
        self.0.iter().position(|known| known == hash)
    }
}

impl ReverseLink {
    /// A first code came.
    pub fn begun(grant_id: GrantId, partner: PartnerName, code: WaitingCode, now: Timestamp) -> Self {
        Self {
            grant_id,
            partner,
            version: 0,
            seen: SeenCodes::default().with(code.hash),
            code: Some(code),
            state: ReverseState::Pending,
            last_error: None,
            created_at: now,
            changed_at: now,
        }
    }

    /// Whether this code came before: one of the latest, or the one that the tokens in force began with.
    pub fn has_seen(&self, hash: &CodeHash) -> bool {
        let in_force = matches!(&self.state, ReverseState::Active(tokens) if tokens.id.from == *hash);
        in_force || self.seen.contains(hash)
    }

    /// Another code came, say because the customer consented anew. Tokens that work stay in force until its exchange; those of
    /// another account at the partner do not.
    pub fn with_code(self, partner: PartnerName, code: WaitingCode, now: Timestamp) -> Self {
        let state = match self.state {
            ReverseState::Active(tokens) if tokens.profile == code.profile => ReverseState::Active(tokens),
            _ => ReverseState::Pending,
        };
        let seen = self.seen.with(code.hash);
        Self { partner, seen, code: Some(code), state, last_error: None, changed_at: now, ..self }
    }

    /// Someone begins to exchange the waiting code; nobody else does before the lease is over. `None` when nothing is due.
    pub fn exchange_begun(self, now: Timestamp, lease: Duration) -> Option<Self> {
        let mut code = self.code.filter(|code| code.next_attempt_at <= now)?;
        code.next_attempt_at = after(now, lease);
        Some(Self { code: Some(code), ..self })
    }

    /// The partner exchanged the code of `tokens.id.from`. `None` when tokens of a later code are in force already, or a code of
    /// another account at the partner waits.
    pub fn exchanged(self, tokens: SealedTokens, now: Timestamp) -> Option<Self> {
        let rank = |tokens: &SealedTokens| self.seen.rank(&tokens.id.from);
        let is_late = matches!(&self.state, ReverseState::Active(current) if rank(current) >= rank(&tokens));
        if is_late || self.code.as_ref().is_some_and(|code| code.profile != tokens.profile) {
            return None;
        }
        let code = self.code.filter(|code| code.hash != tokens.id.from);
        Some(Self { code, state: ReverseState::Active(tokens), last_error: None, changed_at: now, ..self })
    }

    /// No answer settled the exchange that began with `begun`: it is tried again after `pause`, and once more shortly before the
    /// code ends. `None` when someone else has taken it on meanwhile, or another code waits.
    pub fn exchange_postponed(self, begun: &WaitingCode, why: &str, pause: Duration, now: Timestamp) -> Option<Self> {
        let mut code = self.code.clone().filter(|code| code == begun)?;
        let last_try = before(code.expires_at, LAST_TRY);
        if now >= last_try {
            let why = format!("the code ended before the partner took it; last: {why}");
            return self.exchange_failed(&begun.hash, &why, now);
        }
        code.attempts = code.attempts.saturating_add(1);
        code.next_attempt_at = after(now, pause).min(last_try);
        Some(Self { code: Some(code), last_error: Some(why.to_owned()), changed_at: now, ..self })
    }

    /// The partner will never take the code of `hash`. Tokens that work stay in force. `None` when another code waits by now.
    pub fn exchange_failed(self, hash: &CodeHash, why: &str, now: Timestamp) -> Option<Self> {
        self.code.as_ref().filter(|code| code.hash == *hash)?;
        let state = match self.state {
            ReverseState::Active(tokens) => ReverseState::Active(tokens),
            _ => ReverseState::Failed,
        };
        Some(Self { code: None, state, last_error: Some(why.to_owned()), changed_at: now, ..self })
    }

    /// Someone begins to refresh; nobody else does before the lease is over. `None` when someone does so already, or there is
    /// nothing to refresh.
    pub fn refresh_begun(self, now: Timestamp, lease: Duration) -> Option<Self> {
        let ReverseState::Active(mut tokens) = self.state else { return None };
        if tokens.leased_until.is_some_and(|until| now < until) {
            return None;
        }
        tokens.leased_until = Some(after(now, lease));
        Some(Self { state: ReverseState::Active(tokens), ..self })
    }

    /// The tokens in force, if they still are those that were refreshed.
    fn still(&self, used: &SealedTokens) -> Option<SealedTokens> {
        match &self.state {
            ReverseState::Active(tokens) if tokens.id == used.id => Some(tokens.clone()),
            _ => None,
        }
    }

    /// The refresh of `used` gave `tokens`. They count also when another process was refused meanwhile: it came later with the
    /// same refresh token. `None` when others are in force by now.
    pub fn refreshed(self, used: &SealedTokens, tokens: SealedTokens, now: Timestamp) -> Option<Self> {
        match &self.state {
            ReverseState::Active(current) if current.id == used.id => {}
            ReverseState::Revoked(id) if *id == used.id => {}
            _ => return None,
        }
        // A partner that sends no new refresh token lets us keep the one we have (RFC 6749 section 6).
        let refresh = tokens.refresh.or_else(|| used.refresh.clone());
        let id = TokensId { serial: used.id.serial.saturating_add(1), ..used.id };
        let tokens = SealedTokens { refresh, id, profile: used.profile, ..tokens };
        Some(Self { state: ReverseState::Active(tokens), last_error: None, changed_at: now, ..self })
    }

    /// The refresh of `used` gave no answer that settles anything; the tokens stay, and are left alone for `pause`. `None` when
    /// others are in force by now, or someone else refreshes them.
    pub fn refresh_postponed(self, used: &SealedTokens, why: &str, pause: Duration, now: Timestamp) -> Option<Self> {
        let current = self.still(used).filter(|current| current.leased_until == used.leased_until)?;
        let tokens = SealedTokens { leased_until: Some(after(now, pause)), ..current };
        let last_error = Some(why.to_owned());
        Some(Self { state: ReverseState::Active(tokens), last_error, changed_at: now, ..self })
    }

    /// The partner refused the refresh token of `used` for good. `None` when others are in force by now.
    pub fn refresh_refused(self, used: &SealedTokens, why: &str, now: Timestamp) -> Option<Self> {
        self.still(used)?;
        let state = if self.code.is_some() { ReverseState::Pending } else { ReverseState::Revoked(used.id) };
        Some(Self { state, last_error: Some(why.to_owned()), changed_at: now, ..self })
    }

    /// The access token of `used` has ended, and there is no refresh token. `None` when others are in force by now.
    pub fn ended(self, used: &SealedTokens, why: &str, now: Timestamp) -> Option<Self> {
        self.still(used)?;
        let state = if self.code.is_some() { ReverseState::Pending } else { ReverseState::Failed };
        Some(Self { state, last_error: Some(why.to_owned()), changed_at: now, ..self })
    }
}

#[cfg(test)]
mod tests;
