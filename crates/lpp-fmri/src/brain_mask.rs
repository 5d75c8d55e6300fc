//! What is analysed, whatever the scans are measured on: voxels, vertices, or both.

use std::path::Path;

use lpp_files::BidsName;
use ndarray::{ArrayRef1, ArrayRef2, Axis};

use crate::FmriError;
use crate::homotopic::HomotopicPair;
use crate::image::Image;
use crate::mask::Mask;
use crate::sides::{MaskOf, Sides};
use crate::signals::Signals;
use crate::surface::{NewRows, SurfaceMask};

/// The places to analyse: the voxels of a volume, or places on surfaces and in structures. All are called voxels in what
/// follows: the columns of masked arrays.
#[derive(Debug, Clone, PartialEq)]
pub enum BrainMask {
    /// Voxels of a NIfTI image.
    Volume(Mask),
    /// Vertices of two hemispheres, or grayordinates.
    Surface(SurfaceMask),
}

impl BrainMask {
    /// Reads a mask: a NIfTI image, a `.dscalar.nii`, or the left of two GIFTI files, by its ending.
    ///
    /// # Errors
    /// As [`Mask::load`] and [`SurfaceMask::load`].
    pub fn load(path: &Path) -> Result<Self, FmriError> {
        if is_of_surfaces(path) {
            Ok(Self::Surface(SurfaceMask::load(path)?))
        } else {
            Ok(Self::Volume(Mask::load(path)?))
        }
    }

    /// Number of voxels, or of places; at least 1.
    #[must_use]
    pub fn n_voxels(&self) -> usize {
        match self {
            Self::Volume(mask) => mask.n_voxels(),
            Self::Surface(mask) => mask.columns().len(),
        }
    }

    /// The mask of a volume, if it is one.
    #[must_use]
    pub fn volume(&self) -> Option<&Mask> {
        match self {
            Self::Volume(mask) => Some(mask),
            Self::Surface(_) => None,
        }
    }

    /// Reads the time courses of a run, smoothed if it is a volume; see [`Signals::extract`] and [`SurfaceMask::signals`].
    ///
    /// # Errors
    /// [`FmriError`] naming the run if it cannot be read, is on other places than the mask, or surfaces are to be smoothed.
    pub fn signals(&self, run: &Path, smoothing_fwhm_mm: Option<f64>) -> Result<Signals, FmriError> {
        match (self, smoothing_fwhm_mm) {
            (Self::Volume(_), _) if is_of_surfaces(run) => {
                let expected = "an image on the grid of the mask; give a mask of its own kind (lpp-mask)";
                Err(FmriError::malformed(run, "surfaces or grayordinates", expected))
            }
            (Self::Volume(mask), fwhm) => Signals::extract(run, mask, fwhm),
            (Self::Surface(mask), None) => mask.signals(run),
            (Self::Surface(_), Some(fwhm)) => {
                let expected = "none on surfaces: smooth along the surface (wb_command -cifti-smoothing, mri_surf2surf) and set \
                                smoothing_mm = 0 under [clean]";
                Err(FmriError::malformed(
                    run,
                    format!("smoothing of {fwhm} mm"),
                    expected,
                ))
            }
        }
    }

    /// The sides of the voxels: by x, or by their structures.
    #[must_use]
    pub fn sides(&self, of: MaskOf) -> Sides {
        match self {
            Self::Volume(mask) => mask.sides(of),
            Self::Surface(mask) => Sides::of_structures(&mask.places().sides(), self.n_voxels()),
        }
    }

    /// The pairs of voxels that mirror each other, or of homotopic vertices.
    ///
    /// # Errors
    /// One for which [`FmriError::is_without_pairs`] holds if there cannot be any.
    pub fn homotopic_pairs(&self) -> Result<Vec<HomotopicPair>, FmriError> {
        match self {
            Self::Volume(mask) => mask.homotopic_pairs(),
            Self::Surface(mask) => mask.homotopic_pairs(),
        }
    }

