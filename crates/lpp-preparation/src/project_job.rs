//! A volume on the vertices of a hemisphere, from files to files.

use lpp_files::{FileError, check_outputs};
use lpp_fmri::surface::{Mesh, load_mesh, sample_between, save_gifti};
use lpp_fmri::{FmriError, Image, ImageReader, invert_affine};
use lpp_steps::{ProjectStep, Software, run_if_stale};
use ndarray::Array2;

/// Samples between the two surfaces, as many as nilearn takes.
const N_SAMPLES: u8 = 10;

/// Reads a volume and two surfaces, and writes the mean between them at each vertex.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectJob {
    /// Inputs and output.
    pub step: ProjectStep,
    /// Recompute even if the output is up to date.
    pub force: bool,
}

/// The written values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProjectReport {
    /// Volumes: maps of the file.
    pub n_maps: usize,
    /// Vertices of the hemisphere.
    pub n_vertices: usize,
    /// Vertices outside of the volume, which are NaN.
    pub n_outside: usize,
}

impl ProjectJob {
    /// Writes the values; returns `None` if they were up to date.
    ///
    /// # Errors
    /// [`FmriError`] naming the file if an input cannot be read, the surfaces have different vertices, or no vertex lies in
    /// the volume.
    pub fn run(&self, software: Software) -> Result<Option<ProjectReport>, FmriError> {
        let step = &self.step;
        let inputs = [&step.volume, &step.white, &step.pial].map(Clone::clone);
        check_outputs(&inputs, std::slice::from_ref(&step.output))?;
        let done = run_if_stale(software, vec![step.artefact()], self.force, || self.write())?;
        Ok(done.made())
    }

    fn write(&self) -> Result<ProjectReport, FmriError> {
        let step = &self.step;
        let [pial, white] = [load_mesh(&step.pial)?, load_mesh(&step.white)?];
        let n_vertices = pial.vertices().len();
        if white.vertices().len() != n_vertices {
            let found = format!("{} vertices", white.vertices().len());
            let expected = format!("{n_vertices} as in {}", step.pial.display());
            return Err(FileError::malformed(&step.white, found, expected).into());
        }
        let mut reader = ImageReader::open(&step.volume)?;
        let affine = *reader.grid().affine();
        let to_voxels = invert_affine(&affine).ok_or(FmriError::SingularAffine {
            affine: [affine[0], affine[1], affine[2]],
        })?;
        let depths: Vec<f64> = (0..N_SAMPLES)
            .map(|at| f64::from(at) / f64::from(N_SAMPLES - 1))
            .collect();
        let mut values = Vec::with_capacity(n_vertices);
        while let Some(volume) = reader.next_volume()? {
            let volume = Image::new(*reader.grid(), volume)?.to_f64_volume()?;
            #[expect(clippy::cast_possible_truncation, reason = "maps are f32")]
            values.extend(
                sample_between(&volume, &to_voxels, [&pial, &white], &depths)?
                    .into_iter()
                    .map(|v| v as f32),
            );
        }
        let n_maps = values.len() / n_vertices;
        let maps = Array2::from_shape_vec((n_maps, n_vertices), values);
        let maps =
            maps.map_err(|error| FileError::malformed(&step.volume, error.to_string(), "whole volumes"))?;
        let n_outside = maps.row(0).iter().filter(|value| value.is_nan()).count();
        if n_outside == n_vertices {
            let found = "no value at any vertex of the surfaces";
            let expected = "a volume in the space of the surfaces, in mm";
            return Err(FileError::malformed(&step.volume, found, expected).into());
        }
        let names: Vec<String> = (0..n_maps).map(|map| format!("volume {map}")).collect();
        save_gifti(&step.output, structure(&pial), &maps, &names)?;
        Ok(ProjectReport {
            n_maps,
            n_vertices,
            n_outside,
        })
    }
}

/// The cortex that a surface is, by the side of its middle.
fn structure(mesh: &Mesh) -> &'static str {
    let x: f64 = mesh.vertices().iter().map(|vertex| vertex[0]).sum();
    if x < 0.0 { "CortexLeft" } else { "CortexRight" }
}
