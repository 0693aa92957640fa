//! What is written comes back, field by field; lists have an order, a limit and a next page.

mod approvals;
pub mod brakes;
mod clients;
mod grants;
mod keys;
mod links;
mod partners;
mod push;
mod reverse_links;
mod sealed;
mod sign_ins;
mod text_codes;
mod users;
