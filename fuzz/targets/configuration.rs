//! The configuration: the name of a key, a space and its value, as from the environment; or else a whole file.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use couplet::config::{Config, KEYS, Purpose};
use couplet::store::open::DatabaseUrl;
use tempfile::TempDir;

/// In a database URL it is a password.
const PASSWORD: &str = "hunter2";

/// A file of this process.
fn file() -> &'static PathBuf {
    static FILE: OnceLock<(PathBuf, TempDir)> = OnceLock::new();
    let (path, _) = FILE.get_or_init(|| {
        let memory = PathBuf::from("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a temporary folder");
        (folder.path().join("couplet.toml"), folder)
    });
    path
}

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (name, value) = text.split_once(' ').unwrap_or(("", text));
    if let Some(key) = KEYS.iter().find(|key| key.name == name) {
        let password = key.name == "database_url" && value.contains(PASSWORD);
        let environment = |name: &str| (name == key.variable).then(|| value.to_owned());
        check(Config::load(Some(&PathBuf::from("/dev/null")), &environment, Purpose::Tool), password);
        return;
    }
    std::fs::write(file(), text).expect("the file can be written");
    let password = text.contains(&format!("database_url = \"postgres://x:{PASSWORD}@")) && text.lines().count() == 1;
    check(Config::load(Some(file()), &|_| None, Purpose::Tool), password);
}

fn check(loaded: Result<Config, couplet::config::Problems>, password: bool) {
    let told = match &loaded {
        Ok(config) => {
            let second = Duration::from_secs(1);
            assert!(config.tokens.code >= second && config.tokens.access >= second);
            assert!(config.tokens.refresh_idle.is_none_or(|idle| idle >= second));
            assert!(config.throttle.per_account.is_none_or(|rate| rate.count > 0 && rate.per >= second));
            assert!(config.password.memory_kib >= 8 * config.password.parallelism);
            if let Some(url) = &config.public_url {
                assert!(url.scheme() == "https" || couplet::model::redirect_uri::is_loopback(url));
                assert!(url.path() == "/" && url.query().is_none() && url.username().is_empty());
            }
            if let DatabaseUrl::Sqlite(path) = &config.database {
                assert!(!path.as_os_str().is_empty());
            }
            format!("{config:?}")
        }
        Err(problems) => {
            assert!(problems.iter().count() > 0, "refused for no reason");
            assert!(problems.iter().all(|problem| !problem.key.is_empty() && !problem.mend.is_empty()));
            problems.to_string()
        }
    };
    assert!(!password || !told.contains(PASSWORD), "a password is told: {told}");
}
