//! The study folder: its files and formats.
//!
//! * [`Study`] and [`StudyConfig`]: the folder, its `lpp.toml`, and the path of every artefact;
//! * [`Scores`]: brain scores and their additional files;
//! * [`FeatureName`]: the grammar of names of models and baselines;
//! * [`SubjectRuns`] and [`check_pairs`]: the runs of a subject, and the pairing of the runs of subjects;
//! * [`Truth`]: what is planted in a synthetic study;
//! * [`RunsTable`]: `runs.csv`, the runs of a study of any form;
//! * [`maker_of`]: the program that makes a missing file.
//!
//! It contains no numerics, and knows brains, words and models only by name. Formats that need no study are in
//! [`lpp_files`].
//!
//! ```
//! use lpp_study::{Language, Study};
//!
//! # fn main() -> Result<(), lpp_files::FileError> {
//! let study = Study::open(std::env::temp_dir())?;
//! assert!(study.scores("gpt2", Language::English).ends_with("scores/gpt2_en.npy"));
//! # Ok(())
//! # }
//! ```

mod annotation;
mod checkpoint_name;
mod config;
mod configured_competence;
mod configured_fit;
mod error;
mod feature_lists;
mod fit_settings;
mod kept_model;
mod language;
mod makers;
mod names;
mod paths;
mod penalties;
mod projection;
mod run_kind;
mod runs;
mod runs_table;
mod score_extras;
mod scores;
mod space;
mod study_grid;
mod study_runs;
mod subject_pairs;
mod truth;

pub use annotation::{PUBLISHED_ANNOTATIONS, is_published_annotation};
pub use checkpoint_name::{CheckpointName, base_of_step, numbered};
pub use config::{
    AnnotationCorrections, ConfiguredClean, ConfiguredCorpus, ConfiguredFolds, ConfiguredIndividuals,
    ConfiguredPaths, PairRuns, StudyConfig,
};
pub use configured_competence::{BatteryKind, ConfiguredBattery, ConfiguredCompetence};
pub use configured_fit::ConfiguredFit;
pub use error::{NameError, SubjectsError};
pub use fit_settings::{AlphaScope, FitTerms, FoldRule, FoldRuleError, Metric};
pub use kept_model::{KeptFile, KeptLayer, KeptModel, ModelSource, Transfer};
pub use language::Language;
pub use makers::maker_of;
pub use names::{FeatureName, FeatureSource, canonical_name, check_subject, organisation_of};
pub use paths::{Study, map_of};
pub use penalties::{BadPenalties, Penalties};
pub use projection::Projection;
pub use run_kind::RunKind;
pub use runs::{SubjectRuns, run_folders, sorted_entries};
pub use runs_table::{RunsTable, TableRun};
pub use score_extras::{
    BESIDE_SCORES, CanaryInfo, DimensionsInfo, JointInfo, JointRecord, MeanP, NestedInfo, NullLateral,
    NullTest, NullsInfo, PartitionInfo, SidesTest, SwapsInfo, UniqueP, VOXELWISE_ISC, beside_isc,
    beside_scores, load_sidecar, save_with_sidecar,
};
pub use scores::{EXPLAINABLE, ModelKind, Scores, ScoresInfo};
pub use space::Space;
pub use study_grid::StudyGrid;
pub use study_runs::{
    averaged_runs, derivative_runs, resampled_dir, resampled_name, resampled_runs, resampled_runs_of,
    runs_in_language, start_times, story_names,
};
pub use subject_pairs::check_pairs;
pub use truth::{Asymmetry, Group, Plant, PlantedModel, PlantedRegion, Truth};
