//! Owns what we do in Twilio's formats for its own services: access tokens for its client SDKs. Leaves HTTP to `web/`, and which
//! grants a client's users may have to the operator (`model/twilio/`).

pub mod access_token;
pub mod asked;
pub mod grants;
