//! Why numbers of a row are empty, for its column `note`.

use lpp_tables::{Cell, Row};

/// Halves of the array are not always the two sides.
pub(crate) const HALVES: &str = "halves: they are not the two sides of this mask, or have no such voxels";
/// Scores of single runs, and what is computed from them.
pub(crate) const RUNS: &str =
    "runs: scores of single runs (MODEL_LANG_runs.npy) are not known for every model";
/// What needs voxels that are known to be reliable.
pub(crate) const RELIABLE: &str =
    "reliable: no inter-subject correlation, or no such voxels on one of the sides";
/// What needs ceilings.
pub(crate) const CEILINGS: &str =
    "ceilings: no correlations of halves of the subjects, or no such voxels on one of the sides";
/// What needs the correlations of halves without each subject.
pub(crate) const SUBJECTS: &str =
    "errors over subjects: no correlations of halves without each subject (isc_LANG_jackknife.npy)";
/// What needs voxels and their mirror images.
pub(crate) const PAIRS: &str = "pairs: no voxel of them has a score";
/// A regression without enough points.
pub(crate) const MODELS: &str = "fewer than three models differ in size and have this outcome";
/// What needs families.
pub(crate) const TWO_FAMILIES: &str = "families: fewer than two, or too few models for their number";

/// The reasons of all empty numbers and counts of a row, each once; empty if there are none. `reason` gets the name of a
/// column.
pub(crate) fn why_empty<R: Row>(row: &R, reason: impl Fn(&str) -> &'static str) -> String {
    let mut cells = Vec::new();
    row.store(&mut cells);
    let mut reasons: Vec<&str> = Vec::new();
    for (cell, column) in cells.iter().zip(R::declaration().columns) {
        if matches!(cell, Cell::Number(None) | Cell::Count(None)) {
            let reason = reason(column.name);
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
    }
    reasons.join("; ")
}

#[cfg(test)]
mod tests {
    use lpp_tables::CorrectedParcels;

    use super::*;

    #[test]
    fn each_reason_is_given_once_and_only_for_empty_numbers() {
        let mut row = CorrectedParcels {
            maps: String::new(),
            n_parcels: 3,
            r: 0.5,
            p_parcels_independent: f64::NAN,
            p_variogram: f64::INFINITY,
            note: String::new(),
        };
        let reason = |column: &str| if column.starts_with("p_") { "no p" } else { "no r" };
        assert_eq!(why_empty(&row, reason), "no p");
        (row.p_parcels_independent, row.p_variogram) = (0.1, 0.2);
        assert_eq!(why_empty(&row, reason), "");
        row.r = f64::NAN;
        assert_eq!(why_empty(&row, reason), "no r");
    }
}
