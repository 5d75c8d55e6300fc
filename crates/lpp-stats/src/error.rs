//! Errors in the arrays of a caller.

/// Why a statistic could not be computed.
///
/// A degenerate but well-formed input (for example a constant sample) is not an error. The statistic is then `NaN`, as
/// each function documents.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// A sample has fewer observations than the statistic needs.
    #[error("{statistic} needs at least {needed} values, found {found}")]
    TooFew {
        /// The requested statistic.
        statistic: &'static str,
        /// The smallest number of observations for which it is defined.
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
    /// A requested percentile is outside 0..=100.
    #[error("percentile must lie between 0 and 100, found {found}")]
    PercentileOutOfRange {
        /// The percentile given.
        found: f64,
    },
    /// A requested probability is outside the open interval (0, 1).
    #[error("probability must lie strictly between 0 and 1, found {found}")]
    ProbabilityOutOfRange {
        /// The probability given.
        found: f64,
    },
    /// A value that must be finite is NaN or infinite.
    #[error("{what} must be finite, found {found} at index {index}")]
    NotFinite {
        /// What the value is.
        what: &'static str,
        /// Its position in the input.
        index: usize,
        /// The value itself.
        found: f64,
    },
    /// A value must be positive for its logarithm, and is not.
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
    /// A set refers to a voxel outside the array.
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
    /// A quantity that must not be negative is negative or NaN.
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
    /// A matrix that must have one row and column per value does not.
    #[error("distances have shape {found:?}, expected {n} rows and columns, one per value")]
    NotSquare {
        /// The number of values.
        n: usize,
        /// Shape of the matrix.
        found: [usize; 2],
    },
}
