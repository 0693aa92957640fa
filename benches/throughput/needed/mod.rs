//! Owns what has to hold besides speed: reads that write nothing, refreshes beside a storm of sign-ins, memory, starting, and
//! the size of a link. Each is one file.

mod growth;
mod memory;
mod start;
mod storm;
mod writes;

use std::time::Duration;

use crate::stage::{Backend, Stage};

/// One figure with its target.
pub struct Finding {
    /// The database.
    pub backend: Option<Backend>,
    /// What was looked at.
    pub what: String,
    /// What was found.
    pub measured: String,
    /// What is asked for; empty when nothing is.
    pub target: String,
    /// Whether it is met.
    pub holds: Option<bool>,
}

impl Finding {
    /// One with a target.
    fn new(stage: &Stage, what: &str, measured: String, target: &str, holds: bool) -> Self {
        let (what, target) = (what.to_owned(), target.to_owned());
        Self { backend: Some(stage.backend), what, measured, target, holds: Some(holds) }
    }
}

/// Looks at everything.
pub fn all(stage: &Stage, time: Duration, mut each: impl FnMut(Finding)) {
    writes::find(stage, time, &mut each);
    storm::find(stage, time, &mut each);
    start::find(stage, &mut each);
    memory::find(stage, time, &mut each);
    growth::find(stage.backend, &mut each);
}
