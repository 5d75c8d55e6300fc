//! What the machine has.

use std::fs;
use std::path::Path;

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
        let table = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let entry = |name: &str| kib(&table, name).unwrap_or(u64::MAX / 1024) * 1024;
        Self {
            n_cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: entry("MemTotal:"),
            available_bytes: entry("MemAvailable:"),
            free_disk_bytes: free_disk(study),
        }
    }
}

/// Free bytes of the file system of `folder`.
pub(crate) fn free_disk(folder: &Path) -> u64 {
    rustix::fs::statvfs(folder).map_or(u64::MAX, |stat| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Memory of a process as the system counts it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct ProcessMemory {
    /// Largest resident memory so far, bytes.
    pub(crate) peak: u64,
    /// Current resident memory without file mappings, in bytes: the memory that the system cannot reclaim.
    pub(crate) own: u64,
}

impl ProcessMemory {
    pub(crate) fn of(process: u32) -> Self {
        let table = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let entry = |name: &str| kib(&table, name).unwrap_or(0) * 1024;
        Self {
            peak: entry("VmHWM:"),
            own: entry("RssAnon:"),
        }
    }
}

fn kib(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Bytes in the unit that suits them: `5.2 GiB`.
#[must_use]
pub fn human_bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    if unit == "B" || value >= 100.0 {
        format!("{value:.0} {unit}")
    } else {
        format!("{value:.1} {unit}")
    }
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
        let memory = ProcessMemory::of(std::process::id());
        assert!(memory.peak >= memory.own && memory.own > 0);
        assert_eq!(ProcessMemory::of(u32::MAX), ProcessMemory::default());
    }

    #[test]
    fn quantities_are_readable() {
        assert_eq!(human_bytes(1000), "1000 B");
        assert_eq!(human_bytes(5 << 30), "5.0 GiB");
        assert_eq!(human_seconds(90.0), "90.0 s");
        assert_eq!(human_seconds([0.0; 0].iter().sum()), "0.0 s");
        assert_eq!(human_seconds(3.0 * 86_400.0), "3.0 days");
    }
}
