//! Couplet: an OAuth 2.0 authorization server for account linking.
pub mod app;
pub mod config;
pub mod identity;
pub mod jobs;
pub mod model;
pub mod oauth;
pub mod platforms;
pub mod rehearse;
pub mod store;
pub mod throttle;
pub mod tokens;
pub mod web;
