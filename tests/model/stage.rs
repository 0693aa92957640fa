//! A server without its HTTP part, over one database of either kind, with a clock that goes where it is told. It can die and
//! come back.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use couplet::app::{App, Parts, SystemRandomness};
use couplet::config::{Config, Purpose};
use couplet::jobs::purge::purge;
use couplet::model::client::{AccessTokenFormat, Client, ClientSecrets, ClientSettings, Credentials};
use couplet::model::failure::{Failure, StoreError};
use couplet::model::ids::{ClientId, GrantId, UserId};
use couplet::model::login::Login;
use couplet::model::parameters::{Parameters, encode};
use couplet::model::redirect_uri::RedirectUri;
use couplet::model::scope::Scope;
use couplet::model::secret::ClientSecretHash;
use couplet::model::time::{Clock, Timestamp};
use couplet::model::user::User;
use couplet::oauth::client_auth::PresentedClient;
use couplet::oauth::error::Refusal;
use couplet::oauth::grants::{Granted, TokenRequest};
use couplet::oauth::introspect::Introspection;
use couplet::store::open::{DatabaseUrl, Migrations, open};
use couplet::tokens::master_key::MasterKey;
use couplet::tokens::opaque::AuthorizationCode;
use serde_json::Value;
use url::Url;

use crate::history::History;
use crate::specification::By;
use crate::support::app::{Backend, SECRET, TestStore};
use crate::support::platform::{CHALLENGE, VERIFIER};
use crate::support::rows::Rows;

/// Where every story begins, in seconds since 1970.
const BEGINNING: i64 = 1_795_000_000;
const CALLBACK: &str = "https://app.example.com/callback";
/// Registered as well.
pub const ANOTHER_CALLBACK: &str = "https://app.example.com/another";
/// What every user allows.
pub const ALL: &str = "read write";
/// Less than that.
pub const LESS: &str = "read";
/// A client that is a resource server too.
const ANOTHER_CLIENT: &str = "another";

/// A clock that stands where it was put.
struct StoryClock(AtomicI64);

impl Clock for StoryClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_timestamp(BEGINNING + self.0.load(Ordering::SeqCst), 0).unwrap()
    }
}

/// A server that plays one story after another.
pub struct Stage {
    app: Arc<App>,
    clock: Arc<StoryClock>,
    database: TestStore,
    rows: Rows,
    stories: u32,
    /// What the clock showed when the story began.
    beginning: i64,
}

/// Who is linked to what in one story.
#[derive(Clone)]
pub struct Cast {
    client: Client,
    user: User,
    pkce: bool,
}

/// What came of a request, in the words of the outside.
#[derive(Debug)]
pub enum Outcome {
    /// Tokens and their scope.
    Tokens { refresh: String, access: String, scope: String },
    /// What introspection told of a living token: its scope, and the end of an access token.
    Active { scope: String, until: Option<i64> },
    /// Introspection told of nothing.
    Inactive,
    /// Done.
    Done,
    /// Refused by the protocol.
    Refused(&'static str),
    /// A failure of ours.
    Fault(String),
}

/// A request with everything in it, ready to be sent.
pub enum Call {
    /// To the token endpoint.
    Token(TokenRequest),
    /// To the introspection endpoint.
    Introspect(TokenRequest),
    /// To the revocation endpoint.
    Revoke(TokenRequest),
    /// On the account page: the grant of this code.
    Unlink(String),
    /// On the command line.
    SwitchClient(bool),
    /// On the command line.
    SwitchUser(bool),
}

impl Stage {
    /// A server over a new database.
    pub async fn on(backend: Backend) -> Self {
        let database = TestStore::on(backend).await;
        let clock = Arc::new(StoryClock(AtomicI64::new(0)));
        let app = assemble(&database.url, clock.clone()).await;
        let settings = ClientSettings { introspect_any: true, ..settings() };
        app.store.add_client(&client(ANOTHER_CLIENT, false, settings)).await.unwrap();
        Self { app, clock, rows: Rows::of(&database).await, database, stories: 0, beginning: 0 }
    }

