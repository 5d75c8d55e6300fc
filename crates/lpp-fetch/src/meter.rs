//! Bytes received, reported as a stage of [`Progress`].

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use lpp_files::Progress;

/// Counts the bytes of all threads and reports whole units.
pub(crate) struct Meter<'a> {
    progress: &'a dyn Progress,
    unit: u64,
    done: AtomicU64,
}

impl<'a> Meter<'a> {
    /// Starts a stage of `bytes` bytes in `n_files` files.
    pub(crate) fn start(progress: &'a dyn Progress, n_files: usize, bytes: u64) -> Self {
        let (unit, name) = if bytes >= 10_000_000 {
            (1_000_000, "MB")
        } else {
            (1_000, "kB")
        };
        let files = if n_files == 1 { "file" } else { "files" };
        progress.start(&format!("downloading {n_files} {files} ({name})"), bytes / unit);
        Self {
            progress,
            unit,
            done: AtomicU64::new(0),
        }
    }

    pub(crate) fn finish(&self) {
        self.progress.finish();
    }

    fn add(&self, bytes: u64) {
        let before = self.done.fetch_add(bytes, Ordering::Relaxed);
        let units = (before + bytes) / self.unit - before / self.unit;
        if units > 0 {
            self.progress.advance(units);
        }
    }
}

/// Counts the bytes of one file, each position once even if it is downloaded again.
pub(crate) struct FileMeter<'a> {
    meter: &'a Meter<'a>,
    reached: Cell<u64>,
}

impl<'a> FileMeter<'a> {
    /// A file of which `there` bytes already exist.
    pub(crate) fn new(meter: &'a Meter<'a>, there: u64) -> Self {
        Self {
            meter,
            reached: Cell::new(there),
        }
    }

    /// Reports that the file has reached `position`.
    pub(crate) fn reached(&self, position: u64) {
        let before = self.reached.get();
        if position > before {
            self.meter.add(position - before);
            self.reached.set(position);
        }
    }
}
