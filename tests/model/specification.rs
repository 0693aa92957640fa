//! The life of a link, as it is promised: what every request is answered, and how things are after it.
//!
//! Written from `docs/architecture.md` and RFC 6749, 7009, 7636, 7662 and 9700, not from the sources. Here is no database, no
//! hash and no race: requests come one after the other, tokens are plain numbers, and a clock is a number too. Time follows the
//! clock when that steps forth. When it steps back, time goes on from where it was, a tenth slower until the clock has caught
//! up; only a server that starts anew begins with what the clock shows. What was refused for good, or replaced for good, stays so
//! in any case.

use couplet::model::client::RefreshPolicy::{self, Rotate, Stable, Strict};

/// Tenths of a second.
pub type Moment = i64;

/// As many as a second has.
pub const SECOND: Moment = 10;

/// How long a code can be redeemed: `tokens.code_ttl`.
const CODE_LIVES: Moment = 300 * SECOND;
/// How long an access token is in force: `tokens.access_ttl`.
const ACCESS_LIVES: Moment = 3600 * SECOND;
/// How long a lost answer can be fetched again: `tokens.refresh_grace`.
const GRACE: Moment = 60 * SECOND;
/// How long a purge leaves a link that ended.
const KEPT: Moment = 30 * 86_400 * SECOND;

const INVALID_CLIENT: Reply = Reply::Refused("invalid_client");
const INVALID_GRANT: Reply = Reply::Refused("invalid_grant");
const INVALID_SCOPE: Reply = Reply::Refused("invalid_scope");
const UNAUTHORIZED_CLIENT: Reply = Reply::Refused("unauthorized_client");

/// What the operator chose about the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choices {
    /// What a refresh does to the refresh token.
    pub refresh: RefreshPolicy,
    /// Whether the identical exchange may be repeated.
    pub repeat_exchange: bool,
    /// Whether the client has no secret.
    pub public: bool,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The client of the link.
    TheClient,
    /// Another one, which proves who it is as well.
    AnotherClient,
}

/// What comes along with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// All that the code is bound to.
    Whole,
    /// All, but another client sends it.
    AnotherClient,
    /// All, but the client's secret is wrong.
    WrongClientSecret,
    /// All, but the code has the secret part of no code.
    ForgedCode,
    /// Another registered redirect URI.
    AnotherRedirectUri,
    /// No redirect URI, though the authorization request had one.
    NoRedirectUri,
    /// A verifier that meets no challenge.
    AnotherVerifier,
    /// No verifier where there was a challenge, or one where there was none.
    PkceTheOtherWay,
}

/// The scope that a refresh asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// None, which means all.
    Nothing,
    /// Less than the user allowed.
    Less,
    /// More than the user allowed.
    More,
}

/// What an access token permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permits {
    /// What the user allowed.
    All,
    /// Less.
    Less,
}

/// A refresh token: the link it belongs to, and how many came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RefreshToken {
    /// The number of the link.
    pub link: usize,
    /// How many refresh tokens of the link came before it.
    pub generation: usize,
}

/// An access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessToken {
    /// The refresh token it came with.
    pub with: RefreshToken,
    /// What it permits.
    pub permits: Permits,
    /// When it ends.
    pub until: Moment,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A refresh token, and a fresh access token that came with it.
    Tokens(AccessToken),
    /// The access token that was asked about is in force.
    InForce(AccessToken),
    /// The refresh token that was asked about is good.
    Good,
    /// The token that was asked about is nothing.
    Inactive,
    /// What was to be done is done, or had no need to be.
    Done,
    /// No, with this error.
    Refused(&'static str),
}

/// Where in its life a link is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Life {
    /// A code that can be redeemed.
    Issued { expires: Moment },
    /// A link.
    Active(Active),
    /// Over, for good.
    Ended { at: Moment },
    /// Over, and the row is gone.
    Forgotten,
}

/// A link that lives.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Active {
    redeemed: Moment,
    /// The refresh tokens that were replaced, the oldest first; the one after the last is in force.
    replaced: Vec<Replaced>,
    /// Whether an access token that came with the refresh token in force was seen: the answer arrived.
    arrived: bool,
}

/// A refresh token that has a successor.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Replaced {
    at: Moment,
    /// Its grace was over when the next rotation came.
    over: bool,
}

