//! Surfaces and grayordinates: meshes, values per vertex, and the places of CIFTI files.
//!
//! * [`load_mesh`] reads meshes of GIFTI and `FreeSurfer`; [`sample_along_normals`] and [`sample_between`] take
//!   values of a volume to vertices;
//! * [`load_gifti`], [`load_curvature`] and [`Cifti`] read values; [`save_gifti`] and [`save_cifti`] write maps and scans;
//! * [`Grayordinates`] are the places of values: their sides and homotopic pairs; a [`SurfaceMask`] is those to analyse.

mod cifti;
mod cifti_header;
mod curvature;
mod freesurfer;
mod gifti_file;
mod gifti_mesh;
mod gifti_values;
mod grayordinates;
mod hemispheres;
mod mesh;
mod mesh_files;
mod sampling;
mod surface_labels;
mod surface_mask;
mod volume_geometry;
mod whole_file;
mod xml_guard;

use std::path::Path;

use crate::FmriError;

pub use cifti::{Cifti, save_cifti};
pub use cifti_header::{CiftiRows, NewRows};
pub use curvature::load_curvature;
pub use gifti_values::{gifti_length, load_gifti, load_values, save_gifti};
pub use grayordinates::{BrainModel, Grayordinates, Places};
pub use hemispheres::{load_hemispheres, save_hemispheres};
pub use mesh::Mesh;
pub use mesh_files::{MESH_SIDES, cortex_of_side, has_pial, mesh_of_side};
pub use sampling::{sample_along_normals, sample_between};
pub use surface_labels::SurfaceLabels;
pub use surface_mask::{SurfaceMask, cifti_scans};

/// Reads a mesh: GIFTI by its ending `.gii` or `.gii.gz`, or else a triangle file of `FreeSurfer`.
///
/// # Errors
/// [`FmriError`] naming the file if it is neither, or damaged.
pub fn load_mesh(path: &Path) -> Result<Mesh, FmriError> {
    let name = path.to_string_lossy();
    if name.ends_with(".gii") || name.ends_with(".gii.gz") {
        gifti_mesh::load_mesh(path)
    } else {
        freesurfer::load_mesh(path)
    }
}

#[cfg(test)]
mod tests {
    use super::load_mesh;

    #[test]
    fn the_ending_tells_the_kind_of_a_mesh() {
        let folder = tempfile::tempdir().unwrap();
        for (name, said) in [
            ("lh.pial.gii", "broken XML"),
            ("pial_left.gii.gz", "broken XML"),
            ("lh.pial", "another magic number"),
            ("lh.pial.gz", "another magic number"),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, "no mesh").unwrap();
            let error = load_mesh(&path).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(said), "{error}");
        }
    }
}
