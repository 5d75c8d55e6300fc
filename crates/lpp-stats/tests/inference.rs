//! Agreement with SciPy, statsmodels and plain NumPy on the cases of `fixtures/stats/make_inference.py`.
//!
//! `LPP_STATS_INFERENCE` names another file of cases, for checks with fresh seeds.

#![allow(
    clippy::unwrap_used,
    clippy::float_cmp,
    reason = "a test fails by panicking; counted p-values agree exactly"
)]

mod common;

use common::{assert_near, number, vector};
use lpp_stats::FalseDiscovery::{BenjaminiHochberg, BenjaminiYekutieli};
use lpp_stats::{
    Bootstrap, Groups, GrowthLaw, MaxStatistic, MixedModel, RunTest, StudentizedBootstrap, Tail, Tfce,
    VariogramNull, VariogramSettings, VoxelSet, aveli, cluster_robust_ols, equivalence_p, equivalence_test,
    jackknife_std_err, laterality_curve, mean_ceiling, noise_ceiling, normal_quantile, normal_upper_p,
    normalize_by_ceiling, normalized_mean, participation_ratio, pearson, sign_flip_test,
    slopes_without_each_group, t_test_one_sample, t_test_welch, two_nn,
};
use ndarray::Array2;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// The cases whose name starts with `prefix`; at least one.
fn cases(prefix: &str) -> Vec<Value> {
    common::cases("inference.json", "LPP_STATS_INFERENCE", prefix)
}

fn matrix(value: &Value) -> Array2<f64> {
    let rows: Vec<Vec<f64>> = value.as_array().unwrap().iter().map(vector).collect();
    Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap()
}

/// Group numbers of a case, as labels.
fn groups(value: &Value) -> Groups {
    let labels: Vec<i64> = value
        .as_array()
        .unwrap()
        .iter()
        .map(|label| label.as_i64().unwrap())
        .collect();
    Groups::by_label(&labels)
}

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

#[track_caller]
fn assert_all_near(found: &[f64], expected: &Value, absolute: f64, relative: f64, what: &str) {
    let expected = vector(expected);
    assert_eq!(found.len(), expected.len(), "{what}");
    for (found, expected) in found.iter().zip(expected) {
        assert_near(*found, expected, absolute, relative, what);
    }
}

#[test]
fn welch_and_one_sample_tests_are_scipys() {
    let welch = cases("welch").into_iter().map(|case| {
        let found = t_test_welch(&vector(&case["inputs"]["a"]), &vector(&case["inputs"]["b"]));
        (found.unwrap(), case)
    });
    let one_sample = cases("onesample").into_iter().map(|case| {
        let found = t_test_one_sample(&vector(&case["inputs"]["a"]), number(&case["inputs"]["mean"]));
        (found.unwrap(), case)
    });
    for (found, case) in welch.chain(one_sample) {
        // A difference of means near zero loses some digits, which p inherits.
        assert_near(found.t, number(&case["expected"]["t"]), 0.0, 1e-11, "t");
        assert_near(found.df, number(&case["expected"]["df"]), 0.0, 1e-11, "df");
        assert_near(found.p, number(&case["expected"]["p"]), 0.0, 1e-9, "p");
    }
}

#[test]
fn equivalence_tests_are_statsmodels() {
    for case in cases("equivalence") {
        let found =
            equivalence_test(&vector(&case["inputs"]["a"]), number(&case["inputs"]["margin"])).unwrap();
        for (found, key) in [(found.p, "p"), (found.p_low, "p_low"), (found.p_high, "p_high")] {
            // As for t-tests.
            assert_near(found, number(&case["expected"][key]), 0.0, 1e-9, key);
        }
    }
}

