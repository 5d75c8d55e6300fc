//! Models to keep: what they predict, and folds of every kind.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

mod common;

use std::sync::Arc;

use common::{Study, largest};
use lpp_ridge::{
    AlphaScope, BandWeights, BandedRidge, Folds, Formulation, InnerValidation, Metric, RidgeCv, RidgeError,
    RidgeModel,
};
use ndarray::{Array2, ArrayView2, Axis, concatenate, s};

const ALPHAS: [f64; 4] = [0.3, 10.0, 300.0, 3000.0];

/// Solves `(XᵀX + αI) B = XᵀY` over all runs by a fit with one penalty and the definition of its optimum.
fn gradient(study: &Study, model: &RidgeModel<f64>) -> f64 {
    let stack = |runs: &[Array2<f64>]| {
        concatenate(Axis(0), &runs.iter().map(|r| r.view()).collect::<Vec<_>>()).unwrap()
    };
    let (x, y) = (stack(&study.x), stack(&study.y));
    let residual = &y - &x.dot(model.coefficients());
    let gradient = x.t().dot(&residual) - &(model.coefficients().to_owned() * model.alphas().row(0));
    gradient.iter().fold(0.0, |m: f64, g| m.max(g.abs()))
}

#[test]
fn a_model_minimises_the_penalised_error_over_all_runs() {
    for n_features in [4, 30, 200] {
        let study = Study::new(31, &[30, 26, 33, 29], n_features, 12);
        for formulation in [Formulation::Primal, Formulation::Dual] {
            for scope in [AlphaScope::Global, AlphaScope::PerTarget] {
                let params = RidgeCv::params()
                    .alphas(ALPHAS)
                    .formulation(formulation)
                    .alpha_scope(scope);
                let model = params
                    .inner(InnerValidation::All)
                    .check()
                    .unwrap()
                    .refit(&study.x, &study.y)
                    .unwrap();
                // gradients of sums over 118 scans, systems of order 200 at most
                assert!(
                    gradient(&study, &model) < 1e-8,
                    "{n_features} {formulation:?} {scope:?}"
                );
            }
        }
    }
}

#[test]
fn its_penalty_is_the_best_over_the_runs_left_out() {
    let study = Study::new(32, &[30, 26, 33, 29], 20, 12);
    let ridge = RidgeCv::params()
        .alphas(ALPHAS)
        .inner(InnerValidation::All)
        .check()
        .unwrap();
    let model = ridge.refit(&study.x, &study.y).unwrap();
    // One penalty at a time, tested on each run: the mean test score is the validation curve of the model.
    let means: Vec<f64> = ALPHAS
        .iter()
        .map(|&alpha| {
            let one = RidgeCv::params().alphas([alpha]).check().unwrap();
            one.fit(&study.x, &study.y).unwrap().mean_score()
        })
        .collect();
    for (found, expected) in model.validation_curve().iter().zip(&means) {
        assert!((found - expected).abs() < 1e-12);
    }
    let best = (0..4).max_by(|&a, &b| means[a].total_cmp(&means[b])).unwrap();
    assert!(
        model
            .alphas()
            .iter()
            .all(|a| a.to_bits() == ALPHAS[best].to_bits())
    );
}

#[test]
fn scores_of_a_new_run_equal_those_of_the_fold_that_tests_it() {
    // More targets than are predicted together.
    let study = Study::new(36, &[30, 26, 33, 29], 20, 400);
    for metric in [Metric::Pearson, Metric::R2] {
        let ridge = RidgeCv::params().alphas([10.0]).metric(metric).check().unwrap();
        let mut y = study.y.clone();
        y[0].column_mut(5).fill(1.0);
        let fit = ridge.fit(&study.x, &study.y).unwrap();
        let model = ridge.refit(&study.x[..3], &y[..3]).unwrap();
        let mut test = y[3].clone();
        test.column_mut(390).fill(0.5);
        let found = model.score(&study.x[3], &test, metric).unwrap();
        // Columns in the order of memory score the same.
        let columns = test.t().as_standard_layout().into_owned().reversed_axes();
        let again = model.score(&study.x[3], &columns, metric).unwrap();
        assert_eq!(again.mapv(f64::to_bits), found.mapv(f64::to_bits));
        for (target, found) in found.iter().enumerate() {
            let expected = fit.fold_scores[[3, target]];
            let is_constant = [5, 390].contains(&target);
            assert!(found.is_nan() == is_constant);
            assert!(
                is_constant || (found - expected).abs() < 1e-12,
                "{target}: {found} {expected}"
            );
        }
        let error = model.score(&study.x[3], &test.slice(s![.., 1..]), metric);
        assert!(matches!(
            error,
            Err(RidgeError::ModelTargets {
                found: 399,
                expected: 400
            })
        ));
        let error = model.score(&study.x[2], &test, metric);
        assert!(matches!(
            error,
            Err(RidgeError::ScanCount {
                found: 29,
                expected: 33,
                ..
            })
        ));
    }
}

