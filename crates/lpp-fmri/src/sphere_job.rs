//! The regions of interest of a study, from files to files.

use std::path::PathBuf;

use lpp_study::{Software, Step};

use crate::FmriError;
use crate::image::Image;
use crate::mask::Mask;
use crate::sphere::{SphereCentre, sphere_volume};

/// Reads a mask and writes one image per sphere.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereJob {
    /// The mask image.
    pub mask: PathBuf,
    /// CSV file of centres, see [`SphereCentre::load_csv`]; without it, the seven regions of the reference study.
    pub centres: Option<PathBuf>,
    /// Radius of every sphere in mm.
    pub radius_mm: f64,
    /// Folder of the images, `NAME.nii.gz` each.
    pub output: PathBuf,
    /// Recompute even if the output is up to date.
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
        let mask = Mask::load(&self.mask)?;
        let centres = match &self.centres {
            Some(path) => SphereCentre::load_csv(path)?,
            None => SphereCentre::reference_set(),
        };
        let (mut inside, mut outside) = (Vec::new(), Vec::new());
        for centre in centres {
            match sphere_volume(&mask, centre.centre_mm, self.radius_mm) {
                Ok(volume) => inside.push((centre, volume)),
                Err(FmriError::EmptySphere { .. }) => outside.push(centre),
                Err(other) => return Err(other),
            }
        }
        let names: Vec<&str> = outside.iter().map(|centre| centre.name.as_str()).collect();
        if inside.is_empty() {
            return Err(FmriError::malformed(
                &self.mask,
                format!(
                    "no voxel within {} mm of any region ({})",
                    self.radius_mm,
                    names.join(", ")
                ),
                "a mask of the same space as the regions' centres, or other regions (--coords); for lpp-run, regions = false in \
                 lpp.toml leaves them out",
            ));
        }
        for centre in &outside {
            tracing::warn!(
                "the region {} is left out: no voxel of {} lies within {} mm of its centre {:?}",
                centre.name,
                self.mask.display(),
                self.radius_mm,
                centre.centre_mm
            );
        }
        let mut reports = Vec::with_capacity(inside.len());
        for (centre, volume) in inside {
            let path = self.output.join(format!("{}.nii.gz", centre.name));
            let step = Step::new(software, &path)
                .input(&self.mask)?
                .parameter("centre_mm", centre.centre_mm)
                .parameter("radius_mm", self.radius_mm);
            let n_voxels = volume.iter().filter(|v| **v > 0.0).count();
            let up_to_date = step.is_done(self.force)?;
            if !up_to_date {
                Image::new(*mask.grid(), volume.into_dyn())?.save(&path)?;
                step.finish()?;
            }
            reports.push(SphereReport {
                path,
                n_voxels,
                up_to_date,
            });
        }
        Ok(reports)
    }
}
