//! A database with Alice and Alexa, whom most cases need, and the makers of everything else that is stored.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use couplet::app::SystemRandomness;
use couplet::model::approval::FirstFactor;
use couplet::model::client::{Client, ClientSecrets, ClientSettings, Credentials};
use couplet::model::grant::{ActiveGrant, CodeBinding, GrantState, RefreshState};
use couplet::model::ids::{ClientId, GrantId, SignInId, UserId};
use couplet::model::login::Login;
use couplet::model::redirect_uri::RedirectUri;
use couplet::model::scope::Scope;
use couplet::model::secret::{ClientSecretHash, TokenHash};
use couplet::model::time::Timestamp;
use couplet::model::user::{SignIn, User};
use couplet::store::Store;
use couplet::store::grants::NewGrant;
use couplet::store::open::{DatabaseUrl, Migrations, open};
use tokio::sync::Barrier;

use super::raw::Raw;
use crate::support::app::{Backend, TestStore};

/// How many come at once.
pub const CROWD: usize = 64;

/// A database with Alice and Alexa.
pub struct Cellar {
    /// The database.
    pub database: TestStore,
    /// Its store.
    pub store: Arc<dyn Store>,
    /// Alice.
    pub alice: User,
    /// Alexa's client.
    pub alexa: Client,
}

impl Cellar {
    /// Fills one.
    pub async fn on(backend: Backend) -> Self {
        let database = TestStore::on(backend).await;
        let (alice, alexa) = (user("Alice"), client("alexa"));
        database.store.add_user(&alice).await.unwrap();
        database.store.add_client(&alexa).await.unwrap();
        Self { store: database.store.clone(), database, alice, alexa }
    }

    /// A connection past the store.
    pub async fn raw(&self) -> Raw {
        Raw::to(&self.database).await
    }

    /// A code for Alexa, issued by Alice at `moment(0)`, which expires at `moment(300)`.
    pub async fn code(&self) -> NewGrant {
        self.code_of(&self.alice, &self.alexa).await
    }

    /// A code of another user or client.
    pub async fn code_of(&self, user: &User, client: &Client) -> NewGrant {
        let grant = new_grant(user, client);
        self.store.issue_code(&grant).await.unwrap();
        grant
    }

    /// A link of Alice to Alexa, redeemed at `moment(1)`, whose refresh token has the hash `token_hash(0)`.
    pub async fn link(&self) -> GrantId {
        self.link_of(&self.alice, &self.alexa).await
    }

    /// A link of another user or client.
    pub async fn link_of(&self, user: &User, client: &Client) -> GrantId {
        let grant = self.code_of(user, client).await;
        self.redeem(&grant).await;
        grant.id
    }

    /// Turns a code into a link.
    pub async fn redeem(&self, grant: &NewGrant) {
        self.store.redeem_code(grant.id, &grant.code.hash, &token_hash(0), moment(1)).await.unwrap();
    }

    /// The state of a grant.
    pub async fn state(&self, id: GrantId) -> GrantState {
        self.store.grant(id).await.unwrap().unwrap().grant.state
    }

    /// The link behind a grant.
    pub async fn active(&self, id: GrantId) -> ActiveGrant {
        match self.state(id).await {
            GrantState::Active(active) => active,
            other => panic!("the grant is {}", other.name()),
        }
    }

    /// Signs a user in at `moment(0)`, until `moment(until)`.
    pub async fn sign_in_of(&self, user: &User, until: i64) -> SignInId {
        let sign_in = sign_in(user, until);
        self.store.add_sign_in(&sign_in).await.unwrap();
        sign_in.id
    }

    /// Does `work` for 0 to [`CROWD`] at the same time and gives what became of each; the odd ones use a pool of their own.
    pub async fn crowd<T, F>(&self, work: impl Fn(Arc<dyn Store>, usize) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let url = DatabaseUrl::parse(&self.database.url).unwrap();
        let other = open(&url, Migrations::Leave).await.unwrap();
        let start = Arc::new(Barrier::new(CROWD));
        let task = |number: usize| {
            let store = if number.is_multiple_of(2) { self.store.clone() } else { other.clone() };
            let (start, work) = (start.clone(), work(store, number));
            tokio::spawn(async move {
                start.wait().await;
                work.await
            })
        };
        let mut outcomes = Vec::new();
        for task in (0..CROWD).map(task).collect::<Vec<_>>() {
            outcomes.push(task.await.unwrap());
        }
        outcomes
    }
}

/// How many of a crowd had this outcome.
pub fn count<T: PartialEq>(outcomes: &[T], outcome: T) -> usize {
    outcomes.iter().filter(|each| **each == outcome).count()
}

/// Compares all fields, also those added later, of types that have no equality.
#[track_caller]
pub fn assert_same<T: Debug>(found: T, expected: T) {
    assert_eq!(format!("{found:#?}"), format!("{expected:#?}"));
}

/// A moment, in seconds after a beginning that is no whole second.
pub fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp_millis(1_795_000_000_123 + seconds * 1000).unwrap()
}

/// A hash of a token; another number is another token.
pub fn token_hash(number: u8) -> TokenHash {
    TokenHash::from_slice(&[number; 32]).unwrap()
}

/// A salted hash of a client secret.
pub fn secret_hash(secret: &str) -> ClientSecretHash {
    ClientSecretHash::of(&secret.to_owned().into(), &SystemRandomness)
}

/// A user with a password, made at `moment(0)`.
pub fn user(login: &str) -> User {
    User {
        id: UserId::random(&SystemRandomness),
        login: Login::parse(login).unwrap(),
        email: None,
        phone: None,
        password_hash: Some("first hash".to_owned()),
        password_by_code: false,
        disabled_at: None,
        approval: false,
        disowned_at: None,
        sign_in_epoch: 0,
        created_at: moment(0),
    }
}

/// A confidential client with the secret `first`, made at `moment(0)`.
pub fn client(id: &str) -> Client {
    Client {
        id: ClientId::parse(id).unwrap(),
        credentials: Credentials::Confidential(ClientSecrets { current: secret_hash("first"), former: None }),
        settings: ClientSettings { name: format!("The client {id}"), ..ClientSettings::default() },
        enabled: true,
        created_at: moment(0),
    }
}

/// A browser that signed in at `moment(0)`.
pub fn sign_in(user: &User, until: i64) -> SignIn {
    SignIn {
        id: SignInId::random(&SystemRandomness),
        user_id: user.id,
        secret_hash: token_hash(9),
        epoch: user.sign_in_epoch,
        first: FirstFactor::Password,
        approved: false,
        created_at: moment(0),
        expires_at: moment(until),
    }
}

/// A code that lives from `moment(0)` to `moment(300)`.
pub fn new_grant(user: &User, client: &Client) -> NewGrant {
    NewGrant {
        id: GrantId::random(&SystemRandomness),
        user_id: user.id,
        client_id: client.id.clone(),
        scope: Scope::parse("read").unwrap(),
        code: CodeBinding {
            hash: token_hash(7),
            expires_at: moment(300),
            redirect_uri: RedirectUri::as_received("https://app.example.com/callback"),
            redirect_uri_given: true,
            challenge: None,
        },
        created_at: moment(0),
    }
}

/// The refresh token that follows `from`, made at `at`.
pub fn successor(from: &RefreshState, at: Timestamp) -> RefreshState {
    let generation = from.generation + 1;
    RefreshState {
        hash: token_hash(u8::try_from(generation % 256).unwrap()),
        generation,
        used: false,
        rotations: from.rotations.with(at, Duration::from_secs(60)),
    }
}
