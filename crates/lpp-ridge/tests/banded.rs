//! Banded ridge against himalaya, on the cases of `fixtures/ridge-options/make.py`, and what it promises.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

mod common;

use common::options::{array, numbers, runs};
use common::{Study, largest};
use lpp_ridge::{
    AlphaScope, BandWeights, BandedRidge, BandedRidgeFit, Formulation, InnerValidation, Metric, RidgeCv,
    RidgeCvParams, RidgeError,
};
use lpp_testkit::{Tolerance, assert_close};
use ndarray::{Array2, Axis, array, s};

/// Both sides use f64, Cholesky here and eigenvectors there; himalaya adds 1e-10 ln α to a validation score, less than
/// 1e-9 for these penalties.
fn exact() -> Tolerance {
    Tolerance::absolute(2e-9)
}

fn settings() -> RidgeCvParams {
    RidgeCv::params()
        .alphas(numbers::<f64>("alphas"))
        .inner(InnerValidation::All)
        .alpha_scope(AlphaScope::PerTarget)
}

fn check(case: &str, params: &RidgeCvParams) {
    for formulation in [Formulation::Primal, Formulation::Dual] {
        let ridge = params.clone().formulation(formulation).check().unwrap();
        let model = BandedRidge::params(ridge, numbers::<usize>("bands"))
            .weights(BandWeights::Given(array("weights")))
            .split(true)
            .check()
            .unwrap();
        let fit = model.fit(&runs("x"), &runs("y")).unwrap();
        assert_close(&fit.fold_scores, &array(&format!("{case}_scores")), exact());
        let split = fit.split.as_ref().unwrap().to_owned();
        let (n_folds, n_targets) = fit.fold_scores.dim();
        assert_close(
            &split.into_shape_with_order((n_folds, 2 * n_targets)).unwrap(),
            &array(&format!("{case}_split")),
            exact(),
        );
        if let Some(validation) = &fit.validation_scores {
            assert_close(validation, &array(&format!("{case}_validation")), exact());
        }
        let deltas = array(&format!("{case}_deltas"))
            .into_shape_with_order((n_folds, 2, n_targets))
            .unwrap();
        for fold in 0..n_folds {
            for target in 0..n_targets {
                let found = fit.penalties(fold, target).unwrap().mapv(|p| -p.ln());
                for (found, &expected) in found.iter().zip(deltas.slice(s![fold, .., target])) {
                    // One logarithm and one quotient; both are minus infinity for a band left out.
                    let equal = found.is_infinite() && expected.is_infinite() && *found < 0.0;
                    assert!(
                        equal || (found - expected).abs() < 1e-12,
                        "{case}, fold {fold}, target {target}"
                    );
                }
            }
        }
    }
}

#[test]
fn himalaya_chooses_and_scores_alike_by_r_squared() {
    check("banded_r2", &settings().metric(Metric::R2));
}

#[test]
fn himalaya_chooses_and_scores_alike_by_correlation() {
    check("banded_r", &settings());
}

#[test]
fn himalaya_shares_weights_and_penalty_alike() {
    check(
        "banded_shared",
        &settings().metric(Metric::R2).alpha_scope(AlphaScope::Global),
    );
}

const ALPHAS: [f64; 3] = [1.0, 30.0, 1000.0];
const LENGTHS: [usize; 5] = [30, 26, 33, 29, 31];

fn banded(params: RidgeCvParams, weights: Array2<f64>) -> BandedRidge {
    BandedRidge::params(params.check().unwrap(), [4, 8])
        .weights(BandWeights::Given(weights))
        .split(true)
        .check()
        .unwrap()
}

#[test]
fn equal_weights_are_ridge_regression() {
    let study = Study::new(70, &LENGTHS, 12, 250);
    for scope in [AlphaScope::Global, AlphaScope::PerTarget] {
        for inner in [InnerValidation::First, InnerValidation::All] {
            let params = RidgeCv::params().alphas(ALPHAS).alpha_scope(scope).inner(inner);
            let plain = params.clone().check().unwrap().fit(&study.x, &study.y).unwrap();
            let fit = banded(params, array![[1.0, 1.0]])
                .fit(&study.x, &study.y)
                .unwrap();
            assert!(largest(&fit.fold_scores, &plain.fold_scores) < 1e-13); // the same products, perhaps at another place
            for ((fold, target), choice) in fit.choice.indexed_iter() {
                assert_eq!(choice.map(|c| c.alpha), plain.alpha_index_of(fold, target));
            }
        }
    }
}

