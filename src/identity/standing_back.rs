//! Owns how the threads that hash stand back for everything else. The only file with `unsafe` in it (decision 0011): nobody
//! keeps a crate that does this.

use rustix::process::{getpriority_process, setpriority_process};

/// How much nicer the threads are than the rest: a tenth of a core is still theirs when something else wants all of it.
const NICER: i32 = 10;

/// The turn that a thread asks for, in nanoseconds; a little longer than any thread's that does not ask. Those interrupt it as soon
/// as they have something to do, and not only at the end of its own turn; and it makes up for little at a time.
const TURN: u64 = 4_000_000;

/// `SCHED_FLAG_KEEP_POLICY`: the class of the thread stays what the operator made it.
const KEEP_POLICY: u64 = 0x08;

/// Lets everything else go first, as far as the system permits. On Linux these are a thread's own; elsewhere they would be
/// the whole process's.
pub fn stand_back() {
    if let Ok(nice) = getpriority_process(None) {
        let nice = nice.saturating_add(NICER).min(19);
        if let Err(error) = setpriority_process(None, nice) {
            tracing::warn!(%error, "password hashing runs at the same priority as everything else");
        }
        if let Err(error) = take_long_turns(nice) {
            tracing::debug!(%error, "password hashing is interrupted later than it could be");
        }
    }
}

/// Asks for long turns at that niceness (sched_setattr(2); kernels before 6.12 take no notice of the turn).
fn take_long_turns(nice: i32) -> std::io::Result<()> {
    let mut attributes = libc::sched_attr {
        size: u32::try_from(size_of::<libc::sched_attr>()).unwrap_or_default(),
        sched_policy: 0,
        sched_flags: KEEP_POLICY,
        sched_nice: nice,
        sched_priority: 0,
        sched_runtime: TURN,
        sched_deadline: 0,
        sched_period: 0,
    };
    let (this_thread, no_flags): (libc::pid_t, libc::c_uint) = (0, 0);
    // SAFETY: the pointer is to a whole structure of `size` bytes that outlives the call. The kernel reads those, and may write
    // its own size into the first member when it finds ours too large.
    #[expect(unsafe_code, reason = "the C library has no function for it, and no crate that is kept up has one")]
    let done = unsafe { libc::syscall(libc::SYS_sched_setattr, this_thread, &raw mut attributes, no_flags) };
    if done == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::{NICER, TURN, stand_back};
    use std::thread;

    /// What the kernel says of this thread: its niceness and the turn it asked for.
    fn seen() -> (i32, u64) {
        let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let nice = fields.split(' ').nth(16).unwrap().parse().unwrap();
        let sched = std::fs::read_to_string("/proc/thread-self/sched").unwrap_or_default();
        let slice =
            sched.lines().find_map(|line| line.strip_prefix("se.slice")?.split(':').next_back()?.trim().parse().ok());
        (nice, slice.unwrap_or_default())
    }

    #[test]
    fn a_thread_that_stands_back_is_nicer_and_takes_long_turns_and_others_are_as_before() {
        let before = seen();
        let (nice, slice) = thread::spawn(|| {
            stand_back();
            seen()
        })
        .join()
        .unwrap();
        assert_eq!(nice, (before.0 + NICER).min(19));
        // Kernels that know no turns of one's own tell none.
        assert!(before.1 == 0 || slice == TURN, "{slice}");
        assert_eq!(seen(), before);
    }
}
