//! The error of this crate.

use std::io;
use std::path::Path;

use lpp_files::FileError;

/// Errors about images, masks, spheres, events and joblib files.
///
/// Errors about a file name it and say what was found and what was expected. The cause is the
/// [`source`](std::error::Error::source) and is not repeated in the text.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FmriError {
    /// A file could not be written, or an array file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The shapes of two arrays, or of an array and a mask, do not match.
    #[error("{what} has shape {found:?}, expected {expected:?}")]
    Shape {
        /// Which array.
        what: &'static str,
        /// Its shape.
        found: Vec<usize>,
        /// The shape that it should have.
        expected: Vec<usize>,
    },
    /// An image is not on the grid of the mask.
    #[error("the image's grid ({found}) does not match the mask's ({expected})")]
    GridMismatch {
        /// Grid of the image.
        found: String,
        /// Grid of the mask.
        expected: String,
    },
    /// The image does not overlap the target grid: no voxel centre of the grid is inside the image.
    #[error(
        "the image (orientation {source_orientation}) has nothing in the field of view of the target (orientation \
         {target_orientation}): {why}"
    )]
    NoOverlap {
        /// Where the two do not overlap.
        why: String,
        /// Orientation of the image.
        source_orientation: String,
        /// Orientation of the target grid.
        target_orientation: String,
    },
    /// An affine maps the grid to a plane, a line or a point, or has a number that is not finite.
    #[error("the affine {affine:?} cannot be inverted")]
    SingularAffine {
        /// The first three rows.
        affine: [[f64; 4]; 3],
    },
    /// The axes cannot be reordered to left-right, back-front, bottom-top by permuting and flipping.
    #[error("the affine {affine:?} is rotated: its axes cannot be put in x, y, z order without resampling")]
    RotatedAffine {
        /// The first three rows.
        affine: [[f64; 4]; 3],
    },
    /// The mirror images of voxels fall between voxels.
    #[error(
        "the grid has no mirror images across x = 0: x = 0 is neither at nor halfway between voxel centres, or the \
         axes are oblique ({grid}); resample the images to a grid centred on x = 0 with lpp-resample, or make the \
         mask with --asymmetric"
    )]
    NoMirror {
        /// The grid.
        grid: String,
    },
    /// Vertices of the same number are not known to be homotopic.
    #[error(
        "the meshes of the two hemispheres (space {space:?}) are not known to be symmetric, so a left vertex has no \
         counterpart; resample the runs to fs_LR, or give the mask a name with space-fsLR if they are"
    )]
    NoCounterparts {
        /// The space of the meshes; empty if it is not known.
        space: String,
    },
    /// A parameter is out of range.
    #[error("{name} is {value}, expected {expected}")]
    InvalidParameter {
        /// The model.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
    /// A list of runs is empty.
    #[error("found no run, expected at least one image")]
    NoRuns,
    /// A run is too short for the filter.
    #[error("found {found} scans, expected {needed} or more")]
    TooFewScans {
        /// Scans of the run.
        found: usize,
        /// Smallest number of scans that can be filtered.
        needed: usize,
    },
    /// A mask has no voxels.
    #[error("the mask is empty")]
    EmptyMask,
    /// The runs have no brain voxels in common.
    #[error(
        "the mask is empty: no voxel is brain in more than half of the runs, and {n_empty} of {n_runs} runs have no \
         brain at all; expected runs whose brain is brighter than the background, before demeaning, filtering or \
         standardising"
    )]
    NoBrain {
        /// Number of runs.
        n_runs: usize,
        /// Number of runs without any brain voxel.
        n_empty: usize,
    },
    /// A sphere contains no voxel of the mask.
    #[error("the sphere of {radius_mm} mm around {centre_mm:?} contains no voxel of the mask")]
    EmptySphere {
        /// World coordinates of its centre, in mm.
        centre_mm: [f64; 3],
        /// Its radius, in mm.
        radius_mm: f64,
    },
    /// The centre or radius of a sphere is not a valid number.
    #[error(
        "found a sphere of {radius_mm} mm around {centre_mm:?}, expected finite numbers and a radius of at least 0"
    )]
    InvalidSphere {
        /// World coordinates of its centre, in mm.
        centre_mm: [f64; 3],
        /// Its radius, in mm.
        radius_mm: f64,
    },
    /// The words or scans are not a valid design for regressors.
    #[error("{}, expected {expected}", lpp_files::quote(found))]
    Design {
        /// The shape given.
        found: String,
        /// What a regressor requires.
        expected: &'static str,
    },
    /// An activation is NaN or infinite.
    #[error("the activation of word {word}, feature {feature} is {value}, expected a finite number")]
    NonFiniteActivation {
        /// Row, from 0.
        word: usize,
        /// Column, from 0.
        feature: usize,
        /// The value.
        value: f64,
    },
}

impl FmriError {
    /// Whether the places of a mask have no mirror images or counterparts, so that there are no homotopic pairs.
    #[must_use]
    pub fn is_without_pairs(&self) -> bool {
        matches!(self, Self::NoMirror { .. } | Self::NoCounterparts { .. })
    }

    /// A [`FileError::Malformed`](lpp_files::FileError::Malformed); what was found is cut short if it is long.
    pub(crate) fn malformed(path: &Path, found: impl Into<String>, expected: impl Into<String>) -> Self {
        FileError::malformed(path, found, expected).into()
    }

    /// Turns the operating system's error into a [`FileError::Read`](lpp_files::FileError::Read) of `path`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let error = FileError::read(path);
        move |source| error(source).into()
    }
}
