//! Owns taking a request apart before anything is decided: each file reads one thing and refuses what is malformed.

pub mod approval;
pub mod bearer;
pub mod browser_name;
pub mod client_ip;
pub mod cookies;
pub mod csrf;
pub mod device;
pub mod form;
pub mod forwarded_proto;
pub mod presented_client;
pub mod signed_in;