#[test]
fn correlations_and_their_intervals_are_scipys() {
    for case in cases("correlation") {
        let found = pearson(&vector(&case["inputs"]["x"]), &vector(&case["inputs"]["y"])).unwrap();
        let expected = &case["expected"];
        assert_near(found.r, number(&expected["r"]), 1e-13, 0.0, "r");
        // Four digits are asked for at 1e-14; an error of r grows in p by up to n/(1 − r²), 1e4 here.
        assert_near(found.p, number(&expected["p"]), 0.0, 1e-9, "p");
        let interval = found
            .confidence_interval(number(&case["inputs"]["level"]))
            .unwrap();
        // r through atanh and tanh.
        assert_near(interval.low, number(&expected["low"]), 1e-13, 0.0, "low");
        assert_near(interval.high, number(&expected["high"]), 1e-13, 0.0, "high");
    }
}

#[test]
fn normal_tails_and_quantiles_are_scipys() {
    let case = &cases("normal_tail")[0];
    let upper: Vec<f64> = vector(&case["inputs"]["z"])
        .iter()
        .map(|&z| normal_upper_p(z))
        .collect();
    // A rounding of z grows in the tail by z², 1400 at the end.
    assert_all_near(&upper, &case["expected"]["upper"], 0.0, 1e-12, "upper tail");
    let case = &cases("normal_quantile")[0];
    let z: Vec<f64> = vector(&case["inputs"]["p"])
        .iter()
        .map(|&p| normal_quantile(p).unwrap())
        .collect();
    // SciPy's rational approximation, good to some 1e-15; zero at the median.
    assert_all_near(&z, &case["expected"]["z"], 1e-15, 1e-13, "quantile");
}

#[test]
fn false_discovery_rates_are_scipys() {
    for case in cases("fdr") {
        let p = vector(&case["inputs"]["p"]);
        for (method, key) in [(BenjaminiHochberg, "bh"), (BenjaminiYekutieli, "by")] {
            // Products of three factors.
            assert_all_near(
                &method.adjust(&p).unwrap(),
                &case["expected"][key],
                0.0,
                1e-14,
                key,
            );
        }
    }
}

#[test]
fn bootstrap_intervals_are_scipys_on_its_own_draws() {
    for case in cases("bootstrap") {
        let inputs = &case["inputs"];
        let bootstrap = Bootstrap::from_draws(
            number(&inputs["estimate"]),
            vector(&inputs["draws"]),
            vector(&inputs["jackknife"]),
        );
        let level = number(&inputs["level"]);
        let (bca, plain) = (
            bootstrap.bca_interval(level),
            bootstrap.percentile_interval(level),
        );
        for (interval, key) in [(bca.unwrap(), "bca"), (plain.unwrap(), "percentile")] {
            // Percentiles between draws near 1; their probability is rounded a dozen times.
            assert_all_near(
                &[interval.low, interval.high],
                &case["expected"][key],
                1e-11,
                0.0,
                key,
            );
        }
        assert_near(
            bootstrap.std_err(),
            number(&case["expected"]["std_err"]),
            0.0,
            1e-12,
            "std_err",
        );
    }
}

#[test]
fn studentised_intervals_follow_their_definition() {
    for case in cases("studentized") {
        let inputs = &case["inputs"];
        let draws = vector(&inputs["draws"])
            .into_iter()
            .zip(vector(&inputs["draw_errors"]));
        let found = StudentizedBootstrap::from_draws(
            number(&inputs["estimate"]),
            number(&inputs["std_err"]),
            draws.collect(),
        );
        let interval = found.interval(number(&inputs["level"])).unwrap();
        // Numbers near 1, a few roundings.
        assert_all_near(
            &[interval.low, interval.high],
            &case["expected"]["interval"],
            1e-12,
            1e-12,
            "interval",
        );
        // Counted.
        assert_eq!(found.p(number(&inputs["value"])), number(&case["expected"]["p"]));
    }
}

