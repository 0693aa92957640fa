//! Couplet: an OAuth 2.0 authorization server for account linking.
pub mod config;
pub mod model;
pub mod platforms;
pub mod store;
pub mod tokens;
