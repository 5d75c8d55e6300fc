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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::affine::diagonal_affine;
    use crate::grid::Grid;
    use crate::image::ImageReader;
    use crate::surface::{BrainModel, Grayordinates, Places, cifti_scans};
    use ndarray::{Array3, array};

    /// Voxels at x = −4, 0 and 4 mm, two of each but for the left: (0, 0), (1, 0), (1, 1), (2, 0), (2, 1).
    fn volume() -> BrainMask {
        let grid = Grid::new([3, 1, 2], diagonal_affine([4.0; 3], [-4.0, 0.0, 0.0])).unwrap();
        let inside = Array3::from_shape_fn((3, 1, 2), |(i, _, k)| (i, k) != (0, 1));
        BrainMask::Volume(Mask::new(grid, inside).unwrap())
    }

    /// Left vertices 0, 1 and 2 (4 is outside), right vertices 1, 2 and 5.
    fn surface() -> BrainMask {
        let model = |side: &str, vertices: &[usize]| BrainModel {
            structure: format!("CIFTI_STRUCTURE_CORTEX_{side}"),
            places: Places::Vertices {
                n_mesh: 9,
                vertices: vertices.to_vec(),
            },
        };
        let models = vec![model("LEFT", &[0, 1, 2, 4]), model("RIGHT", &[1, 2, 5])];
        let file = Path::new("mask_space-fsLR.dscalar.nii");
        let whole = Grayordinates::new(models, None, file).unwrap();
        let inside = [true, true, true, false, true, true, true];
        BrainMask::Surface(SurfaceMask::new(whole, &inside, file).unwrap())
    }

    fn both() -> [(BrainMask, &'static str, &'static str); 2] {
        [
            (volume(), "map.nii.gz", "run.nii"),
            (surface(), "map.dscalar.nii", "run.dtseries.nii"),
        ]
    }

    #[test]
    fn masks_and_maps_come_back_on_the_same_places() {
        let folder = tempfile::tempdir().unwrap();
        for (mask, map, _) in both() {
            let path = folder.path().join("mask_space-fsLR.").with_extension(&map[4..]);
            mask.save(&path).unwrap();
            assert_eq!(BrainMask::load(&path).unwrap(), mask);
            let path = folder.path().join(map);
            let values: Vec<f32> = (0..mask.n_voxels()).map(|v| v as f32 - 1.5).collect();
            mask.save_map(&path, "r", &ndarray::Array1::from(values.clone()))
                .unwrap();
            let found = mask.load_map(&path).unwrap();
            assert!(found.into_iter().eq(values.into_iter().map(f64::from)), "{map}");
            assert!(mask.save_map(&path, "r", &array![1.0]).is_err(), "too few values");
        }
        let image = Image::load(&folder.path().join("map.nii.gz")).unwrap();
        assert_eq!(image.to_f64_volume().unwrap()[[0, 0, 1]], 0.0, "outside the mask");
        let of_surfaces = folder.path().join("other.dscalar.nii");
        let error = volume()
            .save_map(&of_surfaces, "r", &ndarray::Array1::zeros(5))
            .unwrap_err();
        assert!(
            error.to_string().contains("a map of a volume mask") && !of_surfaces.exists(),
            "{error}"
        );
    }

    #[test]
    fn runs_are_read_at_the_places_of_the_mask() {
        let folder = tempfile::tempdir().unwrap();
        for (mask, _, run) in both() {
            let path = folder.path().join(run);
            let scans = ndarray::Array2::from_shape_fn((3, mask.n_voxels()), |(t, v)| (10 * t + v) as f32);
            mask.save_rows(&path, &scans, NewRows::Scans { tr_s: 1.5 })
                .unwrap();
            assert_eq!(
                mask.signals(&path, None).unwrap(),
                Signals::Single(scans),
                "{run}"
            );
        }
        let [of_volume, of_surface] = ["run.nii", "run.dtseries.nii"].map(|name| folder.path().join(name));
        assert_eq!(
            ImageReader::open(&of_volume).unwrap().repetition_time_s(),
            Some(1.5)
        );
        assert_eq!(cifti_scans(&of_surface).unwrap(), (3, Some(1.5)));
        for (mask, run, fwhm, said) in [
            (volume(), &of_surface, None, "surfaces or grayordinates"),
            (surface(), &of_surface, Some(5.0), "smoothing of 5 mm"),
            (surface(), &of_volume, None, "a volume"),
        ] {
            let error = mask.signals(run, fwhm).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
        // A smoothed volume is one of other values on the same places.
        let smooth = volume().signals(&of_volume, Some(4.0)).unwrap().into_single();
        assert!(smooth[[0, 0]] > 0.0 && smooth[[2, 4]] < 24.0);
    }

    #[test]
    fn pairs_and_mirror_images_are_of_the_same_places() {
        let pairs = |mask: &BrainMask| -> Vec<(usize, usize)> {
            let pairs = mask.homotopic_pairs().unwrap();
            pairs.iter().map(|pair| (pair.left, pair.right)).collect()
        };
        let (volume, surface) = (volume(), surface());
        assert_eq!(pairs(&volume), [(0, 3)]);
        assert_eq!(
            volume.mirror_images().unwrap(),
            [Some(3), Some(1), Some(2), Some(0), None]
        );
        assert_eq!(volume.world_coordinates()[4], [4.0, 0.0, 4.0]);
        assert_eq!(pairs(&surface), [(1, 3), (2, 4)]);
        assert_eq!(
            surface.mirror_images().unwrap(),
            [None, Some(3), Some(4), Some(1), Some(2), None]
        );
        let nowhere = surface.world_coordinates();
        assert!(nowhere.len() == 6 && nowhere.iter().flatten().all(|mm| mm.is_nan()));
        let sides = surface.sides(MaskOf::Group);
        assert_eq!(
            (sides.by_x().left().indices(), sides.by_x().right().indices()),
            (&[0, 1, 2][..], &[3, 4, 5][..])
        );
        assert!(volume.volume().is_some() && surface.volume().is_none());
    }
}
