//! Constant targets and features: what they get, and that the others get what a fit without them gives, to the bit.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod common;

use common::Study;
use lpp_ridge::{
    AlphaScope, AlphaSearch, BandWeights, BandedRidge, Element, InnerValidation, Metric, RidgeCv,
    RidgeCvParams, RidgeError, standardise_columns,
};
use ndarray::{Array2, ArrayRef2, Axis, concatenate, s};

const ALPHAS: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];

/// Values that a mean over most lengths does not give back exactly.
const CONSTANTS: [f64; 7] = [1e-6, 0.1, 437.3, 76.71, -76.71, 3e4, 1e9];

/// Which runs hold the constant.
const WHERE: [&[usize]; 5] = [&[0, 1, 2, 3], &[0], &[1], &[2, 3], &[0, 1, 2]];

/// Every kind of fit.
fn settings() -> Vec<(&'static str, RidgeCvParams)> {
    let plain = || RidgeCv::params().alphas(ALPHAS);
    let race = AlphaSearch::Screened {
        n_targets: 20,
        sigmas: 6.0,
        seed: 1,
    };
    vec![
        ("shared", plain()),
        ("race", plain().alpha_search(race)),
        ("all runs", plain().inner(InnerValidation::All)),
        ("R2", plain().metric(Metric::R2).alpha_search(race)),
        ("per target", plain().alpha_scope(AlphaScope::PerTarget)),
        (
            "per target, R2, groups",
            plain()
                .alpha_scope(AlphaScope::PerTarget)
                .metric(Metric::R2)
                .groups([5, 2, 7, 9]),
        ),
    ]
}

/// Targets with a column of a constant in some runs at position `at`.
fn spoiled<A: Element>(y: &[Array2<A>], at: usize, runs: &[usize], value: f64) -> Vec<Array2<A>> {
    let with = |(run, y): (usize, &Array2<A>)| {
        let column = Array2::from_shape_fn((y.nrows(), 1), |(i, _)| {
            let varying = (0.7 * (i * (run + 2)) as f64).sin();
            A::from_double(if runs.contains(&run) {
                value
            } else {
                value + varying
            })
        });
        concatenate![Axis(1), y.slice(s![.., ..at]), column, y.slice(s![.., at..])]
    };
    y.iter().enumerate().map(with).collect()
}

fn without<A: Clone>(scores: &ArrayRef2<A>, at: usize) -> Array2<A> {
    concatenate![
        Axis(1),
        scores.slice(s![.., ..at]),
        scores.slice(s![.., at + 1..])
    ]
}

fn same_bits(a: &Array2<f64>, b: &Array2<f64>) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

fn others_are_undisturbed<A: Element>(n_scans: usize, value: f64, runs: &[usize]) {
    let study = Study::new(n_scans as u64, &[n_scans; 4], 6, 60);
    let convert =
        |runs: &[Array2<f64>]| -> Vec<Array2<A>> { runs.iter().map(|a| a.mapv(A::from_double)).collect() };
    let (x, y) = (convert(&study.x), convert(&study.y));
    let at = 17;
    let dead = spoiled(&y, at, runs, value);
    for (name, params) in settings() {
        let case = format!("{name}, {n_scans} scans, {value} in runs {runs:?}");
        let model = params.check().unwrap();
        let (alone, beside) = (model.fit(&x, &y).unwrap(), model.fit(&x, &dead).unwrap());
        assert!(beside.scores[at].is_nan(), "{case}: {}", beside.scores[at]);
        assert_eq!(beside.n_nan(), 1, "{case}");
        assert_eq!(beside.constant_targets, [at], "{case}");
        assert!(
            same_bits(&without(&beside.fold_scores, at), &alone.fold_scores),
            "{case}"
        );
        assert!(
            same_bits(&beside.validation_curves, &alone.validation_curves),
            "{case}"
        );
        assert_eq!(beside.alpha_index(), alone.alpha_index(), "{case}");
        assert_eq!(beside.fully_scored, alone.fully_scored, "{case}");
        for fold in 0..4 {
            assert_eq!(
                beside.alpha_index_of(fold, at + 1),
                alone.alpha_index_of(fold, at),
                "{case}"
            );
        }
    }
}

#[test]
fn constants_of_any_size_disturb_nobody() {
    for (i, value) in CONSTANTS.into_iter().enumerate() {
        others_are_undisturbed::<f64>(71, value, WHERE[i % 5]);
        others_are_undisturbed::<f32>(71, value, WHERE[i % 5]);
    }
}

#[test]
fn constants_of_any_length_disturb_nobody() {
    for (i, n_scans) in [20, 150, 282, 999, 2000].into_iter().enumerate() {
        for value in [1e-6, 437.3, 1e9] {
            others_are_undisturbed::<f64>(n_scans, value, WHERE[i]);
            others_are_undisturbed::<f32>(n_scans, value, WHERE[4 - i]);
        }
    }
}

