//! The cortex as a mesh: read from files or wrapped around a mask, with the values of voxels on it.

mod cortex;
mod isosurface;
mod raster;

pub use cortex::{CorticalSurface, Hemisphere};

pub(crate) use raster::{Camera, Scene, Side, render};
