//! The test of an effect that was measured in each subject and run.

use ndarray::{ArrayRef2, Axis};

use crate::checks::{at_least, check_finite};
use crate::{RunTest, StatsError};

impl RunTest {
    /// Tests whether the mean of an effect over subjects and runs differs from 0, for further subjects and further runs alike.
    ///
    /// `effects` is (`n_subjects`, `n_runs`). Subjects and runs are crossed: all subjects heard the same runs, so effects of a
    /// run go together over subjects, and effects of a subject over runs. With the variances of the subjects' means s²ₛ, of the
    /// runs' means s²ᵣ and of what remains s², the variance of the mean is
    /// s²ₛ/n + s²ᵣ·(1/R + 1/(R − 1)) − s²/(nR), not below the larger of the first two; runs share their training data as in
    /// [`RunTest::of`]. The degrees of freedom are those of the fewer units. With
    /// [`with_families`](Self::with_families) the test is for further models too.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] with fewer than two subjects or runs, [`StatsError::NotFinite`].
    ///
    /// # Example
    /// ```
    /// use lpp_stats::RunTest;
    /// use ndarray::array;
    /// let effects = array![[0.9, 1.1, 1.2], [1.0, 1.3, 1.1], [0.7, 0.8, 0.9], [1.2, 1.1, 1.4]];
    /// let test = RunTest::of_crossed(&effects)?;
    /// assert!(test.df == 2.0 && test.p < 0.05);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// J. Westfall, T. E. Nichols and T. Yarkoni (2016), <https://doi.org/10.12688/wellcomeopenres.10298.2>, on subjects and
    /// stimuli; H. H. Schütt et al. (2023), <https://doi.org/10.7554/eLife.82566>, on the sum of variances.
    pub fn of_crossed(effects: &ArrayRef2<f64>) -> Result<Self, StatsError> {
        let (n_subjects, n_runs) = effects.dim();
        at_least("subjects of a test over subjects and runs", 2, n_subjects)?;
        at_least("runs of a test over subjects and runs", 2, n_runs)?;
        check_finite("an effect", &effects.iter().copied().collect::<Vec<_>>())?;
        let (n, r) = (n_subjects as f64, n_runs as f64);
        let of_subjects = effects.sum_axis(Axis(1)) / r;
        let of_runs = effects.sum_axis(Axis(0)) / n;
        let mean = of_subjects.sum() / n;
        let spread = |means: &ndarray::Array1<f64>| means.iter().map(|m| (m - mean).powi(2)).sum::<f64>();
        let remains = |((subject, run), effect): ((usize, usize), &f64)| {
            (effect - of_subjects[subject] - of_runs[run] + mean).powi(2)
        };
        let rest = effects.indexed_iter().map(remains).sum::<f64>() / ((n - 1.0) * (r - 1.0));
        let over_subjects = spread(&of_subjects) / (n - 1.0) / n;
        let over_runs = spread(&of_runs) / (r - 1.0) * (1.0 / r + 1.0 / (r - 1.0));
        let variance = (over_subjects + over_runs - rest / (n * r)).max(over_subjects.max(over_runs));
        Self::with(mean, variance, n.min(r) - 1.0, n_runs)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::{Groups, cluster_robust_ols};

    #[test]
    fn the_variance_is_that_of_both_kinds_of_units() {
        // NumPy 1.26.4 and SciPy 1.13.0, from the definition.
        let effects = array![
            [0.2, 0.5, 0.1],
            [0.4, 0.9, 0.6],
            [-0.1, 0.3, 0.1],
            [0.5, 0.4, 0.6]
        ];
        let test = RunTest::of_crossed(&effects).unwrap();
        assert!((test.estimate - 0.375).abs() < 1e-15);
        assert!((test.std_err - EXPECTED[0]).abs() < 1e-14, "{test:?}");
        assert!((test.p - EXPECTED[1]).abs() < 1e-12, "{test:?}");
        // Only runs differ.
        let runs = array![[0.1, 0.4, 0.2, 0.3], [0.1, 0.4, 0.2, 0.3]];
        let test = RunTest::of_crossed(&runs).unwrap();
        let plain = RunTest::of(&[0.1, 0.4, 0.2, 0.3]).unwrap();
        assert!((test.std_err - plain.std_err).abs() < 1e-15);
        assert!(RunTest::of_crossed(&array![[1.0, 2.0]]).is_err());
    }

    const EXPECTED: [f64; 2] = [0.167_601_544_675_989_73, 0.154_696_648_638_987_4];

    /// Standard deviations of a slope's deviations: of subjects, of runs, of both together, of families of models; and of the
    /// outcome of a single model.
    struct Spread {
        subjects: f64,
        runs: f64,
        rest: f64,
        families: f64,
        models: f64,
    }

    /// In how many of 500 studies without a slope the tests over subjects and runs, and over families too, find one.
    fn n_false(spread: &Spread, n_subjects: usize, n_runs: usize) -> [usize; 2] {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let mut normal = |sd: f64| -> f64 {
            let z: f64 = StandardNormal.sample(&mut rng);
            sd * z
        };
        let families: Vec<usize> = (0..24).map(|model| model % 6).collect();
        let groups = Groups::by_label(&families);
        let mut found = [0, 0];
        for _ in 0..500 {
            let x: Vec<f64> = (0..24).map(|_| normal(1.0)).collect();
            let of_subjects: Vec<f64> = (0..n_subjects).map(|_| normal(spread.subjects)).collect();
            // Runs share their training data: they go together by the share of the tested run.
            let share = 1.0 / n_runs as f64;
            let common = normal(spread.runs * share.sqrt());
            let of_runs: Vec<f64> = (0..n_runs)
                .map(|_| common + normal(spread.runs * (1.0 - share).sqrt()))
                .collect();
            let of_families: Vec<f64> = (0..6).map(|_| normal(spread.families)).collect();
            let model: Vec<f64> = (0..24)
                .map(|m| of_families[families[m]] + normal(spread.models))
                .collect();
            let mut mean = vec![0.0; 24];
            let mut slopes = Array2::zeros((n_subjects, n_runs));
            for ((subject, run), slope) in slopes.indexed_iter_mut() {
                let own = of_subjects[subject] + of_runs[run] + normal(spread.rest);
                let y: Vec<f64> = (0..24).map(|m| own * x[m] + model[m]).collect();
                *slope = crate::ols(&y, &[&x]).unwrap().slope().estimate;
                for (sum, y) in mean.iter_mut().zip(&y) {
                    *sum += y / (n_subjects * n_runs) as f64;
                }
            }
            let crossed = RunTest::of_crossed(&slopes).unwrap();
            let families = cluster_robust_ols(&mean, &[&x], &groups).unwrap()[1];
            let all = crossed.with_families(&families).unwrap();
            for (found, test) in found.iter_mut().zip([crossed, all]) {
                *found += usize::from(test.p <= 0.05);
            }
        }
        found
    }

    #[test]
    fn crossed_subjects_runs_and_models_keep_their_level() {
        let spread = |subjects, runs, rest, families, models| Spread {
            subjects,
            runs,
            rest,
            families,
            models,
        };
        // 99.9 % quantile of Bin(500, 0.05).
        for (spread, n_subjects, n_runs, over_models) in [
            (spread(1.0, 1.0, 1.0, 0.0, 0.0), 10, 9, false),
            (spread(1.0, 0.1, 1.0, 0.0, 0.0), 20, 9, false),
            (spread(0.1, 1.0, 1.0, 0.0, 0.0), 5, 9, false),
            (spread(0.0, 0.0, 1.0, 0.0, 0.0), 10, 9, false),
            (spread(0.3, 0.3, 0.5, 1.0, 1.0), 10, 9, true),
            (spread(1.0, 1.0, 1.0, 1.0, 1.0), 10, 9, true),
        ] {
            let [crossed, all] = n_false(&spread, n_subjects, n_runs);
            println!("{n_subjects} subjects, {n_runs} runs: {crossed} and {all} of 500");
            assert!(all <= 41, "{all}");
            // Models that differ make a slope of these models, which is no error of subjects and runs.
            assert!(over_models || crossed <= 41, "{crossed}");
        }
    }
}
