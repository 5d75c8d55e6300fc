//! The cortex as a mesh: read from files or wrapped around a mask, with the values of voxels on it.

mod binary;
mod cortex;
mod freesurfer;
mod gifti;
mod isosurface;
mod mesh;
mod raster;
mod sampling;
mod volume_geometry;
mod xml_guard;

pub use cortex::{CorticalSurface, Hemisphere};
pub use mesh::Mesh;
pub use sampling::sample_along_normals;

pub(crate) use raster::{Camera, Scene, Side, render};
