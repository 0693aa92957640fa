//! Whole links, as a platform plays them.

mod broken;
mod dev_walk;
mod rehearsal;
