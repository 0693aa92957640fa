//! Owns what every measurement needs: a database with durable settings, the server on it, clients and people. Leaves links to
//! `links.rs`.

use std::sync::Arc;

use couplet::app::{SystemClock, SystemRandomness, open_keys};
use couplet::config::{Config, Purpose};
use couplet::identity::password::PasswordHasher;
use couplet::model::client::{AccessTokenFormat, Client, ClientSecrets, ClientSettings, Credentials, RefreshPolicy};
use couplet::model::ids::{ClientId, UserId};
use couplet::model::login::Login;
use couplet::model::redirect_uri::RedirectUri;
use couplet::model::scope::Scope;
use couplet::model::secret::ClientSecretHash;
use couplet::model::time::Clock;
use couplet::model::twilio::{TwilioAccess, VideoAccess};
use couplet::model::user::User;
use couplet::store::Store;
use couplet::store::open::{DatabaseUrl, Migrations, open};
use couplet::tokens::keys::Keys;
use couplet::tokens::master_key::MasterKey;
use couplet::tokens::seal::Sealer;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use uuid::Uuid;

use crate::copies::{Column, Database};
use crate::load::Processes;
use crate::server::{MASTER_KEY, Server};
use crate::support::postgres;

/// The secret of every client.
pub const SECRET: &str = "bench-secret-of-the-usual-length-0123456789abc";
/// The password of everyone.
pub const PASSWORD: &str = "correct horse battery staple";
/// Where every client's answers go.
pub const REDIRECT_URI: &str = "https://layla.amazon.com/api/skill/link/M2BENCHVENDOR";
/// What every client may ask for.
pub const SCOPE: &str = "lights:read lights:write";

/// As many people as there are.
const PEOPLE: usize = 20_000;

/// The databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A real server with its own settings for durability.
    Postgres,
    /// The embedded one.
    Sqlite,
}

impl Backend {
    /// All there are.
    pub const ALL: [Backend; 2] = [Backend::Postgres, Backend::Sqlite];

    /// Its name on the command line and in tables.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Postgres => "postgres",
            Backend::Sqlite => "sqlite",
        }
    }

    /// Its name on pages.
    pub fn title(self) -> &'static str {
        match self {
            Backend::Postgres => "PostgreSQL",
            Backend::Sqlite => "SQLite",
        }
    }
}

/// A server on a database with clients and people.
pub struct Stage {
    /// The kind of database.
    pub backend: Backend,
    /// The server's process.
    pub server: Server,
    /// The way to the database.
    pub database: Database,
    /// The database's URL.
    pub url: String,
    /// The product's own store, on the same database.
    pub store: Arc<dyn Store>,
    /// The server's keys.
    pub keys: Keys,
    /// The people.
    pub people: Vec<UserId>,
    /// The processes whose CPU time counts.
    pub processes: Processes,
    /// Runs what is to be awaited.
    pub runtime: Runtime,
    /// Holds a SQLite file, and the server's.
    pub folder: TempDir,
    _postgres: Option<postgres::Server>,
}

/// The clients: id, form of access tokens, refresh policy.
const CLIENTS: [(&str, AccessTokenFormat, RefreshPolicy); 4] = [
    ("stable", AccessTokenFormat::Opaque, RefreshPolicy::Stable),
    ("rotate", AccessTokenFormat::Opaque, RefreshPolicy::Rotate),
    ("jwt", AccessTokenFormat::Jwt, RefreshPolicy::Rotate),
    ("resource-server", AccessTokenFormat::Opaque, RefreshPolicy::Stable),
];

impl Stage {
    /// Sets everything up and waits until the server answers.
    pub fn on(backend: Backend) -> Self {
        Self::with(backend, PEOPLE)
    }

    /// The same with so many people.
    pub fn with(backend: Backend, people: usize) -> Self {
        let runtime = Runtime::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let postgres = (backend == Backend::Postgres).then(|| postgres::Server::start("-c max_connections=300"));
        let url = match &postgres {
            Some(server) => server.url(),
            None => format!("sqlite:{}", folder.path().join("couplet.db").display()),
        };
        let config = Config::load(None, &|_| None, Purpose::Tool).unwrap();
        let (store, keys) = runtime.block_on(async {
            let store = open(&DatabaseUrl::parse(&url).unwrap(), Migrations::Apply).await.unwrap();
            let sealer = Arc::new(Sealer::new(&MasterKey::from_bytes(MASTER_KEY)).unwrap());
            let keys = open_keys(&config, store.clone(), sealer, Arc::new(SystemClock), &SystemRandomness);
            let keys = keys.await.unwrap();
            for (id, format, policy) in CLIENTS {
                store.add_client(&client(id, format, policy)).await.unwrap();
            }
            (store, keys)
        });
        let database = runtime.block_on(Database::open(&url));
        let people = runtime.block_on(add_people(&config, &*store, &database, people));
        let (server, _) = Server::start(folder.path(), &url);
        let processes = Processes { server: server.pid(), database: runtime.block_on(database.parent_process()) };
        Self { backend, server, database, url, store, keys, people, processes, runtime, folder, _postgres: postgres }
    }
}

/// The login of a person.
pub fn login(number: usize) -> String {
    format!("person-{number}@example.com")
}

fn client(id: &str, access_token: AccessTokenFormat, refresh: RefreshPolicy) -> Client {
    let current = ClientSecretHash::of(&SECRET.to_owned().into(), &SystemRandomness);
    Client {
        id: ClientId::parse(id).unwrap(),
        credentials: Credentials::Confidential(ClientSecrets { current, former: None }),
        settings: ClientSettings {
            name: id.to_owned(),
            redirect_uris: vec![RedirectUri::parse(REDIRECT_URI, false).unwrap()],
            scope: Scope::parse(SCOPE).unwrap(),
            access_token,
            refresh,
            introspect_any: id == "resource-server",
            twilio: TwilioAccess { video: Some(VideoAccess::default()), ..TwilioAccess::default() },
            ..ClientSettings::default()
        },
        enabled: true,
        created_at: SystemClock.now(),
    }
}

/// Adds people, all with the same password, which is hashed once.
async fn add_people(config: &Config, store: &dyn Store, database: &Database, count: usize) -> Vec<UserId> {
    let hasher = PasswordHasher::new(config.password, Arc::new(SystemRandomness)).unwrap();
    let first = User {
        id: UserId::random(&SystemRandomness),
        login: Login::parse("original").unwrap(),
        email: None,
        phone: None,
        password_hash: Some(hasher.hash(&PASSWORD.to_owned().into()).await.unwrap()),
        password_by_code: false,
        disabled_at: None,
        approval: false,
        disowned_at: None,
        sign_in_epoch: 0,
        created_at: SystemClock.now(),
    };
    store.add_user(&first).await.unwrap();
    let ids: Vec<Uuid> = (0..count).map(|_| UserId::random(&SystemRandomness).0).collect();
    let logins: Vec<String> = (0..count).map(login).collect();
    let columns = vec![
        Column::Ids("id", ids.clone()),
        Column::Texts("login", logins.clone()),
        Column::Texts("login_key", logins),
    ];
    database.copy("users", first.id.0, columns).await;
    ids.into_iter().map(UserId).collect()
}