    /// Lets the clock catch up with the server's time, and brings a client and a user.
    pub async fn begin(&mut self, history: &History) -> Cast {
        let ahead = self.app.protocol.clock.now() - self.clock.now();
        self.step((ahead.num_seconds() + 1) * 10);
        assert_eq!(self.app.protocol.clock.now(), self.clock.now());
        self.beginning = self.clock.0.load(Ordering::SeqCst);
        self.stories += 1;
        let settings = ClientSettings {
            refresh: history.choices.refresh,
            repeat_exchange: history.choices.repeat_exchange,
            access_token: history.access_token,
            ..settings()
        };
        let client = client(&format!("client-{}", self.stories), history.choices.public, settings);
        let user = User {
            id: UserId::random(&SystemRandomness),
            login: Login::parse(&format!("user-{}", self.stories)).unwrap(),
            email: None,
            phone: None,
            password_hash: None,
            password_by_code: false,
            disabled_at: None,
            approval: false,
            disowned_at: None,
            sign_in_epoch: 0,
            created_at: self.clock.now(),
        };
        self.app.store.add_client(&client).await.unwrap();
        self.app.store.add_user(&user).await.unwrap();
        Cast { client, user, pkce: history.pkce }
    }

    /// Removes all that a story left.
    pub async fn end(&self, cast: &Cast) {
        while self.app.store.forget_grants_of(&cast.client.id, 100).await.unwrap() > 0 {}
        self.app.store.delete_client(&cast.client.id).await.unwrap();
        self.app.store.delete_user(cast.user.id).await.unwrap();
    }

    /// When the story began, in seconds as the server tells them.
    pub fn beginning(&self) -> i64 {
        BEGINNING + self.beginning
    }

    /// The clock steps, and the server sees it.
    pub fn step(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
        self.app.protocol.clock.now();
    }

    /// The server dies; another one starts over the same database.
    pub async fn restart(&mut self) {
        self.app = assemble(&self.database.url, self.clock.clone()).await;
        self.app.protocol.clock.now();
    }

    /// The server forgets what is over.
    pub async fn purge(&self) {
        purge(&self.app).await.unwrap();
    }

    /// How many rows there are for links.
    pub async fn rows(&mut self) -> usize {
        usize::try_from(self.rows.count("grants").await).unwrap()
    }

    /// The user allows a link. The code, unless the client may not even ask.
    pub async fn allow(&self, cast: &Cast) -> Option<String> {
        let mut query = format!("response_type=code&state=x&scope={}&client_id={}", encode(ALL), cast.client.id);
        query += &format!("&redirect_uri={}", encode(CALLBACK));
        if cast.pkce {
            query += &format!("&code_challenge={CHALLENGE}&code_challenge_method=S256");
        }
        let parameters = Parameters::parse(query.as_bytes()).unwrap();
        let request = match self.app.protocol.authorization_request(&parameters).await {
            Ok(request) => request,
            Err(Failure::Refused(_)) => return None,
            Err(failure) => panic!("the authorization endpoint fails: {failure:?}"),
        };
        let answer = self.app.protocol.allow(&request, &cast.user).await.unwrap();
        let answer = Url::parse(&answer).unwrap();
        answer.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned())
    }

    /// Sends requests, all at once.
    pub async fn send(&self, cast: &Cast, calls: Vec<Call>) -> Vec<Outcome> {
        let send = |call| tokio::spawn(perform(self.app.clone(), cast.clone(), call));
        let mut outcomes = Vec::new();
        for task in calls.into_iter().map(send).collect::<Vec<_>>() {
            outcomes.push(task.await.unwrap_or_else(|error| Outcome::Fault(error.to_string())));
        }
        outcomes
    }
}

impl Cast {
    /// A request to an API endpoint, by this client or by another one.
    pub fn request(&self, by: By, secret: Option<&str>, parameters: &[(&str, &str)]) -> TokenRequest {
        let (id, secret) = match by {
            By::TheClient => (self.client.id.as_str(), secret.or((!self.client.is_public()).then_some(SECRET))),
            By::AnotherClient => (ANOTHER_CLIENT, Some(SECRET)),
        };
        let pairs = parameters.iter().map(|(name, value)| format!("{name}={}", encode(value)));
        TokenRequest {
            client: PresentedClient {
                basic: None,
                body_id: Some(id.to_owned()),
                body_secret: secret.map(|secret| secret.to_owned().into()),
            },
            parameters: Parameters::parse(pairs.collect::<Vec<_>>().join("&").as_bytes()).unwrap(),
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        }
    }

