//! A whole server on a free port of loopback, with a database of its own and a clock that the test moves.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use couplet::app::{App, Parts, SystemRandomness};
use couplet::config::{Config, Purpose};
use couplet::identity::password::PasswordHasher;
use couplet::model::client::{Client, ClientSecrets, ClientSettings, Credentials};
use couplet::model::ids::{ClientId, UserId};
use couplet::model::login::Login;
use couplet::model::redirect_uri::RedirectUri;
use couplet::model::scope::Scope;
use couplet::model::secret::ClientSecretHash;
use couplet::model::time::{Clock, Timestamp};
use couplet::model::user::User;
use couplet::platforms::preset::Preset;
use couplet::store::Store;
use couplet::store::open::{DatabaseUrl, Migrations, open};
use couplet::tokens::master_key::MasterKey;
use couplet::web::server;
use tempfile::TempDir;

use super::ledger;
use super::person::Person;
use super::platform::Platform;
use super::postgres::fresh_database;
use super::twilio;

/// The databases on which every promise holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// The embedded one.
    Sqlite,
    /// A real server.
    Postgres,
}

/// A clock that stands still until the test moves it.
pub struct TestClock(Mutex<Timestamp>);

impl TestClock {
    /// Stands at a moment in 2026.
    pub fn new() -> Self {
        Self(Mutex::new(Timestamp::from_timestamp(1_795_000_000, 0).unwrap()))
    }

    /// Moves on.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }

    /// Steps back, as when it is set right.
    pub fn step_back(&self, by: Duration) {
        *self.0.lock().unwrap() -= by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// An empty database with its schema, and what keeps it alive.
pub struct TestStore {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Where it is, for other processes.
    pub url: String,
    /// Holds a SQLite file.
    pub folder: TempDir,
}

impl TestStore {
    /// Makes one.
    pub async fn on(backend: Backend) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = match backend {
            Backend::Sqlite => format!("sqlite:{}", folder.path().join("couplet.db").display()),
            Backend::Postgres => fresh_database().await,
        };
        let store = open(&DatabaseUrl::parse(&url).unwrap(), Migrations::Apply).await.unwrap();
        Self { store, url, folder }
    }
}

impl Drop for TestStore {
    fn drop(&mut self) {
        ledger::keep_sqlite(&self.folder.path().join("couplet.db"));
    }
}

/// Alice's login; her password is [`PASSWORD`].
pub const ALICE: &str = "Alice";
/// The password of everyone in the tests.
pub const PASSWORD: &str = "correct horse battery staple";
/// The secret of every client in the tests.
pub const SECRET: &str = "test-secret-that-is-long-enough-0123456789";

/// A running server.
pub struct TestApp {
    /// Its public URL, without a slash at its end.
    pub url: String,
    /// Its inside.
    pub app: Arc<App>,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Its database.
    pub database: TestStore,
    handle: ServerHandle,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

impl TestApp {
    /// A server with the default configuration, and hashes that cost little.
    pub async fn on(backend: Backend) -> Self {
        Self::with(backend, |_| {}).await
    }

    /// A server whose configuration the test changes.
    pub async fn with(backend: Backend, change: impl FnOnce(&mut Config)) -> Self {
        Self::over(TestStore::on(backend).await, change).await
    }

    /// A server over a database that exists.
    pub async fn over(database: TestStore, change: impl FnOnce(&mut Config)) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let mut config = test_config();
        change(&mut config);
        let issuer = match &config.public_url {
            Some(public) => public.as_str().trim_end_matches('/').to_owned(),
            None => url.clone(),
        };
        let clock = Arc::new(TestClock::new());
        let parts = Parts {
            store: database.store.clone(),
            master_key: MasterKey::from_bytes([7; 32]),
            clock: clock.clone(),
            randomness: Arc::new(SystemRandomness),
        };
        let app = Arc::new(App::assemble(&config, &issuer, parts).await.unwrap());
        let handle = serve(app.clone(), listener);
        Self { url, app, clock, database, handle }
    }

