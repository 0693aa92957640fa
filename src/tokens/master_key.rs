//! Owns the master key, under which everything secret in the database is encrypted, and its file. Leaves encrypting to
//! `seal.rs`.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::model::random::{Randomness, bytes};

/// 32 random bytes, kept outside the database.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct MasterKey([u8; 32]);

/// Why a master key can't be had.
#[derive(Debug, Error)]
pub enum MasterKeyError {
    /// There is no such file.
    #[error("{0} does not exist")]
    Missing(String),
    /// It can't be read or written.
    #[error("{0}: {1}")]
    Unreadable(String, std::io::Error),
    /// It holds something else.
    #[error("{0} must hold 32 random bytes in base64, as `openssl rand -base64 32` prints them")]
    Malformed(String),
}

impl MasterKeyError {
    /// What to do about it.
    pub fn mend(&self) -> &'static str {
        match self {
            MasterKeyError::Missing(_) => "mend the path; for a new database make a key with `openssl rand -base64 32`",
            MasterKeyError::Unreadable(..) => "name a file that is readable for this user",
            MasterKeyError::Malformed(_) => "make one with `openssl rand -base64 32`",
        }
    }
}

impl MasterKey {
    /// A key from its bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key from what was opened; nothing else than 32 bytes is one.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The bytes; call it only where keys are derived.
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the key file: base64 of 32 bytes, white space around it ignored.
    pub fn read(path: &Path) -> Result<Self, MasterKeyError> {
        let name = shown(path);
        let mut text = String::new();
        match File::open(path).and_then(|file| file.take(1024).read_to_string(&mut text)) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(MasterKeyError::Missing(name)),
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(MasterKeyError::Malformed(name)),
            Err(error) => return Err(MasterKeyError::Unreadable(name, error)),
        }
        let bytes = decoded(&text);
        text.zeroize();
        bytes.map(Self).ok_or(MasterKeyError::Malformed(name))
    }

    /// Whether others than the file's owner may read it.
    pub fn is_exposed(path: &Path) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
        }
        #[cfg(not(unix))]
        {
            let _ = path;
            false
        }
    }

    /// Reads the key file, made first when missing: readable by its owner only, and never overwritten.
    pub fn read_or_create(path: &Path, randomness: &dyn Randomness) -> Result<Self, MasterKeyError> {
        match Self::read(path) {
            Err(MasterKeyError::Missing(_)) => Self::create(path, randomness),
            found => found,
        }
    }

    fn create(path: &Path, randomness: &dyn Randomness) -> Result<Self, MasterKeyError> {
        let name = path.display().to_string();
        let key = Self(bytes(randomness));
        match write_new(path, &format!("{}\n", STANDARD.encode(key.0))) {
            Ok(()) => Ok(key),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Self::read(path),
            Err(error) => Err(MasterKeyError::Unreadable(name, error)),
        }
    }
}

/// A path for a message; a key that was given in place of its path is not shown.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    if decoded(&text).is_some() { "the path, which looks like the key itself,".to_owned() } else { text }
}

fn decoded(text: &str) -> Option<[u8; 32]> {
    STANDARD.decode(text.trim()).ok()?.try_into().ok()
}

/// Writes a file that must not exist yet, whole or not at all, readable by its owner only.
pub fn write_new(path: &Path, text: &str) -> std::io::Result<()> {
    let draft = path.with_extension(format!("draft-{}", std::process::id()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    // A hard link fails when the name is taken, which a rename would not.
    let linked = written.and_then(|()| std::fs::hard_link(&draft, path));
    std::fs::remove_file(&draft)?;
    linked
}