#[test]
fn cluster_robust_errors_are_those_of_their_definition_and_cr1_is_statsmodels() {
    for case in cases("cluster") {
        let inputs = &case["inputs"];
        let x: Vec<Vec<f64>> = inputs["x"].as_array().unwrap().iter().map(vector).collect();
        let x: Vec<&[f64]> = x.iter().map(Vec::as_slice).collect();
        let found = cluster_robust_ols(&vector(&inputs["y"]), &x, &groups(&inputs["group"])).unwrap();
        let of =
            |value: fn(&lpp_stats::RobustCoefficient) -> f64| found.iter().map(value).collect::<Vec<_>>();
        let expected = &case["expected"];
        // Inverse roots of matrices with eigenvalues down to 1e-3, on both sides by way of different decompositions.
        for (values, key) in [
            (of(|c| c.estimate), "coef"),
            (of(|c| c.std_err), "cr2"),
            (of(|c| c.df), "df"),
            (of(|c| c.p), "p"),
            (of(|c| c.std_err_cr1), "cr1"),
        ] {
            assert_all_near(&values, &expected[key], 1e-11, 1e-8, key);
        }
    }
}

#[test]
fn equivalence_of_an_estimate_follows_its_definition() {
    for case in cases("jackknife") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let without = vector(&inputs["without"]);
        let std_err = jackknife_std_err(&without);
        assert_near(std_err, number(&expected["std_err"]), 1e-16, 1e-10, "std_err");
        let (estimate, margin) = (number(&inputs["estimate"]), number(&inputs["margin"]));
        let p = equivalence_p(estimate, std_err, without.len() as f64 - 1.0, margin);
        assert_near(p, number(&expected["p"]), 1e-14, 1e-9, "p");
    }
}

#[test]
fn tests_over_runs_follow_their_definition() {
    for case in cases("runs") {
        let test = RunTest::of(&vector(&case["inputs"]["d"])).unwrap();
        for (found, key) in [
            (test.std_err, "std_err"),
            (test.p, "p"),
            (test.interval.low, "low"),
            (test.interval.high, "high"),
        ] {
            assert_near(found, number(&case["expected"][key]), 1e-14, 1e-9, key);
        }
    }
}

#[test]
fn crossed_tests_have_the_mean_squares_of_statsmodels() {
    for case in cases("crossed") {
        let (test, expected) = (
            RunTest::of_crossed(&matrix(&case["inputs"]["d"])).unwrap(),
            &case["expected"],
        );
        for (found, key) in [
            (test.std_err, "std_err"),
            (test.df, "df"),
            (test.p, "p"),
            (test.interval.low, "low"),
            (test.interval.high, "high"),
        ] {
            // Mean squares of a regression on dummies against sums over rows and columns.
            assert_near(found, number(&expected[key]), 1e-12, 1e-9, key);
        }
    }
}

#[test]
fn laws_of_growth_follow_their_definition() {
    for case in cases("growth") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let (x, y) = (vector(&inputs["x"]), vector(&inputs["y"]));
        let law = GrowthLaw::compare(&x, &y, &groups(&inputs["group"])).unwrap();
        for (found, key) in [
            (law.error_of_line, "line"),
            (law.error_of_plateau, "plateau"),
            (law.plateau.level, "level"),
            (law.plateau.half_way(), "half_way"),
        ] {
            // Least squares by two decompositions.
            assert_near(found, number(&expected[key]), 1e-14, 1e-8, key);
        }
    }
}

#[test]
fn dimensions_follow_their_definition() {
    for case in cases("dimension") {
        let points = matrix(&case["inputs"]["points"]);
        for (found, key) in [
            (participation_ratio(&points).unwrap(), "participation_ratio"),
            (two_nn(&points).unwrap(), "two_nn"),
        ] {
            // Eigenvalues and distances in another order of sums.
            assert_near(found, number(&case["expected"][key]), 0.0, 1e-9, key);
        }
    }
}

#[test]
fn sign_flips_are_scipys_exact_test() {
    for case in cases("signflip") {
        let test = sign_flip_test(&vector(&case["inputs"]["d"]), 1 << 10, &mut rng()).unwrap();
        assert!(test.exact);
        // Counts over a power of two.
        assert_eq!(test.p, number(&case["expected"]["p"]), "{}", case["name"]);
    }
}

#[test]
fn maxima_over_tests_are_counted() {
    let case = &cases("max")[0];
    let (null, observed) = (
        matrix(&case["inputs"]["null"]),
        vector(&case["inputs"]["observed"]),
    );
    for (tail, key) in [(Tail::Upper, "upper"), (Tail::TwoSided, "two_sided")] {
        let max = MaxStatistic::of_null(&null, tail).unwrap();
        assert_eq!(
            max.corrected_p(&observed),
            vector(&case["expected"][key]),
            "{key}"
        );
    }
}

