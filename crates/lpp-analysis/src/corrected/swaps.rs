//! Slopes over models while the sides of whole runs are exchanged, in all models alike.

use lpp_stats::{SlopeTest, Tail, permutation_p};

use super::{Sample, SlopeTests};

/// The name of the rule for the layer: one per model, chosen by validation over all voxels.
pub(crate) const ONE_LAYER: &str = "one_layer";

/// A measure of pairs with its name in the files of models, and the end of the outcome's name.
pub(super) const MEASURES: [(&str, &str); 4] = [
    ("all", "l_minus_r_all_pairs"),
    ("reliable", "l_minus_r_paper_reliable_pairs"),
    ("reliable_pairs", "l_minus_r_reliable_pairs"),
    ("matched", "l_minus_r_all_matched"),
];

/// A measure of every trained model under each pattern.
pub(crate) struct Exchanged {
    /// One list per pattern, with a value per model; the data as they are first.
    pub(crate) by_pattern: Vec<Vec<f64>>,
    /// For each run, the same.
    pub(crate) runs: Vec<Vec<Vec<f64>>>,
}

impl Exchanged {
    /// `None` unless every trained model has the measure for the same runs and patterns.
    pub(crate) fn of(sample: &Sample, measure: &str) -> Option<Self> {
        let swaps: Vec<_> = sample
            .models
            .iter()
            .map(|model| model.swaps.as_ref())
            .collect::<Option<_>>()?;
        let first = swaps.first()?;
        let (n_runs, n_patterns) = (first.info.n_runs, first.values.nrows());
        // Many runs have random patterns, which a seed makes.
        let alike = |swaps: &&super::SwapScores| {
            (swaps.info.n_runs, swaps.values.nrows(), swaps.info.seed)
                == (n_runs, n_patterns, first.info.seed)
        };
        if !swaps.iter().all(alike) {
            tracing::warn!(
                "the exchanges of sides of the models differ in runs or seed; they make no p of slopes"
            );
            return None;
        }
        let by_pattern = |name: &str| -> Option<Vec<Vec<f64>>> {
            let models: Vec<Vec<f64>> = swaps
                .iter()
                .map(|swaps| swaps.measure(name))
                .collect::<Option<_>>()?;
            Some(
                (0..n_patterns)
                    .map(|pattern| models.iter().map(|of| of[pattern]).collect())
                    .collect(),
            )
        };
        let runs = (0..n_runs).map(|run| by_pattern(&lpp_study::SwapsInfo::of_run(measure, run)));
        Some(Self {
            by_pattern: by_pattern(measure)?,
            runs: runs.collect::<Option<_>>()?,
        })
    }

    /// Each run under a pattern: a value per model.
    pub(crate) fn by_run(&self, pattern: usize) -> Vec<Vec<f64>> {
        self.runs
            .iter()
            .filter_map(|run| run.get(pattern).cloned())
            .collect()
    }

    /// Every test of the observed slope.
    pub(super) fn tests(&self, sample: &Sample) -> SlopeTests {
        let observed = self.by_pattern.first().map_or(&[][..], Vec::as_slice);
        SlopeTests::of(&sample.sizes(), observed, &sample.families(), &sample.widths())
            .with_runs(&sample.sizes(), &self.by_run(0))
    }

    /// Share of the patterns with a slope at least as large in size as the observed one; NaN if it could not be 5 % or less.
    pub(super) fn slope_p(&self, sizes: &[f64]) -> f64 {
        let slope = |values: &Vec<f64>| slope(sizes, values);
        let slopes: Vec<f64> = self.by_pattern.iter().map(slope).collect();
        match slopes.as_slice() {
            [observed, others @ ..] if others.len() >= 19 => permutation_p(*observed, others, Tail::TwoSided),
            _ => f64::NAN,
        }
    }
}

/// The least-squares slope over the models that have both; NaN of fewer than three.
pub(crate) fn slope(sizes: &[f64], values: &[f64]) -> f64 {
    let known = |(x, y): (&f64, &f64)| (x.is_finite() && y.is_finite()).then_some((*x, *y));
    let points: Vec<(f64, f64)> = sizes.iter().zip(values).filter_map(known).collect();
    SlopeTest::through(&points).map_or(f64::NAN, |test| test.slope)
}
