//! One person with one browser, and the platforms that this person links: works at random, and checks all that was promised.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use couplet::model::client::RefreshPolicy;
use futures_util::future::join_all;
use reqwest::RequestBuilder;
use tokio::time::sleep;

use crate::asking::{Asking, Settled};
use crate::dice::Dice;
use crate::ledger::{Link, State, Wrong};
use crate::support::app::PASSWORD;
use crate::support::person::Person;
use crate::support::platform::{Answer, Platform, Tokens, answer_parameter};

/// A platform, with what the server promises it.
pub struct Client {
    /// The platform.
    pub platform: Platform,
    /// What a refresh does to the refresh token.
    pub policy: RefreshPolicy,
    /// Whether an exchange whose answer was lost may be repeated.
    pub repeats: bool,
}

impl Client {
    fn exchange(&self, code: &str, redirect_uri: &str) -> RequestBuilder {
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)];
        self.platform.posting("/oauth2/token", &form)
    }

    fn refresh(&self, token: &str) -> RequestBuilder {
        self.platform.posting("/oauth2/token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    fn introspect(&self, token: &str) -> RequestBuilder {
        self.platform.posting("/oauth2/introspect", &[("token", token)])
    }

    fn revoke(&self, token: &str) -> RequestBuilder {
        self.platform.posting("/oauth2/revoke", &[("token", token)])
    }
}

/// The person, the browser and the platforms.
pub struct Worker {
    /// Asks the server.
    pub asking: Asking,
    /// The person's login; nobody else uses it.
    pub login: String,
    /// The person's browser.
    pub browser: Person,
    /// The platforms.
    pub clients: Arc<Vec<Client>>,
    /// What this worker decides by.
    pub dice: Dice,
    /// Whether the browser was told that it is signed in.
    pub signed_in: bool,
    /// Every link that was acknowledged.
    pub links: Vec<Link>,
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == 400 && answer.error() == "invalid_grant"
}

