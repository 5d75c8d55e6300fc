//! The table of explained variance divided among feature spaces.

use crate::{MeansOverRuns, table};

table! {
    /// Explained variance (R²) divided among a layer and one or two other feature spaces.
    VariancePartition: "variance_partition" {
        /// The model or baseline.
        model: String,
        /// The layer.
        layer: usize,
        /// The feature spaces.
        spaces: String,
        /// The spaces that share this part, and no other has it.
        part: String,
        /// Means and their errors over runs.
        means: MeansOverRuns,
        /// Left minus right by x, all voxels.
        l_minus_r_all_by_x: f64,
        /// Its p over runs.
        l_minus_r_all_by_x_runs_p: f64,
        /// Lower end of its 95 % confidence interval over runs.
        l_minus_r_all_by_x_runs_ci_low: f64,
        /// Upper end.
        l_minus_r_all_by_x_runs_ci_high: f64,
        /// Left minus right over pairs, all voxels.
        l_minus_r_all_pairs: f64,
        /// Its p over runs.
        l_minus_r_all_pairs_runs_p: f64,
        /// Lower end of its 95 % confidence interval over runs.
        l_minus_r_all_pairs_runs_ci_low: f64,
        /// Upper end.
        l_minus_r_all_pairs_runs_ci_high: f64,
        /// p of the mean over all voxels: the largest over shifts of each space of the part.
        part_p: f64,
        /// The same of the mean over voxels left of x = 0.
        part_left_p: f64,
        /// The same right of x = 0.
        part_right_p: f64,
        /// What these nulls were, or why there are none.
        nulls: String,
        /// Why numbers of this row are empty.
        note: String,
    }
}
