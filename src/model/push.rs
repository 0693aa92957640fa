//! Owns the words of push verification in Twilio Verify's data model: an account has services, a service has entities, an
//! entity has factors, a factor has challenges. Leaves every decision to `push/`.

pub mod account;
pub mod challenge;
pub mod date;
pub mod event;
pub mod factor;
pub mod identity;
pub mod paging;
pub mod service;
pub mod sid;
pub mod subscription;
pub mod webhook;
