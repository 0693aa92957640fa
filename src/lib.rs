//! Couplet: an OAuth 2.0 authorization server for account linking. It joins an account of a service with an account on a
//! platform such as Alexa.
//!
//! The house has six floors. A request walks in at the top, goes down once to fetch, comes up once with the answer; a lower
//! floor never calls a higher one, and rooms do not import one another:
//!
//! | floor | modules | owns |
//! | --- | --- | --- |
//! | street | `cli` | who wants what |
//! | hall | [`web`] | HTTP in, HTTP out |
//! | rooms | [`oauth`], [`identity`], [`twilio`], [`push`] | decisions: no HTTP, no SQL |
//! | pantry | [`tokens`], [`platforms`], [`partners`], [`throttle`] | what the rooms use |
//! | cellar | [`store`] | what is remembered, atomically |
//! | ground | [`model`] | words everyone shares |
//!
//! Beside the floors stand [`app`], which puts the parts together, [`config`], [`jobs`], [`telemetry`], [`tls`], and [`rehearse`], which
//! plays the platform over HTTP and knows nothing of the rooms.
//!
//! To read: [`model::grant`] for what a link is, `oauth/grants/` for how it lives, [`web::routes`] for what is served.

pub mod app;
pub mod cli;
pub mod config;
pub mod identity;
pub mod jobs;
pub mod model;
pub mod oauth;
pub mod partners;
pub mod platforms;
pub mod push;
pub mod rehearse;
pub mod steady_clock;
pub mod store;
pub mod telemetry;
pub mod throttle;
pub mod tls;
pub mod tokens;
pub mod twilio;
pub mod web;