impl Active {
    /// Whether a replaced token may still stand for a lost answer: the answer with its successor never arrived, as far as anyone
    /// saw, or its grace lasts. (A token whose successor was refreshed has only its grace.)
    fn may_retry(&self, generation: usize, now: Moment) -> bool {
        let latest = generation + 1 == self.replaced.len();
        let replaced = &self.replaced[generation];
        latest && !self.arrived || !replaced.over && now < replaced.at + GRACE
    }

    fn rotate(&mut self, now: Moment) {
        for replaced in &mut self.replaced {
            replaced.over |= now >= replaced.at + GRACE;
        }
        // A clock that stepped back does not make grace times end in another order than they began.
        let at = self.replaced.last().map_or(now, |last| last.at.max(now));
        self.replaced.push(Replaced { at, over: false });
        self.arrived = false;
    }
}

/// A server with one client, one user, and the links between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    client: Choices,
    client_enabled: bool,
    user_enabled: bool,
    clock: Moment,
    ahead: Moment,
    links: Vec<Life>,
}

impl Model {
    /// Nothing is linked yet.
    pub fn new(client: Choices) -> Self {
        Self { client, client_enabled: true, user_enabled: true, clock: 0, ahead: 0, links: Vec::new() }
    }

    /// The time.
    pub fn now(&self) -> Moment {
        self.clock + self.ahead
    }

    /// The clock steps, forth or back.
    pub fn step(&mut self, by: Moment) {
        self.clock += by;
        self.ahead = if by < 0 { self.ahead - by } else { (self.ahead - by / 10).max(0) };
    }

    /// The server starts anew.
    pub fn restart(&mut self) {
        self.ahead = 0;
    }

    /// The operator switches the client on or off.
    pub fn switch_client(&mut self, enabled: bool) -> Reply {
        self.client_enabled = enabled;
        Reply::Done
    }

    /// The operator switches the user on or off.
    pub fn switch_user(&mut self, enabled: bool) -> Reply {
        self.user_enabled = enabled;
        Reply::Done
    }

    /// The user allows a link. Whether there is a code then: not for a client that is switched off.
    pub fn allow(&mut self) -> bool {
        if self.client_enabled {
            self.links.push(Life::Issued { expires: self.now() + CODE_LIVES });
        }
        self.client_enabled
    }

    /// A code is redeemed.
    pub fn redeem(&mut self, link: usize, proof: Proof) -> Reply {
        match proof {
            // Proof before punishment: whoever can't show all that the code is bound to changes nothing.
            Proof::AnotherClient => return INVALID_GRANT,
            Proof::WrongClientSecret => return INVALID_CLIENT,
            _ if !self.client_enabled => return INVALID_CLIENT,
            Proof::Whole if self.user_enabled => {}
            _ => return INVALID_GRANT,
        }
        let now = self.now();
        match &self.links[link] {
            Life::Issued { expires } if now < *expires => {
                self.links[link] = Life::Active(Active { redeemed: now, replaced: Vec::new(), arrived: false });
                self.tokens(RefreshToken { link, generation: 0 }, Permits::All)
            }
            // The identical exchange, because its answer was lost.
            Life::Active(active)
                if self.client.repeat_exchange && !self.client.public && now < active.redeemed + GRACE =>
            {
                self.tokens(RefreshToken { link, generation: active.replaced.len() }, Permits::All)
            }
            // A replay (RFC 6749 section 4.1.2), or a code that is over: dead from now on, whatever the clock will say.
            Life::Active(_) | Life::Issued { .. } => self.end(link),
            Life::Ended { .. } | Life::Forgotten => INVALID_GRANT,
        }
    }

    /// A refresh token is used.
    pub fn refresh(&mut self, token: RefreshToken, by: By, asks: Asks) -> Reply {
        if by == By::AnotherClient {
            return INVALID_GRANT;
        }
        if !self.client_enabled {
            return INVALID_CLIENT;
        }
        let permits = match asks {
            Asks::More if self.links[token.link] == Life::Forgotten => return INVALID_GRANT,
            Asks::More => return INVALID_SCOPE,
            Asks::Less => Permits::Less,
            Asks::Nothing => Permits::All,
        };
        let now = self.now();
        let Life::Active(active) = &mut self.links[token.link] else { return INVALID_GRANT };
        if !self.user_enabled {
            return INVALID_GRANT;
        }
        let in_force = token.generation == active.replaced.len();
        match self.client.refresh {
            Stable => {}
            Rotate | Strict if in_force => active.rotate(now),
            Rotate if active.may_retry(token.generation, now) => {}
            Rotate | Strict => return self.end(token.link),
        }
        let generation = active.replaced.len();
        self.tokens(RefreshToken { generation, ..token }, permits)
    }

