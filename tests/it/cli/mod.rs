//! The program as an operator types it: the real binary, in a folder of its own, with an empty environment.

mod backend;
mod client;
mod client_add;
mod client_twilio;
mod configuration;
mod dev;
mod example;
mod grant;
mod keys;
mod keys_master;
mod logs;
mod metrics;
mod partner;
mod push_configuration;
mod serve;
mod serve_refusals;
mod simulate;
mod sms;
mod sms_configuration;
mod tls;
mod token;
mod traces;
mod upkeep;
mod usage;
mod user;
