//! fMRI images, masks, cleaned signals, regions and word-event regressors, in agreement with nilearn.
//!
//! - [`Image`] and [`ImageReader`] read NIfTI-1 and NIfTI-2, whole or volume by volume. [`Grid`] has the shape and the
//!   affine of an image, in `f64`.
//! - [`Mask`] is the set of voxels to analyse, in C order (i slowest). It converts volumes to masked arrays and back.
//!   [`Sides`] are its left and right voxels, by their coordinates. A [`BrainMask`] is a mask of voxels or of vertices.
//! - [`Resampler`] resamples volumes to another grid. [`epi_mask`], [`MaskVotes`] and [`Mask::symmetric_part`] compute
//!   the common brain mask of runs. [`Signals`] and [`SignalCleaner`] extract and clean time courses.
//! - [`sphere`] makes regions of interest, [`Atlas`] parcels, [`mirror_volume`] mirror images.
//! - [`RegressorOperator`] turns the activations of a run's words into the features of its scans.
//! - [`surface`] has meshes, values per vertex and grayordinates: GIFTI, CIFTI-2 and `FreeSurfer`.
//! - [`joblib`] reads the arrays published by the reference study, [`load_isc`] its inter-subject correlations.
//!
//! Sizes in headers are checked against the file length before memory is allocated. Errors name the file, what was
//! found and what was expected.
//!
//! ```
//! use lpp_fmri::{Grid, Hrf, Mask, RegressorOperator, SphereCentre, sphere};
//! use ndarray::{Array2, Array3};
//!
//! # fn main() -> Result<(), lpp_fmri::FmriError> {
//! let mask = Mask::new(Grid::working(), Array3::from_elem((37, 46, 38), true))?;
//! let pole = &SphereCentre::reference_set()[0];
//! let inside = sphere(&mask, pole.centre_mm, 10.0)?;
//! assert_eq!((pole.name.as_str(), inside.len()), ("TP", mask.n_voxels()));
//!
//! let operator = RegressorOperator::new(&[0.2, 0.7], &[0.6, 1.1], 282, 2.0, &Hrf::Glover)?;
//! assert_eq!(operator.apply(&Array2::<f32>::ones((2, 768)))?.dim(), (282, 768));
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare what is exact"))]
#![allow(clippy::needless_range_loop, reason = "affines read best by row and column")]

mod affine;
mod atlas;
mod brain_mask;
mod butterworth;
mod byte_source;
mod clean;
mod confounds;
mod crop;
mod csv_table;
mod epi_mask;
mod error;
mod events;
mod file_order;
mod fill;
mod grid;
mod hemisphere;
mod homotopic;
mod hrf;
mod image;
mod in_common;
mod isc;
pub mod joblib;
mod mask;
mod mirror;
mod morphology;
mod nifti_header;
mod nifti_write;
mod notes;
mod nuisance;
mod numeric;
mod placement;
mod region;
mod regressor;
mod resample;
mod resample_file;
mod run_times;
mod sample;
mod sampling;
mod sides;
mod signals;
mod smooth;
mod sphere;
mod spline;
pub mod surface;
mod two_groups;
mod units;
mod volume_stream;
#[cfg(test)]
mod warnings_in_tests;

pub use affine::{Affine, affines_close, diagonal_affine, invert_affine, transform};
pub use atlas::{Atlas, LabelImage, LabelTable, Parcel};
pub use brain_mask::BrainMask;
pub use clean::{CleaningParams, SignalCleaner};
pub use confounds::{Confounds, Scrub};
pub use epi_mask::{MaskVotes, RunMask, epi_mask};
pub use error::FmriError;
pub use events::WordEvents;
pub use grid::Grid;
pub use hemisphere::swap_hemispheres;
pub use homotopic::HomotopicPair;
pub use hrf::Hrf;
pub use image::{Image, ImageReader};
pub use isc::{load_isc, load_matrix};
pub use mask::Mask;
pub use mirror::mirror_volume;
pub use notes::warn_once;
pub use numeric::{ElementType, NumArray};
pub use region::RegionVoxels;
pub use regressor::RegressorOperator;
pub use resample::{Resampler, ValueRange};
pub use resample_file::{check_target, resample_file};
pub use run_times::RunTimes;
pub use sampling::Interpolation;
pub use sides::{MaskOf, Sides};
pub use signals::{Signals, standardise_plainly};
pub use smooth::smooth_volume;
pub use sphere::{REFERENCE_RADIUS_MM, SphereCentre, sphere, sphere_volume};
pub use units::TimeUnit;
