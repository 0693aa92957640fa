//! Names the style sheet by its content, so that browsers may keep it for good and still get a new one at once.

use std::hash::{DefaultHasher, Hash, Hasher};

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=static/couplet.css");
    println!("cargo::rerun-if-changed=migrations");
    let mut hasher = DefaultHasher::new();
    std::fs::read("static/couplet.css")?.hash(&mut hasher);
    println!("cargo::rustc-env=STYLESHEET_HASH={:016x}", hasher.finish());
    Ok(())
}
