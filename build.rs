//! Names style sheet and scripts by their content, so that browsers may keep them for good and still get new ones at once.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Scripts that load one another are in one folder, named by all of them.
const SCRIPTS: [&str; 3] = ["static/approve.js", "static/device.js", "static/enrol.js"];

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=migrations");
    println!("cargo::rustc-env=STYLESHEET_HASH={:016x}", hash(&["static/couplet.css"])?);
    println!("cargo::rustc-env=SCRIPTS_HASH={:016x}", hash(&SCRIPTS)?);
    Ok(())
}

fn hash(paths: &[&str]) -> std::io::Result<u64> {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        println!("cargo::rerun-if-changed={path}");
        std::fs::read(path)?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}
