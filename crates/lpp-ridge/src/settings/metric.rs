//! What predictions are scored by.

/// The score of predictions, in validation and on the test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Metric {
    /// The Pearson correlation r between prediction and target, as in the reference study: from −1 to 1, independent of
    /// the scale of the prediction. A constant prediction gives NaN.
    #[default]
    Pearson,
    /// The coefficient of determination R² = 1 − Σ(y − ŷ)² / Σ(y − ȳ)², where ȳ is the target's mean over the scored
    /// scans. It is 1 for a perfect prediction and 0 for the mean, without a lower bound. A constant prediction is
    /// scored like any other. A constant target gives NaN (`sklearn.metrics.r2_score` gives 0 or 1 there).
    ///
    /// One bad target can outweigh thousands in a mean of R², and a random subset may not contain it. So a screened
    /// search scores every target whose mean square in some run exceeds 16 times its variance in another run in its
    /// first round. For the other targets, differences of R² are bounded, like those of correlations.
    R2,
}