#[test]
fn banded_fits_leave_constants_out_too() {
    let study = Study::new(9, &[71, 60, 282, 90], 6, 30);
    for (i, value) in CONSTANTS.into_iter().enumerate() {
        let runs = WHERE[i % 5];
        let dead = spoiled(&study.y, 4, runs, value);
        for scope in [AlphaScope::Global, AlphaScope::PerTarget] {
            for metric in [Metric::Pearson, Metric::R2] {
                let ridge = RidgeCv::params().alphas(ALPHAS).alpha_scope(scope).metric(metric);
                let model = BandedRidge::params(ridge.check().unwrap(), [2, 4])
                    .weights(BandWeights::random(4, 3))
                    .split(true)
                    .check()
                    .unwrap();
                let alone = model.fit(&study.x, &study.y).unwrap();
                let beside = model.fit(&study.x, &dead).unwrap();
                assert!(beside.scores[4].is_nan() && beside.choice.column(4).iter().all(Option::is_none));
                assert_eq!(beside.constant_targets, [4]);
                assert!(same_bits(&without(&beside.fold_scores, 4), &alone.fold_scores));
                assert!(same_bits(&beside.candidate_scores, &alone.candidate_scores));
                assert_eq!(without(&beside.choice, 4), alone.choice);
                let (found, expected) = (beside.split.unwrap(), alone.split.unwrap());
                assert_eq!(found.index_axis(Axis(2), 5), expected.index_axis(Axis(2), 4));
            }
        }
    }
}

#[test]
fn a_target_that_is_constant_in_one_run_has_scores_on_the_others() {
    let study = Study::new(10, &[40, 35, 50, 45], 5, 8);
    let mut y = study.y.clone();
    y[2].column_mut(3).fill(437.3);
    let fit = RidgeCv::params()
        .alphas(ALPHAS)
        .check()
        .unwrap()
        .fit(&study.x, &y)
        .unwrap();
    let nan: Vec<bool> = fit.fold_scores.column(3).iter().map(|v| v.is_nan()).collect();
    assert_eq!(nan, [false, false, true, false]);
}

#[test]
fn targets_without_a_live_one_are_refused_with_their_counts() {
    let study = Study::new(11, &[30, 30, 30], 3, 2);
    let mut y = study.y.clone();
    y[1].column_mut(0).fill(0.3);
    y[2][[4, 1]] = f64::NAN;
    let refusal = RidgeCv::params().check().unwrap().fit(&study.x, &y);
    assert!(matches!(
        refusal,
        Err(RidgeError::NoUsableTarget {
            n_constant: 1,
            n_non_finite: 1
        })
    ));
}

#[test]
fn a_constant_feature_is_zero_counted_and_changes_nothing() {
    let study = Study::new(12, &[40, 282, 50, 45], 5, 8);
    let model = RidgeCv::params().alphas(ALPHAS).check().unwrap();
    let alone = model.fit(&study.x, &study.y).unwrap();
    for (i, value) in CONSTANTS.into_iter().enumerate() {
        let x: Vec<Array2<f64>> = study
            .x
            .iter()
            .map(|x| {
                standardise_columns(&concatenate![
                    Axis(1),
                    *x,
                    Array2::from_elem((x.nrows(), 1), value)
                ])
            })
            .collect();
        let prepared = model.prepare(&x).unwrap();
        assert_eq!(prepared.constant_features(), [5]);
        let fit = prepared.score(&study.y).unwrap();
        // A zero column adds zeros to sums of 5 terms; standardising twice rounds once more.
        assert!(
            common::largest(&fit.fold_scores, &alone.fold_scores) < 1e-12,
            "{i}"
        );
    }
}

#[test]
fn a_penalty_beyond_all_scales_is_named() {
    let study = Study::new(13, &[30, 30, 30], 3, 2);
    for alphas in [&[1e308][..], &[1.0, 1e300], &[1e250, 1e260]] {
        let refusal = RidgeCv::params()
            .alphas(alphas)
            .check()
            .unwrap()
            .fit(&study.x, &study.y);
        let message = refusal.unwrap_err().to_string();
        assert!(
            message.contains("penalty") && message.contains("too large"),
            "{message}"
        );
        assert!(message.len() < 300, "{message}");
    }
    let (x, y) = study.single();
    let refusal = RidgeCv::params().alphas([1e36]).check().unwrap().fit(&x, &y);
    assert!(matches!(refusal, Err(RidgeError::VanishingPredictions { .. })));
    assert!(
        RidgeCv::params()
            .alphas([1e36])
            .check()
            .unwrap()
            .fit(&study.x, &study.y)
            .is_ok()
    );
}