#[test]
fn laterality_follows_its_definition() {
    for case in cases("laterality") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let (left, right) = (vector(&inputs["left"]), vector(&inputs["right"]));
        // Sums of a few dozen values in another order.
        assert_near(
            aveli(&left, &right),
            number(&expected["aveli"]),
            1e-13,
            0.0,
            "aveli",
        );
        let curve = laterality_curve(&left, &right, &vector(&inputs["thresholds"])).unwrap();
        let of = |index: fn(&lpp_stats::LateralityPoint) -> f64| curve.iter().map(index).collect::<Vec<_>>();
        assert_all_near(
            &of(|point| point.count_index),
            &expected["count_index"],
            1e-13,
            0.0,
            "counts",
        );
        assert_all_near(
            &of(|point| point.sum_index),
            &expected["sum_index"],
            1e-13,
            0.0,
            "sums",
        );
    }
}

#[test]
fn noise_ceilings_follow_their_definition() {
    let case = &cases("ceiling")[0];
    let (r_half, scores) = (
        matrix(&case["inputs"]["r_half"]),
        vector(&case["inputs"]["scores"]),
    );
    let expected = &case["expected"];
    let mean_r: Vec<f64> = r_half.mean_axis(ndarray::Axis(0)).unwrap().to_vec();
    let ceiling: Vec<f64> = mean_r.iter().map(|&r| noise_ceiling(r)).collect();
    // A handful of roundings everywhere.
    assert_all_near(&ceiling, &expected["ceiling"], 0.0, 1e-13, "ceiling");
    let normalized = normalize_by_ceiling(&scores, &mean_r).unwrap();
    assert_all_near(&normalized, &expected["normalized"], 0.0, 1e-13, "normalized");
    let all = VoxelSet::all(scores.len());
    let mean = normalized_mean(&scores, &r_half, &all, 20, &mut rng()).unwrap();
    assert_near(mean.estimate, number(&expected["mean"]), 0.0, 1e-13, "mean");
    assert_all_near(&mean.jackknife, &expected["jackknife"], 0.0, 1e-13, "jackknife");
    let ceiling = mean_ceiling(&r_half, &all, 20, &mut rng()).unwrap();
    assert_near(
        ceiling.estimate,
        number(&expected["mean_ceiling"]),
        0.0,
        1e-13,
        "mean ceiling",
    );
}

#[test]
fn slopes_without_a_family_are_statsmodels() {
    for case in cases("families") {
        let inputs = &case["inputs"];
        let without = slopes_without_each_group(
            &vector(&inputs["x"]),
            &vector(&inputs["y"]),
            &groups(&inputs["family"]),
        );
        for (i, without) in without.unwrap().iter().enumerate() {
            let near = |found: f64, key: &str| {
                // As for whole regression tables.
                assert_near(found, number(&case["expected"][key][i]), 0.0, 1e-7, key);
            };
            near(without.slope.estimate, "slope");
            near(without.slope.std_err, "std_err");
            near(without.slope.p, "p");
        }
    }
}

#[test]
fn mixed_models_maximise_the_restricted_likelihood() {
    for case in cases("mixed") {
        let (model, expected) = (mixed_model(&case), &case["expected"]);
        let fixed = |of: fn(&lpp_stats::FixedEffect) -> f64| model.fixed.iter().map(of).collect::<Vec<_>>();
        // Both searches locate the ratio of variances to the square root of rounding, some 1e-7.
        assert_all_near(
            &fixed(|effect| effect.estimate),
            &expected["coef"],
            1e-7,
            1e-6,
            "coef",
        );
        assert_all_near(
            &fixed(|effect| effect.std_err),
            &expected["std_err"],
            0.0,
            1e-6,
            "std_err",
        );
        assert_all_near(
            &fixed(|effect| effect.p_normal),
            &expected["p"],
            1e-12,
            1e-4,
            "p_normal",
        );
        assert_all_near(&fixed(|effect| effect.p), &expected["p_t"], 1e-12, 1e-4, "p");
        assert_all_near(
            &model.intercepts,
            &expected["intercepts"],
            1e-6,
            1e-6,
            "intercepts",
        );
        for (found, key) in [
            (model.residual_variance, "residual_variance"),
            (model.group_variance, "group_variance"),
        ] {
            assert_near(found, number(&expected[key]), 1e-6, 1e-6, key);
        }
        // At a maximum the error is second order.
        assert_near(
            model.log_likelihood,
            number(&expected["loglik"]),
            0.0,
            1e-12,
            "loglik",
        );
    }
}

