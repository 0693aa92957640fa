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

/// The moments of the latest rotations, oldest first, in whole milliseconds: those whose grace time was not over at the
/// latest one. Bounded and of one size once there is one, so that the row never grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotations(Vec<i64>);

impl Rotations {
    /// How many moments are kept at most.
    pub const KEPT: usize = 16;

    /// Stands in the stored form where there is no moment.
    const NONE: u32 = u32::MAX;

    /// Reads the stored form.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let Some((latest, distances)) = bytes.split_first_chunk::<8>() else {
            return bytes.is_empty().then(Self::default);
        };
        let latest = i64::from_be_bytes(*latest);
        let (distances, rest) = distances.as_chunks::<4>();
        let distances = distances.iter().map(|distance| u32::from_be_bytes(*distance));
        let moments =
            distances.filter(|distance| *distance != Self::NONE).map(|distance| latest.checked_sub(distance.into()));
        let moments: Vec<i64> = moments.collect::<Option<_>>()?;
        (rest.is_empty() && moments.len() <= Self::KEPT && moments.is_sorted()).then_some(Self(moments))
    }

    /// The stored form: nothing, or the latest moment and the distances of all kept ones from it, filled up to one size.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Some(latest) = self.0.last() else { return Vec::new() };
        let distance = |moment: &i64| u32::try_from(latest - moment).unwrap_or(Self::NONE - 1).min(Self::NONE - 1);
        let distances = self.0.iter().map(distance).chain(std::iter::repeat(Self::NONE)).take(Self::KEPT);
        latest.to_be_bytes().into_iter().chain(distances.flat_map(u32::to_be_bytes)).collect()
    }

    /// The same with one more rotation, at `now`. Those whose grace time is over by then are forgotten for good; beyond
    /// [`Rotations::KEPT`] the oldest is.
    pub fn with(&self, now: Timestamp, grace: Duration) -> Self {
        let mut moments: Vec<i64> = self.0.iter().copied().filter(|moment| is_within(*moment, now, grace)).collect();
        // A clock that stepped back must not make the moments run backwards.
        let latest = moments.last().copied().unwrap_or(i64::MIN);
        moments.push(now.timestamp_millis().max(latest));
        let surplus = moments.len().saturating_sub(Self::KEPT);
        Self(moments.split_off(surplus))
    }

    /// Whether the predecessor `steps` rotations ago (1 is the latest) was replaced less than `grace` ago.
    ///
    /// Beyond what could be kept the oldest kept moment speaks: it is later than the true one, so nothing dies too early.
    pub fn in_grace(&self, steps: u32, now: Timestamp, grace: Duration) -> bool {
        let steps = usize::try_from(steps).unwrap_or(usize::MAX);
        let index = match self.0.len().checked_sub(steps) {
            Some(index) => index,
            None if self.0.len() < Self::KEPT => return false,
            None => 0,
        };
        self.0.get(index).is_some_and(|moment| is_within(*moment, now, grace))
    }
}

fn is_within(moment: i64, now: Timestamp, grace: Duration) -> bool {
    Timestamp::from_timestamp_millis(moment).is_some_and(|moment| now < after(moment, grace))
}

#[cfg(test)]
mod tests {
    use super::Rotations;
    use crate::model::time::Timestamp;
    use std::time::Duration;

    const GRACE: Duration = Duration::from_secs(60);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(1_795_000_000 + second, 0).unwrap()
    }

    fn rotated_at(seconds: &[i64]) -> Rotations {
        seconds.iter().fold(Rotations::default(), |rotations, second| rotations.with(at(*second), GRACE))
    }

    #[test]
    fn a_predecessor_whose_grace_was_over_stays_dead_however_often_the_token_rotates_then() {
        let seconds: Vec<i64> = [0].into_iter().chain(100..110).collect();
        let rotations = rotated_at(&seconds);
        assert!(!rotations.in_grace(11, at(110), GRACE));
        assert!(rotations.in_grace(10, at(110), GRACE));
    }

    #[test]
    fn each_predecessor_has_its_own_grace_time() {
        let rotations = rotated_at(&[0, 30]);
        assert!(rotations.in_grace(2, at(59), GRACE) && !rotations.in_grace(2, at(60), GRACE));
        assert!(rotations.in_grace(1, at(89), GRACE) && !rotations.in_grace(1, at(90), GRACE));
    }

    #[test]
    fn the_stored_form_is_read_back_and_keeps_its_size() {
        for count in 1..40 {
            let rotations = rotated_at(&(0..count).collect::<Vec<_>>());
            assert_eq!(Rotations::from_bytes(&rotations.to_bytes()), Some(rotations.clone()));
            assert_eq!(rotations.to_bytes().len(), rotated_at(&[0]).to_bytes().len());
        }
        assert_eq!(Rotations::from_bytes(&[1, 2, 3]), None);
    }
}
