//! Owns what is measured, request by request. Leaves the browser's way to `sign_in.rs`, and sending to `load.rs`.

use std::time::Duration;

use couplet::web::routes::{INTROSPECT, TOKEN, TWILIO_ACCESS_TOKEN};

use crate::http::{Connection, Form};
use crate::links::Links;
use crate::load::{Load, Run, WARM, Work};
use crate::push;
use crate::sign_in::{Browser, Busy};
use crate::stage::{REDIRECT_URI, SECRET, Stage};

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A code for an opaque access token and a refresh token.
    ExchangeOpaque,
    /// A code for a signed access token and a refresh token.
    ExchangeJwt,
    /// A refresh that keeps the refresh token.
    Stable,
    /// A refresh that replaces the refresh token.
    Rotate,
    /// The same with a signed access token.
    RotateJwt,
    /// A client looks at its own opaque access token.
    IntrospectOpaque,
    /// A client looks at its own signed access token.
    IntrospectJwt,
    /// A resource server checks an access token that another client shows.
    ResourceServer,
    /// An app fetches a Twilio access token for the user of an opaque access token.
    Twilio,
    /// A back end asks a device of push verification.
    AskDevice,
    /// A device answers with its signature.
    AnswerDevice,
    /// A person's whole way from the platform's link to the redirect with a code: page, password, redirect.
    SignIn,
}

/// Links that are used again and again in one run.
const LINKS: usize = 10_000;

/// Codes for each second of one run, with one connection and with more.
const CODES_A_SECOND: (usize, usize) = (5_000, 20_000);

/// Challenges for each second, likewise.
const CHALLENGES_A_SECOND: (usize, usize) = (2_500, 10_000);

impl Scenario {
    /// All there are.
    pub const ALL: [Scenario; 12] = [
        Scenario::ExchangeOpaque,
        Scenario::ExchangeJwt,
        Scenario::Stable,
        Scenario::Rotate,
        Scenario::RotateJwt,
        Scenario::IntrospectOpaque,
        Scenario::IntrospectJwt,
        Scenario::ResourceServer,
        Scenario::Twilio,
        Scenario::AskDevice,
        Scenario::AnswerDevice,
        Scenario::SignIn,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Scenario::ExchangeOpaque => "exchange-opaque",
            Scenario::ExchangeJwt => "exchange-jwt",
            Scenario::Stable => "stable",
            Scenario::Rotate => "rotate-opaque",
            Scenario::RotateJwt => "rotate-jwt",
            Scenario::IntrospectOpaque => "introspect-opaque",
            Scenario::IntrospectJwt => "introspect-jwt",
            Scenario::ResourceServer => "resource-server",
            Scenario::Twilio => "twilio-access-token",
            Scenario::AskDevice => "challenge-create",
            Scenario::AnswerDevice => "challenge-answer",
            Scenario::SignIn => "sign-in",
        }
    }

    /// Its name on pages.
    pub fn title(self) -> &'static str {
        match self {
            Scenario::ExchangeOpaque => "code exchange, opaque",
            Scenario::ExchangeJwt => "code exchange, JWT",
            Scenario::Stable => "refresh, stable",
            Scenario::Rotate => "refresh, rotate, opaque",
            Scenario::RotateJwt => "refresh, rotate, JWT",
            Scenario::IntrospectOpaque => "introspection, opaque",
            Scenario::IntrospectJwt => "introspection, JWT",
            Scenario::ResourceServer => "check by a resource server",
            Scenario::Twilio => "Twilio access token",
            Scenario::AskDevice => "push challenge, created",
            Scenario::AnswerDevice => "push challenge, answered",
            Scenario::SignIn => "whole sign-in",
        }
    }

    /// Runs it.
    pub fn run(self, stage: &Stage, connections: usize, time: Duration) -> Run {
        self.load(stage, connections, time).measure(stage.processes, time)
    }

    /// Prepares it and starts to send.
    pub fn load(self, stage: &Stage, connections: usize, time: Duration) -> Load {
        let address = stage.server.address;
        let needed = |(alone, together): (usize, usize)| {
            let a_second = if connections == 1 { alone } else { together };
            ((time + WARM).as_secs_f64() * a_second as f64) as usize
        };
        match self {
            Scenario::SignIn => Load::start(address, Browser::prepare(stage, connections, Busy::Fails)),
            Scenario::ExchangeOpaque | Scenario::ExchangeJwt => {
                Load::start(address, self.shares(stage, connections, needed(CODES_A_SECOND)))
            }
            Scenario::AskDevice => Load::start(address, push::asking(stage, connections, needed(CHALLENGES_A_SECOND))),
            Scenario::AnswerDevice => {
                Load::start(address, push::answering(stage, connections, needed(CHALLENGES_A_SECOND)))
            }
            _ => Load::start(address, self.shares(stage, connections, LINKS)),
        }
    }

    /// The work of each connection, with so many links for all of them.
    pub fn shares(self, stage: &Stage, connections: usize, links: usize) -> Vec<Share> {
        let (form, usage, tokens) = self.form(stage, links);
        let shares = tokens.chunks_exact(links / connections).take(connections);
        let share = |tokens: &[String]| Share {
            form: form.clone(),
            usage,
            tokens: tokens.to_vec(),
            next: 0,
            rounds: None,
            patience: 0,
        };
        shares.map(share).collect()
    }

    /// Work with the same requests for another server, which takes a code as often as it comes.
    pub fn repeated(self, stage: &Stage, connections: usize) -> Vec<Share> {
        let mut shares = self.shares(stage, connections, connections);
        for share in &mut shares {
            share.usage = if matches!(share.usage, Use::Once) { Use::Refresh } else { share.usage };
        }
        shares
    }

    /// An answer's body.
    pub fn specimen(self, stage: &Stage) -> String {
        let (mut form, _, tokens) = self.form(stage, 1);
        stage.runtime.block_on(async {
            let mut connection = Connection::open(stage.server.address).await;
            connection.ask(form.with(&tokens[0])).await.body.to_owned()
        })
    }

    /// The request and the tokens it is sent with.
    fn form(self, stage: &Stage, links: usize) -> (Form, Use, Vec<String>) {
        let (client, usage) = self.client();
        let tokens = match self {
            Scenario::ExchangeOpaque | Scenario::ExchangeJwt => Links::issued(stage, client, links).codes(),
            Scenario::Stable | Scenario::Rotate | Scenario::RotateJwt => {
                Links::active(stage, client, links).refresh_tokens()
            }
            Scenario::IntrospectJwt => Links::active(stage, client, links).jwts(),
            _ => Links::active(stage, "stable", links).opaque_tokens(),
        };
        let length = tokens[0].len();
        let (path, body) = match usage {
            Use::Fetch => return (Form::bearer(&format!("{TWILIO_ACCESS_TOKEN}?room=Lobby"), length), usage, tokens),
            Use::Once => {
                (TOKEN, format!("grant_type=authorization_code&code={{}}&redirect_uri={}", encoded(REDIRECT_URI)))
            }
            Use::Refresh | Use::Rotate => (TOKEN, "grant_type=refresh_token&refresh_token={}".to_owned()),
            Use::Look => (INTROSPECT, "token={}".to_owned()),
        };
        (Form::new(path, (client, SECRET), &body, length), usage, tokens)
    }

    /// Who asks, and how a token is used.
    fn client(self) -> (&'static str, Use) {
        match self {
            Scenario::ExchangeOpaque => ("stable", Use::Once),
            Scenario::ExchangeJwt => ("jwt", Use::Once),
            Scenario::Stable => ("stable", Use::Refresh),
            Scenario::Rotate => ("rotate", Use::Rotate),
            Scenario::RotateJwt => ("jwt", Use::Rotate),
            Scenario::IntrospectJwt => ("jwt", Use::Look),
            Scenario::ResourceServer => ("resource-server", Use::Look),
            Scenario::Twilio => ("stable", Use::Fetch),
            Scenario::IntrospectOpaque | Scenario::SignIn | Scenario::AskDevice | Scenario::AnswerDevice => {
                ("stable", Use::Look)
            }
        }
    }
}

