//! The plan of the house, kept by reading the sources: lower floors never call higher ones, rooms do not import one another,
//! and each foreign crate has one home.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What each part may import of the others, besides itself. What is not here may import everything.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("throttle", &["model"]),
    ("steady_clock", &["model"]),
    ("store", &["model"]),
    ("tokens", &["model", "store"]),
    ("platforms", &["model"]),
    ("partners", &["model", "store", "tokens"]),
    ("oauth", &["model", "partners", "store", "throttle", "tokens"]),
    ("identity", &["model", "store", "throttle", "tokens"]),
    ("twilio", &["model"]),
    ("push", &["model", "store", "tokens"]),
    ("rehearse", &["model"]),
    ("config", &["model", "push", "store", "tls", "tokens", "twilio"]),
    ("telemetry", &["config", "model"]),
    ("tls", &["model"]),
    ("jobs", &["app", "model", "partners", "push", "store", "telemetry", "throttle", "tls"]),
    (
        "web",
        &["app", "config", "identity", "model", "oauth", "platforms", "push", "rehearse", "telemetry", "tls", "twilio"],
    ),
];

/// Where each foreign crate, and the environment, is named.
const HOMES: &[(&str, &[&str])] = &[
    ("actix_web", &["web"]),
    ("askama", &["web"]),
    ("sqlx", &["store"]),
    ("clap", &["cli"]),
    ("reqwest", &["rehearse", "partners", "push", "twilio", "app", "telemetry"]),
    ("prometheus_client", &["telemetry"]),
    ("opentelemetry", &["telemetry"]),
    ("tracing_subscriber", &["telemetry"]),
    ("oauth2", &["partners"]),
    ("phonenumber", &["model"]),
    ("jsonwebtoken", &["tokens"]),
    ("argon2_rust", &["identity"]),
    ("rlimit", &["cli"]),
    ("std::env", &["config"]),
    ("tokio_rustls", &["tls", "tokens", "web"]),
    ("libc", &["identity"]),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Every source file with the part of the house it belongs to and its code without comments.
fn files() -> Vec<(PathBuf, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let part = |path: &Path| {
        let first = path.strip_prefix(&root).unwrap().components().next().unwrap().as_os_str().to_str().unwrap();
        first.trim_end_matches(".rs").to_owned()
    };
    let code = |path: &Path| {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
    };
    sources(&root).into_iter().map(|path| (path.clone(), part(&path), code(&path))).collect()
}

fn imported_parts(code: &str) -> BTreeSet<String> {
    let paths = code.split("crate::").skip(1);
    let name = |path: &str| path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    paths.map(name).filter(|name| !name.is_empty()).collect()
}

#[test]
fn no_part_imports_one_it_must_not_know() {
    for (path, part, code) in files() {
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == part) else { continue };
        for imported in imported_parts(&code) {
            let fine = imported == part || allowed.contains(&imported.as_str());
            assert!(fine, "{} imports crate::{imported}", path.display());
        }
    }
}

#[test]
fn each_foreign_crate_is_named_in_its_home_only() {
    for (path, part, code) in files() {
        for &(name, homes) in HOMES {
            let named = code.contains(&format!("{name}::"));
            assert!(!named || homes.contains(&part.as_str()), "{} names {name}", path.display());
        }
    }
}

#[test]
fn clients_for_requests_to_others_are_made_in_one_place_for_each_kind_of_address() {
    let makers =
        files().into_iter().filter(|(_, _, code)| code.contains("Client::builder()") || code.contains("Client::new()"));
    let mut makers: Vec<_> = makers.map(|(path, ..)| path).collect();
    makers.sort();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    assert_eq!(makers, [root.join("app.rs"), root.join("push/targets.rs")]);
}

fn is_table_of_paths(path: &Path) -> bool {
    ["web/routes.rs", "web/routes/devices.rs", "web/routes/push.rs"].iter().any(|table| path.ends_with(table))
}

#[test]
fn every_path_that_is_served_is_written_once() {
    for (path, _, code) in files().into_iter().filter(|(path, ..)| !is_table_of_paths(path)) {
        // The rehearsal plays somebody else's client, which knows paths by custom only.
        if path.components().any(|part| part.as_os_str() == "rehearse") {
            continue;
        }
        for served in [
            "\"/oauth2/",
            "\"/.well-known/",
            "\"/register",
            "\"/forgot",
            "\"/v2/",
            "\"/sign-in",
            "\"/consent",
            "\"/account",
            "\"/approve",
            "\"/healthz",
            "\"/metrics",
            "\"/twilio/",
        ] {
            assert!(!code.contains(served), "{} writes {served} again", path.display());
        }
    }
}

#[test]
fn every_file_says_at_its_door_what_it_owns_and_stays_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in sources(&root) {
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//! "), "{} has no door", path.display());
        let lines = text.lines().count();
        assert!(lines <= 300, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("docs/threat-model.md")).unwrap();
    let names: BTreeSet<&str> = text.split('`').skip(1).step_by(2).filter(|code| code.contains("::")).collect();
    assert!(names.len() > 80, "only {}", names.len());
    for name in names {
        let (module, function) = name.rsplit_once("::").unwrap();
        let path = module.trim_end_matches("::tests").replace("::", "/");
        let places = ["tests/it/PATH.rs", "tests/it/PATH/mod.rs", "src/PATH.rs", "src/PATH/mod.rs"];
        let files =
            places.iter().filter_map(|place| std::fs::read_to_string(root.join(place.replace("PATH", &path))).ok());
        let is_there = |text: String| text.contains(&format!("fn {function}("));
        assert!(files.into_iter().any(is_there), "docs/threat-model.md names {name}, which is no test");
    }
}

/// Decision 0011.
#[test]
fn one_file_alone_lifts_the_ban_on_unsafe_code() {
    let lifts = files().into_iter().filter(|(_, _, code)| code.contains("unsafe_code"));
    let names: Vec<_> = lifts.map(|(path, ..)| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["standing_back.rs"]);
}
