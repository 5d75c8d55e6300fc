//! Errors of a fit, with the numbers that explain them.

use thiserror::Error;

/// Errors in the settings or data of a ridge fit.
///
/// Runs, scans and columns are numbered from 0, as in the arrays.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RidgeError {
    /// The list of penalties is empty.
    #[error("no penalty (alpha) given, expected at least one")]
    NoAlphas,
    /// A penalty is zero, negative, NaN or infinite.
    #[error("penalty number {index} is {value}, expected a positive finite number")]
    BadAlpha {
        /// Position in the list of penalties.
        index: usize,
        /// The value found.
        value: f64,
    },
    /// A permutation of a null does not contain every scan of its run exactly once.
    #[error("permutation of run {run} in a null: expected every scan from 0 to {n_scans} (exclusive) once")]
    NotAnOrder {
        /// Index of the run.
        run: usize,
        /// Its number of scans.
        n_scans: usize,
    },
    /// A null does not select a permutation for each run.
    #[error("null {null} does not select one permutation for each run")]
    NullDraws {
        /// Index of the null.
        null: usize,
    },
    /// Nulls are not supported for the settings of the fit.
    #[error("nulls are for correlations with shared penalties, not for {what}")]
    NullsUnsupported {
        /// The setting.
        what: &'static str,
    },
    /// A setting of the screened search is out of range.
    #[error(
        "screening with {n_targets} targets and {sigmas} standard errors, expected at least 2 and a positive number"
    )]
    BadScreening {
        /// Size of the random subset.
        n_targets: usize,
        /// Width of the bound.
        sigmas: f64,
    },
    /// There are no runs.
    #[error("no run given, expected one array for each run")]
    NoRuns,
    /// There are no folds.
    #[error("no fold given, expected at least one")]
    NoFolds,
    /// No rows are left to choose a penalty: a fold needs rows for testing, validation and training.
    #[error(
        "fold {fold} of {n_runs} runs has no data to choose its penalty: leaving out runs needs at least 3 runs (or \
         2 for a model); otherwise use chunks of runs as folds, or as inner folds"
    )]
    NoInnerFold {
        /// The fold.
        fold: usize,
        /// Number of runs given.
        n_runs: usize,
    },
    /// A fold has no rows for training or no rows for testing.
    #[error("fold {fold} has no training rows or no test rows")]
    EmptyFold {
        /// The fold.
        fold: usize,
    },
    /// A fold tests too few rows for a correlation.
    #[error("fold {fold} tests {found} row, a score needs at least 2")]
    ShortFold {
        /// The fold.
        fold: usize,
        /// Number of rows that it tests.
        found: usize,
    },
    /// A row of a fold does not exist.
    #[error("fold {fold} names row {row}, the runs have {n_rows} rows together")]
    NoSuchRow {
        /// The fold.
        fold: usize,
        /// The row, counted over all runs.
        row: usize,
        /// Rows of all runs.
        n_rows: usize,
    },
    /// A row of a fold is given twice: it would be used for both training and testing, or count twice.
    #[error("fold {fold} names row {row} twice")]
    RowTwice {
        /// The fold.
        fold: usize,
        /// The row, counted over all runs.
        row: usize,
    },
    /// A run of a fold does not exist.
    #[error("fold {fold} names run {run}, there are {n_runs}")]
    NoSuchRun {
        /// The fold.
        fold: usize,
        /// The run.
        run: usize,
        /// Number of runs.
        n_runs: usize,
    },
    /// A run is too short for its chunks.
    #[error("run {run} has {n_scans} scans, which cannot be cut into {per_run} chunks")]
    TooManyChunks {
        /// Index of the run.
        run: usize,
        /// Its number of scans.
        n_scans: usize,
        /// Requested number of chunks.
        per_run: usize,
    },
    /// A run is too short for a correlation.
    #[error("run {run} has {found} scans, a correlation needs at least 2")]
    TooFewScans {
        /// Index of the run.
        run: usize,
        /// Its number of scans.
        found: usize,
    },
    /// The number of group labels is not the number of runs.
    #[error("{found} group labels for {expected} runs, expected one for each")]
    GroupCount {
        /// Number of labels.
        found: usize,
        /// Number of runs.
        expected: usize,
    },
    /// The fit was stopped by [`crate::RidgeCvParams::stop_when`].
    #[error("the fit was stopped")]
    Stopped,
    /// The requested threads cannot be started.
    #[error("cannot start {threads} threads")]
    Threads {
        /// Number of threads.
        threads: usize,
        /// The error of the operating system.
        #[source]
        source: rayon::ThreadPoolBuildError,
    },
    /// The feature matrices have no columns.
    #[error("run {run} has no features")]
    NoFeatures {
        /// Index of the run.
        run: usize,
    },
    /// Two runs have different numbers of features.
    #[error("run {run} has {found} features, run 0 has {expected}")]
    FeatureCount {
        /// Index of the run.
        run: usize,
        /// Its number of features.
        found: usize,
        /// Number of features of run 0.
        expected: usize,
    },
    /// A feature is NaN or infinite.
    #[error("feature {feature} of run {run} is {value} at scan {scan}, expected finite numbers")]
    NonFiniteFeature {
        /// Index of the run.
        run: usize,
        /// Row in that run.
        scan: usize,
        /// Column.
        feature: usize,
        /// The value found.
        value: f64,
    },
    /// Targets and features have different numbers of runs.
    #[error("targets have {found} runs, features have {expected}")]
    RunCount {
        /// Number of target runs.
        found: usize,
        /// Number of feature runs.
        expected: usize,
    },
    /// Features and targets of one run have different lengths.
    #[error("targets of run {run} have {found} scans, its features have {expected}")]
    ScanCount {
        /// Index of the run.
        run: usize,
        /// Scans in the targets.
        found: usize,
        /// Scans in the features.
        expected: usize,
    },
    /// Two runs have different numbers of targets.
    #[error("run {run} has {found} targets, run 0 has {expected}")]
    TargetCount {
        /// Index of the run.
        run: usize,
        /// Its number of targets.
        found: usize,
        /// Number of targets of run 0.
        expected: usize,
    },
    /// There are no targets.
    #[error("there are no targets")]
    NoTargets,
    /// Every target is constant or not finite in some run, so no penalty can be chosen.
    #[error(
        "no penalty can be chosen: every target is constant ({n_constant}) or not finite ({n_non_finite}) in some run"
    )]
    NoUsableTarget {
        /// Number of targets that are constant in some run.
        n_constant: usize,
        /// Number of targets with NaN or infinity.
        n_non_finite: usize,
    },
    /// No target has a validation score for every penalty, so no penalty can be chosen.
    #[error(
        "no penalty can be chosen for fold {fold}: no target has a validation score under every penalty, as its predictions are constant or not finite; are the features of a run all 0?"
    )]
    NoValidation {
        /// The fold without inner validation.
        fold: usize,
    },
    /// A penalty is so far above the scale of the features that predictions vanish in the arithmetic of the fit.
    #[error(
        "penalty (alpha) {alpha:e} is too large for features whose Gram matrix has a mean diagonal of {scale:.1e}: \
         predictions vanish; expected penalties below {:.0e}",
        scale * 1e12
    )]
    VanishingPredictions {
        /// The penalty.
        alpha: f64,
        /// Mean of the diagonal of the Gram matrix.
        scale: f64,
    },
    /// A run has fewer scans than are to be trimmed.
    #[error("cannot trim {trim} scans at both ends of a run of {n_scans} scans")]
    Trim {
        /// Number of rows of the array.
        n_scans: usize,
        /// Rows to drop at each end.
        trim: usize,
    },
    /// A penalised Gram matrix cannot be factored.
    #[error(
        "cannot factor the {size} x {size} Gram matrix with penalty {alpha}: too small for the scale of the features"
    )]
    Factorisation {
        /// The penalty.
        alpha: f64,
        /// Order of the matrix.
        size: usize,
    },
    /// A fit belongs to different features, settings or targets.
    #[error(
        "the fit has {} folds and {} targets or other penalties, expected {} folds, {} targets and the penalties of these features",
        found[0], found[1], expected[0], expected[1]
    )]
    ForeignFit {
        /// Folds and targets of the fit.
        found: [usize; 2],
        /// Folds of the features and number of targets.
        expected: [usize; 2],
    },
    /// A requested column is beyond the last target.
    #[error("no target {column}, there are {n_targets}")]
    NoSuchTarget {
        /// The column.
        column: usize,
        /// Number of targets.
        n_targets: usize,
    },
    /// The number of features differs from that of the model.
    #[error("features have {found} columns, the model was fitted on {expected}")]
    ModelWidth {
        /// Columns of the features.
        found: usize,
        /// Features of the model.
        expected: usize,
    },
    /// The number of targets differs from that of the model.
    #[error("there are {found} targets, the model was fitted on {expected}")]
    ModelTargets {
        /// Number of targets.
        found: usize,
        /// Targets of the model.
        expected: usize,
    },
    /// A file of a model cannot be written or read.
    #[error("{}: {reason}", path.display())]
    ModelFile {
        /// The file.
        path: std::path::PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no fit to choose from.
    #[error("no fit given to choose from")]
    NoFits,
    /// Fits to choose from have different folds or targets.
    #[error(
        "fit {index} has {} folds and {} targets, fit 0 has {} and {}",
        found[0], found[1], expected[0], expected[1]
    )]
    FitShape {
        /// Position in the list of fits.
        index: usize,
        /// Its folds and targets.
        found: [usize; 2],
        /// Those of the first.
        expected: [usize; 2],
    },
    /// A fit to choose from has no validation scores.
    #[error("fit {index} has no validation scores; they are kept if RidgeCvParams::validation_scores is set")]
    NoValidationScores {
        /// Position in the list of fits.
        index: usize,
    },
    /// The list of delays is empty.
    #[error("no delay given, expected at least one")]
    NoDelays,
    /// A delay is repeated or as long as the run.
    #[error("delay {delay} is given twice or is not below the {n_scans} scans of the run")]
    BadDelay {
        /// The delay in scans.
        delay: isize,
        /// Length of the run.
        n_scans: usize,
    },
    /// The list of bands is empty.
    #[error("no band of features given, expected at least one")]
    NoBands,
    /// A band has no features.
    #[error("band {band} has no feature")]
    EmptyBand {
        /// Position in the list of bands.
        band: usize,
    },
    /// The bands do not add up to the features.
    #[error("the bands cover {found} features, the runs have {expected}")]
    BandWidths {
        /// Sum of the widths.
        found: usize,
        /// Number of features.
        expected: usize,
    },
    /// There are no candidates for the weights of the bands.
    #[error("no candidate for the weights of the bands, expected at least one")]
    NoBandWeights,
    /// More candidates for the weights of the bands than a fit could try.
    #[error("{found} candidates for the weights of the bands, expected at most {most}")]
    TooManyBandWeights {
        /// Candidates asked for.
        found: usize,
        /// Largest number.
        most: usize,
    },
    /// The number of weights of a candidate is not the number of bands.
    #[error("candidates have {found} weights, expected one for each of {expected} bands")]
    BandWeightCount {
        /// Weights of a candidate.
        found: usize,
        /// Number of bands.
        expected: usize,
    },
    /// A weight is negative, NaN or infinite.
    #[error(
        "weight of band {band} in candidate {candidate} is {value}, expected a finite number of at least 0"
    )]
    BadBandWeight {
        /// Row of the candidates.
        candidate: usize,
        /// The band.
        band: usize,
        /// The value found.
        value: f64,
    },
    /// A candidate leaves every band out.
    #[error("candidate {candidate} has weight 0 for every band")]
    ZeroBandWeights {
        /// Row of the candidates.
        candidate: usize,
    },
    /// A concentration of a Dirichlet distribution is not positive and finite, or there are no concentrations (NaN).
    #[error("concentration {value} of the random weights, expected positive finite numbers")]
    BadConcentration {
        /// The value found.
        value: f64,
    },
    /// libtorch failed, for example because the device does not exist or has too little memory.
    #[cfg(feature = "torch")]
    #[error("libtorch: {}", first_line(.exception))]
    Torch {
        /// The exception with its C++ stack. The message has its first line. It is not an error source, because programs
        /// would print the stack.
        exception: tch::TchError,
    },
}

/// The message without the C++ stack that libtorch appends.
#[cfg(feature = "torch")]
fn first_line(error: &tch::TchError) -> String {
    let text = error.to_string();
    text.lines().next().unwrap_or_default().to_owned()
}