#[test]
fn mixed_models_are_statsmodels() {
    let mut n_compared = 0;
    for case in cases("mixed") {
        let expected = &case["expected"]["statsmodels"];
        if expected.is_null() {
            continue;
        }
        n_compared += 1;
        let model = mixed_model(&case);
        // Where the reference's optimiser stops: gradients of 1e-10 in other parameters, variances to some 1e-6.
        for (i, effect) in model.fixed.iter().enumerate() {
            assert_near(effect.estimate, number(&expected["coef"][i]), 1e-6, 1e-5, "coef");
            // The reference inverts the Hessian of fixed effects and variances together, which leaves its errors somewhat
            // larger (seen: up to a third) than those given the variances (lme4's, and ours).
            let theirs = number(&expected["std_err"][i]);
            assert!(effect.std_err <= theirs * 1.000_01 && effect.std_err > 0.5 * theirs);
        }
        assert_near(
            model.residual_variance,
            number(&expected["residual_variance"]),
            0.0,
            1e-4,
            "residual",
        );
        assert_near(
            model.group_variance,
            number(&expected["group_variance"]),
            1e-5,
            1e-4,
            "group",
        );
        assert_near(
            model.log_likelihood,
            number(&expected["loglik"]),
            0.0,
            1e-9,
            "loglik",
        );
    }
    assert!(n_compared > 0);
}

fn mixed_model(case: &Value) -> MixedModel {
    let inputs = &case["inputs"];
    let columns: Vec<Vec<f64>> = inputs["x"].as_array().unwrap().iter().map(vector).collect();
    let regressors: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    MixedModel::fit(&vector(&inputs["y"]), &regressors, &groups(&inputs["group"])).unwrap()
}

#[test]
fn surrogates_follow_their_definition() {
    for case in cases("variogram") {
        let (inputs, expected) = (&case["inputs"], &case["expected"]);
        let settings = VariogramSettings::default();
        let null = VariogramNull::new(
            &vector(&inputs["values"]),
            &matrix(&inputs["distances"]),
            &settings,
        )
        .unwrap();
        // Weighted sums of a hundred pairs.
        assert_all_near(null.distances(), &expected["distances"], 1e-12, 0.0, "distances");
        assert_all_near(null.variogram(), &expected["variogram"], 1e-12, 0.0, "variogram");
        let surrogate = null
            .surrogate_of(&vector(&inputs["permuted"]), &vector(&inputs["noise"]))
            .unwrap();
        // The line between variograms divides by their spread, which smoothing makes small.
        assert_all_near(&surrogate, &expected["surrogate"], 1e-8, 0.0, "surrogate");
    }
}

#[test]
fn cluster_enhancement_is_nilearns() {
    for case in cases("tfce") {
        let inputs = &case["inputs"];
        let shape: [usize; 3] = serde_json::from_value(inputs["shape"].clone()).unwrap();
        let map = ndarray::Array3::from_shape_vec(shape, vector(&inputs["map"])).unwrap();
        let settings = Tfce {
            step: inputs["step"].as_f64(),
            two_sided: inputs["two_sided"].as_bool().unwrap(),
            ..Tfce::default()
        };
        let found: Vec<f64> = settings.of(&map).unwrap().into_iter().collect();
        // Sums in another order.
        assert_all_near(&found, &case["expected"]["tfce"], 1e-9, 1e-10, "tfce");
    }
}
