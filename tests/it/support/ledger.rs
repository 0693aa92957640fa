//! The book of a whole test run: every secret that came by, and every log and database it could have got into, kept in the
//! folder that `COUPLET_TEST_LEDGER` names. It owns keeping; looking is `tests/secret_scan.rs`'s.
//!
//! Without the variable nothing is kept.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use serde_json::Value;

/// Members of JSON answers, fields of forms and names of parameters that are secrets.
const SECRET_NAMES: [&str; 14] = [
    "access_token",
    "accessToken",
    "refresh_token",
    "id_token",
    "client_secret",
    "code",
    "code_verifier",
    "token",
    "subject_token",
    "password",
    "csrf",
    "partner_client_secret",
    "assertion",
    "auth_token",
];

/// What is shorter can be guessed, and stands in logs by chance.
const SHORTEST: usize = 16;

/// The folder, if anything is to be kept.
pub fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOLDER.get_or_init(|| std::env::var_os("COUPLET_TEST_LEDGER").map(PathBuf::from)).as_deref()
}

/// Notes a secret, on one line.
pub fn note(secret: &str) {
    static BOOK: OnceLock<Mutex<File>> = OnceLock::new();
    let Some(folder) = folder() else { return };
    if secret.len() < SHORTEST || secret.contains('\n') {
        return;
    }
    let path = || folder.join(format!("secrets.{}", std::process::id()));
    let open = || Mutex::new(OpenOptions::new().create(true).append(true).open(path()).unwrap());
    let line = format!("{secret}\n");
    BOOK.get_or_init(open).lock().unwrap().write_all(line.as_bytes()).unwrap();
}

/// Notes the value of a field or parameter, if that is a secret.
pub fn note_field(name: &str, value: &str) {
    if SECRET_NAMES.contains(&name) {
        note(value);
    }
}

/// Notes every secret in a JSON answer.
pub fn note_json(json: &Value) {
    for (name, value) in json.as_object().into_iter().flatten() {
        note_field(name, value.as_str().unwrap_or_default());
    }
}

/// Keeps a copy of a file, if it exists, among the `logs` or the `databases`.
pub fn keep(kind: &str, file: &Path) {
    static KEPT: AtomicU32 = AtomicU32::new(0);
    let (Some(folder), Some(name)) = (folder(), file.file_name()) else { return };
    let number = KEPT.fetch_add(1, Ordering::Relaxed);
    let kept = folder.join(kind).join(format!("{}-{number}-{}", std::process::id(), name.to_string_lossy()));
    if file.exists() {
        std::fs::create_dir_all(folder.join(kind)).unwrap();
        std::fs::copy(file, kept).unwrap();
    }
}

/// Keeps a SQLite database with the log of its latest writes.
pub fn keep_sqlite(file: &Path) {
    keep("databases", file);
    keep("databases", &file.with_extension("db-wal"));
}
