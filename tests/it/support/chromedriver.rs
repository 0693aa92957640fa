//! The `chromedriver` process of a test process, and the Chromium it is for.
//! It owns finding, starting and ending them and their files; windows are `chrome`'s.
#![expect(clippy::expect_used, clippy::panic, reason = "a test without its browser must fail, and loudly")]

use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use super::watchdog::Watchdog;

/// Starts `chromedriver`, answers `port` and `folder`, and ends all browsers with it at the end of its input.
const SCRIPT: &str = r#"
folder=$(mktemp -d -t couplet-chrome.XXXXXX) || exit
log="$folder/log"
: >"$log"
HOME="$folder" TMPDIR="$folder" "$DRIVER" --port=0 </dev/null >"$log" 2>&1 &
driver=$!
port_of() { sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$log"; }
while read -r question; do
    until [ -n "$(port_of)" ] || ! kill -0 "$driver" 2>/dev/null; do sleep 0.05; done
    if [ -n "$(port_of)" ]; then say "ok $(port_of) $folder"; else say "failed $(tail -n 15 "$log" | tr '\n' ' ')"; fi
done
trap '' TERM
kill -TERM 0
sleep 0.5
rm -rf "$folder" || { sleep 2; rm -rf "$folder"; }
"#;

/// The `chromedriver` that all tests of this process share.
pub struct Chromedriver {
    /// Where its sessions are opened.
    pub url: String,
    /// The browser that belongs to it.
    pub browser: PathBuf,
    folder: PathBuf,
    _watchdog: Watchdog,
}

impl Chromedriver {
    /// Starts it on first use.
    pub fn get() -> &'static Self {
        static SHARED: OnceLock<Chromedriver> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    fn start() -> Self {
        let driver = program(&["chromedriver"]);
        let browser = program(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]);
        let driver = driver.to_str().expect("chromedriver's path is UTF-8");
        let watchdog = Watchdog::start(SCRIPT, &[("DRIVER", driver)], None);
        let answer = watchdog.ask("ready?").unwrap_or_else(|cause| panic!("chromedriver does not start: {cause}"));
        let (port, folder) = answer.split_once(' ').expect("the script names port and folder");
        Self { url: format!("http://127.0.0.1:{port}"), browser, folder: PathBuf::from(folder), _watchdog: watchdog }
    }

    /// A folder for a browser's profile, not there yet; gone with everything else.
    pub fn new_profile(&self) -> PathBuf {
        static PROFILES: AtomicU32 = AtomicU32::new(0);
        let number = PROFILES.fetch_add(1, Ordering::Relaxed);
        self.folder.join(format!("profile-{number}"))
    }
}

/// The first of these programs that the search path has.
fn program(names: &[&str]) -> PathBuf {
    let search_path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&search_path).collect();
    names
        .iter()
        .flat_map(|name| folders.iter().map(move |folder| folder.join(name)))
        .find(|path| path.is_file())
        .unwrap_or_else(|| {
            panic!(
                "{} is missing; install it with: \
                 sudo apt-get update && sudo apt-get install --yes chromium chromium-driver",
                names.join(" or ")
            )
        })
}
