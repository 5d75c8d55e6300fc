//! Parcels as an atlas and its table of labels give them.

use std::path::Path;

use lpp_fmri::{Atlas, LabelTable, warn_once};

use crate::{AnalysisError, Brain, ParcelPair};

/// Reads an atlas and pairs its parcels.
///
/// # Errors
/// [`AnalysisError`] naming the image or the table that cannot be read, or the label whose name tells another side than its voxels.
pub(crate) fn load_pairs(
    atlas: &Path,
    labels: Option<&Path>,
    brain: &Brain,
) -> Result<Vec<ParcelPair>, AnalysisError> {
    let table = labels.map(LabelTable::load).transpose()?.unwrap_or_default();
    let parcels = Atlas::load(atlas, brain.mask())?.parcels(&table);
    let places_mm = brain.mask().world_coordinates();
    let pairing = ParcelPair::of(&parcels, &places_mm, brain.sides().by_x()).map_err(|found| {
        AnalysisError::Malformed {
            path: labels.unwrap_or(atlas).to_owned(),
            found,
            expected: "labels on the side given by their names (is the atlas mirrored, or the table from a different atlas?)".to_owned(),
        }
    })?;
    for (names, what) in [
        (&pairing.parted, "are on both sides and are divided at x = 0"),
        (&pairing.midline, "are only at x = 0 and are left out"),
    ] {
        if let Some(first) = names.first() {
            warn_once(
                atlas,
                &format!("parcels that {what}: {}, {first:?} the first", names.len()),
            );
        }
    }
    Ok(pairing.pairs)
}
