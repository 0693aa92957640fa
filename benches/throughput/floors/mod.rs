//! Owns the floors: what the same machine does at best for the one thing that a request cannot do without. Leaves comparing to
//! `checks.rs`.

pub mod hardware;
mod pgbench;
pub mod reply;
mod sqlite;

use std::time::Duration;

use crate::scenario::Scenario;
use crate::stage::{Backend, Stage};

/// What a floor consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The statement that redeems a code: one row changed by its primary key, in a transaction of its own.
    Update,
    /// One row looked up by its primary key.
    LookUp,
    /// The framework takes the same request and gives an answer of the same length, and does nothing else.
    Reply(Scenario),
    /// One hash with the server's costs, on all cores, by the faster of two crates.
    Argon2id,
    /// One ES256 signature.
    Signature,
    /// One HMAC-SHA256 over as much as a Twilio access token signs.
    Hmac,
    /// A whole Twilio access token, made in one thread without a request; no floor, but what the one before is the floor of.
    TwilioToken,
    /// 4 KiB appended to a file and synced.
    Sync,
}

impl What {
    /// Its name in tables.
    pub fn name(self) -> String {
        match self {
            What::Update => "one UPDATE".to_owned(),
            What::LookUp => "one SELECT".to_owned(),
            What::Reply(scenario) => format!("bare JSON as {}", scenario.name()),
            What::Argon2id => "raw argon2id".to_owned(),
            What::Signature => "one ES256 signature".to_owned(),
            What::Hmac => "one HMAC-SHA256".to_owned(),
            What::TwilioToken => "one Twilio token, made".to_owned(),
            What::Sync => "4 KiB and fdatasync".to_owned(),
        }
    }
}

/// What was measured.
pub struct Floor {
    /// Of what.
    pub what: What,
    /// The database, when one was involved.
    pub backend: Option<Backend>,
    /// How many connections, or threads, there were.
    pub connections: usize,
    /// How many a second.
    pub rate: f64,
    /// CPU time of each in microseconds, without what makes the load.
    pub cpu: f64,
}

/// The scenarios whose answers have a length of their own.
pub const REPLIES: [Scenario; 3] = [Scenario::ExchangeOpaque, Scenario::ExchangeJwt, Scenario::IntrospectOpaque];

/// The floors of a database and of replies.
pub fn of_stage(stage: &Stage, connections: &[usize], time: Duration, mut each: impl FnMut(Floor)) {
    match stage.backend {
        Backend::Postgres => {
            for what in [What::Update, What::LookUp] {
                connections.iter().for_each(|count| each(pgbench::run(stage, what, *count, time)));
            }
        }
        // Only one writes at a time, and a look-up waits for nobody: one connection shows it.
        Backend::Sqlite => {
            [What::Update, What::LookUp].into_iter().for_each(|what| each(sqlite::run(stage, what, time)))
        }
    }
}

/// The floors of replies, with requests as the server gets them.
pub fn of_replies(stage: &Stage, connections: &[usize], time: Duration, mut each: impl FnMut(Floor)) {
    for scenario in REPLIES {
        reply::run(stage, scenario, connections, time, &mut each);
    }
}