    /// With Alexa's client, as its preset makes it.
    pub async fn with_alexa(self) -> Self {
        self.add_alexa(|_| {}).await;
        self
    }

    /// With Alice.
    pub async fn with_alice(self) -> Self {
        self.add_user(ALICE).await;
        self
    }

    /// Adds Alexa's client with changed settings, and gives the platform that plays it.
    pub async fn add_alexa(&self, change: impl FnOnce(&mut ClientSettings)) -> Platform {
        let preset = Preset::named("alexa").unwrap();
        let mut settings = preset.settings();
        settings.redirect_uris = preset.redirect_uris_of("M2TESTVENDOR0").unwrap();
        settings.scope = Scope::parse("lights:read lights:write").unwrap();
        change(&mut settings);
        self.add_client("alexa", Some(SECRET), settings).await;
        self.alexa()
    }

    /// The platform that plays the client of [`TestApp::with_alexa`].
    pub fn alexa(&self) -> Platform {
        Platform::new(&self.url, "alexa", Some(SECRET), "https://layla.amazon.com/api/skill/link/M2TESTVENDOR0")
    }

    /// Adds a client that belongs to no platform, with its defaults, changed; gives the program that plays it.
    pub async fn add_app(&self, id: &str, secret: Option<&str>, change: impl FnOnce(&mut ClientSettings)) -> Platform {
        let callback = "https://app.example.com/callback";
        let mut settings = ClientSettings {
            name: id.to_owned(),
            redirect_uris: vec![RedirectUri::parse(callback, false).unwrap()],
            scope: Scope::parse("read write").unwrap(),
            ..ClientSettings::default()
        };
        change(&mut settings);
        self.add_client(id, secret, settings).await;
        Platform::new(&self.url, id, secret, callback)
    }

    async fn add_client(&self, id: &str, secret: Option<&str>, settings: ClientSettings) {
        let hash = secret.map(|secret| ClientSecretHash::of(&secret.to_owned().into(), &SystemRandomness));
        let client = Client {
            id: ClientId::parse(id).unwrap(),
            credentials: hash.map_or(Credentials::Public, |current| {
                Credentials::Confidential(ClientSecrets { current, former: None })
            }),
            settings,
            enabled: true,
            created_at: self.clock.now(),
        };
        self.database.store.add_client(&client).await.unwrap();
    }

    /// Adds a user with the usual password.
    pub async fn add_user(&self, login: &str) -> UserId {
        let hasher: &PasswordHasher = &self.app.identity.hasher;
        let user = User {
            id: UserId::random(&SystemRandomness),
            login: Login::parse(login).unwrap(),
            email: None,
            phone: None,
            password_hash: Some(hasher.hash(&PASSWORD.to_owned().into()).await.unwrap()),
            password_by_code: false,
            disabled_at: None,
            approval: false,
            disowned_at: None,
            sign_in_epoch: 0,
            created_at: self.clock.now(),
        };
        self.database.store.add_user(&user).await.unwrap();
        user.id
    }

    /// A person with a fresh browser.
    pub fn person(&self) -> Person {
        Person::new(&self.url)
    }
}

/// The documented defaults, with hashes that cost little and brakes that tests do not meet by chance.
fn test_config() -> Config {
    let mut config = Config::load(None, &|_| None, Purpose::Tool).unwrap();
    config.password.memory_kib = 64;
    config.password.iterations = 1;
    config.service_name = Some("Example Lights".to_owned());
    config.twilio = Some(twilio::api_key());
    config.twilio_origins = vec![twilio::PAGE.to_owned()];
    config
}

fn serve(app: Arc<App>, listener: TcpListener) -> ServerHandle {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let server = server::public(app, listener, false).unwrap();
            sender.send(server.handle()).unwrap();
            server.await.unwrap();
        });
    });
    receiver.recv().unwrap()
}
