//! From files to files: the regions of interest of a study.

use std::path::PathBuf;

use lpp_study::{Software, Step};

use crate::FmriError;
use crate::image::Image;
use crate::mask::Mask;
use crate::sphere::{SphereCentre, sphere_volume};

/// A mask in, one image per sphere out.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereJob {
    /// The mask image.
    pub mask: PathBuf,
    /// CSV file of centres, see [`SphereCentre::load_csv`]; without it, the reference study's seven.
    pub centres: Option<PathBuf>,
    /// Radius of every sphere in mm.
    pub radius_mm: f64,
    /// Folder of the images, `NAME.nii.gz` each.
    pub output: PathBuf,
    /// Compute again what is up to date.
    pub force: bool,
}

/// A sphere as it was written.
#[derive(Debug, Clone, PartialEq)]
pub struct SphereReport {
    /// The image.
    pub path: PathBuf,
    /// Number of voxels inside.
    pub n_voxels: usize,
    /// Whether the image was up to date and left alone.
    pub up_to_date: bool,
}

impl SphereJob {
    /// Writes the images and their provenance, all of them or, if a sphere is empty, none.
    ///
    /// # Errors
    /// [`FmriError`] if an input cannot be read, a sphere holds no voxel of the mask, or an output cannot be written.
    pub fn run(&self, software: Software) -> Result<Vec<SphereReport>, FmriError> {
        let mask = Mask::load(&self.mask)?;
        let centres = match &self.centres {
            Some(path) => SphereCentre::load_csv(path)?,
            None => SphereCentre::reference_set(),
        };
        let volumes = centres
            .iter()
            .map(|c| sphere_volume(&mask, c.centre_mm, self.radius_mm));
        let volumes = volumes.collect::<Result<Vec<_>, _>>()?;
        let mut reports = Vec::with_capacity(volumes.len());
        for (centre, volume) in centres.iter().zip(volumes) {
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
