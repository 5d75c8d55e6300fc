//! Memory of the machine and of processes, as the system counts it.

use std::fs;

/// Memory of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MachineMemory {
    /// Memory in all, bytes.
    pub all: u64,
    /// Memory that programs can have now, bytes.
    pub available: u64,
}

impl MachineMemory {
    /// The memory now; what the system does not report counts as unlimited.
    #[must_use]
    pub fn now() -> Self {
        let table = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let entry = |name: &str| bytes_of(&table, name).unwrap_or(u64::MAX);
        Self {
            all: entry("MemTotal:"),
            available: entry("MemAvailable:"),
        }
    }
}

/// Memory of a process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProcessMemory {
    /// Largest resident memory so far, bytes.
    pub peak: u64,
    /// Current resident memory without file mappings, in bytes: the memory that the system cannot reclaim.
    pub own: u64,
}

impl ProcessMemory {
    /// The memory of the process with this number; 0 for one that does not exist.
    #[must_use]
    pub fn of(process: u32) -> Self {
        let table = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let entry = |name: &str| bytes_of(&table, name).unwrap_or(0);
        Self {
            peak: entry("VmHWM:"),
            own: entry("RssAnon:"),
        }
    }
}

/// A line such as `MemTotal:  16384 kB`, in bytes.
fn bytes_of(table: &str, name: &str) -> Option<u64> {
    let line = table.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Bytes in the unit that suits them.
///
/// ```
/// assert_eq!(lpp_files::human_bytes(5 << 30), "5.0 GiB");
/// ```
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machine_and_process_have_memory() {
        let machine = MachineMemory::now();
        assert!(machine.all >= machine.available && machine.available > 0);
        let process = ProcessMemory::of(std::process::id());
        assert!(process.peak >= process.own && process.own > 0);
        assert_eq!(ProcessMemory::of(u32::MAX), ProcessMemory::default());
    }

    #[test]
    fn bytes_are_readable() {
        assert_eq!(human_bytes(1000), "1000 B");
        assert_eq!(human_bytes(5 << 30), "5.0 GiB");
        assert_eq!(human_bytes(300 << 20), "300 MiB");
    }
}
