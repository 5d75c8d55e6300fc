//! Both hemispheres: where values are taken from, and what is drawn.

use std::path::{Path, PathBuf};

use lpp_fmri::surface::{
    Grayordinates, MESH_SIDES, Mesh, Places, cortex_of_side, has_pial, load_mesh, load_values, mesh_of_side,
    sample_along_normals,
};
use lpp_fmri::{BrainMask, Mask};
use ndarray::aview1;

use super::isosurface;
use crate::ReportError;

/// Samples along a normal, as many as nilearn takes.
const N_SAMPLES: usize = 10;
/// The cortex lies around the pial surface: nilearn's 3 mm to both sides.
const PIAL_MM: (f64, f64) = (3.0, -3.0);
/// A mask's surface has all of its voxels inside: two voxels of the working grid deep.
const MASK_MM: (f64, f64) = (0.0, -8.0);

/// One hemisphere.
#[derive(Debug, Clone, PartialEq)]
pub struct Hemisphere {
    /// The mesh that lies in the brain, where values are taken from.
    pub cortex: Mesh,
    /// The mesh that is drawn, with the same vertices: inflated, or the same.
    pub drawn: Mesh,
    /// How deep each vertex lies in a fold, for the shading; empty if that is not known.
    pub folds: Vec<f64>,
}

/// The surface of both hemispheres.
///
/// ```
/// use lpp_fmri::{BrainMask, Grid, Mask};
/// use lpp_report::surface::CorticalSurface;
/// use ndarray::Array3;
///
/// let inside = Array3::from_shape_fn((37, 46, 38), |(i, j, k)| {
///     [i.abs_diff(18), j.abs_diff(22), k.abs_diff(18)].iter().map(|d| d * d).sum::<usize>() < 100
/// });
/// let mask = Mask::new(Grid::working(), inside)?;
/// let surface = CorticalSurface::of_mask(&mask)?;
/// let mask = BrainMask::Volume(mask);
/// let [left, right] = surface.sample(&mask, &vec![0.25; mask.n_voxels()])?;
/// assert!(left.iter().chain(&right).all(|value| (value - 0.25).abs() < 1e-12));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CorticalSurface {
    /// The left hemisphere.
    pub left: Hemisphere,
    /// The right hemisphere.
    pub right: Hemisphere,
    /// What it is, for captions.
    pub origin: String,
    files: Vec<PathBuf>,
    offsets_mm: (f64, f64),
}

impl CorticalSurface {
    /// Reads the meshes of a folder: nilearn's fsaverage5 (`pial_left.gii.gz`, `infl_left.gii.gz`, `sulc_left.gii.gz`) or a
    /// subject's `surf` folder of `FreeSurfer` (`lh.pial`, `lh.inflated`), binary or GIFTI, or the files `.surf.gii` of
    /// fMRIPrep, `TemplateFlow` and the Human Connectome Project (`hemi-L` or `.L.` in their names).
    ///
    /// The pial or middle surface is needed; without an inflated one it is drawn itself.
    ///
    /// # Errors
    /// [`ReportError::Mesh`] if there is no pial surface or a file is broken.
    pub fn load(folder: &Path) -> Result<Self, ReportError> {
        let mut files = Vec::new();
        let [left, right] = MESH_SIDES.map(|side| load_hemisphere(folder, side, &mut files));
        let (left, right) = (left?, right?);
        let name = folder
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let inflated = if left.drawn == left.cortex {
            "pial"
        } else {
            "inflated"
        };
        Ok(Self {
            left,
            right,
            origin: format!("{inflated} surface ({name})"),
            files,
            offsets_mm: PIAL_MM,
        })
    }

    /// Wraps a surface around each half of a mask; the midline belongs to both.
    ///
    /// # Errors
    /// [`ReportError::Mesh`] if one side has no voxels.
    pub fn of_mask(mask: &Mask) -> Result<Self, ReportError> {
        let hemisphere = |cortex: Mesh| Hemisphere {
            drawn: cortex.clone(),
            cortex,
            folds: Vec::new(),
        };
        Ok(Self {
            left: hemisphere(isosurface::isosurface(mask, |x| x <= 0.0)?),
            right: hemisphere(isosurface::isosurface(mask, |x| x >= 0.0)?),
            origin: "surface of the mask".to_owned(),
            files: Vec::new(),
            offsets_mm: MASK_MM,
        })
    }

