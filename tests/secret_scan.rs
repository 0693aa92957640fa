//! Looks for every secret that the other tests saw in every log and database that they left: the last of all tests, when
//! `COUPLET_TEST_LEDGER` names the folder where `tests/it/support/ledger.rs` kept them. Without it there is nothing to do.
//!
//! A secret counts as found when the last sixteen characters of it occur, where its random part is, as text, as hexadecimal
//! digits or in base64; or the last sixteen bytes of what it encodes, or those as hexadecimal digits.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that meets something unforeseen must fail")]
#![expect(clippy::print_stdout, reason = "it tells what it looked at")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// How long servers that end after their tests are waited for.
const PATIENCE: Duration = Duration::from_secs(600);

/// How much of a secret gives it away.
const TAIL: usize = 16;

fn main() -> ExitCode {
    let Some(folder) = std::env::var_os("COUPLET_TEST_LEDGER").map(PathBuf::from) else {
        println!("no COUPLET_TEST_LEDGER, nothing to scan");
        return ExitCode::SUCCESS;
    };
    await_servers(&folder);
    let secrets = secrets(&folder);
    let patterns: BTreeMap<Vec<u8>, &str> =
        secrets.iter().flat_map(|secret| forms(secret).into_iter().map(move |form| (form, secret.as_str()))).collect();
    let searcher = AhoCorasick::builder().kind(Some(AhoCorasickKind::ContiguousNFA)).build(patterns.keys()).unwrap();
    let of: Vec<&str> = patterns.values().copied().collect();
    let (in_logs, logs) = scan(&folder.join("logs"), &searcher, &of);
    let (in_databases, databases) = scan(&folder.join("databases"), &searcher, &of);
    let found = [in_logs, in_databases].concat();
    println!(
        "{} secrets, {logs} bytes of logs, {databases} bytes of databases scanned: {} found",
        secrets.len(),
        found.len()
    );
    found.iter().take(20).for_each(|place| println!("  {place}"));
    // A scan that looked at nothing shows nothing.
    let looked = !secrets.is_empty() && logs > 0 && databases > 0;
    if found.is_empty() && looked { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// PostgreSQL's files are kept when its server has ended, soon after the tests.
fn await_servers(folder: &Path) {
    let began = Instant::now();
    let is_awaited = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("awaited.");
    while files(folder).iter().any(is_awaited) {
        assert!(began.elapsed() < PATIENCE, "a server of the tests has not ended: {:?}", files(folder));
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn secrets(folder: &Path) -> Vec<String> {
    let is_book = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("secrets.");
    let books = files(folder).into_iter().filter(is_book).map(|path| std::fs::read_to_string(path).unwrap());
    let mut secrets: Vec<String> = books.flat_map(|book| book.lines().map(str::to_owned).collect::<Vec<_>>()).collect();
    secrets.retain(|secret| is_secret(secret));
    secrets.sort();
    secrets.dedup();
    secrets
}

/// What tests send in place of a token is no secret when nobody could have issued it as one: a link's id, which names it and
/// opens nothing; markup; the challenge of RFC 7636 appendix B, which is public; and a few characters again and again.
fn is_secret(text: &str) -> bool {
    const PUBLIC_CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let is_id = text.len() == 36 && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    !is_id && text != PUBLIC_CHALLENGE && !text.contains('<') && is_varied(text.as_bytes())
}

fn is_varied(bytes: &[u8]) -> bool {
    bytes.iter().collect::<BTreeSet<_>>().len() >= 6
}

/// What must not occur of a secret.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
    let tail = |bytes: &[u8]| bytes[bytes.len().saturating_sub(TAIL)..].to_vec();
    let text = tail(secret.as_bytes());
    let encoded = STANDARD.encode(secret);
    // Its last characters depend on what follows.
    let encoded = tail(encoded.as_bytes().get(..encoded.len().saturating_sub(4)).unwrap_or_default());
    let mut forms = vec![hex(&text), text, encoded];
    let payload = secret.strip_prefix("cpl").and_then(|rest| rest.get(2..)).unwrap_or(secret);
    // Of a JWT, the signature.
    let payload = payload.rsplit('.').next().unwrap_or(payload);
    if let Ok(decoded) = URL_SAFE_NO_PAD.decode(payload)
        && decoded.len() >= 2 * TAIL
    {
        forms.extend([hex(&tail(&decoded)), tail(&decoded)]);
    }
    forms.retain(|form| is_varied(form));
    forms
}

/// The places where secrets were found, and how many bytes were looked at.
fn scan(folder: &Path, searcher: &AhoCorasick, secrets: &[&str]) -> (Vec<String>, usize) {
    let mut found = Vec::new();
    let mut bytes = 0;
    for file in files(folder) {
        let content = std::fs::read(&file).unwrap();
        bytes += content.len();
        // One hit shows what is wrong with a file.
        if let Some(hit) = searcher.find(&content) {
            let start = hit.start().saturating_sub(200);
            let around = String::from_utf8_lossy(&content[start..hit.start()]).replace(|c: char| c.is_control(), ".");
            let secret: String = secrets[hit.pattern().as_usize()].chars().take(12).collect();
            found.push(format!("{} at {}: {secret}…, after {around}", file.display(), hit.start()));
        }
    }
    (found, bytes)
}
