//! Which scans are tested and which train.

/// The training and test scans of each fold.
///
/// Rows are numbered over all runs, in the order of the runs passed to the fit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Folds {
    /// Each run is left out in turn, or each group of runs if [groups](crate::RidgeCvParams::groups) are set.
    #[default]
    Runs,
    /// Each run is divided into chunks of consecutive scans, and each chunk is left out in turn. The scans next to it
    /// on either side are not used for training, because the haemodynamic response carries a signal over some ten
    /// seconds.
    Chunks {
        /// Number of chunks per run.
        per_run: usize,
        /// Number of scans on each side of a chunk that are not used for training.
        gap: usize,
    },
    /// One fold: these runs are the test set, all others the training set. The penalty is chosen by leaving out each of
    /// the others.
    TestRuns(Vec<usize>),
    /// Pairs of training and test runs.
    OfRuns(Vec<(Vec<usize>, Vec<usize>)>),
    /// Pairs of training and test rows, as given by the splitters of scikit-learn.
    OfRows(Vec<(Vec<usize>, Vec<usize>)>),
}
