//! Plays a history on the stage and looks for an explanation of everything that is answered. Tells the story when there is none.

use couplet::app::SystemRandomness;
use couplet::tokens::opaque::AuthorizationCode;

use crate::history::{Back, Deed, History, Step};
use crate::specification::{Asks, By, Permits, Proof, SECOND};
use crate::stage::{ALL, ANOTHER_CALLBACK, Call, Cast, LESS, Outcome, Stage};
use crate::world::{Answer, Name, Request, World, explain};

/// A history on its way.
struct Story<'a> {
    stage: &'a mut Stage,
    cast: Cast,
    /// The codes, one for each link.
    codes: Vec<String>,
    /// The refresh tokens in the order in which they were seen, each with the number of its link.
    refresh: Vec<(usize, String)>,
    /// The access tokens in the order in which they were seen.
    access: Vec<String>,
    /// How things may be.
    worlds: Vec<World>,
    /// What happened, in words.
    told: Vec<String>,
    requests: usize,
}

/// Plays a history. How many requests it took, or the story up to the answer that nothing explains.
pub async fn play(stage: &mut Stage, history: &History) -> Result<usize, String> {
    let cast = stage.begin(history).await;
    let mut story = Story {
        stage,
        cast,
        codes: Vec::new(),
        refresh: Vec::new(),
        access: Vec::new(),
        worlds: vec![World::new(history.choices)],
        told: vec![format!("{:?}, {:?}, PKCE: {}", history.choices, history.access_token, history.pkce)],
        requests: 0,
    };
    let mut end = Ok(());
    for step in &history.steps {
        end = story.step(step).await;
        if end.is_err() {
            break;
        }
    }
    let end = match end {
        Ok(()) => story.count_rows().await,
        why => why,
    };
    story.stage.end(&story.cast).await;
    let requests = story.requests;
    end.map(|()| requests).map_err(|why| format!("{}\n  {why}", story.told.join("\n  ")))
}

