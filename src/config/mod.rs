//! Owns the configuration: one table of keys makes the loader, the errors, the example file and the documentation. Leaves
//! what the values do to `app.rs`. The only room that reads the environment.

mod file;
mod keys;
mod limits;
mod parse;
mod problems;
mod push;
mod sms;
mod tls_files;
mod twilio;
mod values;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

pub use keys::{KEYS, Key, example};
pub use limits::Limits;
use parse::{
    parse_address, parse_collector, parse_count, parse_database, parse_duration, parse_lifetime, parse_log_format,
    parse_networks, parse_public_url, parse_rate,
};
pub use problems::{Problem, Problems};
pub use push::PushServices;
pub use sms::{Sms, SmsLimits, Twilio};
use values::{Values, either};

use crate::model::password_cost::PasswordCost;
use crate::model::twilio::ApiKey;
use crate::store::open::DatabaseUrl;
use crate::tls::TlsFiles;
use crate::tokens::master_key::MasterKey;

/// What the program is about to do; some keys are required for some purposes only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Serving the public: everything must be safe and complete.
    Serve,
    /// The first run on a developer's machine.
    Dev,
    /// A command that works on the database.
    Tool,
    /// Making a Twilio access token: it takes an API key.
    Mint,
}

/// The whole configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// The issuer, without a slash at its end; `serve` always has one.
    pub public_url: Option<Url>,
    /// What the service is called on pages.
    pub service_name: Option<String>,
    /// Where the public listener binds.
    pub listen: SocketAddr,
    /// Where the admin listener binds, and whether the operator chose that.
    pub admin_listen: (SocketAddr, bool),
    /// Where things are remembered.
    pub database: DatabaseUrl,
    /// Where the program keeps its own files.
    pub data_dir: PathBuf,
    /// The file of the master key.
    pub master_key_file: Option<PathBuf>,
    /// Whose forwarding headers are believed.
    pub trusted_proxies: Vec<IpNet>,
    /// How long things live.
    pub tokens: TokenTimes,
    /// What a connection, and all of them together, may take.
    pub limits: Limits,
    /// Where the certificate is, when this program terminates TLS itself.
    pub tls: Option<TlsFiles>,
    /// The cost of a password hash.
    pub password: PasswordCost,
    /// How many failed sign-ins are borne.
    pub throttle: Throttles,
    /// What signs Twilio access tokens; absent when there is nothing, or when this run signs none.
    pub twilio: Option<ApiKey>,
    /// The origins of web pages that may fetch Twilio access tokens, as browsers write them.
    pub twilio_origins: Vec<String>,
    /// Text messages.
    pub sms: Sms,
    /// Networks beside the public internet that webhooks of push verification, and messages to browsers, may go to.
    pub webhook_networks: Vec<IpNet>,
    /// The origins of web pages that may be devices of push verification, as browsers write them.
    pub push_origins: Vec<String>,
    /// By what messages go to devices.
    pub push: PushServices,
    /// How logs look; by whether standard error is a terminal when absent.
    pub log_format: Option<LogFormat>,
    /// The collector that takes traces, if there is one.
    pub otlp_endpoint: Option<Url>,
    /// Permissions in words, by scope token.
    pub scopes: BTreeMap<String, String>,
}

/// How long codes and tokens live.
#[derive(Clone, Copy, Debug)]
pub struct TokenTimes {
    /// An authorization code.
    pub code: Duration,
    /// An access token.
    pub access: Duration,
    /// A link without use; none means until it is revoked.
    pub refresh_idle: Option<Duration>,
    /// How long a lost answer can be fetched again.
    pub refresh_grace: Duration,
}

/// So many within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub count: u32,
    /// Within what.
    pub per: Duration,
}

/// The brakes on failed sign-ins; none means off.
#[derive(Clone, Copy, Debug)]
pub struct Throttles {
    /// From one address.
    pub per_address: Option<Rate>,
    /// For one account.
    pub per_account: Option<Rate>,
}

/// How logs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// For programs: a JSON object a line.
    Json,
}

/// Looks up an environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's own environment.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The variables of the process that begin like ours and are none, perhaps misspelt.
pub fn unknown_variables() -> Vec<String> {
    let known = |name: &str| {
        let special = [keys::CONFIG_VARIABLE, keys::SCOPES_VARIABLE];
        special.contains(&name) || KEYS.iter().any(|key| key.variable == name)
    };
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    names.filter(|name| name.starts_with("COUPLET_") && !known(name)).collect()
}