#[test]
fn predictions_of_a_new_run_equal_those_of_the_fold_that_tests_it() {
    let study = Study::new(33, &[30, 26, 33, 29], 20, 12);
    let ridge = RidgeCv::params().alphas([10.0]).check().unwrap();
    let prepared = ridge.prepare(&study.x).unwrap();
    let fit = prepared.score(&study.y).unwrap();
    let all: Vec<usize> = (0..12).collect();
    let tested = prepared.predictions(&fit, &study.y, &all).unwrap();
    let model = ridge.refit(&study.x[..3], &study.y[..3]).unwrap();
    assert!(largest(&model.predict(&study.x[3]).unwrap(), &tested[3]) < 1e-12);
    let some = model.predict_targets(&study.x[3].view(), &[7, 2]).unwrap();
    assert!(largest(&some, &tested[3].select(Axis(1), &[7, 2])) < 1e-12);
    assert!(matches!(
        model.predict_targets(&study.x[3], &[12]),
        Err(RidgeError::NoSuchTarget {
            column: 12,
            n_targets: 12
        })
    ));
    assert!(matches!(
        model.predict(&study.x[3].slice(s![.., 1..])),
        Err(RidgeError::ModelWidth {
            found: 19,
            expected: 20
        })
    ));
}

#[test]
fn a_banded_model_predicts_with_the_penalties_it_names() {
    let study = Study::new(34, &[30, 26, 33, 29], 20, 6);
    for scope in [AlphaScope::Global, AlphaScope::PerTarget] {
        let ridge = RidgeCv::params()
            .alphas(ALPHAS)
            .alpha_scope(scope)
            .inner(InnerValidation::All);
        let weights = BandWeights::Given(ndarray::array![[1.0, 0.1], [1.0, 0.0], [0.2, 1.0]]);
        let banded = BandedRidge::params(ridge.check().unwrap(), [8, 12])
            .weights(weights)
            .check()
            .unwrap();
        let model = banded.refit(&study.x, &study.y).unwrap();
        let stack = |runs: &[Array2<f64>]| {
            concatenate(Axis(0), &runs.iter().map(|r| r.view()).collect::<Vec<_>>()).unwrap()
        };
        let (x, y) = (stack(&study.x), stack(&study.y));
        let residual = &y - &x.dot(model.coefficients());
        let pull = x.t().dot(&residual);
        for target in 0..6 {
            let penalties = model.alphas().column(target).to_owned();
            for feature in 0..20 {
                let (b, penalty) = (
                    model.coefficients()[[feature, target]],
                    penalties[usize::from(feature >= 8)],
                );
                if penalty.is_infinite() {
                    assert!(b.abs() <= 0.0); // a band left out
                } else {
                    assert!((pull[[feature, target]] - penalty * b).abs() < 1e-8);
                }
            }
        }
    }
}

#[test]
fn a_banded_model_takes_the_best_weights_and_penalty_of_each_target() {
    let study = Study::new(37, &[30, 26, 33, 29], 20, 9);
    let weights = ndarray::array![[1.0, 0.1], [1.0, 0.0], [0.2, 1.0]];
    let refit = |weights: Array2<f64>, alphas: &[f64]| {
        let ridge = RidgeCv::params()
            .alphas(alphas)
            .alpha_scope(AlphaScope::PerTarget)
            .inner(InnerValidation::All);
        let banded =
            BandedRidge::params(ridge.check().unwrap(), [8, 12]).weights(BandWeights::Given(weights));
        banded.check().unwrap().refit(&study.x, &study.y).unwrap()
    };
    let model = refit(weights.clone(), &ALPHAS);
    let mut chosen = std::collections::BTreeSet::new();
    for target in 0..9 {
        let options = weights.outer_iter().flat_map(|row| {
            let row = row.to_owned().insert_axis(Axis(0));
            ALPHAS.map(|alpha| (refit(row.clone(), &[alpha]).best_scores()[target], &row / alpha))
        });
        let (score, inverse) = options.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        assert!((model.best_scores()[target] - score).abs() < 1e-12);
        for (penalty, inverse) in model.alphas().column(target).iter().zip(&inverse) {
            assert!((1.0 / penalty - inverse).abs() < 1e-12, "target {target}");
        }
        chosen.insert(format!("{inverse}"));
    }
    assert!(chosen.len() > 1, "one choice for all tests little");
}

