//! Statistics of brain scores: arrays in, arrays out, no files.
//!
//! The crate holds what stands between scores per layer and voxel and the numbers of the
//! study. [`best_over_layers`] gives each voxel's score, [`ReliableVoxels`] the voxels whose
//! inter-subject correlation is high, [`Hemispheres`] their sides, [`LateralScore`] the means of both sides.
//! Over models, [`pearson`] and [`ols`] relate scores to model size, [`RegressionLine`] draws the
//! relation with its bootstrap band and [`Density`] shows a distribution. P-values stay exact far in
//! the tails, where the study's are.
//!
//! Rows are time or layers, columns are voxels. Degenerate samples (a constant one, say) yield NaN,
//! a caller's mistake is a [`StatsError`]. Randomness is an argument.
//!
//! ```
//! use lpp_stats::{Hemispheres, LateralScore, best_over_layers};
//! use ndarray::array;
//!
//! // Two layers, four voxels from left to right.
//! let scores = array![[0.10, 0.20, 0.05, 0.10], [0.30, 0.10, 0.15, 0.20]];
//! let best = best_over_layers(&scores)?;
//! let sides = LateralScore::over(&best.to_vec(), &Hemispheres::array_halves(4))?;
//! assert!((sides.difference() - 0.075).abs() < 1e-15);
//! # Ok::<(), lpp_stats::StatsError>(())
//! ```

#![cfg_attr(
    test,
    allow(
        clippy::float_cmp,
        reason = "several properties hold exactly and are tested so"
    )
)]

mod aggregate;
mod density;
mod distribution;
mod error;
mod jacobi;
mod legacy_random;
mod ln_beta;
mod ols;
mod pearson;
mod percentile;
mod regression_line;
mod residuals;
mod t_test;
mod voxels;

pub use aggregate::{LateralScore, MeanScore, best_over_layers, mean_over_trials};
pub use density::Density;
pub use distribution::{fisher_f_upper_p, student_t_critical, student_t_two_sided_p};
pub use error::StatsError;
pub use legacy_random::LegacyRandom;
pub use ols::{Coefficient, Ols, ols};
pub use pearson::{Correlation, columnwise_pearson, pearson};
pub use percentile::{percentile, percentiles};
pub use regression_line::{LineScale, RegressionBand, RegressionLine};
pub use residuals::ResidualDiagnostics;
pub use t_test::{TTest, t_test_pooled, t_test_welch};
pub use voxels::{Hemispheres, ReliableVoxels, VoxelSet};
