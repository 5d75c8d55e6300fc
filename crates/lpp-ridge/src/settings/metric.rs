//! What predictions are scored by.

/// What predictions are scored by, in validation and on the test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Metric {
    /// The Pearson correlation r between prediction and target, as the reference study: from −1 to 1, blind to the size
    /// of the prediction. A constant prediction has none and yields NaN.
    #[default]
    Pearson,
    /// The coefficient of determination R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)², with ȳ the target's mean over the scans that
    /// are scored: 1 for a perfect prediction, 0 for the mean, without lower bound. A constant prediction is scored like
    /// any other; a constant target has no R² and yields NaN (`sklearn.metrics.r2_score` gives 0 or 1 there).
    ///
    /// One bad target can outweigh thousands in a mean of R², and a random subset that misses it says nothing about it. So
    /// a screened search scores every target whose mean square in some run exceeds 16 times its variance in another in its
    /// first round; for the others differences of R² are bounded alike, as those of correlations are.
    R2,
}
