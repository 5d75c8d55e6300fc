//! Statistics of brain scores: arrays in, arrays out, no files.
//!
//! The crate computes the numbers of a study from scores per layer and voxel. [`best_over_layers`] gives the score of
//! each voxel, [`ReliableVoxels`] the voxels with a high inter-subject correlation, [`Hemispheres`] their sides, and
//! [`LateralScore`] the means of both sides. Over models, [`pearson`] and [`ols`] relate scores to model size,
//! [`RegressionLine`] gives the line with its bootstrap band, and [`Density`] shows a distribution. P-values are
//! accurate even far in the tails.
//!
//! For inference there are t-tests ([`t_test_welch`], [`t_test_one_sample`]), [`FalseDiscovery`] rates, the
//! [`Bootstrap`] over units or whole groups, and the [`StudentizedBootstrap`] for small samples. Permutation tests use
//! sign flips ([`SignFlipMap`]) or shifts and permutations of time series ([`circular_shift`], [`block_permutation`]),
//! with the [`MaxStatistic`] over a map. [`RandomEffects`] tests over subjects, a [`MixedModel`] and
//! [`cluster_robust_ols`] over model families, and a [`VariogramNull`] over maps of parcels. [`HomotopicPairs`],
//! [`laterality_curve`] and [`aveli`] measure asymmetry; [`normalize_by_ceiling`] and [`CeilingMatch`] correct it for
//! signal quality.
//!
//! Rows are time or layers, columns are voxels. Degenerate samples (for example a constant one) give NaN. A caller's
//! mistake is a [`StatsError`]. Random generators are arguments.
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
mod attainable;
mod aveli;
mod battery;
mod block_permutation;
mod bootstrap;
mod ceiling_match;
mod checks;
mod circular_shift;
mod cluster_robust;
mod crossed;
mod density;
mod distribution;
mod equivalence;
mod error;
mod false_discovery;
mod family_slope;
mod groups;
mod growth_law;
mod homotopic;
mod interval;
mod intrinsic_dimension;
mod laterality_curve;
mod legacy_random;
mod ln_beta;
mod max_statistic;
mod mixed_model;
mod moments;
mod nan_mean;
mod noise_ceiling;
mod normal;
mod ols;
mod pearson;
mod percentile;
mod random_effects;
mod regression_line;
mod residuals;
mod run_swaps;
mod run_test;
mod sigmoid;
mod sign_flip;
mod slope_map;
mod slope_test;
mod split_ceilings;
mod studentized;
mod svd;
mod t_test;
mod tfce;
mod transition;
mod variogram_null;
mod voxels;

pub use aggregate::{LateralScore, MeanScore, best_over_layers, mean_over_trials};
pub use attainable::{Attainable, ScoredVoxel};
pub use aveli::aveli;
pub use battery::{Marks, battery_interval, battery_mean};
pub use block_permutation::block_permutation;
pub use bootstrap::{Bootstrap, bootstrap_indices, bootstrap_mean};
pub use ceiling_match::CeilingMatch;
pub use circular_shift::circular_shift;
pub use cluster_robust::{RobustCoefficient, cluster_robust_ols};
pub use density::Density;
pub use distribution::{fisher_f_upper_p, student_t_critical, student_t_two_sided_p, student_t_upper_p};
pub use equivalence::{Equivalence, equivalence_p, equivalence_test, jackknife_std_err};
pub use error::StatsError;
pub use false_discovery::FalseDiscovery;
pub use family_slope::{SlopeWithout, group_bootstrap_slope, slopes_without_each_group};
pub use groups::Groups;
pub use growth_law::{GrowthLaw, Plateau};
pub use homotopic::{HomotopicPairs, MirrorDifference};
pub use interval::Interval;
pub use intrinsic_dimension::{participation_ratio, two_nn};
pub use laterality_curve::{LateralityPoint, laterality_curve, laterality_index};
pub use legacy_random::LegacyRandom;
pub use max_statistic::{MaxStatistic, Tail, permutation_p};
pub use mixed_model::{FixedEffect, MixedModel};
pub use nan_mean::nan_mean;
pub use noise_ceiling::{mean_ceiling, noise_ceiling, normalize_by_ceiling, normalized_mean, spearman_brown};
pub use normal::{normal_quantile, normal_two_sided_p, normal_upper_p};
pub use ols::{Coefficient, Ols, ols};
pub use pearson::{Correlation, columnwise_pearson, partial_correlation, pearson};
pub use percentile::{percentile, percentiles};
pub use random_effects::RandomEffects;
pub use regression_line::{LineScale, RegressionBand, RegressionLine};
pub use residuals::ResidualDiagnostics;
pub use run_swaps::RunSwaps;
pub use run_test::RunTest;
pub use sigmoid::Sigmoid;
pub use sign_flip::{SignFlipMap, SignFlipTest, hemisphere_swap_test, sign_flip_test};
pub use slope_map::SlopeMap;
pub use slope_test::SlopeTest;
pub use split_ceilings::SplitCeilings;
pub use studentized::StudentizedBootstrap;
pub use t_test::{TTest, t_test_one_sample, t_test_pooled, t_test_welch};
pub use tfce::Tfce;
pub use transition::{Timing, Transition, TransitionCurve, TransitionLag};
pub use variogram_null::{SurrogateTest, VariogramNull, VariogramSettings};
pub use voxels::{Hemispheres, MIDLINE_MM, ReliableVoxels, VoxelSet};
