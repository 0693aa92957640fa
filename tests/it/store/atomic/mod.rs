//! Of many at once, one wins; what belongs together happens together. Half of each crowd comes through a second pool,
//! as from another process.

mod approvals;
mod brakes;
mod clients;
mod grants;
mod keys;
mod push;
mod reverse_links;
mod sealed;
mod text_codes;
mod users;