impl Worker {
    /// Works until told to stop, then checks every link that was used meanwhile.
    pub async fn work(&mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let index = self.dice.index(self.links.len());
            match (self.dice.below(160), index) {
                (0..50, _) | (_, None) => self.link().await,
                (50..115, Some(index)) => self.refresh(index, Wrong::InvalidGrant).await,
                (115..148, Some(index)) => self.introspect(index).await,
                (148..157, Some(index)) => self.revoke(index).await,
                (_, Some(index)) => self.unlink(index).await,
            }
        }
        self.check(|link| link.touched).await;
    }

    /// Checks links: the live ones work, the dead ones do not.
    pub async fn check(&mut self, which: impl Fn(&Link) -> bool) {
        for index in 0..self.links.len() {
            if !which(&self.links[index]) {
                continue;
            }
            match self.links[index].state {
                State::Live => {
                    self.refresh(index, Wrong::Lost).await;
                    self.introspect(index).await;
                }
                State::Dead => self.check_dead(index).await,
                State::Open => {}
            }
            self.links[index].touched = false;
        }
    }

    async fn check_dead(&mut self, index: usize) {
        let link = &self.links[index];
        let client = &self.clients[link.client];
        let Settled { answer, .. } = self.asking.until_answered(|| client.refresh(&link.refresh)).await;
        if !is_refused(&answer) {
            self.asking.book.wrong(Wrong::CameAlive, format!("refresh: {}\n{}", answer.status, link.story()));
        }
        for token in link.access.iter().chain([&link.refresh]) {
            let Settled { answer, .. } = self.asking.until_answered(|| client.introspect(token)).await;
            if answer.json["active"] != false {
                self.asking.book.wrong(Wrong::CameAlive, format!("introspection\n{}", link.story()));
            }
        }
    }

    /// From the authorization request to a code; nothing when the server was away at any step.
    async fn code(&mut self, client: usize) -> Option<String> {
        let authorize = self.clients[client].platform.authorize(&[]);
        let mut page = self.asking.page(self.browser.try_open(&authorize)).await?;
        if page.has("input[name=password]") {
            if self.signed_in {
                self.asking.book.wrong(Wrong::SignInLost, format!("{} has to sign in again", self.login));
            }
            page = self.asking.page(self.browser.try_sign_in(&page, &self.login, PASSWORD)).await?;
        }
        if page.has("button[name=decision]") {
            self.signed_in = true;
            page = self.asking.page(self.browser.try_decide(&page, "allow")).await?;
        }
        let code = answer_parameter(&page, "code");
        match &code {
            Some(_) => self.signed_in = true,
            None => self.asking.book.wrong(Wrong::Answer, format!("no code: {} {}", page.url, page.body)),
        }
        code
    }

    /// Links, and now and then tries what must not work with a code.
    async fn link(&mut self) {
        let client = self.dice.index(self.clients.len()).unwrap();
        let Some(code) = self.code(client).await else { return };
        if self.dice.one_in(6) {
            self.steal(client, &code).await;
        }
        if self.dice.one_in(6) {
            return self.race(client, &code).await;
        }
        let clients = Arc::clone(&self.clients);
        let uri = &clients[client].platform.redirect_uri;
        let settled = self.asking.until_answered(|| clients[client].exchange(&code, uri)).await;
        match &settled.answer {
            answer if answer.status == 200 => {
                let index = self.begin(client, answer).await;
                if self.dice.one_in(4) {
                    self.replay(index, &code).await;
                }
            }
            answer if is_refused(answer) && settled.in_doubt && !clients[client].repeats => {
                self.asking.book.count(&self.asking.book.forfeited);
            }
            answer if is_refused(answer) => {
                let id = &clients[client].platform.client_id;
                let story = format!("a fresh code of {id}, in doubt: {}", settled.in_doubt);
                self.asking.book.wrong(Wrong::InvalidGrant, story);
            }
            answer => self.asking.book.wrong(Wrong::Answer, format!("exchange: {} {}", answer.status, answer.json)),
        }
    }

    /// The code is presented without what it is bound to: that changes nothing.
    async fn steal(&mut self, client: usize, code: &str) {
        let stolen = self.clients[client].exchange(code, "https://thief.example.com/callback");
        let other = &self.clients[(client + 1) % self.clients.len()];
        let elsewhere = other.exchange(code, &self.clients[client].platform.redirect_uri);
        for request in [stolen, elsewhere] {
            if let Some(answer) = self.asking.once(request).await
                && !is_refused(&answer)
            {
                self.asking.book.wrong(Wrong::RedeemedTwice, format!("by a thief: {} {}", answer.status, answer.json));
            }
        }
    }

    /// The tokens of a link have arrived.
    async fn begin(&mut self, client: usize, answer: &Answer) -> usize {
        let book = Arc::clone(&self.asking.book);
        book.count(&book.acknowledged);
        let tokens = Tokens::from(answer);
        let mut link = Link::new(client, tokens.refresh, tokens.access);
        link.grant_id = self.grant_of(client, &link.access[0]).await.unwrap_or_default();
        link.note(&book, format!("{} of {} began", self.clients[client].platform.client_id, self.login));
        if link.grant_id.is_empty() {
            book.wrong(Wrong::Lost, format!("inactive as soon as it began\n{}", link.story()));
            link.state = State::Dead;
        }
        self.links.push(link);
        self.links.len() - 1
    }

    /// The link of an access token, as introspection tells it.
    async fn grant_of(&self, client: usize, access: &str) -> Option<String> {
        let client = &self.clients[client];
        let told = self.asking.until_answered(|| client.introspect(access)).await.answer;
        told.json["grant_id"].as_str().map(str::to_owned)
    }

    /// The code comes again after its answer had arrived.
    async fn replay(&mut self, index: usize, code: &str) {
        let client = self.links[index].client;
        let book = Arc::clone(&self.asking.book);
        let again = &self.clients[client];
        let uri = &again.platform.redirect_uri;
        let Settled { answer, .. } = self.asking.until_answered(|| again.exchange(code, uri)).await;
        let repeats = again.repeats;
        let same = match answer.status == 200 {
            true => self.grant_of(client, &answer.text("access_token")).await,
            false => None,
        };
        let link = &mut self.links[index];
        link.note(&book, format!("the code came again: {} {}", answer.status, answer.error()));
        match (repeats, answer.status == 200) {
            (true, true) if same.as_deref() != Some(&link.grant_id) || answer.text("refresh_token") != link.refresh => {
                book.wrong(Wrong::RedeemedTwice, format!("another link: {same:?}\n{}", link.story()));
            }
            (true, true) => link.received(answer.text("refresh_token"), answer.text("access_token")),
            (true, false) => book.wrong(Wrong::InvalidGrant, format!("a repeated exchange\n{}", link.story())),
            (false, true) => book.wrong(Wrong::RedeemedTwice, link.story()),
            (false, false) => {
                link.state = State::Dead;
                book.count(&book.ended);
            }
        }
    }

    /// Two exchanges of one code at the same moment.
    async fn race(&mut self, client: usize, code: &str) {
        let (clients, book) = (Arc::clone(&self.clients), Arc::clone(&self.asking.book));
        let uri = &clients[client].platform.redirect_uri;
        let both = (0..2).map(|_| self.asking.once(clients[client].exchange(code, uri)));
        let answers: Vec<Answer> = join_all(both).await.into_iter().flatten().collect();
        let (won, refused): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 200);
        let tell = |wrong| book.wrong(wrong, format!("two exchanges at once by {client}: {answers:?}"));
        if refused.iter().any(|answer| !is_refused(answer)) {
            tell(Wrong::Answer);
        }
        if refused.len() == 2 || clients[client].repeats && !refused.is_empty() {
            tell(Wrong::InvalidGrant);
        }
        let Some(first) = won.first() else { return };
        let index = match (clients[client].repeats, refused.is_empty()) {
            (true, _) => self.begin(client, first).await,
            // Another exchange of the same code ends the link, or may have.
            (false, unheard) => {
                book.count(&book.acknowledged);
                let tokens = Tokens::from(*first);
                let mut link = Link::new(client, tokens.refresh, tokens.access);
                link.state = if unheard { State::Open } else { State::Dead };
                link.note(&book, "began and was ended by another exchange at the same moment");
                self.links.push(link);
                self.links.len() - 1
            }
        };
        if let Some(second) = won.get(1) {
            let other = self.grant_of(client, &second.text("access_token")).await;
            let same = other.as_deref() == Some(&self.links[index].grant_id);
            if !clients[client].repeats || !same || second.text("refresh_token") != self.links[index].refresh {
                tell(Wrong::RedeemedTwice);
            }
        }
    }

    /// Refreshes, perhaps several times at once; `otherwise` is what it is called if a good token is refused.
    async fn refresh(&mut self, index: usize, otherwise: Wrong) {
        let (clients, book) = (Arc::clone(&self.clients), Arc::clone(&self.asking.book));
        if self.links[index].state != State::Live {
            return;
        }
        let client = &clients[self.links[index].client];
        let copies = if client.policy == RefreshPolicy::Strict { 1 } else { 1 + self.dice.below(3) };
        let thrown_away = client.policy == RefreshPolicy::Rotate && otherwise != Wrong::Lost && self.dice.one_in(8);
        let token = self.links[index].refresh.clone();
        let asked = (0..copies).map(|_| self.asking.until_answered(|| client.refresh(&token)));
        let settled = join_all(asked).await;
        let link = &mut self.links[index];
        let mut successor = None;
        for Settled { answer, in_doubt } in settled {
            link.note(&book, format!("refresh, {copies} at once: {} {}", answer.status, answer.error()));
            match answer.status.as_u16() {
                200 => {
                    let next = successor.get_or_insert_with(|| answer.text("refresh_token"));
                    let same = *next == answer.text("refresh_token");
                    if !same || (client.policy == RefreshPolicy::Stable) != (*next == token) {
                        book.wrong(Wrong::Answer, format!("another refresh token than was due\n{}", link.story()));
                    }
                    if thrown_away {
                        link.note(&book, "the answer was thrown away");
                    } else {
                        link.received(answer.text("refresh_token"), answer.text("access_token"));
                    }
                }
                400 if in_doubt && client.policy == RefreshPolicy::Strict && is_refused(&answer) => {
                    link.state = State::Dead;
                    book.count(&book.forfeited);
                }
                _ => {
                    let kind = if is_refused(&answer) { otherwise } else { Wrong::Answer };
                    book.wrong(kind, format!("{} {}\n{}", answer.status, answer.json, link.story()));
                    link.state = State::Open;
                }
            }
        }
    }

    async fn introspect(&mut self, index: usize) {
        let link = &self.links[index];
        let tokens: Vec<&String> = link.access.iter().chain([&link.refresh]).collect();
        let token = tokens[self.dice.index(tokens.len()).unwrap()];
        let Some(answer) = self.asking.once(self.clients[link.client].introspect(token)).await else { return };
        let book = &self.asking.book;
        match (link.state, answer.json["active"].as_bool()) {
            (State::Live, Some(true)) | (State::Dead, Some(false)) | (State::Open, Some(_)) => {}
            (State::Live, Some(false)) => book.wrong(Wrong::Lost, format!("inactive\n{}", link.story())),
            (State::Dead, Some(true)) => book.wrong(Wrong::CameAlive, format!("active\n{}", link.story())),
            (_, None) => book.wrong(Wrong::Answer, format!("introspection: {} {}", answer.status, answer.json)),
        }
    }

    async fn revoke(&mut self, index: usize) {
        let link = &self.links[index];
        let token = if self.dice.one_in(2) { &link.refresh } else { link.access.back().unwrap() };
        let client = &self.clients[link.client];
        let Settled { answer, .. } = self.asking.until_answered(|| client.revoke(token)).await;
        let book = Arc::clone(&self.asking.book);
        let link = &mut self.links[index];
        link.note(&book, format!("revoked: {}", answer.status));
        if answer.status != 200 {
            book.wrong(Wrong::Answer, format!("revocation: {} {}\n{}", answer.status, answer.json, link.story()));
        }
        link.state = State::Dead;
        book.count(&book.ended);
    }

    /// The person unlinks on the account page, which ends every link to that client.
    async fn unlink(&mut self, index: usize) {
        let (client, grant) = (self.links[index].client, self.links[index].grant_id.clone());
        if grant.is_empty() {
            return;
        }
        while self.try_unlink(&grant).await.is_none() {
            sleep(Duration::from_millis(20)).await;
        }
        let book = Arc::clone(&self.asking.book);
        for link in self.links.iter_mut().filter(|link| link.client == client && link.state != State::Dead) {
            link.note(&book, "unlinked");
            link.state = State::Dead;
            book.count(&book.ended);
        }
    }

    async fn try_unlink(&self, grant: &str) -> Option<()> {
        let account = format!("{}/account", self.browser.url);
        let page = self.asking.page(self.browser.try_open(&account)).await?;
        let form = [("csrf", page.value("csrf")), ("grant", grant.to_owned())];
        let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
        self.asking.page(self.browser.try_post("/account/unlink", &form)).await.map(drop)
    }
}
