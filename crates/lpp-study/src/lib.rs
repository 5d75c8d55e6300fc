//! The study folder: what lies where, in which format, and where it came from.
//!
//! Every program of lpp-rs reads and writes the same folder. This crate is the floor that they share:
//!
//! * [`Study`] and [`StudyConfig`]: the folder, its `lpp.toml`, and the path of every artefact;
//! * [`AtomicFile`]: outputs appear under their final name complete or not at all;
//! * [`npy`], [`MappedMatrix`], [`ActivationsWriter`] and [`Activations`], [`WordTable`], [`Scores`]: the formats that more than
//!   one program reads or writes;
//! * [`BidsName`], [`RunOrder`] and [`natural_order`]: what names of files say, and the order of runs;
//! * [`Step`] and [`Provenance`]: the JSON beside each artefact, and the test whether it is up to date;
//! * [`FeatureName`]: the grammar of names of models and baselines;
//! * [`way_out`] and [`did_you_mean`]: what to do about a file that is missing;
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
mod annotation;
mod atomic;
mod bids_name;
mod bounded_rows;
mod caught;
mod claims;
mod config;
mod elements;
mod error;
#[cfg(feature = "fault-injection")]
mod fault;
mod file_stamp;
mod gzip;
mod known_hashes;
mod language;
mod mapped;
mod mapped_matrix;
mod names;
mod natural_order;
pub mod npy;
mod npy_elements;
mod npy_header;
mod outputs;
mod own_file;
mod paths;
mod pointer;
mod progress;
mod provenance;
pub mod recorded;
mod run_order;
mod score_extras;
mod scores;
mod shorten;
mod way_out;
mod words;

pub use activations::{Activations, ActivationsWriter, LayerShape};
pub use annotation::{PUBLISHED_ANNOTATIONS, is_published_annotation};
pub use atomic::{AtomicFile, write_atomically};
pub use bids_name::{BidsName, EntityChoice};
pub use bounded_rows::BoundedRows;
pub use caught::{caught, panics_are_caught};
pub use config::{
    AnnotationCorrections, ConfiguredCorpus, ConfiguredFits, ConfiguredIndividuals, ConfiguredPaths,
    PairRuns, StudyConfig,
};
pub use elements::{StoredAs, write_f32};
pub use error::StudyError;
pub use file_stamp::{FileStamp, is_young};
pub use gzip::GzipReader;
pub use language::Language;
pub use mapped::MappedFile;
pub use mapped_matrix::MappedMatrix;
pub use names::{
    FeatureName, FeatureSource, base_of_step, canonical_name, check_subject, numbered, organisation_of,
};
pub use natural_order::{natural_order, natural_path_order};
pub use outputs::check_outputs;
pub use own_file::{open_own_file, replace_own_file};
pub use paths::Study;
pub use pointer::{refuse_pointer, stand_in};
pub use progress::{Progress, Silent};
pub use provenance::{
    FileHash, Provenance, Software, Step, command, peak_memory_bytes, sha256_of_bytes, sha256_of_file,
    unchanged,
};
pub use recorded::{recorded_name, recorded_text};
pub use run_order::{RunOrder, check_distinct_contents, check_distinct_files, check_one_kind, missing_run};
pub use score_extras::{
    BESIDE_SCORES, CanaryInfo, JointInfo, NestedInfo, NullLateral, NullTest, NullsInfo, beside_scores,
    load_sidecar, save_with_sidecar,
};
pub use scores::{ModelKind, Scores, ScoresInfo};
pub use shorten::{MOST_QUOTED, shortened};
pub use way_out::{cannot_read, did_you_mean, way_out};
pub use words::{TimedWord, WordTable};
