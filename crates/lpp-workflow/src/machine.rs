//! What the machine has.

use std::path::Path;

use lpp_files::MachineMemory;
use serde::Serialize;

/// Cores, memory and disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Cores that this process may use.
    pub n_cores: usize,
    /// Memory in all, bytes.
    pub memory_bytes: u64,
    /// Memory that programs can have now, bytes.
    pub available_bytes: u64,
    /// Free bytes on the disk of the study.
    pub free_disk_bytes: u64,
}

impl Machine {
    /// This machine; limits that the system does not report count as unlimited.
    #[must_use]
    pub fn here(study: &Path) -> Self {
        let memory = MachineMemory::now();
        Self {
            n_cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory.all,
            available_bytes: memory.available,
            free_disk_bytes: free_disk(study),
        }
    }
}

/// Free bytes of the file system of `folder`.
pub(crate) fn free_disk(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(u64::MAX, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Seconds in the unit that suits them: `3.5 h`.
#[must_use]
pub fn human_seconds(seconds: f64) -> String {
    // The sum of no steps is -0.
    match seconds + 0.0 {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 48.0 * 3600.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_something() {
        let machine = Machine::here(Path::new("/"));
        assert!(machine.n_cores > 0 && machine.memory_bytes >= machine.available_bytes);
    }

    #[test]
    fn seconds_are_readable() {
        assert_eq!(human_seconds(90.0), "90.0 s");
        assert_eq!(human_seconds([0.0; 0].iter().sum()), "0.0 s");
        assert_eq!(human_seconds(3.0 * 86_400.0), "3.0 days");
    }
}
