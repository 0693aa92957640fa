//! What has ended goes, what lives stays, and what belongs to a deleted entity goes with it.

mod approvals;
mod brakes;
mod deletions;
mod purge;
mod push;
mod reverse_links;
mod text_codes;
