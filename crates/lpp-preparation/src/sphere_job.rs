//! The regions of interest of a study, from files to files.

use std::path::PathBuf;

use lpp_files::FileError;
use lpp_fmri::{BrainMask, FmriError, Image, sphere_volume};
use lpp_steps::{RoisStep, Software, run_if_stale};

/// Reads a mask and writes one image per sphere.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereJob {
    /// Inputs and outputs.
    pub step: RoisStep,
    /// Recompute even if the images are up to date.
    pub force: bool,
}

/// A written sphere.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereReport {
    /// The image.
    pub path: PathBuf,
    /// Number of voxels inside.
    pub n_voxels: usize,
    /// Whether the image was up to date and not written.
    pub up_to_date: bool,
}

impl SphereJob {
    /// Writes the images and their provenance. A region outside the mask is left out, with a warning that names it.
    ///
    /// # Errors
    /// [`FmriError`] if an input cannot be read, no region has a voxel in the mask, or an output cannot be written.
    pub fn run(&self, software: Software) -> Result<Vec<SphereReport>, FmriError> {
        let BrainMask::Volume(mask) = BrainMask::load(&self.step.mask)? else {
            let expected = "a volume, in which spheres have a place; give regions of surfaces as roi_masks/NAME.dscalar.nii, or \
                            an atlas (lpp-import atlas)";
            return Err(FileError::malformed(&self.step.mask, "a mask of vertices", expected).into());
        };
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for centre in &self.step.centres {
            match sphere_volume(&mask, centre.centre_mm, self.step.radius_mm) {
                Ok(volume) => inside.push((centre, volume)),
                Err(FmriError::EmptySphere { .. }) => outside.push(centre),
                Err(other) => return Err(other),
            }
        }
        let names: Vec<&str> = outside.iter().map(|centre| centre.name.as_str()).collect();
        if inside.is_empty() {
            return Err(FileError::malformed(
                &self.step.mask,
                format!(
                    "no voxel within {} mm of any region ({})",
                    self.step.radius_mm,
                    names.join(", ")
                ),
                "a mask of the same space as the regions' centres, or other regions (--coords); for lpp-run, regions = false in \
                 lpp.toml leaves them out",
            )
            .into());
        }
        for centre in &outside {
            tracing::warn!(
                "the region {} is left out: no voxel of {} is within {} mm of its centre {:?}",
                centre.name,
                self.step.mask.display(),
                self.step.radius_mm,
                centre.centre_mm
            );
        }
        let mut reports = Vec::with_capacity(inside.len());
        for (centre, volume) in inside {
            let artefact = self.step.artefact(centre);
            let path = artefact.path.clone();
            let n_voxels = volume.iter().filter(|v| **v > 0.0).count();
            let done = run_if_stale(software, vec![artefact], self.force, || {
                Image::new(*mask.grid(), volume.into_dyn())?.save(&path)
            })?;
            let up_to_date = done.is_up_to_date();
            reports.push(SphereReport {
                path,
                n_voxels,
                up_to_date,
            });
        }
        Ok(reports)
    }
}