impl Story<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Allow => self.allow().await,
            Step::Then(deed) => self.at_once(&[*deed]).await,
            Step::AtOnce(deeds) => self.at_once(deeds).await,
            Step::Times(times, deed) => self.at_once(&vec![*deed; *times]).await,
            Step::Clock(seconds) => {
                self.tell(format!("the clock steps by {seconds} s"));
                self.stage.step(*seconds);
                self.worlds.iter_mut().for_each(|world| world.model.step(*seconds * SECOND));
                Ok(())
            }
            Step::Restart => {
                self.tell("the server dies and starts again");
                self.stage.restart().await;
                self.worlds.iter_mut().for_each(|world| world.model.restart());
                Ok(())
            }
            Step::Purge => {
                self.tell("purge");
                self.stage.purge().await;
                self.worlds.iter_mut().for_each(|world| world.model.purge());
                self.count_rows().await
            }
        }
    }

    async fn allow(&mut self) -> Result<(), String> {
        let code = self.stage.allow(&self.cast).await;
        self.tell(format!(
            "the user allows link {}: {}",
            self.codes.len(),
            if code.is_some() { "a code" } else { "refused" }
        ));
        self.worlds = self
            .worlds
            .drain(..)
            .filter_map(|mut world| (world.model.allow() == code.is_some()).then_some(world))
            .collect();
        self.codes.extend(code);
        self.requests += 1;
        if self.worlds.is_empty() { Err("it ought to have been the other way".to_owned()) } else { Ok(()) }
    }

    /// Requests that are sent at once; those that can't be made yet are left out.
    async fn at_once(&mut self, deeds: &[Deed]) -> Result<(), String> {
        let requests: Vec<Request> = deeds.iter().filter_map(|deed| self.request(*deed)).collect();
        let calls = requests.iter().map(|request| self.call(request)).collect();
        let outcomes = self.stage.send(&self.cast, calls).await;
        let answers: Vec<Answer> =
            requests.iter().zip(outcomes).map(|(request, outcome)| self.answer(request, outcome)).collect();
        let seen: Vec<(Request, Answer)> = requests.into_iter().zip(answers).collect();
        self.requests += seen.len();
        let at_once = if seen.len() > 1 { "at once: " } else { "" };
        for (request, answer) in &seen {
            self.tell(format!("{at_once}{request:?} -> {answer}"));
        }
        let explanations = explain(&self.worlds, &seen);
        if explanations.is_empty() {
            return Err(self.expected(&seen));
        }
        self.worlds = explanations;
        Ok(())
    }

    fn expected(&self, seen: &[(Request, Answer)]) -> String {
        match seen {
            [(request, _)] => {
                let replies: Vec<_> = self.worlds.iter().map(|world| world.clone().ask(request)).collect();
                format!("expected was {replies:?}")
            }
            _ => "no order of these explains the answers".to_owned(),
        }
    }

    async fn count_rows(&mut self) -> Result<(), String> {
        let rows = self.stage.rows().await;
        self.worlds.retain(|world| world.model.rows() == rows);
        if self.worlds.is_empty() { Err(format!("there are {rows} rows")) } else { Ok(()) }
    }

    /// What a deed comes to, given what there is so far.
    fn request(&self, deed: Deed) -> Option<Request> {
        let token = |link, token| self.refresh_token(link, token);
        let access = |back| back_from(self.access.len(), back);
        Some(match deed {
            Deed::Redeem { code, proof } => Request::Redeem { link: back_from(self.codes.len(), code)?, proof },
            Deed::Refresh { link, token: back, by, asks } => Request::Refresh { token: token(link, back)?, by, asks },
            Deed::Use { access: back } => Request::Use { access: access(back)? },
            Deed::LookAt { link, token: back } => Request::LookAt { token: token(link, back)? },
            Deed::Revoke { link, token: back, by } => Request::Revoke { token: token(link, back)?, by },
            Deed::RevokeAccess { access: back, by } => Request::RevokeAccess { access: access(back)?, by },
            Deed::Unlink { link } => Request::Unlink { link: back_from(self.codes.len(), link)? },
            Deed::SwitchClient(enabled) => Request::SwitchClient(enabled),
            Deed::SwitchUser(enabled) => Request::SwitchUser(enabled),
        })
    }

    /// A refresh token of one of the last links.
    fn refresh_token(&self, link: Back, token: Back) -> Option<Name> {
        let mut links: Vec<usize> = self.refresh.iter().map(|(link, _)| *link).collect();
        links.sort_unstable();
        links.dedup();
        let link = links[back_from(links.len(), link)?];
        let names: Vec<Name> = (0..self.refresh.len()).filter(|name| self.refresh[*name].0 == link).collect();
        Some(names[back_from(names.len(), token)?])
    }

    fn call(&self, request: &Request) -> Call {
        let cast = &self.cast;
        let ask = |token: &str| Call::Introspect(cast.request(By::AnotherClient, None, &[("token", token)]));
        let revoke = |by, token: &str| Call::Revoke(cast.request(by, None, &[("token", token)]));
        match *request {
            Request::Redeem { link, proof } => self.redemption(&self.codes[link], proof),
            Request::Refresh { token, by, asks } => {
                let scope = match asks {
                    Asks::Nothing => "",
                    Asks::Less => LESS,
                    Asks::More => "read admin",
                };
                let token = self.refresh[token].1.as_str();
                let parameters = [("grant_type", "refresh_token"), ("refresh_token", token), ("scope", scope)];
                Call::Token(cast.request(by, None, &parameters))
            }
            Request::Use { access } => ask(&self.access[access]),
            Request::LookAt { token } => ask(&self.refresh[token].1),
            Request::Revoke { token, by } => revoke(by, &self.refresh[token].1),
            Request::RevokeAccess { access, by } => revoke(by, &self.access[access]),
            Request::Unlink { link } => Call::Unlink(self.codes[link].clone()),
            Request::SwitchClient(enabled) => Call::SwitchClient(enabled),
            Request::SwitchUser(enabled) => Call::SwitchUser(enabled),
        }
    }

    /// The exchange of a code with one thing wrong, or none.
    fn redemption(&self, code: &str, proof: Proof) -> Call {
        let forged = AuthorizationCode {
            grant_id: AuthorizationCode::parse(code).unwrap().grant_id,
            ..AuthorizationCode::random(&SystemRandomness)
        };
        let forged = forged.encode();
        let mut parameters = self.cast.exchange(if proof == Proof::ForgedCode { forged.expose() } else { code });
        let with_pkce = parameters.iter().any(|(name, _)| *name == "code_verifier");
        let leave_out = match proof {
            Proof::AnotherRedirectUri | Proof::NoRedirectUri => "redirect_uri",
            Proof::AnotherVerifier | Proof::PkceTheOtherWay => "code_verifier",
            _ => "",
        };
        parameters.retain(|(name, _)| *name != leave_out);
        match proof {
            Proof::AnotherRedirectUri => parameters.push(("redirect_uri", ANOTHER_CALLBACK)),
            Proof::AnotherVerifier => parameters.push(("code_verifier", ANOTHER_VERIFIER)),
            Proof::PkceTheOtherWay if !with_pkce => parameters.push(("code_verifier", ANOTHER_VERIFIER)),
            _ => {}
        }
        let by = if proof == Proof::AnotherClient { By::AnotherClient } else { By::TheClient };
        let secret = (proof == Proof::WrongClientSecret).then_some("not the secret");
        Call::Token(self.cast.request(by, secret, &parameters))
    }

    /// An answer with names for its tokens, which are made as they are first seen.
    fn answer(&mut self, request: &Request, outcome: Outcome) -> Answer {
        match outcome {
            Outcome::Tokens { refresh, access, scope } => {
                let (Some(permits), Some(link)) = (permits(&scope), self.link_of(request)) else {
                    return Answer::Fault(format!("tokens with scope {scope:?}"));
                };
                let known = self.refresh.iter().position(|(_, known)| *known == refresh);
                let refresh = known.unwrap_or_else(|| {
                    self.refresh.push((link, refresh));
                    self.refresh.len() - 1
                });
                let known = self.access.iter().position(|known| *known == access);
                let access = known.unwrap_or_else(|| {
                    self.access.push(access);
                    self.access.len() - 1
                });
                Answer::Tokens { refresh, access, permits }
            }
            Outcome::Active { until: None, scope } if scope == ALL => Answer::Good,
            Outcome::Active { until: Some(until), scope } => match permits(&scope) {
                Some(permits) => Answer::InForce { permits, until: (until - self.stage.beginning()) * SECOND },
                None => Answer::Fault(format!("a token in force with scope {scope:?}")),
            },
            Outcome::Active { scope, .. } => Answer::Fault(format!("a refresh token with scope {scope:?}")),
            Outcome::Inactive => Answer::Inactive,
            Outcome::Done => Answer::Done,
            Outcome::Refused(error) => Answer::Refused(error),
            Outcome::Fault(what) => Answer::Fault(what),
        }
    }

    fn link_of(&self, request: &Request) -> Option<usize> {
        match request {
            Request::Redeem { link, .. } => Some(*link),
            Request::Refresh { token, .. } => self.refresh.get(*token).map(|(link, _)| *link),
            _ => None,
        }
    }

    fn tell(&mut self, what: impl Into<String>) {
        let now = self.worlds.first().map_or(0, |world| world.model.now());
        self.told.push(format!("{now:>8} s  {}", what.into()));
    }
}

/// Meets no challenge here.
const ANOTHER_VERIFIER: &str = "another-verifier-that-is-long-enough-0123456789";

/// The place `back` places before the end of a list, its beginning when it is not as long.
fn back_from(length: usize, back: Back) -> Option<usize> {
    length.checked_sub(1).map(|last| last.saturating_sub(back))
}

fn permits(scope: &str) -> Option<Permits> {
    match scope {
        ALL => Some(Permits::All),
        LESS => Some(Permits::Less),
        _ => None,
    }
}
