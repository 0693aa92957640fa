//! Owns the platform's side of a link: it opens the authorize page as the platform's app does, calls the token
//! endpoint as the platform's servers do, and judges every answer by the platform's rules, over HTTP alone.
//! Leaves the server's side to `oauth` and `web`, of which it knows nothing, so that it can rehearse against any server.
//!
//! Reading order: [`simulate`] (the plan and its rounds), `front` (what the user's browser sees), `back` (what the
//! platform's servers see), then the building blocks [`attempt`], [`token_client`], [`token_answer`], [`browser`],
//! [`wire`].

pub mod attempt;
mod back;
pub mod browser;
pub mod dev;
pub mod endpoints;
pub mod form;
mod front;
pub mod login_with_amazon;
pub mod messages_api;
mod page_rules;
pub mod push_service;
mod reciprocal;
mod redirect;
pub mod report;
pub mod simulate;
pub mod token_answer;
pub mod token_client;
pub mod wire;

pub use attempt::Attempt;
pub use endpoints::Endpoints;
pub use report::{Fault, Report, Step};
pub use simulate::{Plan, alexa};
pub use token_client::{ClientAuthentication, TokenClient};
pub use wire::{Recorded, Wire, WireFault};
