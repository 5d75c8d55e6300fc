//! Agreement with SciPy, statsmodels and seaborn on the cases of `fixtures/stats/make.py`.
//!
//! `LPP_STATS_CASES` names another file of cases, for checks with fresh seeds.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test fails by panicking; percentiles agree exactly"
)]

mod common;

use common::{assert_near, number, vector};
use lpp_stats::{
    Density, LineScale, RegressionLine, ols, pearson, percentiles, student_t_critical, t_test_pooled,
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// The cases whose name starts with `prefix`; at least one.
fn cases(prefix: &str) -> Vec<Value> {
    common::cases("cases.json", "LPP_STATS_CASES", prefix)
}

#[test]
fn percentiles_are_numpys_to_the_bit() {
    for case in cases("percentile") {
        let found = percentiles(&vector(&case["inputs"]["x"]), &vector(&case["params"]["q"])).unwrap();
        assert_eq!(found, vector(&case["expected"]["values"]), "{}", case["name"]);
    }
}

#[test]
fn correlations_are_scipys() {
    for case in cases("pearson") {
        let found = pearson(&vector(&case["inputs"]["x"]), &vector(&case["inputs"]["y"])).unwrap();
        let expected = &case["expected"];
        // Sums in another order; the p-value magnifies an error of r by up to n/(1 − r²).
        assert_near(found.r, number(&expected["r"]), 1e-13, 0.0, "r");
        assert_near(found.p, number(&expected["p"]), 0.0, 1e-9, "p");
    }
}

#[test]
fn t_tests_are_scipys() {
    for case in cases("ttest") {
        let found = t_test_pooled(&vector(&case["inputs"]["a"]), &vector(&case["inputs"]["b"])).unwrap();
        // A difference of means near zero loses some digits.
        assert_near(found.t, number(&case["expected"]["t"]), 0.0, 1e-11, "t");
        assert_near(found.p, number(&case["expected"]["p"]), 0.0, 1e-9, "p");
    }
}

#[test]
fn regression_tables_are_statsmodels() {
    for case in cases("ols") {
        let rows = case["inputs"]["x"].as_array().unwrap();
        let n_regressors = rows[0].as_array().unwrap().len();
        let columns: Vec<Vec<f64>> = (0..n_regressors)
            .map(|j| rows.iter().map(|row| number(&row[j])).collect())
            .collect();
        let regressors: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let fit = ols(&vector(&case["inputs"]["y"]), &regressors).unwrap();
        let expected = &case["expected"];
        // The reference's pseudo-inverse carries the condition number, up to 1e5, times rounding.
        let near = |found: f64, key: &str| assert_near(found, number(&expected[key]), 0.0, 1e-7, key);
        near(fit.r2, "r2");
        near(fit.r2_adjusted, "adj_r2");
        near(fit.f, "f");
        near(fit.f_p, "f_p");
        near(fit.log_likelihood, "loglik");
        near(fit.aic, "aic");
        near(fit.bic, "bic");
        near(fit.df_model as f64, "df_model");
        near(fit.df_residual as f64, "df_resid");
        near(fit.condition_number, "cond_no");
        near(fit.residuals.omnibus, "omnibus");
        near(fit.residuals.omnibus_p, "omnibus_p");
        near(fit.residuals.jarque_bera, "jb");
        near(fit.residuals.jarque_bera_p, "jb_p");
        near(fit.residuals.skew, "skew");
        near(fit.residuals.kurtosis, "kurtosis");
        near(fit.residuals.durbin_watson, "durbin_watson");
        for (i, coefficient) in fit.coefficients.iter().enumerate() {
            let near = |found: f64, key: &str| assert_near(found, number(&expected[key][i]), 0.0, 1e-7, key);
            near(coefficient.estimate, "coef");
            near(coefficient.std_err, "std_err");
            near(coefficient.t, "t");
            near(coefficient.p, "p");
            near(coefficient.ci_low, "ci_low");
            near(coefficient.ci_high, "ci_high");
        }
    }
}

#[test]
fn critical_values_are_scipys() {
    for case in cases("t_threshold") {
        let (p, df) = (number(&case["params"]["p"]), number(&case["params"]["df"]));
        // SciPy's root is itself off by 3.6e-12: forty digits give 7.275510762612445 at p = 1e-7 and 26 df.
        assert_near(
            student_t_critical(p, df).unwrap(),
            number(&case["expected"]["value"]),
            0.0,
            1e-11,
            "t",
        );
    }
}

#[test]
fn densities_are_seaborns() {
    for case in cases("kde") {
        let found = Density::estimate(&vector(&case["inputs"]["x"])).unwrap();
        for (i, point) in case["expected"]["curve"].as_array().unwrap().iter().enumerate() {
            // Sums of positive terms; the reference whitens by a Cholesky factor first.
            assert_near(found.x[i], number(&point[0]), 1e-12, 0.0, "x");
            assert_near(found.density[i], number(&point[1]), 0.0, 1e-10, "density");
        }
    }
}

#[test]
fn regression_lines_are_seaborns() {
    for case in cases("regplot") {
        let (x, y) = (vector(&case["inputs"]["x"]), vector(&case["inputs"]["y"]));
        for (scale, key) in [
            (LineScale::LogX, "line_logx_true"),
            (LineScale::Linear, "line_logx_false"),
        ] {
            let line = RegressionLine::fit(&x, &y, scale).unwrap();
            for (i, point) in case["expected"][key].as_array().unwrap().iter().enumerate() {
                assert_near(line.x[i], number(&point[0]), 0.0, 1e-12, "x");
                // The reference solves with raw x up to 1e10 next to the constant.
                assert_near(line.y[i], number(&point[1]), 0.0, 1e-9, key);
            }
        }
    }
}

#[test]
fn bands_have_the_reference_width() {
    for case in cases("regplot") {
        let (x, y) = (vector(&case["inputs"]["x"]), vector(&case["inputs"]["y"]));
        let line = RegressionLine::fit(&x, &y, LineScale::LogX).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(20_240_529);
        // More resamples than the reference's 1000, so that the remaining spread is mostly its own.
        let band = line.bootstrap_band(&x, &y, 20_000, &mut rng).unwrap().unwrap();
        let (low, high) = (
            vector(&case["expected"]["band_low"]),
            vector(&case["expected"]["band_high"]),
        );
        for i in 0..line.x.len() {
            // 1000 resamples place a 2.5 % point with a standard error of about 2 % of the band's width;
            // five of them.
            let slack = 0.1 * (high[i] - low[i]);
            assert_near(band.low[i], low[i], slack, 0.0, "lower end");
            assert_near(band.high[i], high[i], slack, 0.0, "upper end");
        }
    }
}

#[test]
fn far_tails_keep_their_digits() {
    // scipy.stats.t.sf(t, df) * 2 and scipy.stats.f.sf of SciPy 1.13, and the paper's "r 0.95 p 3.2e-14" (28 models).
    for (t, df, p) in TAILS {
        // Ours and SciPy's incomplete beta functions, each good to some 1e-12 with large parameters.
        assert_near(lpp_stats::student_t_two_sided_p(t, df), p, 0.0, 1e-10, "p");
    }
}

const TAILS: [(f64, f64, f64); 9] = [
    (15.0, 26.0, 2.577_173_443_931_176_3e-14),
    (7.275_510_762_638_933, 26.0, 9.999_999_999_354_431e-8),
    (40.0, 26.0, 6.976_113_904_247_161e-25),
    (300.0, 3.0, 8.167_508_785_978_686e-8),
    (0.001, 5.0, 0.999_240_786_772_197_6),
    (2.0, 1.0, 0.295_167_235_300_866_4),
    (38.0, 25868.0, 1.629_899_902_152_205_7e-307),
    (1.5, 25868.0, 0.133_626_606_678_419_22),
    (5.0, 500.5, 7.943_905_134_399_365e-7),
];
