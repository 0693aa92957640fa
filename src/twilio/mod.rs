//! Owns what we do in Twilio's formats and ask of its services: access tokens for its client SDKs, and text messages with codes by
//! its Messages API (`messages/`). Leaves HTTP to `web/`, which grants a client's users may have to the operator (`model/twilio/`),
//! and who gets a message to `identity/`.

pub mod access_token;
pub mod asked;
pub mod grants;
pub mod messages;
