//! The study folder: what lies where, in which format, and where it came from.
//!
//! Every program of lpp-rs reads and writes the same folder. This crate is the floor that they share:
//!
//! * [`Study`] and [`StudyConfig`]: the folder, its `lpp.toml`, and the path of every artefact;
//! * [`AtomicFile`]: outputs appear under their final name complete or not at all;
//! * [`npy`], [`MappedMatrix`], [`ActivationsWriter`] and [`Activations`], [`WordTable`], [`Scores`]: the formats that more than
//!   one program reads or writes;
//! * [`Step`] and [`Provenance`]: the JSON beside each artefact, and the test whether it is up to date;
//! * [`Progress`]: how libraries tell programs how far they are.
//!
//! It knows nothing of brains, words or models beyond their names, and no numerics.
//!
//! ```
//! use lpp_study::{Language, Study};
//!
//! # fn main() -> Result<(), lpp_study::StudyError> {
//! let study = Study::open(std::env::temp_dir())?;
//! assert!(study.scores("gpt2", Language::English).ends_with("scores/gpt2_en.npy"));
//! # Ok(())
//! # }
//! ```

mod activations;
mod atomic;
mod config;
mod elements;
mod error;
#[cfg(feature = "fault-injection")]
mod fault;
mod known_hashes;
mod language;
mod mapped;
mod mapped_matrix;
pub mod npy;
mod npy_elements;
mod paths;
mod progress;
mod provenance;
mod score_extras;
mod scores;
mod words;

pub use activations::{Activations, ActivationsWriter, LayerShape};
pub use atomic::{AtomicFile, write_atomically};
pub use config::{
    AnnotationCorrections, ConfiguredFits, ConfiguredIndividuals, ConfiguredPaths, StudyConfig,
};
pub use elements::{StoredAs, write_f32};
pub use error::StudyError;
pub use language::Language;
pub use mapped::MappedFile;
pub use mapped_matrix::MappedMatrix;
pub use paths::Study;
pub use progress::{Progress, Silent};
pub use provenance::{
    FileHash, Provenance, Software, Step, peak_memory_bytes, sha256_of_bytes, sha256_of_file,
};
pub use score_extras::{
    BESIDE_SCORES, CanaryInfo, JointInfo, NestedInfo, NullLateral, NullTest, NullsInfo, beside_scores,
    load_sidecar, save_with_sidecar,
};
pub use scores::{ModelKind, Scores, ScoresInfo};
pub use words::{TimedWord, WordTable};