    /// What a right exchange of a code sends.
    pub fn exchange<'a>(&self, code: &'a str) -> Vec<(&'static str, &'a str)> {
        let usual = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", CALLBACK)];
        let verifier = self.pkce.then_some(("code_verifier", VERIFIER));
        usual.into_iter().chain(verifier).collect()
    }
}

async fn assemble(url: &str, clock: Arc<StoryClock>) -> Arc<App> {
    let config = Config::load(None, &|_| None, Purpose::Tool).unwrap();
    let parts = Parts {
        store: open(&DatabaseUrl::parse(url).unwrap(), Migrations::Leave).await.unwrap(),
        master_key: MasterKey::from_bytes([7; 32]),
        clock,
        randomness: Arc::new(SystemRandomness),
    };
    Arc::new(App::assemble(&config, "https://example.com", parts).await.unwrap())
}

fn settings() -> ClientSettings {
    let register = |uri| RedirectUri::parse(uri, false).unwrap();
    ClientSettings {
        redirect_uris: vec![register(CALLBACK), register(ANOTHER_CALLBACK)],
        scope: Scope::parse(ALL).unwrap(),
        access_token: AccessTokenFormat::Opaque,
        ..ClientSettings::default()
    }
}

fn client(id: &str, public: bool, settings: ClientSettings) -> Client {
    let current = ClientSecretHash::of(&SECRET.to_owned().into(), &SystemRandomness);
    let secrets = ClientSecrets { current, former: None };
    Client {
        id: ClientId::parse(id).unwrap(),
        credentials: if public { Credentials::Public } else { Credentials::Confidential(secrets) },
        settings,
        enabled: true,
        created_at: Timestamp::from_timestamp(BEGINNING, 0).unwrap(),
    }
}

async fn perform(app: Arc<App>, cast: Cast, call: Call) -> Outcome {
    match call {
        Call::Token(request) => told(app.protocol.token(&request).await, tokens),
        Call::Introspect(request) => told(app.protocol.introspect(&request).await, introspected),
        Call::Revoke(request) => told(app.protocol.revoke(&request).await, |()| Outcome::Done),
        Call::Unlink(code) => {
            let grant: GrantId = AuthorizationCode::parse(&code).unwrap().grant_id;
            stored(app.protocol.unlink(cast.user.id, grant).await)
        }
        Call::SwitchClient(enabled) => stored(app.store.enable_client(&cast.client.id, enabled).await),
        Call::SwitchUser(true) => stored(app.store.enable_user(cast.user.id).await),
        Call::SwitchUser(false) => stored(app.store.disable_user(cast.user.id, app.protocol.clock.now()).await),
    }
}

fn told<T>(answer: Result<T, Failure<Refusal>>, outcome: impl FnOnce(T) -> Outcome) -> Outcome {
    match answer {
        Ok(answer) => outcome(answer),
        Err(Failure::Refused(refusal)) => Outcome::Refused(refusal.code().as_str()),
        Err(failure) => Outcome::Fault(format!("{failure:?}")),
    }
}

fn stored<T>(answer: Result<T, StoreError>) -> Outcome {
    answer.map_or_else(|error| Outcome::Fault(error.to_string()), |_| Outcome::Done)
}

fn tokens(granted: Granted) -> Outcome {
    match granted {
        Granted::Tokens(answer) => Outcome::Tokens {
            refresh: answer.refresh_token.map(|token| token.expose().to_owned()).unwrap_or_default(),
            access: answer.access_token.expose().to_owned(),
            scope: answer.scope.to_string(),
        },
        other => Outcome::Fault(format!("{other:?}")),
    }
}

fn introspected(answer: Introspection) -> Outcome {
    let answer = serde_json::to_value(answer).unwrap();
    if answer["active"] != Value::Bool(true) {
        return Outcome::Inactive;
    }
    let until = answer["exp"].as_i64();
    Outcome::Active { scope: answer["scope"].as_str().unwrap_or_default().to_owned(), until }
}
