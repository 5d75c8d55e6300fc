//! Label images with a table of their labels.

mod job;
mod names;

pub use job::{AtlasJob, AtlasReport};
