//! All readers.

use crate::designs::of_designs;
use crate::imported::of_imports;
use crate::items::of_items;
use crate::targets::{Target, of_studies};
use crate::vocabularies::of_vocabularies;

/// All targets.
#[must_use]
pub fn targets() -> Vec<Target> {
    [
        of_studies(),
        of_imports(),
        of_designs(),
        of_items(),
        of_vocabularies(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
