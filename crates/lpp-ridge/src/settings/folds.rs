//! Which scans are tested and which train.

/// Which scans are tested in each fold, and which train.
///
/// Rows are counted over all runs, one after the other, in the order in which they are handed over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Folds {
    /// Each run is left out in turn, or each group of runs if there are [groups](crate::RidgeCvParams::groups).
    #[default]
    Runs,
    /// Each run is cut into chunks of neighbouring scans, and each chunk is left out in turn. The scans next to it on either
    /// side do not train: the haemodynamic response carries a signal over some ten seconds.
    Chunks {
        /// Chunks of each run.
        per_run: usize,
        /// Scans beside a chunk that do not train.
        gap: usize,
    },
    /// One fold: these runs are tested, all others train. The penalty is chosen by leaving out each of the others.
    TestRuns(Vec<usize>),
    /// These pairs of training and test runs.
    OfRuns(Vec<(Vec<usize>, Vec<usize>)>),
    /// These pairs of training and test rows, as the splitters of scikit-learn list them.
    OfRows(Vec<(Vec<usize>, Vec<usize>)>),
}
