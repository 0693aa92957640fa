//! Push verification as back ends and devices meet it, in the form of Twilio Verify.

mod account;
mod answers;
mod challenges;
mod cors;
mod factors;
mod hooks;
mod killed;
mod lists;
mod services;
mod strangers;
mod vectors;
