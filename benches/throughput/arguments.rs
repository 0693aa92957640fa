//! Owns the choice of what is measured, from the command line. Leaves measuring to the others.

use std::time::Duration;

use crate::scenario::Scenario;
use crate::stage::Backend;

/// What to measure.
pub struct Arguments {
    backend: Option<String>,
    only: Vec<String>,
    /// Numbers of connections.
    pub connections: Vec<usize>,
    /// How long each run takes.
    pub time: Duration,
    /// Whether the page and the picture are written.
    pub write: bool,
}

/// Chooses the floors, where the names of scenarios stand.
const FLOORS: &str = "floors";
/// Chooses what has to hold besides speed.
const NEEDED: &str = "needed";

const USAGE: &str = "--backend postgres|sqlite  --only NAME[,NAME…]  --connections N[,N…]  --seconds S  --write";

impl Arguments {
    /// Reads the command line; what `cargo bench` adds is ignored.
    pub fn read() -> Self {
        let mut read = Self {
            backend: None,
            only: Vec::new(),
            connections: vec![1, 16, 64],
            time: Duration::from_secs(2),
            write: false,
        };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            let mut value = || words.next().unwrap_or_else(|| panic!("{word} needs a value; {USAGE}"));
            match word.as_str() {
                "--backend" => read.backend = Some(value()),
                "--only" => read.only = value().split(',').map(str::to_owned).collect(),
                "--connections" => read.connections = value().split(',').map(|n| n.parse().expect(USAGE)).collect(),
                "--seconds" => read.time = Duration::from_secs_f64(value().parse().expect(USAGE)),
                "--write" => read.write = true,
                _ => panic!("{word} is unknown; {USAGE}"),
            }
        }
        let whole = read.only.is_empty() && read.backend.is_none();
        assert!(whole || !read.write, "--write is for a run of everything");
        read
    }

    /// The chosen databases.
    pub fn backends(&self) -> Vec<Backend> {
        let chosen = |backend: &Backend| self.backend.as_ref().is_none_or(|name| name == backend.name());
        let backends: Vec<_> = Backend::ALL.into_iter().filter(chosen).collect();
        assert!(!backends.is_empty(), "there is no such database; {USAGE}");
        backends
    }

    /// The chosen scenarios: those whose name contains one of the words.
    pub fn scenarios(&self) -> Vec<Scenario> {
        let chosen: Vec<_> = Scenario::ALL.into_iter().filter(|scenario| self.wants(scenario.name())).collect();
        let names = Scenario::ALL.map(|scenario| scenario.name()).join(", ");
        let any = !chosen.is_empty() || self.floors() || self.needed();
        assert!(any, "there is no such measurement; there are: {names}, {FLOORS}, {NEEDED}");
        chosen
    }

    /// Whether the floors are measured.
    pub fn floors(&self) -> bool {
        self.wants(FLOORS)
    }

    /// Whether all else that has to hold is looked at.
    pub fn needed(&self) -> bool {
        self.wants(NEEDED)
    }

    fn wants(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|word| name.contains(word))
    }
}
