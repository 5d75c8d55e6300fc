//! Parcels as an atlas and its table of labels give them.

use std::path::Path;

use lpp_fmri::{Atlas, BrainMask, LabelTable, Parcel, warn_once};

use crate::{AnalysisError, Brain, ParcelPair};

/// Reads the parcels of an atlas in the mask; without an atlas, the structures of grayordinates are parcels.
///
/// # Errors
/// [`AnalysisError`] naming the file or the table that cannot be read.
pub(crate) fn load_parcels(
    atlas: Option<&Path>,
    labels: Option<&Path>,
    brain: &Brain,
) -> Result<Vec<Parcel>, AnalysisError> {
    let table = labels.map(LabelTable::load).transpose()?.unwrap_or_default();
    Ok(match (atlas, brain.mask()) {
        (Some(atlas), mask) => Atlas::load(atlas, mask)?.parcels(&table),
        (None, BrainMask::Surface(mask)) if mask.places().volume().is_some() => {
            Atlas::of_structures(mask.places()).parcels(&table)
        }
        (None, _) => Vec::new(),
    })
}

/// Pairs the parcels of an atlas; `file` is where their names are from.
///
/// # Errors
/// [`AnalysisError`] naming the file if the name of a label tells another side than its voxels.
pub(crate) fn pairs_of(
    parcels: &[Parcel],
    file: &Path,
    brain: &Brain,
) -> Result<Vec<ParcelPair>, AnalysisError> {
    let places_mm = brain.mask().world_coordinates();
    let mirror = brain.mask().mirror_images().unwrap_or_default();
    let pairing = ParcelPair::of(parcels, &places_mm, brain.sides().by_x(), &mirror).map_err(|found| {
        AnalysisError::Malformed {
            path: file.to_owned(),
            found,
            expected: "labels on the side given by their names (is the atlas mirrored, or the table from a different atlas?)".to_owned(),
        }
    })?;
    for (names, what) in [
        (&pairing.parted, "are on both sides and are divided at x = 0"),
        (&pairing.midline, "are on neither side and are in no pair"),
    ] {
        if let Some(first) = names.first() {
            warn_once(
                file,
                &format!("parcels that {what}: {}, {first:?} the first", names.len()),
            );
        }
    }
    Ok(pairing.pairs)
}
