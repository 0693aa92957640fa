//! Owns how long a server takes from the start of its process to its first answer that needs the database.

use super::Finding;
use crate::server::Server;
use crate::stage::Stage;

/// How often it is started.
const STARTS: usize = 7;

/// Starts servers on the database, which is full.
pub fn find(stage: &Stage, each: &mut impl FnMut(Finding)) {
    let folder = tempfile::tempdir().unwrap();
    let mut times: Vec<f64> =
        (0..STARTS).map(|_| Server::start(folder.path(), &stage.url).1.as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    let (median, slowest) = (times[STARTS / 2], times[STARTS - 1]);
    let measured = format!("median {median:.0} ms, slowest {slowest:.0} ms of {STARTS}");
    each(Finding::new(stage, "start to first answer", measured, "< 100 ms", median < 100.0));
}