/// How a token is used.
#[derive(Clone, Copy)]
enum Use {
    /// It is a code: once.
    Once,
    /// It is a refresh token that stays.
    Refresh,
    /// It is a refresh token that is replaced by the answer's.
    Rotate,
    /// It is looked at.
    Look,
    /// It is shown for a Twilio access token.
    Fetch,
}

/// One connection's share.
pub struct Share {
    form: Form,
    usage: Use,
    tokens: Vec<String>,
    next: usize,
    /// How often it still goes through its tokens; for ever when not given.
    rounds: Option<usize>,
    /// How often it still sends a request again because the server was unavailable; a measurement never does.
    patience: usize,
}

/// Requests that are sent again where nothing is measured: the disk of a busy machine may stall.
const PATIENCE: usize = 100;

impl Share {
    /// Goes through its tokens so many times more, from the first one on.
    pub fn repeat(&mut self, rounds: usize) {
        self.next = 0;
        self.rounds = Some(rounds);
        self.patience = PATIENCE;
    }
}

impl Work for Share {
    async fn turn(&mut self, connection: &mut Connection) -> bool {
        if self.next == self.tokens.len() {
            if matches!(self.usage, Use::Once) {
                return false;
            }
            self.rounds = self.rounds.map(|rounds| rounds - 1);
            if self.rounds == Some(0) {
                return false;
            }
            self.next = 0;
        }
        let token = &mut self.tokens[self.next];
        self.next += 1;
        let answer = connection.ask(self.form.with(token)).await;
        if answer.status == 503 && self.patience > 0 {
            (self.patience, self.next) = (self.patience - 1, self.next - 1);
            return true;
        }
        let expected = match self.usage {
            Use::Look => "\"active\":true",
            Use::Fetch => "\"accessToken\":\"",
            Use::Once | Use::Refresh | Use::Rotate => "\"access_token\":\"",
        };
        assert!(answer.status == 200 && answer.body.contains(expected), "{}", answer.summary());
        if matches!(self.usage, Use::Rotate) {
            let (_, successor) = answer.body.split_once("\"refresh_token\":\"").unwrap();
            let length = token.len();
            token.clear();
            token.push_str(&successor[..length]);
        }
        true
    }
}

/// A value for a form or a query.
pub fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}
