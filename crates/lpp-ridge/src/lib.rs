//! Nested cross-validated ridge regression for very many targets.
//!
//! The features X of several runs (for example the activations of a language model, convolved with a haemodynamic
//! response) predict the time courses Y of tens of thousands of targets (voxels). The penalty is chosen within the
//! training runs, and the score is the Pearson correlation on the held-out run. This takes a few matrix products for
//! every penalty, fold, layer and subject; the crate is organised such that little other work remains.
//!
//! ```
//! use lpp_ridge::RidgeCv;
//! use ndarray::Array2;
//!
//! # fn main() -> Result<(), lpp_ridge::RidgeError> {
//! let x: Vec<Array2<f64>> =
//!     (0..5).map(|r| Array2::from_shape_fn((40, 3), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
//! let y: Vec<Array2<f64>> = x.iter().map(|x| x.dot(&ndarray::array![[1.0, 0.2], [0.5, -1.0], [0.0, 0.3]])).collect();
//!
//! let model = RidgeCv::params().alphas([1e-3, 1.0, 1e3]).check()?;
//! let fit = model.fit(&x, &y)?;
//! assert!(fit.scores.iter().all(|&r| r > 0.99));
//! assert_eq!(fit.fold_scores.dim(), (5, 2));
//! # Ok(())
//! # }
//! ```
//!
//! # How it works
//! With n scans, p features, V targets and S the smaller of p and the number of training scans:
//!
//! - The Gram blocks of each run are computed once, in `f64`. Every training set is a sum (primal) or a selection
//!   (dual) of them.
//! - Each training set and penalty has an *operator* of shape (`n_validation`, S): `X_v (XᵀX + αI)⁻¹` in the primal
//!   form, `K_v (K + αI)⁻¹` in the dual. Its product with `XᵀY` or Y gives predictions. Coefficients are not computed,
//!   and no system is solved per target.
//! - Each primal operator takes one Cholesky factorisation. The training set without runs 0 and 1 is used by two folds
//!   and factored once. In the dual form, one inverse of the penalised kernel of all runs gives the operators of every
//!   training set.
//! - In single precision, some operators are combinations of others to rounding, mostly for penalties far outside the
//!   spectrum of the features. Their predictions are the same combinations.
//! - The mean R² of a penalty over targets follows from their second moments, so a shared penalty needs one product per target
//!   and validation set, whatever the number of penalties.
//! - Penalties are screened ([`AlphaSearch::Screened`]): all are validated on a few random targets, and those that may
//!   still win on more targets.
//! - Targets are processed in blocks that stay in cache; correlations are summed in `f64` while a block's predictions
//!   are in memory. There is never an array of predictions for all targets.
//! - [`PreparedFeatures`] keeps the operators, so each further target set costs only its products.
//!
//! The products take 2 V · `n_validation` · S operations per penalty and fold; everything else is small in comparison.
//!
//! # Beyond the reference study
//! - [`RidgeCvParams`]: [R²](RidgeCvParams::metric), [groups of runs](RidgeCvParams::groups) left out together, [a
//!   penalty per target](RidgeCvParams::alpha_scope), [validation on every training run](RidgeCvParams::inner), [a
//!   number of threads](RidgeCvParams::threads).
//! - [`RidgeCv::refit`]: a [`RidgeModel`] of all runs that predicts new runs and can be saved and loaded.
//! - [`Folds`]: runs, chunks of a run, a fixed test set, or any lists of rows.
//! - [`PreparedFeatures::predictions`] and [`PreparedFeatures::coefficients`] for selected targets.
//! - [`nested_choice`]: the layer of a model chosen on inner data and scored on outer data.
//! - [`PreparedFeatures::null_scores`]: scores of thousands of permuted target sets at the cost of a few;
//!   [`PreparedFeatures::null_validation_scores`] for a choice among feature sets under each of them.
//! - [`PreparedFeatures::swap_differences`], [`PreparedFeatures::swap_scores`]: left minus right, and both sides, of pairs of
//!   targets whose runs are exchanged.
//! - [`delayed`]: finite impulse responses as a transform of the features.
//! - [`BandedRidge`]: several feature spaces, each with its own penalty.
//!
//! # Targets larger than memory
//! Targets are anything that dereferences to an array, so a run may be a view of a memory-mapped file
//! (`lpp_files::MappedMatrix`). They are read in order, from the first target to the last: once to find those that cannot be
//! scored, and then block by block, once to validate and once to test. They are not kept in memory. In addition to features and
//! operators ([`PreparedFeatures::operator_bytes`]), a fit holds one block per thread: at most 384 targets of all scans, their
//! `XᵀY` of each run in the primal form, and predictions. The result takes about 8 (folds + 1) bytes per target, and twice that
//! while it is assembled. If a row of a row-major file is longer than a page, a block touches each row once.
//! Neighbouring blocks share pages, so leave free memory for the page cache: one page per scan and thread.
//!
//! # How exact the numbers are
//! - Order of targets and number of threads: means over targets are summed exactly, blocks are always equally wide, and
//!   each target is processed by the same kernel whatever its position. So scores and penalties are identical to the
//!   bit on the host. libtorch chooses its kernels by shape and agrees to rounding.
//! - `f32` and `f64` agree within 1e-4, usually 1e-6, with the same penalties unless two means differ by less than
//!   1e-6.
//! - A target that is constant or not finite in some run scores NaN, is counted, and is left out of everything shared.
//!   The other targets have the same results as in a fit without it, to the bit.
//!
//! # Engines and threads
//! The default [`Engine`] is written in Rust, in this crate; nothing needs to be installed. With one of the features
//! `openblas-system`, `openblas-static`, `netlib` and `intel-mkl-static`, selected by the final program, LAPACK can
//! factor the systems instead. With `torch`, libtorch runs the same algorithm on a CPU or a GPU.
//!
//! Work is distributed by rayon, in the caller's pool. Restrict BLAS to one thread (`OPENBLAS_NUM_THREADS=1`): with
//! more, the results are the same to rounding, but the two levels of threads compete for the cores.

mod banded;
mod design;
mod element;
mod engine;
mod error;
mod model;
mod model_file;
mod nested;
mod nulls;
mod number;
mod prepared;
mod results;
mod search;
mod settings;
mod systems;

pub use banded::{BandChoice, BandWeights, BandedRidge, BandedRidgeFit, BandedRidgeParams};
pub use design::delays::delayed;
pub use design::runs::Run;
pub use design::standardise::{largest_mean, standardise_columns, trim_and_standardise};
pub use element::Element;
pub use error::RidgeError;
pub use nested::{NestedChoice, NestedChooser, nested_choice};
pub use nulls::orders::NullOrders;
pub use nulls::swaps::SideSwaps;
pub use number::Number;
pub use prepared::PreparedFeatures;
pub use results::edges::{EdgeWarning, GridEdge};
pub use results::fit::{AlphaChoice, RidgeCvFit};
pub use results::ridge_model::RidgeModel;
pub use settings::alpha_grid::AlphaGrid;
pub use settings::choices::{AlphaScope, AlphaSearch, Formulation, InnerValidation, NanTargets};
pub use settings::engine::Engine;
pub use settings::folds::Folds;
pub use settings::metric::Metric;
pub use settings::params::RidgeCvParams;
pub use settings::ridge_cv::RidgeCv;
/// The version of libtorch's bindings used by this crate, so that programs can name devices with it.
#[cfg(feature = "torch")]
pub use tch;

/// Compiles and runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
