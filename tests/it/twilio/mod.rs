//! Twilio: access tokens for its client SDKs, and text messages: what is asked of it, to the byte, and what its answers lead to.

mod access_token;
mod messages;
