//! Scores of which some are NaN.

/// Mean of the scores that are not NaN; NaN if there is none.
pub(crate) fn mean_of_known<'a>(scores: impl IntoIterator<Item = &'a f64>) -> f64 {
    let (sum, n) = scores
        .into_iter()
        .filter(|s| !s.is_nan())
        .fold((0.0, 0_u32), |(sum, n), s| (sum + s, n + 1));
    sum / f64::from(n)
}

/// Whether a score is larger than the best so far; on ties the first stays, and NaN is never larger.
pub(crate) fn beats(score: f64, best: f64) -> bool {
    score > best || (best.is_nan() && !score.is_nan())
}
