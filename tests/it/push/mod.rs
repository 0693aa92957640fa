//! Push verification as back ends and devices meet it, in the form of Twilio Verify.

mod account;
mod answers;
mod apns;
mod challenges;
mod cors;
pub mod devices;
mod factors;
mod fcm;
mod hooks;
mod killed;
mod lists;
mod services;
mod strangers;
mod unwritten;
mod vectors;
mod web_push;
