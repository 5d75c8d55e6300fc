//! Preparation of the scans and words of a study for the fits.
//!
//! Each preparation program has a job here: a step (its inputs and outputs, see [`lpp_steps`]) and the code that runs
//! it with [`lpp_fmri`] and [`lpp_text`]. A job does nothing if its outputs are up to date.
//!
//! * scans: [`ResampleJob`], [`MaskJob`], [`CleanJob`], [`SphereJob`], [`RegressorJob`], [`ProjectJob`],
//!   [`PublishedArrayJob`], [`ScanControlJob`];
//! * words: [`AlignJob`], [`GloveJob`], [`RandomJob`], [`ControlsJob`], and [`load_annotation`];
//! * [`RepetitionTime`]: compares the values in headers, sidecars, flags and `lpp.toml`.

mod align_job;
mod annotation;
mod clean_job;
mod controls_job;
mod features;
mod mask_job;
mod project_job;
mod published_array_job;
mod regressor_job;
mod repetition_time;
mod resample_job;
mod scan_controls_job;
mod sidecar;
mod sphere_job;
mod vectors_job;

pub use align_job::AlignJob;
pub use annotation::{load_annotation, published_corrections, save_words, text_inputs, texts_of, writing_of};
pub use clean_job::{CleanJob, CleanReport, load_confounds};
pub use controls_job::{ControlReport, ControlsJob, wav_files};
pub use features::{FeatureReport, save_one_layer};
pub use mask_job::{MaskJob, MaskReport};
pub use project_job::{ProjectJob, ProjectReport};
pub use published_array_job::PublishedArrayJob;
pub use regressor_job::RegressorJob;
pub use repetition_time::RepetitionTime;
pub use resample_job::ResampleJob;
pub use scan_controls_job::{Picture, ScanControl, ScanControlJob};
pub use sidecar::in_sidecar;
pub use sphere_job::{SphereJob, SphereReport};
pub use vectors_job::{GloveJob, RandomJob};
