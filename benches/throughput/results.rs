//! Owns everything that was measured in one run of this program. Leaves judging it to `checks.rs` and showing it to `report/`.

use crate::floors::{Floor, What};
use crate::load::Run;
use crate::needed::Finding;
use crate::scenario::Scenario;
use crate::stage::Backend;

/// One scenario at one number of connections.
pub struct Measured {
    /// The database.
    pub backend: Backend,
    /// What was done.
    pub scenario: Scenario,
    /// Over how many connections.
    pub connections: usize,
    /// How it went.
    pub run: Run,
    /// For sign-ins: raw hashes a second on all cores, right before and after.
    pub hashes: Option<f64>,
}

impl Measured {
    /// CPU time of each request in server and database together, in microseconds.
    pub fn cpu(&self) -> f64 {
        self.run.each(self.run.server + self.run.database)
    }
}

/// Everything that was measured.
#[derive(Default)]
pub struct Results {
    /// The floors.
    pub floors: Vec<Floor>,
    /// The scenarios.
    pub measured: Vec<Measured>,
    /// All else.
    pub findings: Vec<Finding>,
}

impl Results {
    /// A floor; the one of a single connection stands in for a number that was not measured.
    pub fn floor(&self, what: What, backend: Option<Backend>, connections: usize) -> Option<&Floor> {
        let same = |floor: &&Floor| floor.what == what && floor.backend == backend;
        let exact = self.floors.iter().filter(same).find(|floor| floor.connections == connections);
        exact.or_else(|| self.floors.iter().find(same).filter(|floor| floor.connections == 1))
    }
}
