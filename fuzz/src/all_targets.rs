//! All readers.

use crate::imported::of_imports;
use crate::targets::{Target, of_studies};

/// All targets.
#[must_use]
pub fn targets() -> Vec<Target> {
    [of_studies(), of_imports()].into_iter().flatten().collect()
}
