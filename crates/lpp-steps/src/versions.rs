//! Files of which versions count as those of this one.

use crate::Provenance;

/// The version whose files are kept, except those of [`REMADE`]. Where a number has changed since, on inputs that it accepted, a
/// parameter of the record has changed with it.
const KEPT: &str = "0.1.0";

/// Programs whose files of older versions are made again: tables, pages and simulated studies have changed, and take little time.
const REMADE: [&str; 3] = ["lpp-analyze", "lpp-report", "lpp-simulate"];

/// Whether what a program wrote in version `made` counts as what it would write in version `own`.
#[must_use]
pub fn counts_as_current(program: &str, made: &str, own: &str) -> bool {
    made == own || (made == KEPT && !REMADE.contains(&program))
}

impl Provenance {
    /// The version of the program.
    #[must_use]
    pub fn version(&self) -> &str {
        self.software.rsplit(' ').next().unwrap_or_default()
    }

    /// Whether the version of the program [counts as](counts_as_current) `own`.
    #[must_use]
    pub fn is_of_version(&self, own: &str) -> bool {
        counts_as_current(self.program(), self.version(), own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_first_version_are_kept_but_for_what_takes_little_time() {
        assert!(counts_as_current("lpp-fit", "0.2.0", "0.2.0"));
        assert!(counts_as_current("lpp-fit", "0.1.0", "0.2.0"));
        assert!(!counts_as_current("lpp-analyze", "0.1.0", "0.2.0"));
        assert!(!counts_as_current("lpp-fit", "0.3.0", "0.2.0"), "a later version");
        assert!(
            !counts_as_current("lpp-fit", "", "0.2.0"),
            "a record without a version"
        );
    }
}
