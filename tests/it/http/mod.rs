//! The endpoints as programs meet them.

mod access_token;
mod authorize;
mod client_authentication;
mod code_exchange;
mod connections;
mod hostile;
mod introspect;
mod limits;
mod metadata;
mod metrics;
mod reciprocal;
mod refresh;
mod revoke;
mod token_exchange;
mod wire;
