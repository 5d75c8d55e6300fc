//! Kills the whole process group at a chosen rename; only in programs built to test how a run resumes.
//!
//! `LPP_FAULT_LOG` names a file that grows by one byte with each rename of any program of the run, `LPP_FAULT_BEFORE` or
//! `LPP_FAULT_AFTER` the number of the rename, from 1, at which the group is killed.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// Counts a rename before it happens, and kills the group if it is the chosen one; returns its number.
pub(crate) fn before_rename() -> u64 {
    let number = count().unwrap_or(0);
    if chosen("LPP_FAULT_BEFORE") == Some(number) {
        kill_group();
    }
    number
}

/// Kills the group after the rename `number`, if it is the chosen one.
pub(crate) fn after_rename(number: u64) {
    if chosen("LPP_FAULT_AFTER") == Some(number) {
        kill_group();
    }
}

fn chosen(variable: &str) -> Option<u64> {
    env::var(variable).ok()?.parse().ok()
}

/// Appends one byte per rename, for all programs together.
fn count() -> Option<u64> {
    let path = env::var_os("LPP_FAULT_LOG")?;
    let mut log = OpenOptions::new().create(true).append(true).open(path).ok()?;
    log.write_all(b".").ok()?;
    log.metadata().ok().map(|log| log.len())
}

fn kill_group() -> ! {
    // A group of 0 is the caller's own.
    let _ = Command::new("sh").args(["-c", "kill -KILL 0"]).status();
    loop {
        thread::sleep(Duration::from_secs(1));
    }
}
