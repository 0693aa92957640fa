//! Owns how configuration problems are gathered and told: all at once, each in one line with its mend.

use std::fmt;

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, as the operator wrote or should write it.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub mend: String,
}

/// All problems found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds a problem.
    pub fn add(&mut self, key: &str, what: &str, mend: &str) {
        self.0.push(Problem { key: key.to_owned(), what: what.to_owned(), mend: mend.to_owned() });
    }

    /// The problems, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// `value` when nothing is wrong.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = self.0.iter().map(|problem| format!("{} {}; {}", problem.key, problem.what, problem.mend));
        f.write_str(&lines.collect::<Vec<_>>().join("\n"))
    }
}