    /// A resource server asks about an access token, and so sees that its answer arrived.
    pub fn use_access(&mut self, token: AccessToken) -> Reply {
        let lives = self.client_enabled && self.user_enabled && self.now() < token.until;
        match &mut self.links[token.with.link] {
            Life::Active(active) if lives => {
                active.arrived |= token.with.generation == active.replaced.len();
                Reply::InForce(token)
            }
            _ => Reply::Inactive,
        }
    }

    /// A resource server asks about a refresh token, which uses nothing up.
    pub fn look_at(&self, token: RefreshToken) -> Reply {
        let Life::Active(active) = &self.links[token.link] else { return Reply::Inactive };
        let in_force = token.generation == active.replaced.len();
        let retry = self.client.refresh == Rotate && !in_force && active.may_retry(token.generation, self.now());
        let good = (in_force || retry) && self.client_enabled && self.user_enabled;
        if good { Reply::Good } else { Reply::Inactive }
    }

    /// A refresh token is revoked, whichever of the link it is: the link ends (RFC 7009 section 2.1).
    pub fn revoke(&mut self, link: usize, by: By) -> Reply {
        match by {
            By::AnotherClient if self.links[link] == Life::Forgotten => Reply::Done,
            By::AnotherClient => UNAUTHORIZED_CLIENT,
            By::TheClient if !self.client_enabled => INVALID_CLIENT,
            By::TheClient => {
                self.end(link);
                Reply::Done
            }
        }
    }

    /// An access token is revoked; one that has ended ends nothing more.
    pub fn revoke_access(&mut self, token: AccessToken, by: By) -> Reply {
        let ended = by == By::TheClient && self.client_enabled && self.now() >= token.until;
        if ended { Reply::Done } else { self.revoke(token.with.link, by) }
    }

    /// The user unlinks the client, by one of its links that a page showed: all that it has ends, codes under way too.
    pub fn unlink(&mut self, shown: usize) -> Reply {
        if self.links[shown] == Life::Forgotten {
            return Reply::Done;
        }
        for link in 0..self.links.len() {
            self.end(link);
        }
        Reply::Done
    }

    /// The server forgets what is over.
    pub fn purge(&mut self) {
        let now = self.now();
        for life in &mut self.links {
            let over = match life {
                Life::Issued { expires } => *expires < now,
                Life::Ended { at } => *at < now - KEPT,
                Life::Active(_) | Life::Forgotten => false,
            };
            if over {
                *life = Life::Forgotten;
            }
        }
    }

    /// How many rows there are: one for a link, whatever happened to it.
    pub fn rows(&self) -> usize {
        self.links.iter().filter(|life| **life != Life::Forgotten).count()
    }

    /// Whether a link that lived before, in `earlier`, has ended.
    pub fn has_lost(&self, earlier: &Self) -> bool {
        let both = earlier.links.iter().zip(&self.links);
        both.into_iter().any(|(before, now)| matches!((before, now), (Life::Active(_), Life::Ended { .. })))
    }

    /// Whether something that was over in `earlier` lives.
    pub fn has_raised_the_dead(&self, earlier: &Self) -> bool {
        let over = |life: &Life| matches!(life, Life::Ended { .. } | Life::Forgotten);
        earlier.links.iter().zip(&self.links).any(|(before, now)| over(before) && !over(now))
    }

    fn end(&mut self, link: usize) -> Reply {
        let now = self.now();
        if let life @ (Life::Issued { .. } | Life::Active(_)) = &mut self.links[link] {
            *life = Life::Ended { at: now };
        }
        INVALID_GRANT
    }

    /// An access token lives its whole time, whatever is issued after it.
    fn tokens(&self, with: RefreshToken, permits: Permits) -> Reply {
        let until = (self.now() + ACCESS_LIVES).div_euclid(SECOND) * SECOND;
        Reply::Tokens(AccessToken { with, permits, until })
    }
}
