//! The example file shows every key, and what it shows is true.

use couplet::config::{Config, KEYS, Purpose, example};

#[test]
fn the_file_in_the_repository_is_what_the_program_would_write() {
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/couplet.example.toml")).unwrap();
    assert_eq!(file, example());
}

#[test]
fn every_default_can_be_read() {
    for key in KEYS {
        let Some(default) = key.default else { continue };
        let only = |name: &str| (name == key.variable).then(|| default.to_owned());
        let problems = Config::load(None, &only, Purpose::Tool).err();
        assert_eq!(problems, None, "{} = {default}", key.name);
    }
}

#[test]
fn every_line_of_the_example_can_be_uncommented() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let is_setting = |line: &&str| line.contains(" = ");
    let uncommented = example()
        .lines()
        .filter_map(|line| {
            match line.strip_prefix("# ") {
                Some(text) => Some(text).filter(is_setting),
                None => Some(line),
            }
            .map(str::to_owned)
        })
        .collect::<Vec<_>>();
    let settings = uncommented.iter().filter(|line| is_setting(&line.as_str())).count();
    assert_eq!(settings, KEYS.len() + 1, "each key once, and a scope");
    std::fs::write(file.path(), uncommented.join("\n")).unwrap();
    let config = Config::load(Some(file.path()), &|_| None, Purpose::Tool).unwrap();
    assert_eq!(config.scopes["lights:write"], "switch your lights");
    assert_eq!(config.trusted_proxies.len(), 2);
}