impl Config {
    /// Reads the file (`--config`, then `COUPLET_CONFIG`, then `couplet.toml` if there is one) and the environment, which
    /// wins. Reports all problems at once.
    pub fn load(file: Option<&Path>, environment: Environment<'_>, purpose: Purpose) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let mut values = Values::collect(file, environment, &mut problems);
        let config = read(&mut values, purpose, &mut problems);
        check_cost(config.password, &mut problems);
        if purpose == Purpose::Serve {
            check_for_serve(&config, &values, &mut problems);
        }
        problems.into_result(config)
    }

    /// The host of the public URL, which people know; the fallback for the service's name.
    pub fn service_name(&self) -> String {
        let host = || self.public_url.as_ref().and_then(Url::host_str).map(str::to_owned);
        self.service_name.clone().or_else(host).unwrap_or_else(|| "this service".to_owned())
    }
}

fn read(values: &mut Values, purpose: Purpose, problems: &mut Problems) -> Config {
    let data_dir = PathBuf::from(values.text("data_dir"));
    let database = values
        .optional("database_url", problems, parse_database)
        .unwrap_or_else(|| DatabaseUrl::Sqlite(data_dir.join("couplet.db")));
    Config {
        public_url: values.optional("public_url", problems, parse_public_url),
        service_name: values.optional("service_name", problems, |text| Ok(text.to_owned())),
        listen: values.required("listen", problems, parse_address),
        admin_listen: (values.required("admin_listen", problems, parse_address), values.is_given("admin_listen")),
        database,
        data_dir,
        master_key_file: values.optional("master_key_file", problems, |text| Ok(PathBuf::from(text))),
        trusted_proxies: values.optional("trusted_proxies", problems, parse_networks).unwrap_or_default(),
        tokens: TokenTimes {
            code: values.required("tokens.code_ttl", problems, parse_lifetime),
            access: values.required("tokens.access_ttl", problems, parse_lifetime),
            refresh_idle: values.required("tokens.refresh_ttl", problems, |text| either("none", text, parse_lifetime)),
            refresh_grace: values.required("tokens.refresh_grace", problems, parse_duration),
        },
        limits: limits::read(values, problems),
        tls: tls_files::read(values, problems),
        password: PasswordCost {
            memory_kib: values.required("password.memory_kib", problems, parse_count),
            iterations: values.required("password.iterations", problems, parse_count),
            parallelism: values.required("password.parallelism", problems, parse_count),
        },
        throttle: Throttles {
            per_address: values
                .required("throttle.sign_ins_per_address", problems, |text| either("off", text, parse_rate)),
            per_account: values
                .required("throttle.sign_ins_per_account", problems, |text| either("off", text, parse_rate)),
        },
        twilio: twilio::read(values, purpose, problems),
        twilio_origins: values.optional("twilio.allowed_origins", problems, twilio::parse_origins).unwrap_or_default(),
        sms: sms::read(values, problems),
        webhook_networks: values.optional("push.webhook_networks", problems, parse_networks).unwrap_or_default(),
        push_origins: values.optional("push.allowed_origins", problems, twilio::parse_origins).unwrap_or_default(),
        push: push::read(values, purpose, problems),
        log_format: values.optional("log.format", problems, parse_log_format),
        otlp_endpoint: values.optional("telemetry.otlp_endpoint", problems, parse_collector),
        scopes: values.scopes(),
    }
}

fn check_for_serve(config: &Config, values: &Values, problems: &mut Problems) {
    if !values.is_given("public_url") {
        problems.add("public_url", "is missing", "set it to the https address that platforms and browsers use");
    }
    match &config.master_key_file {
        None if values.is_given("master_key_file") => {}
        None => problems.add(
            "master_key_file",
            "is missing",
            "make one with `openssl rand -base64 32 > couplet.key && chmod 600 couplet.key` and set COUPLET_MASTER_KEY_FILE to its path",
        ),
        Some(path) => {
            if let Err(error) = MasterKey::read(path) {
                problems.add("master_key_file", &error.to_string(), error.mend());
            }
        }
    }
    if let Some(Err(what)) = config.sms.twilio.as_ref().map(Twilio::settings) {
        problems.add("sms.twilio.authTokenFile", &what, "name a readable file with the account's auth token");
    }
    if let Some(files) = &config.tls {
        tls_files::check(files, config.public_url.as_ref(), problems);
    }
}

/// A hash has to be affordable when it is made and when it is checked.
fn check_cost(cost: PasswordCost, problems: &mut Problems) {
    if cost.memory_kib < cost.parallelism.saturating_mul(8) {
        problems.add("password.memory_kib", "is too little", "give at least 8 KiB for each degree of parallelism");
    }
    let most = PasswordCost::CEILING;
    if cost.memory_kib > most.memory_kib || cost.iterations > most.iterations || cost.parallelism > most.parallelism {
        problems.add(
            "password",
            "costs too much",
            "stay within 1048576 KiB, 64 iterations and 64 degrees of parallelism",
        );
    }
}