    /// The first folder that holds meshes of fsaverage5: in `NILEARN_DATA`, `~/nilearn_data`, `SUBJECTS_DIR`,
    /// `FREESURFER_HOME/subjects`.
    #[must_use]
    pub fn find() -> Option<PathBuf> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let nilearn = [
            variable("NILEARN_DATA"),
            variable("NILEARN_SHARED_DATA"),
            variable("HOME").map(|home| home.join("nilearn_data")),
        ];
        let freesurfer = [
            variable("SUBJECTS_DIR"),
            variable("FREESURFER_HOME").map(|home| home.join("subjects")),
        ];
        let nilearn = nilearn
            .into_iter()
            .flatten()
            .map(|folder| folder.join("fsaverage5"));
        let freesurfer = freesurfer
            .into_iter()
            .flatten()
            .map(|folder| folder.join("fsaverage5/surf"));
        nilearn.chain(freesurfer).find(|folder| has_pial(folder))
    }

    /// The files that the meshes came from; none for a mask's surface.
    #[must_use]
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// Values of the vertices of both hemispheres, from one value per voxel: those of the vertices themselves, or of a
    /// volume, see [`sample_along_normals`].
    ///
    /// # Errors
    /// [`ReportError::Fmri`] if there are not as many values as voxels or the mask's affine has no inverse;
    /// [`ReportError::Mesh`] if the meshes have other vertices than the mask.
    pub fn sample(&self, mask: &BrainMask, values: &[f64]) -> Result<[Vec<f64>; 2], ReportError> {
        match mask {
            BrainMask::Volume(mask) => self.sample_volume(mask, values),
            BrainMask::Surface(mask) => self.own_values(mask.places(), values),
        }
    }

    /// The values of vertices at their places on the meshes; NaN where there is none.
    fn own_values(&self, places: &Grayordinates, values: &[f64]) -> Result<[Vec<f64>; 2], ReportError> {
        let mut maps = [&self.left, &self.right].map(|side| vec![f64::NAN; side.drawn.vertices().len()]);
        let mut start = 0;
        for model in places.models() {
            let own = &values[start..start + model.places.len()];
            start += own.len();
            let side = ["CORTEX_LEFT", "CORTEX_RIGHT"]
                .iter()
                .position(|side| model.structure.ends_with(side));
            let (Some(side), Places::Vertices { n_mesh, vertices }) = (side, &model.places) else {
                continue;
            };
            if maps[side].len() != *n_mesh {
                let folder = self
                    .files
                    .first()
                    .and_then(|file| file.parent())
                    .unwrap_or(Path::new(""));
                let found = format!("meshes of {} vertices", maps[side].len());
                let expected = format!(
                    "{n_mesh}, as {} of the scans has; name their own meshes with --surface",
                    model.structure
                );
                return Err(ReportError::mesh(folder, found, expected));
            }
            for (&vertex, &value) in vertices.iter().zip(own) {
                maps[side][vertex] = value;
            }
        }
        Ok(maps)
    }

    fn sample_volume(&self, mask: &Mask, values: &[f64]) -> Result<[Vec<f64>; 2], ReportError> {
        let volume = mask.unmask(&aview1(values), f64::NAN)?;
        let to_voxels = mask.grid().inverse_affine()?;
        let (from, to) = self.offsets_mm;
        let offsets: Vec<f64> = (0..N_SAMPLES)
            .map(|i| from + (to - from) * i as f64 / (N_SAMPLES - 1) as f64)
            .collect();
        Ok([&self.left, &self.right]
            .map(|side| sample_along_normals(&volume, &to_voxels, &side.cortex, &offsets)))
    }
}

fn load_hemisphere(
    folder: &Path,
    (side, hemisphere): (&str, &str),
    files: &mut Vec<PathBuf>,
) -> Result<Hemisphere, ReportError> {
    let by_name = |names: &[String], kinds: &[&str]| mesh_of_side(folder, side, names, kinds);
    let pial = cortex_of_side(folder, (side, hemisphere))?;
    let inflated = [
        format!("infl_{side}.gii.gz"),
        format!("infl_{side}.gii"),
        format!("pial_inflated.{side}.gii.gz"),
        format!("{hemisphere}.inflated.gii"),
        format!("{hemisphere}.inflated"),
    ];
    let folds = [
        format!("sulc_{side}.gii.gz"),
        format!("sulc_{side}.gii"),
        format!("sulc.{side}.gii.gz"),
        format!("{hemisphere}.sulc.gii"),
    ];
    let cortex = load_mesh(&pial)?;
    check_side(&pial, side, &cortex)?;
    let drawn = match by_name(&inflated, &["inflated."])? {
        Some(path) => {
            let mesh = load_mesh(&path)?;
            same_vertices(&path, mesh.vertices().len(), &cortex)?;
            files.push(path);
            mesh
        }
        None => cortex.clone(),
    };
    let folds = match by_name(&folds, &["sulc."])? {
        Some(path) => {
            let values = load_values(&path)?;
            same_vertices(&path, values.len(), &cortex)?;
            files.push(path);
            values
        }
        None => Vec::new(),
    };
    files.push(pial);
    Ok(Hemisphere { cortex, drawn, folds })
}

/// Makes sure that the mesh of a side lies on that side, in the space of the images.
fn check_side(path: &Path, side: &str, mesh: &Mesh) -> Result<(), ReportError> {
    let vertices = mesh.vertices();
    let x = vertices.iter().map(|place| place[0]).sum::<f64>() / vertices.len() as f64;
    let elsewhere = if side == "left" { x > 0.0 } else { x < 0.0 };
    if !elsewhere {
        return Ok(());
    }
    let found = format!("the {side} hemisphere with its middle at x = {x:.0} mm");
    Err(ReportError::mesh(
        path,
        found,
        "left at x < 0 and right at x > 0, in the space of the scans",
    ))
}

fn same_vertices(path: &Path, found: usize, cortex: &Mesh) -> Result<(), ReportError> {
    let expected = cortex.vertices().len();
    if found == expected {
        return Ok(());
    }
    let expected = format!("{expected}, as in the pial surface");
    Err(ReportError::mesh(path, format!("{found} vertices"), expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_meshes_says_what_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let error = CorticalSurface::load(folder.path()).unwrap_err().to_string();
        assert!(
            error.contains("no pial surface of the left hemisphere") && error.contains("lh.pial"),
            "{error}"
        );
    }
}
