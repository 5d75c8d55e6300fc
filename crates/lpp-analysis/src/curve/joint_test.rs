//! One p for the whole curve: the median effect against that of exchanged sides.

use lpp_stats::{Tail, percentile, permutation_p};
use lpp_tables::{SpecificationCurve, SpecificationCurveTest};

use super::specifications::{EXCHANGED, Subset, subsets};
use crate::corrected::{Exchanged, Sample};

/// The test of a curve; `None` of an empty one.
///
/// Every specification whose sides are pairs of one layer enters with the size of its slope over the standard error over
/// runs. Their median is compared with those of all patterns in which the sides of whole runs are exchanged, in all models
/// alike.
pub(super) fn row(sample: &Sample, rows: &[SpecificationCurve]) -> Option<SpecificationCurveTest> {
    let first = rows.first()?;
    let slopes: Vec<f64> = rows.iter().map(|row| row.slope).collect();
    let share = |n: usize| n as f64 / rows.len() as f64;
    let test = JointTest::of(sample);
    let note = match &test {
        None => "no exchanges: run lpp-fit --swaps for every model".to_owned(),
        Some(test) if test.medians.len() < 20 => {
            let n = test.medians.len();
            format!("not testable: {n} patterns, p of at least {}", 1.0 / n as f64)
        }
        Some(_) => String::new(),
    };
    let known = test.as_ref().filter(|_| note.is_empty());
    Some(SpecificationCurveTest {
        n_specifications: rows.len(),
        n_runs: first
            .n_runs
            .max(rows.iter().map(|row| row.n_runs).max().unwrap_or(0)),
        median_slope: percentile(&slopes, 50.0).unwrap_or(f64::NAN),
        share_positive: share(slopes.iter().filter(|slope| **slope > 0.0).count()),
        share_significant: share(rows.iter().filter(|row| row.runs_p <= 0.05).count()),
        n_tested: test.as_ref().map_or(0, |test| test.n_specifications),
        n_patterns: test.as_ref().map_or(0, |test| test.medians.len()),
        median_t: test.as_ref().map_or(f64::NAN, |test| test.medians[0]),
        joint_p: known.map_or(f64::NAN, |test| {
            permutation_p(test.medians[0], &test.medians[1..], Tail::Upper)
        }),
        note,
    })
}

struct JointTest {
    n_specifications: usize,
    /// Median over specifications of |slope| over standard error, for each pattern; the data as they are first.
    medians: Vec<f64>,
}

impl JointTest {
    fn of(sample: &Sample) -> Option<Self> {
        let exchanged: Vec<Exchanged> = EXCHANGED
            .iter()
            .filter_map(|(measure, _)| Exchanged::of(sample, measure))
            .collect();
        let first = exchanged.first()?;
        let (sizes, subsets) = (sample.sizes(), subsets(sample, first.runs.len()));
        let of_pattern = |pattern: usize| -> Vec<f64> {
            let by_run = exchanged.iter().map(|exchanged| exchanged.by_run(pattern));
            let size_of = |by_run: &[Vec<f64>], subset: &Subset| Some(subset.test(&sizes, by_run)?.t.abs());
            by_run
                .flat_map(|by_run| {
                    subsets
                        .iter()
                        .filter_map(|subset| size_of(&by_run, subset))
                        .collect::<Vec<_>>()
                })
                .collect()
        };
        let n_patterns = first.by_pattern.len();
        let all: Vec<Vec<f64>> = (0..n_patterns).map(of_pattern).collect();
        let medians = all
            .iter()
            .map(|sizes| percentile(sizes, 50.0))
            .collect::<Result<Vec<_>, _>>();
        Some(Self {
            n_specifications: all.first().map_or(0, Vec::len),
            medians: medians.ok().filter(|medians| !medians.is_empty())?,
        })
    }
}