#[test]
fn a_band_of_weight_zero_is_as_if_it_were_not_there() {
    let study = Study::new(71, &LENGTHS, 12, 20);
    let first: Vec<Array2<f64>> = study.x.iter().map(|x| x.slice(s![.., ..4]).to_owned()).collect();
    let params = RidgeCv::params().alphas(ALPHAS);
    let plain = params.clone().check().unwrap().fit(&first, &study.y).unwrap();
    let fit = banded(params, array![[1.0, 0.0]])
        .fit(&study.x, &study.y)
        .unwrap();
    assert!(largest(&fit.fold_scores, &plain.fold_scores) < 1e-10); // systems of order 12 and 4
    let split = fit.split.unwrap();
    assert!(
        split
            .index_axis(Axis(1), 1)
            .iter()
            .all(|&share| share.abs() < 1e-12)
    ); // a prediction of rounding alone
}

#[test]
fn candidates_score_the_mean_over_targets_at_the_penalty_of_each() {
    let mut study = Study::new(76, &LENGTHS, 12, 40);
    study.y[1].column_mut(3).fill(1.0); // has no score and does not count
    let params = RidgeCv::params()
        .alphas(ALPHAS)
        .alpha_scope(AlphaScope::PerTarget);
    let candidates = array![[0.5, 0.5], [0.1, 0.9]];
    let both = banded(params.clone(), candidates.clone())
        .fit(&study.x, &study.y)
        .unwrap();
    for (candidate, weights) in candidates.outer_iter().enumerate() {
        let alone = banded(params.clone(), weights.to_owned().insert_axis(Axis(0)))
            .fit(&study.x, &study.y)
            .unwrap();
        let scores = alone.validation_scores.unwrap();
        for (fold, scores) in scores.outer_iter().enumerate() {
            let known: Vec<f64> = scores.iter().copied().filter(|score| !score.is_nan()).collect();
            assert_eq!(known.len(), 39);
            let mean = known.iter().sum::<f64>() / 39.0;
            assert!((both.candidate_scores[[candidate, fold]] - mean).abs() < 1e-12);
        }
    }
}

#[test]
fn the_split_adds_up_to_r_squared() {
    let study = Study::new(72, &LENGTHS, 12, 300);
    let weights = BandWeights::random(6, 3).draw(2).unwrap();
    for formulation in [Formulation::Primal, Formulation::Dual] {
        let params = RidgeCv::params()
            .alphas(ALPHAS)
            .metric(Metric::R2)
            .formulation(formulation);
        let fit = banded(params.alpha_scope(AlphaScope::PerTarget), weights.clone())
            .fit(&study.x, &study.y)
            .unwrap();
        let sum = fit.split.as_ref().unwrap().sum_axis(Axis(1));
        assert!(largest(&sum, &fit.fold_scores) < 1e-10); // standardised targets have mean 0 to rounding
        let chosen: Vec<usize> = fit.choice.iter().flatten().map(|c| c.weights).collect();
        assert!(
            chosen.iter().any(|&w| w != chosen[0]),
            "one candidate for all tests little"
        );
    }
}

#[test]
fn a_target_finds_the_band_that_drives_it() {
    let study = Study::new(73, &[60; 5], 60, 1);
    // The first ten features drive the target, fifty others are noise that a shared penalty must fight.
    let y: Vec<Array2<f64>> = study
        .x
        .iter()
        .zip(&study.y)
        .map(|(x, y)| x.slice(s![.., ..10]).sum_axis(Axis(1)).insert_axis(Axis(1)) + y * 2.0)
        .collect();
    let params = RidgeCv::params()
        .alphas(lpp_ridge::AlphaGrid::logspace(-1.0, 4.0, 11).unwrap().values())
        .inner(InnerValidation::All);
    let plain = params.clone().check().unwrap().fit(&study.x, &y).unwrap();
    let model = BandedRidge::params(params.check().unwrap(), [10, 50]).weights(BandWeights::random(20, 1));
    let fit = model.check().unwrap().fit(&study.x, &y).unwrap();
    assert!(
        fit.scores[0] > plain.scores[0],
        "{} {}",
        fit.scores[0],
        plain.scores[0]
    );
    assert!(fit.mean_weights()[0] > 0.8, "{}", fit.mean_weights());
}

