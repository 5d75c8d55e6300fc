//! Settings and data that are refused, each with an error that says why.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

use lpp_ridge::{AlphaSearch, Formulation, NanTargets, RidgeCv, RidgeError};
use ndarray::Array2;

fn wave(n: usize, m: usize, seed: f64) -> Array2<f64> {
    Array2::from_shape_fn((n, m), |(i, j)| ((i + 1) as f64 * (j as f64 + 1.3) * seed).sin())
}

fn runs(n_runs: usize, n_columns: usize, seed: f64) -> Vec<Array2<f64>> {
    (0..n_runs)
        .map(|r| wave(12, n_columns, seed + r as f64))
        .collect()
}

fn error(x: &[Array2<f64>], y: &[Array2<f64>]) -> RidgeError {
    RidgeCv::params().check().unwrap().fit(x, y).unwrap_err()
}

#[test]
fn settings_are_checked() {
    let refused = |alphas: &[f64]| RidgeCv::params().alphas(alphas).check().unwrap_err();
    assert!(matches!(refused(&[]), RidgeError::NoAlphas));
    assert!(matches!(
        refused(&[1.0, -1.0]),
        RidgeError::BadAlpha { index: 1, .. }
    ));
    assert!(matches!(
        refused(&[f64::NAN]),
        RidgeError::BadAlpha { index: 0, .. }
    ));
    assert!(matches!(refused(&[0.0]), RidgeError::BadAlpha { .. }));
    let narrow = AlphaSearch::Screened {
        n_targets: 1,
        sigmas: 6.0,
        seed: 0,
    };
    assert!(matches!(
        RidgeCv::params().alpha_search(narrow).check(),
        Err(RidgeError::BadScreening { .. })
    ));
}

#[test]
fn features_are_checked() {
    let y = runs(4, 2, 0.7);
    assert!(matches!(error(&[], &[]), RidgeError::NoRuns));
    assert!(matches!(
        error(&runs(1, 3, 0.3), &y[..1]),
        RidgeError::EmptyFold { fold: 0 }
    ));
    let mut x = runs(4, 3, 0.3);
    x[2] = wave(12, 5, 0.1);
    assert!(matches!(
        error(&x, &y),
        RidgeError::FeatureCount {
            run: 2,
            found: 5,
            expected: 3
        }
    ));
    assert!(matches!(
        error(&runs(4, 0, 0.3), &y),
        RidgeError::NoFeatures { run: 0 }
    ));
    let mut x = runs(4, 3, 0.3);
    x[1][[4, 2]] = f64::INFINITY;
    let refusal = error(&x, &y);
    assert!(
        matches!(
            refusal,
            RidgeError::NonFiniteFeature {
                run: 1,
                scan: 4,
                feature: 2,
                ..
            }
        ),
        "{refusal}"
    );
    assert_eq!(
        refusal.to_string(),
        "feature 2 of run 1 is inf at scan 4, expected finite numbers"
    );
    let mut x = runs(4, 3, 0.3);
    x[3] = wave(1, 3, 0.2);
    assert!(matches!(
        error(&x, &y),
        RidgeError::TooFewScans { run: 3, found: 1 }
    ));
}

#[test]
fn targets_are_checked() {
    let x = runs(4, 3, 0.3);
    assert!(matches!(
        error(&x, &runs(3, 2, 0.7)),
        RidgeError::RunCount {
            found: 3,
            expected: 4
        }
    ));
    assert!(matches!(error(&x, &runs(4, 0, 0.7)), RidgeError::NoTargets));
    let mut y = runs(4, 2, 0.7);
    y[1] = wave(11, 2, 0.7);
    assert!(matches!(
        error(&x, &y),
        RidgeError::ScanCount {
            run: 1,
            found: 11,
            expected: 12
        }
    ));
    y[1] = wave(12, 4, 0.7);
    assert!(matches!(
        error(&x, &y),
        RidgeError::TargetCount {
            run: 1,
            found: 4,
            expected: 2
        }
    ));
}

#[test]
fn a_validation_without_any_target_is_never_decided_silently() {
    let (x, mut y) = (runs(4, 3, 0.3), runs(4, 2, 0.7));
    y[0].fill(1.0);
    assert!(matches!(
        error(&x, &y),
        RidgeError::NoUsableTarget {
            n_constant: 2,
            n_non_finite: 0
        }
    ));
    let model = RidgeCv::params()
        .nan_targets(NanTargets::TakeFirstAlpha)
        .check()
        .unwrap();
    let fit = model.fit(&x, &y).unwrap();
    assert_eq!(fit.alpha_index().unwrap()[1..], [0, 0, 0]);
    assert!(fit.validation_curves.row(1).iter().all(|v| v.is_nan()));
}

#[test]
fn constant_features_predict_nothing() {
    let x: Vec<Array2<f64>> = (0..4).map(|_| Array2::zeros((12, 3))).collect();
    assert!(matches!(
        error(&x, &runs(4, 2, 0.7)),
        RidgeError::NoValidation { fold: 0 }
    ));
}

#[test]
fn penalties_at_which_predictions_vanish_are_refused() {
    // Two features with sums of squares 8 and 4 in each of three runs; the squares of the scans are 5, 5, 1 and 1.
    let x = vec![ndarray::array![[2.0, 1.0], [-2.0, -1.0], [0.0, 1.0], [0.0, -1.0]]; 3];
    for (formulation, expected) in [(Formulation::Primal, 18.0), (Formulation::Dual, 3.0)] {
        let prepare = |alpha: f64| {
            let params = RidgeCv::params().alphas([1.0, alpha]).formulation(formulation);
            params.check().unwrap().prepare(&x)
        };
        assert!(prepare(1e139).is_ok());
        let Err(RidgeError::VanishingPredictions { alpha, scale }) = prepare(1e142) else {
            panic!("{formulation:?}")
        };
        assert!((alpha / 1e142 - 1.0).abs() < 1e-15 && (scale - expected).abs() < 1e-14);
    }
}

#[test]
fn features_that_are_constant_in_a_run_are_listed() {
    let mut x: Vec<Array2<f64>> = (0..3)
        .map(|run| Array2::from_shape_fn((20, 4), |(i, j)| ((run + i * (j + 2)) as f64).sin()))
        .collect();
    x[1].column_mut(2).fill(0.1);
    let list = |x: &[Array2<f64>]| {
        RidgeCv::params()
            .check()
            .unwrap()
            .prepare(x)
            .unwrap()
            .constant_features()
    };
    assert_eq!(list(&x), [2]);
    x[2].column_mut(0).fill(0.0);
    assert_eq!(list(&x), [0, 2]);
    x[1][[4, 2]] = 3.0;
    assert_eq!(list(&x), [0]);
}
