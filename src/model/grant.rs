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

/// The latest rotations of a link, as far as they matter to its predecessors. Of one size in the row once there is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotations {
    /// When the latest predecessors were replaced, oldest first, in whole milliseconds.
    moments: Vec<i64>,
    /// How many predecessors may still be in grace; all that came before those are dead for good.
    alive: u32,
}

impl Rotations {
    /// How many moments are kept at most.
    pub const KEPT: usize = 16;

    /// Stands in the stored form where there is no moment.
    const NONE: u32 = u32::MAX;

    /// Reads the stored form.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let (latest, rest) = bytes.split_first_chunk::<8>()?;
        let (alive, distances) = rest.split_first_chunk::<4>()?;
        let (latest, alive) = (i64::from_be_bytes(*latest), u32::from_be_bytes(*alive));
        let (distances, rest) = distances.as_chunks::<4>();
        let distances = distances.iter().map(|distance| u32::from_be_bytes(*distance));
        let distances = distances.filter(|distance| *distance != Self::NONE);
        let moments: Vec<i64> = distances.map(|distance| latest.checked_sub(distance.into())).collect::<Option<_>>()?;
        let dates = moments.iter().all(|moment| Timestamp::from_timestamp_millis(*moment).is_some());
        let plausible = rest.is_empty() && (1..=Self::KEPT).contains(&moments.len()) && moments.is_sorted() && dates;
        plausible.then_some(Self { moments, alive })
    }

    /// The stored form: nothing, or the latest moment, the number of those alive, and the distances of all kept moments from
    /// the latest, filled up to one size.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Some(latest) = self.moments.last() else { return Vec::new() };
        let furthest = Self::NONE - 1;
        let distance = |moment: &i64| u32::try_from(latest.saturating_sub(*moment)).unwrap_or(furthest).min(furthest);
        let distances = self.moments.iter().map(distance).chain(std::iter::repeat(Self::NONE)).take(Self::KEPT);
        let head = latest.to_be_bytes().into_iter().chain(self.alive.to_be_bytes());
        head.chain(distances.flat_map(u32::to_be_bytes)).collect()
    }

    /// The same with one more rotation, at `now`. Predecessors whose grace time is over by then are dead for good.
    pub fn with(&self, now: Timestamp, grace: Duration) -> Self {
        let in_grace = |moment: &i64| is_within(*moment, now, grace);
        let mut moments: Vec<i64> = self.moments.iter().copied().filter(in_grace).collect();
        let kept = u32::try_from(moments.len()).unwrap_or(u32::MAX);
        // When one kept moment is over, so are all before it, also those there was no room for.
        let alive = if moments.len() < self.moments.len() { kept } else { self.alive };
        // A clock that stepped back must not make the moments run backwards.
        let latest = moments.last().copied().unwrap_or(i64::MIN);
        moments.push(now.timestamp_millis().max(latest));
        let surplus = moments.len().saturating_sub(Self::KEPT);
        Self { moments: moments.split_off(surplus), alive: alive.saturating_add(1) }
    }

    /// Whether the predecessor `steps` rotations ago (1 is the latest) was replaced less than `grace` ago.
    ///
    /// For one of those there was no room for, the oldest kept moment speaks: it is later than the true one, so nothing dies
    /// too early.
    pub fn in_grace(&self, steps: u32, now: Timestamp, grace: Duration) -> bool {
        let index = self.moments.len().saturating_sub(usize::try_from(steps).unwrap_or(usize::MAX));
        let moment = self.moments.get(index);
        steps <= self.alive && moment.is_some_and(|moment| is_within(*moment, now, grace))
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
        let seconds: Vec<i64> = [0].into_iter().chain(100..140).collect();
        let rotations = rotated_at(&seconds);
        assert!(!rotations.in_grace(41, at(140), GRACE));
        assert!(rotations.in_grace(40, at(140), GRACE), "one there was no room for is not given up too early");
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
        assert_eq!(Rotations::from_bytes(&[0xff; 76]), None, "no moment at all");
        let beyond = [i64::MAX.to_be_bytes().as_slice(), &[0; 8]].concat();
        assert_eq!(Rotations::from_bytes(&beyond), None, "a moment that is no date");
    }
}