#[test]
fn a_fit_stops_when_it_is_asked_to() {
    let study = Study::new(38, &[30, 26, 33], 6, 4);
    for stop in [false, true] {
        let flag = Arc::new(std::sync::atomic::AtomicBool::new(stop));
        let ridge = RidgeCv::params().alphas(ALPHAS).stop_when(flag).check().unwrap();
        let stopped = matches!(ridge.fit(&study.x, &study.y), Err(RidgeError::Stopped));
        let refit = matches!(ridge.refit(&study.x, &study.y), Err(RidgeError::Stopped));
        assert_eq!((stopped, refit), (stop, stop));
    }
}

#[test]
fn models_come_back_from_their_files_in_both_precisions() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let mut study = Study::new(35, &[30, 26, 33], 5, 4);
    study.y[1].column_mut(2).fill(437.3);
    let ridge = RidgeCv::params().alphas(ALPHAS).check().unwrap();
    let double = ridge.refit(&study.x, &study.y).unwrap();
    assert!(double.coefficients().column(2).iter().all(|b| b.is_nan()) && double.alphas()[[0, 2]].is_nan());
    double.save(&path).unwrap();
    let back = RidgeModel::<f64>::load(&path).unwrap();
    assert_eq!(format!("{back:?}"), format!("{double:?}")); // NaN is not equal to itself
    assert!(
        RidgeModel::<f32>::load(&path)
            .unwrap_err()
            .to_string()
            .contains("F64")
    );
    let (x, y) = study.single();
    let single = ridge.refit(&x, &y).unwrap();
    single.save(&path).unwrap();
    assert_eq!(
        format!("{:?}", RidgeModel::<f32>::load(&path).unwrap()),
        format!("{single:?}")
    );
    std::fs::write(&path, b"no model at all").unwrap();
    assert!(
        RidgeModel::<f32>::load(&path)
            .unwrap_err()
            .to_string()
            .contains("model.safetensors")
    );
    assert!(matches!(
        RidgeModel::<f64>::load(&folder.path().join("none")),
        Err(RidgeError::ModelFile { .. })
    ));
}

#[test]
fn runs_may_be_held_in_any_way() {
    let study = Study::new(36, &[30, 26, 33], 5, 4);
    let model = RidgeCv::params().alphas(ALPHAS).check().unwrap();
    let plain = model.fit(&study.x, &study.y).unwrap().fold_scores;
    let views: Vec<ArrayView2<f64>> = study.x.iter().map(|x| x.view()).collect();
    let shared: Vec<Arc<Array2<f64>>> = study.y.iter().cloned().map(Arc::new).collect();
    let borrowed: Vec<&Array2<f64>> = study.x.iter().collect();
    assert_eq!(model.fit(&views, &shared).unwrap().fold_scores, plain);
    assert_eq!(model.fit(&borrowed, &study.y).unwrap().fold_scores, plain);
    let two = model
        .refit(&[&study.x[0], &study.x[2]], &[&study.y[0], &study.y[2]])
        .unwrap();
    assert_eq!(two.coefficients().dim(), (5, 4));
}

#[test]
fn lists_of_rows_and_runs_are_the_runs_they_name() {
    let study = Study::new(37, &[30, 26, 33, 29], 20, 12);
    let params = || RidgeCv::params().alphas(ALPHAS).inner(InnerValidation::All);
    let plain = params().check().unwrap().fit(&study.x, &study.y).unwrap();
    let rows = [0..30, 30..56, 56..89, 89..118];
    let of_rows = |test: usize| {
        let train = rows
            .iter()
            .enumerate()
            .filter(|(k, _)| *k != test)
            .flat_map(|(_, rows)| rows.clone());
        (train.collect::<Vec<_>>(), rows[test].clone().collect::<Vec<_>>())
    };
    let of_runs = |test: usize| ((0..4).filter(|&k| k != test).collect::<Vec<_>>(), vec![test]);
    for folds in [
        Folds::OfRows((0..4).map(of_rows).collect()),
        Folds::OfRuns((0..4).map(of_runs).collect()),
    ] {
        let fit = params()
            .folds(folds)
            .check()
            .unwrap()
            .fit(&study.x, &study.y)
            .unwrap();
        assert_eq!(fit.fold_scores, plain.fold_scores);
        assert_eq!(fit.validation_curves, plain.validation_curves);
    }
    // One stack of all rows is the same, cut by rows.
    let stack = |runs: &[Array2<f64>]| {
        concatenate(Axis(0), &runs.iter().map(|r| r.view()).collect::<Vec<_>>()).unwrap()
    };
    let folds = Folds::OfRows((0..4).map(of_rows).collect());
    let fit = params()
        .folds(folds)
        .check()
        .unwrap()
        .fit(&[stack(&study.x)], &[stack(&study.y)])
        .unwrap();
    assert_eq!(fit.fold_scores, plain.fold_scores);
}

