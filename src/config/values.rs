//! Owns the merged texts of file and environment and their reading into values. Leaves which keys there are to `keys.rs`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::Environment;
use crate::config::file;
use crate::config::keys::{KEYS, SCOPES_VARIABLE};
use crate::config::problems::Problems;

/// Keys whose values are not told again: they hold secrets, or too much.
const SECRETS: [&str; 3] = ["database_url", "sms.twilio.authToken", "sms.twilio.templates"];

/// A text with the name under which the operator gave it.
struct Given {
    text: String,
    named: &'static str,
}

/// What was given, by key.
pub struct Values {
    given: BTreeMap<&'static str, Given>,
    scopes: BTreeMap<String, String>,
}

impl Values {
    /// Merges file and environment; the environment wins.
    pub fn collect(path: Option<&Path>, environment: Environment<'_>, problems: &mut Problems) -> Self {
        let found = file::read(path, environment, problems);
        let mut given: BTreeMap<_, _> =
            found.keys.into_iter().map(|(name, text)| (name, Given { text, named: name })).collect();
        for key in KEYS {
            if let Some(text) = environment(key.variable) {
                given.insert(key.name, Given { text, named: key.variable });
            }
        }
        let mut scopes: BTreeMap<_, _> = found.scopes.into_iter().collect();
        if let Some(text) = environment(SCOPES_VARIABLE) {
            for entry in text.split(';').filter(|entry| !entry.trim().is_empty()) {
                match entry.split_once('=') {
                    Some((token, words)) => drop(scopes.insert(token.trim().to_owned(), words.trim().to_owned())),
                    None => problems.add(SCOPES_VARIABLE, "has an entry without =", "write TOKEN=WORDS;TOKEN=WORDS"),
                }
            }
        }
        Self { given, scopes }
    }

    /// Whether the operator gave this key.
    pub fn is_given(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// The text of a key, or its default, or nothing.
    pub fn text(&self, name: &str) -> String {
        let given = self.given.get(name).map(|given| given.text.clone());
        given.or_else(|| default_of(name).map(str::to_owned)).unwrap_or_default()
    }

    /// Permissions in words.
    pub fn scopes(&mut self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.scopes)
    }

    /// The value of a key without default; a problem and `None` when it can't be read.
    pub fn optional<T>(
        &self,
        name: &'static str,
        problems: &mut Problems,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Option<T> {
        let given = self.given.get(name)?;
        match parse(given.text.trim()) {
            Ok(value) => Some(value),
            Err(mend) => {
                let shown = if SECRETS.contains(&name) {
                    "is not understood".to_owned()
                } else {
                    format!("is {:?}, which is not understood", given.text)
                };
                problems.add(given.named, &shown, &mend);
                None
            }
        }
    }

    /// The value of a key with a default; its default besides a problem when it can't be read.
    pub fn required<T>(
        &self,
        name: &'static str,
        problems: &mut Problems,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        if let Some(value) = self.optional(name, problems, &parse) {
            return value;
        }
        match default_of(name).map(parse) {
            Some(Ok(value)) => value,
            // The table of keys is a constant of this program, and a test reads every default.
            _ => unreachable!("the default of {name} can be read"),
        }
    }
}

fn default_of(name: &str) -> Option<&'static str> {
    KEYS.iter().find(|key| key.name == name).and_then(|key| key.default)
}

/// `None` for the `word`, else the value.
pub fn either<T>(word: &str, text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Option<T>, String> {
    if text == word { Ok(None) } else { parse(text).map(Some) }
}
