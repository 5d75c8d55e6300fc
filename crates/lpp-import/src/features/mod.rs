//! Features of words or scans from other programs.

mod arrays;
mod hdf5;
mod hdf5_objects;
mod hdf5_storage;
mod job;
mod named_arrays;
mod npz;
mod parquet;
mod parquet_pages;
mod run_features;

pub use job::{FeaturesJob, FeaturesReport, RowsAre};