#[test]
fn a_fixed_test_run_is_scored_as_in_its_fold() {
    let study = Study::new(38, &[30, 26, 33, 29], 20, 12);
    let params = || RidgeCv::params().alphas(ALPHAS).inner(InnerValidation::All);
    let plain = params().check().unwrap().fit(&study.x, &study.y).unwrap();
    let fit = params()
        .folds(Folds::TestRuns(vec![3]))
        .check()
        .unwrap()
        .fit(&study.x, &study.y)
        .unwrap();
    assert_eq!(fit.fold_scores.dim(), (1, 12));
    assert!(
        largest(
            &fit.fold_scores,
            &plain.fold_scores.slice(s![3..4, ..]).to_owned()
        ) < 1e-12
    );
    assert_eq!(fit.alpha_index().unwrap()[0], plain.alpha_index().unwrap()[3]);
}

#[test]
fn shuffled_rows_score_as_a_slow_fit_of_the_same_rows() {
    let study = Study::new(39, &[40, 38], 6, 5);
    // Every third row is tested; the others train. One penalty, so that nothing is chosen.
    let test = |k: usize| (0..78).filter(|row| row % 3 == k).collect::<Vec<usize>>();
    let folds: Vec<_> = (0..3)
        .map(|k| ((0..78).filter(|row| row % 3 != k).collect(), test(k)))
        .collect();
    let stack = |runs: &[Array2<f64>]| {
        concatenate(Axis(0), &runs.iter().map(|r| r.view()).collect::<Vec<_>>()).unwrap()
    };
    let (x, y) = (stack(&study.x), stack(&study.y));
    let model = RidgeCv::params()
        .alphas([7.0])
        .folds(Folds::OfRows(folds.clone()))
        .check()
        .unwrap();
    let fit = model.fit(&study.x, &study.y).unwrap();
    let one = RidgeCv::params().alphas([7.0]).check().unwrap();
    for (k, (train, test)) in folds.into_iter().enumerate() {
        // The same fit by its parts: three runs, of which the third is tested.
        let half = train.len() / 2;
        let parts =
            |a: &Array2<f64>| [&train[..half], &train[half..], &test[..]].map(|rows| a.select(Axis(0), rows));
        let by_runs = one.fit(&parts(&x), &parts(&y)).unwrap();
        let found = fit.fold_scores.row(k).to_owned().insert_axis(Axis(0));
        let expected = by_runs.fold_scores.row(2).to_owned().insert_axis(Axis(0));
        assert!(largest(&found, &expected) < 1e-12);
    }
}

#[test]
fn runs_that_several_folds_test_are_predicted_by_the_last() {
    let study = Study::new(40, &[30, 26, 33, 29, 31], 6, 5);
    let folds = [vec![0, 1], vec![1, 2], vec![0, 2]].map(|test| (vec![3, 4], test));
    let model = RidgeCv::params()
        .alphas([7.0])
        .folds(Folds::OfRuns(folds.into()))
        .inner_folds(Folds::Runs);
    let prepared = model.check().unwrap().prepare(&study.x).unwrap();
    let fit = prepared.score(&study.y).unwrap();
    let columns = [4, 0, 1];
    let predicted = prepared.predictions(&fit, &study.y, &columns).unwrap();
    let coefficients = prepared.coefficients(&fit, &study.y, &columns).unwrap();
    // All folds train on the same runs.
    for (run, (x, found)) in study.x.iter().zip(&predicted).take(3).enumerate() {
        let expected = x.dot(&coefficients.index_axis(Axis(0), 2));
        assert!(largest(found, &expected) < 1e-11, "run {run}"); // two solvers of order 6
    }
    assert!(predicted[3].iter().chain(&predicted[4]).all(|v| v.is_nan()));
}
