//! What libFuzzer throws bytes at: one file for each kind of thing that comes from outside. Every target says what must hold of
//! what it reads, not only that it reads without a panic.
//!
//! `make fuzz` runs them under libFuzzer for a long time; `tests/fuzz` runs the same functions for a short one, within
//! `make test`.

#![expect(clippy::expect_used, reason = "a target tells a finding by a panic")]

pub mod client_credentials;
pub mod client_settings;
pub mod configuration;
pub mod forms;
pub mod forwarded_for;
pub mod jwt;
pub mod names;
pub mod parameters;
pub mod partner_answer;
pub mod push;
pub mod redirect_uri;
pub mod rehearsal;
pub mod sealed;
pub mod tokens;
pub mod twilio_request;

/// A target: its name, which is that of its folder of seeds too, and its function.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const ALL: [Target; 15] = [
    ("client_credentials", client_credentials::run),
    ("client_settings", client_settings::run),
    ("configuration", configuration::run),
    ("forms", forms::run),
    ("forwarded_for", forwarded_for::run),
    ("jwt", jwt::run),
    ("names", names::run),
    ("parameters", parameters::run),
    ("partner_answer", partner_answer::run),
    ("push", push::run),
    ("redirect_uri", redirect_uri::run),
    ("rehearsal", rehearsal::run),
    ("sealed", sealed::run),
    ("tokens", tokens::run),
    ("twilio_request", twilio_request::run),
];

/// Counts up: what is made with it is the same in every run, so that seeds stay good.
pub struct Counting;

impl couplet::model::random::Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.iter_mut().zip(1..).for_each(|(byte, number)| *byte = number);
    }
}
