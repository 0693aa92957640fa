//! A model together with what its tokens are called outside, and the question whether answers can be explained by it.

use std::collections::BTreeMap;
use std::fmt;

use crate::specification::{AccessToken, Asks, By, Choices, Model, Moment, Permits, Proof, RefreshToken, Reply};

/// The number of a refresh token or an access token, in the order in which they were seen.
pub type Name = usize;

/// A request, as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// The code of a link.
    Redeem { link: usize, proof: Proof },
    /// A refresh token.
    Refresh { token: Name, by: By, asks: Asks },
    /// Introspection of an access token by a resource server.
    Use { access: Name },
    /// Introspection of a refresh token by a resource server.
    LookAt { token: Name },
    /// Revocation of a refresh token.
    Revoke { token: Name, by: By },
    /// Revocation of an access token.
    RevokeAccess { access: Name, by: By },
    /// The user unlinks the client of a link.
    Unlink { link: usize },
    /// The operator switches the client.
    SwitchClient(bool),
    /// The operator switches the user.
    SwitchUser(bool),
}

/// An answer, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Tokens.
    Tokens { refresh: Name, access: Name, permits: Permits },
    /// An access token is in force.
    InForce { permits: Permits, until: Moment },
    /// A refresh token is good.
    Good,
    /// A token is nothing.
    Inactive,
    /// Done.
    Done,
    /// An error of the protocol.
    Refused(&'static str),
    /// Anything that must not be: a fault of ours, or an answer that can't be read.
    Fault(String),
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Tokens { refresh, access, permits } => {
                write!(f, "refresh token {refresh}, access token {access} ({permits:?})")
            }
            Answer::Refused(error) => f.write_str(error),
            other => write!(f, "{other:?}"),
        }
    }
}

/// One way things can be, given all that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct World {
    /// How things are.
    pub model: Model,
    refresh: BTreeMap<Name, RefreshToken>,
    access: BTreeMap<Name, AccessToken>,
}

impl World {
    /// Nothing was seen yet.
    pub fn new(choices: Choices) -> Self {
        Self { model: Model::new(choices), refresh: BTreeMap::new(), access: BTreeMap::new() }
    }

    /// The world after this request, provided it would have answered like this.
    fn after(&self, request: &Request, answer: &Answer) -> Option<Self> {
        let mut after = self.clone();
        let reply = after.ask(request);
        let explained = after.recognises(reply, answer);
        if explained {
            after.keeps_its_promises(self, request, reply);
        }
        explained.then_some(after)
    }

    /// What would be answered.
    pub fn ask(&mut self, request: &Request) -> Reply {
        let model = &mut self.model;
        match *request {
            Request::Redeem { link, proof } => model.redeem(link, proof),
            Request::Refresh { token, by, asks } => model.refresh(self.refresh[&token], by, asks),
            Request::Use { access } => model.use_access(self.access[&access]),
            Request::LookAt { token } => model.look_at(self.refresh[&token]),
            Request::Revoke { token, by } => model.revoke(self.refresh[&token].link, by),
            Request::RevokeAccess { access, by } => model.revoke_access(self.access[&access], by),
            Request::Unlink { link } => model.unlink(link),
            Request::SwitchClient(enabled) => model.switch_client(enabled),
            Request::SwitchUser(enabled) => model.switch_user(enabled),
        }
    }

    /// Whether an answer is the expected one. A token has one name and a name one token: a retry gets the same successor, and
    /// nobody else ever gets it.
    fn recognises(&mut self, reply: Reply, answer: &Answer) -> bool {
        match (reply, answer) {
            (Reply::Tokens(token), Answer::Tokens { refresh, access, permits }) => {
                let known = self.refresh.get(refresh).copied();
                let same = known == Some(token.with);
                let fresh = known.is_none() && self.refresh.values().all(|other| *other != token.with);
                self.refresh.insert(*refresh, token.with);
                (same || fresh) && self.access.insert(*access, token).is_none() && *permits == token.permits
            }
            (Reply::InForce(token), Answer::InForce { permits, until }) => {
                *permits == token.permits && *until == token.until
            }
            (Reply::Refused(expected), Answer::Refused(error)) => expected == *error,
            (Reply::Good, Answer::Good) | (Reply::Inactive, Answer::Inactive) | (Reply::Done, Answer::Done) => true,
            _ => false,
        }
    }

    /// What holds of the specification itself, whatever the server does.
    fn keeps_its_promises(&self, before: &Self, request: &Request, reply: Reply) {
        assert!(!self.model.has_raised_the_dead(&before.model), "{request:?} raises the dead");
        let documented = match request {
            Request::Revoke { .. } | Request::RevokeAccess { .. } | Request::Unlink { .. } => reply == Reply::Done,
            // A replayed code, or a refresh token that was replaced for good.
            Request::Redeem { proof: Proof::Whole, .. } | Request::Refresh { by: By::TheClient, .. } => {
                reply == Reply::Refused("invalid_grant")
            }
            _ => false,
        };
        assert!(documented || !self.model.has_lost(&before.model), "{request:?} loses a link");
    }
}

/// All worlds in which these requests, sent at once, get these answers: each way to put them in an order that explains them.
/// None left means that the server did what the specification does not allow.
pub fn explain(worlds: &[World], seen: &[(Request, Answer)]) -> Vec<World> {
    if seen.is_empty() {
        return worlds.to_vec();
    }
    let mut explanations = Vec::new();
    for (index, (request, answer)) in seen.iter().enumerate() {
        if seen[..index].iter().any(|earlier| alike(earlier, &seen[index])) {
            continue;
        }
        let next: Vec<World> = worlds.iter().filter_map(|world| world.after(request, answer)).collect();
        if !next.is_empty() {
            let rest = [&seen[..index], &seen[index + 1..]].concat();
            explanations.extend(explain(&next, &rest));
        }
    }
    let mut distinct: Vec<World> = Vec::new();
    for world in explanations {
        if !distinct.contains(&world) {
            distinct.push(world);
        }
    }
    distinct
}

/// Whether two requests and their answers can change places without anyone noticing.
fn alike(one: &(Request, Answer), other: &(Request, Answer)) -> bool {
    one.0 == other.0
        && match (&one.1, &other.1) {
            (Answer::Tokens { refresh: one, .. }, Answer::Tokens { refresh: other, .. }) => one == other,
            (one, other) => one == other,
        }
}
