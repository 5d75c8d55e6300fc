//! Every estimator of the slope of L − R against what lpp-simulate plants; `examples/planted.rs` takes more studies.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "the example prints more than the test checks")]
#[path = "../examples/planted/study.rs"]
mod study;

use rayon::prelude::*;
use study::{ESTIMATORS, Found, WORDS_PER_RUN, kinds, place, study};

const STUDIES: u64 = 5;

/// The slopes of an estimator in a few studies of a kind.
struct Slopes(Vec<f64>);

impl Slopes {
    fn of(found: &[Found], estimator: &str) -> Self {
        let place = place(estimator);
        Self(found.iter().map(|found| found.slopes[place]).collect())
    }

    fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// Distance of the mean from a value, in standard errors over studies.
    fn errors_from(&self, value: f64) -> f64 {
        let (mean, n) = (self.mean(), self.0.len() as f64);
        let squares: f64 = self.0.iter().map(|slope| (slope - mean).powi(2)).sum();
        (mean - value) / (squares / (n - 1.0) / n).sqrt()
    }
}

fn found(kind: usize) -> Vec<Found> {
    let seeds = (0..STUDIES).into_par_iter().map(|study| 40 + study);
    seeds
        .map(|seed| study(&kinds()[kind].plant, seed, WORDS_PER_RUN).unwrap())
        .collect()
}

/// t of 99.9 % with four degrees of freedom.
const MOST: f64 = 8.61;

fn assert_not_found(found: &[Found], estimator: &str) {
    let slopes = Slopes::of(found, estimator);
    assert!(
        slopes.errors_from(0.0).abs() < MOST,
        "{estimator}: {:?}",
        slopes.0
    );
}

#[test]
fn nothing_is_found_where_nothing_is_planted() {
    let found = found(0);
    for (estimator, _) in ESTIMATORS {
        assert_not_found(&found, estimator);
    }
    // Differences of means over some thousand voxels of which a tenth of a standard deviation is noise.
    let pairs = Slopes::of(&found, "pairs").mean();
    assert!(pairs.abs() < 6e-4, "{pairs}");
}

#[test]
fn midline_signal_is_an_asymmetry_of_the_halves_alone() {
    let found = found(1);
    let halves = Slopes::of(&found, "halves");
    assert!(
        halves.mean() > 5e-4 && halves.errors_from(0.0) > MOST,
        "{:?}",
        halves.0
    );
    for estimator in ["by x", "pairs", "matched", "over ceiling"] {
        assert_not_found(&found, estimator);
    }
    let pairs = Slopes::of(&found, "pairs").mean();
    assert!(pairs.abs() < halves.mean() / 2.0, "{pairs} {}", halves.mean());
}

#[test]
fn unequal_ceilings_are_no_asymmetry_at_equal_ceilings() {
    let found = found(2);
    let by_x = Slopes::of(&found, "by x");
    // t of 99 % with four degrees of freedom.
    assert!(by_x.mean() > 1e-3 && by_x.errors_from(0.0) > 4.6, "{:?}", by_x.0);
    let matched = Slopes::of(&found, "matched");
    assert!(
        matched.errors_from(0.0).abs() < MOST && matched.mean().abs() < by_x.mean() / 2.0,
        "{:?}, {:?}",
        matched.0,
        by_x.0
    );
}

#[test]
fn growth_at_equal_ceilings_is_found_by_every_estimator() {
    let found = found(3);
    let planted = found[0].planted;
    for estimator in ["halves", "by x", "pairs", "matched", "over ceiling"] {
        let slopes = Slopes::of(&found, estimator);
        assert!(slopes.errors_from(0.0) > MOST, "{estimator}: {:?}", slopes.0);
    }
    let (pairs, matched) = (
        Slopes::of(&found, "pairs").mean(),
        Slopes::of(&found, "matched").mean(),
    );
    assert!((pairs - matched).abs() < 0.1 * pairs, "{pairs} {matched}");
    // Weights are estimated, so that scores and their differences stay behind those of fits without noise.
    assert!((0.4..1.2).contains(&(pairs / planted)), "{pairs} {planted}");
}