#[test]
fn single_precision_groups_and_threads_work_as_for_one_ridge() {
    let study = Study::new(74, &[20, 22, 24, 21, 25, 23], 12, 210);
    let params = RidgeCv::params()
        .alphas(ALPHAS)
        .alpha_scope(AlphaScope::PerTarget)
        .groups([0, 1, 2, 0, 1, 2]);
    let weights = array![[0.5, 0.5], [0.9, 0.1], [0.1, 0.9]];
    let fit = |threads| {
        let params = params.clone().threads(std::num::NonZeroUsize::new(threads));
        banded(params, weights.clone()).fit(&study.x, &study.y).unwrap()
    };
    let (one, three) = (fit(1), fit(3));
    assert_eq!(one.fold_scores, three.fold_scores); // such small products stay on one thread of OpenBLAS
    assert_eq!(one.split, three.split);
    assert_eq!(one.fold_scores.nrows(), 3);
    let (x, y) = study.single();
    let single = banded(params, weights).fit(&x, &y).unwrap();
    let agreeing: Vec<_> = one
        .choice
        .indexed_iter()
        .filter(|&(place, c)| single.choice[place] == *c)
        .collect();
    assert!(agreeing.len() > 620, "{} of 630", agreeing.len()); // others choose between scores equal in f32
    for (place, _) in agreeing {
        assert!((one.fold_scores[place] - single.fold_scores[place]).abs() < 1e-5); // the aim of the specification
    }
}

#[test]
fn spoiled_targets_are_listed_and_disturb_no_other() {
    let study = Study::new(75, &LENGTHS, 12, 9);
    let mut spoiled = study.clone();
    spoiled.y[1].column_mut(3).fill(1.0);
    spoiled.y[4][[2, 6]] = f64::NAN;
    for scope in [AlphaScope::Global, AlphaScope::PerTarget] {
        let params = RidgeCv::params().alphas(ALPHAS).alpha_scope(scope);
        let model = banded(params, array![[0.5, 0.5], [0.1, 0.9]]);
        let fit = |study: &Study| -> BandedRidgeFit { model.fit(&study.x, &study.y).unwrap() };
        let others = [0, 1, 2, 4, 5, 7, 8];
        let (plain, fit) = (fit(&study.targets(&others)), fit(&spoiled));
        assert_eq!(
            (fit.constant_targets.as_slice(), fit.non_finite_targets.as_slice()),
            (&[3][..], &[6][..])
        );
        assert!(fit.scores[3].is_nan() && fit.scores[6].is_nan());
        if scope == AlphaScope::PerTarget {
            assert_eq!(fit.penalties(0, 6), None);
            assert_eq!(fit.fold_scores.select(Axis(1), &others), plain.fold_scores);
        }
        assert!(others.iter().all(|&t| fit.scores[t].is_finite()));
    }
}

#[test]
fn bands_must_cover_the_features() {
    let study = Study::new(76, &LENGTHS, 12, 2);
    let params = |bands: &[usize]| BandedRidge::params(RidgeCv::params().check().unwrap(), bands);
    assert!(matches!(params(&[]).check(), Err(RidgeError::NoBands)));
    assert!(matches!(
        params(&[3, 0]).check(),
        Err(RidgeError::EmptyBand { band: 1 })
    ));
    let short = params(&[3, 4]).check().unwrap();
    assert!(matches!(
        short.fit(&study.x, &study.y),
        Err(RidgeError::BandWidths {
            found: 7,
            expected: 12
        })
    ));
    // Their sum is 12 in numbers of 64 bits.
    let beyond = params(&[usize::MAX, 13]).check().unwrap();
    assert!(matches!(
        beyond.fit(&study.x, &study.y),
        Err(RidgeError::BandWidths {
            found: usize::MAX,
            expected: 12
        })
    ));
    let mut dead = study.clone();
    dead.y.iter_mut().for_each(|y| y.fill(0.0));
    assert!(matches!(
        params(&[6, 6]).check().unwrap().fit(&dead.x, &dead.y),
        Err(RidgeError::NoUsableTarget {
            n_constant: 2,
            n_non_finite: 0
        })
    ));
}
