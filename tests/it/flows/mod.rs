//! Whole links, as a platform plays them.

mod broken;
mod dev_walk;
mod login_with_amazon;
mod push_messages;
mod reciprocal;
mod rehearsal;
mod text_messages;
mod two_processes;
mod two_way;