    /// For each voxel the one that mirrors it or is homotopic to it, if there is one.
    ///
    /// # Errors
    /// As [`homotopic_pairs`](Self::homotopic_pairs).
    pub fn mirror_images(&self) -> Result<Vec<Option<usize>>, FmriError> {
        let Self::Surface(mask) = self else {
            return self
                .volume()
                .map_or(Err(FmriError::EmptyMask), Mask::mirror_images);
        };
        let mut images = vec![None; self.n_voxels()];
        for pair in mask.homotopic_pairs()? {
            images[pair.left] = Some(pair.right);
            images[pair.right] = Some(pair.left);
        }
        Ok(images)
    }

    /// World coordinates of the voxels, in mm; NaN for vertices.
    #[must_use]
    pub fn world_coordinates(&self) -> Vec<[f64; 3]> {
        match self {
            Self::Volume(mask) => mask.world_coordinates(),
            Self::Surface(mask) => mask.places().world_coordinates(),
        }
    }

    /// Writes a map, a value per voxel: an image with 0 outside the mask, or surfaces and grayordinates with NaN there.
    ///
    /// # Errors
    /// [`FmriError`] if the file cannot be written, is of another kind than the mask, or there are too few values.
    pub fn save_map(&self, path: &Path, name: &str, values: &ArrayRef1<f32>) -> Result<(), FmriError> {
        match self {
            Self::Surface(_) => {
                let map = values.to_owned().insert_axis(Axis(0));
                self.save_rows(path, &map, NewRows::Maps(&[name.to_owned()]))
            }
            Self::Volume(_) if is_of_surfaces(path) => {
                let expected = "a mask of surfaces or grayordinates, as the runs of the study";
                Err(FmriError::malformed(path, "a map of a volume mask", expected))
            }
            Self::Volume(mask) => {
                let volume = mask.unmask(values, 0.0)?;
                Image::new(*mask.grid(), volume.into_dyn())?.save(path)
            }
        }
    }

    /// Writes maps or scans, (`n_rows`, `n_voxels`): volumes with 0 outside the mask, or surfaces and grayordinates as
    /// [`SurfaceMask::save_rows`] does.
    ///
    /// # Errors
    /// As [`save_map`](Self::save_map).
    pub fn save_rows(
        &self,
        path: &Path,
        values: &ArrayRef2<f32>,
        rows: NewRows<'_>,
    ) -> Result<(), FmriError> {
        let mask = match self {
            Self::Surface(mask) => return mask.save_rows(path, values, rows),
            Self::Volume(mask) => mask,
        };
        let image = Image::new(*mask.grid(), mask.unmask_series(values, 0.0)?.into_dyn())?;
        match rows {
            NewRows::Maps(_) => image.save(path),
            NewRows::Scans { tr_s } => image.with_time_step(tr_s).save(path),
        }
    }

    /// Writes the mask: an image, or a `.dscalar.nii`.
    ///
    /// # Errors
    /// [`FmriError`] if the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), FmriError> {
        match self {
            Self::Volume(mask) => mask.save(path),
            Self::Surface(mask) => mask.save(path),
        }
    }

    /// Reads a map that was written on the places of this mask.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if it cannot be read or is on other places.
    pub fn load_map(&self, path: &Path) -> Result<Vec<f64>, FmriError> {
        match self {
            Self::Volume(mask) => {
                let volume = Image::load(path)?.to_f64_volume()?;
                Ok(mask.apply(&volume)?.to_vec())
            }
            Self::Surface(mask) => {
                let rows = mask.load_inside(path)?;
                Ok(rows.row(0).iter().map(|value| f64::from(*value)).collect())
            }
        }
    }
}

/// Whether a file is of surfaces or grayordinates by its ending.
fn is_of_surfaces(path: &Path) -> bool {
    let name = BidsName::of(path);
    name.is_gifti() || [".dscalar.nii", ".dtseries.nii"].contains(&name.ending())
}
