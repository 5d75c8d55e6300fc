//! What can be wrong with the arrays that a caller hands in.

/// Why a statistic could not be computed.
///
/// A degenerate but well-formed input (a constant sample, say) is no error: the
/// statistic is then `NaN`, as each function documents.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// A sample has fewer observations than the statistic needs.
    #[error("{statistic} needs at least {needed} values, found {found}")]
    TooFew {
        /// The statistic that was asked for.
        statistic: &'static str,
        /// The least number of observations it is defined for.
        needed: usize,
        /// The number of observations given.
        found: usize,
    },
    /// Two samples that are paired value by value differ in length.
    #[error("length mismatch: {left_name} has {left} values, {right_name} has {right}")]
    LengthMismatch {
        /// What the first sample is.
        left_name: &'static str,
        /// Length of the first sample.
        left: usize,
        /// What the second sample is.
        right_name: &'static str,
        /// Length of the second sample.
        right: usize,
    },
    /// Two matrices that must agree in shape do not.
    #[error("shape mismatch: observed is {observed:?}, predicted is {predicted:?}")]
    ShapeMismatch {
        /// Shape of the measured data.
        observed: [usize; 2],
        /// Shape of the model output.
        predicted: [usize; 2],
    },
    /// A percentile outside 0..=100 was asked for.
    #[error("percentile must lie between 0 and 100, found {found}")]
    PercentileOutOfRange {
        /// The percentile given.
        found: f64,
    },
    /// A probability outside the open interval (0, 1) was asked for.
    #[error("probability must lie strictly between 0 and 1, found {found}")]
    ProbabilityOutOfRange {
        /// The probability given.
        found: f64,
    },
    /// A value is NaN or infinite where a finite one is needed.
    #[error("{what} must be finite, found {found} at index {index}")]
    NotFinite {
        /// What the value is.
        what: &'static str,
        /// Its position in the input.
        index: usize,
        /// The value itself.
        found: f64,
    },
    /// The logarithm of a value that is not positive was needed.
    #[error("{what} must be positive to take its logarithm, found {found} at index {index}")]
    NotPositive {
        /// What the value is.
        what: &'static str,
        /// Its position in the input.
        index: usize,
        /// The value itself.
        found: f64,
    },
    /// The columns of a design matrix are linearly dependent.
    #[error(
        "the design matrix has rank {rank}, expected {n_columns}: a regressor is constant or repeats another"
    )]
    RankDeficient {
        /// The numerical rank of the matrix with its constant column.
        rank: usize,
        /// The number of columns, the constant included.
        n_columns: usize,
    },
    /// A region names a voxel that the array does not have.
    #[error("voxel index {index} is outside an array of {n_voxels} voxels")]
    VoxelOutOfRange {
        /// The index found.
        index: usize,
        /// The number of voxels.
        n_voxels: usize,
    },
    /// A p-value outside 0..=1.
    #[error("a p-value must lie between 0 and 1, found {found} at index {index}")]
    PValueOutOfRange {
        /// Its position in the input.
        index: usize,
        /// The value itself.
        found: f64,
    },
    /// A quantity that cannot be negative is, or is not a number.
    #[error("{what} must not be negative, found {found}")]
    Negative {
        /// What the quantity is.
        what: &'static str,
        /// The value given.
        found: f64,
    },
    /// A voxel occurs in two pairs, or twice in one.
    #[error("voxel index {index} occurs more than once among the pairs")]
    RepeatedVoxel {
        /// The index found.
        index: usize,
    },
    /// A matrix that must be square for the given number of values is not.
    #[error("distances have shape {found:?}, expected {n} rows and columns, one per value")]
    NotSquare {
        /// The number of values.
        n: usize,
        /// Shape of the matrix.
        found: [usize; 2],
    },
}
