//! Owns reading the configuration file into texts by key. Leaves their meaning to `mod.rs`.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::config::Environment;
use crate::config::keys::{CONFIG_VARIABLE, KEYS, Key, SCOPES};
use crate::config::problems::Problems;

/// The file that is read when none is named.
const DEFAULT: &str = "couplet.toml";

/// The values of the file: keys of the table, and permissions in words.
#[derive(Default)]
pub struct Found {
    /// Texts by the key's name.
    pub keys: Vec<(&'static str, String)>,
    /// Words by scope token.
    pub scopes: Vec<(String, String)>,
}

/// Reads the named file, the one the environment names, or `couplet.toml` if there is one.
pub fn read(named: Option<&Path>, environment: Environment<'_>, problems: &mut Problems) -> Found {
    let named = named.map(Path::to_owned).or_else(|| environment(CONFIG_VARIABLE).map(PathBuf::from));
    let (path, required) = named.map_or((PathBuf::from(DEFAULT), false), |path| (path, true));
    let name = path.display().to_string();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => return Found::default(),
        Err(error) => {
            problems.add(&name, &format!("can't be read: {error}"), "name a readable file, or leave it out");
            return Found::default();
        }
    };
    match text.parse::<Table>() {
        Ok(table) => {
            let mut found = Found::default();
            flatten("", table, &mut found, problems);
            found
        }
        Err(error) => {
            let where_ = error.span().map_or(1, |span| text.get(..span.start).map_or(1, |head| head.lines().count()));
            problems.add(
                &name,
                &format!("is no TOML near line {where_}: {}", error.message()),
                "see couplet.example.toml",
            );
            Found::default()
        }
    }
}

fn flatten(section: &str, table: Table, found: &mut Found, problems: &mut Problems) {
    for (key, value) in table {
        // As TOML writes it: it would be no name at all, and its section the outermost one.
        let shown = if key.is_empty() { "\"\"" } else { &key };
        let name = if section.is_empty() { shown.to_owned() } else { format!("{section}.{shown}") };
        match (value, section) {
            (Value::Table(table), _) => flatten(&name, table, found, problems),
            (Value::String(words), SCOPES) => found.scopes.push((key, words)),
            (value, _) => match KEYS.iter().find(|known| known.name == name) {
                Some(known) => match text_of(&value, known) {
                    Some(text) => found.keys.push((known.name, text)),
                    None => problems.add(&name, "has a value of the wrong kind", "write it as text in quotes"),
                },
                None => problems.add(&name, "is no key", &suggestion(&name, KEYS.iter().map(|key| key.name))),
            },
        }
    }
}

fn text_of(value: &Value, key: &Key) -> Option<String> {
    let is_switch = matches!(key.default, Some("on" | "off" | "true" | "false"));
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(switch) if is_switch => Some(switch.to_string()),
        Value::Array(items) if items.iter().any(Value::is_table) => serde_json::to_string(items).ok(),
        Value::Array(items) => {
            let texts = items.iter().map(|item| text_of(item, key)).collect::<Option<Vec<_>>>();
            texts.map(|items| items.join(","))
        }
        _ => None,
    }
}

/// The nearest known name, as a mend.
pub fn suggestion(name: &str, known: impl Iterator<Item = &'static str>) -> String {
    let nearest = known.max_by(|a, b| {
        strsim::jaro_winkler(a, name).partial_cmp(&strsim::jaro_winkler(b, name)).unwrap_or(std::cmp::Ordering::Equal)
    });
    match nearest.filter(|nearest| strsim::jaro_winkler(nearest, name) > 0.8) {
        Some(nearest) => format!("did you mean {nearest}?"),
        None => "remove it; couplet.example.toml lists all keys".to_owned(),
    }
}
