//! Options beyond the reference study, against plain loops and what they promise.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

mod common;

use std::num::NonZeroUsize;

use common::{Study, largest, slow_twin};
use lpp_ridge::{
    AlphaScope, AlphaSearch, InnerValidation, Metric, RidgeCv, RidgeCvFit, RidgeError, delayed, nested_choice,
};
use ndarray::{Array1, Array2, s};

const ALPHAS: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];
const LENGTHS: [usize; 5] = [30, 26, 33, 29, 31];

#[test]
fn the_layer_is_chosen_on_inner_data_as_by_plain_loops() {
    // Three layers of one target set, target by target: penalty and layer of each target by its own validation score.
    let studies: Vec<Study> = (0..3)
        .map(|layer| Study::new(40 + layer, &LENGTHS, 8, 6))
        .collect();
    let y: Vec<Array2<f64>> = (0..LENGTHS.len())
        .map(|run| {
            studies
                .iter()
                .map(|s| &s.y[run])
                .fold(Array2::zeros((LENGTHS[run], 6)), |a, b| a + b)
        })
        .collect();
    let model = RidgeCv::params()
        .alphas(ALPHAS)
        .inner(InnerValidation::All)
        .alpha_scope(AlphaScope::PerTarget)
        .validation_scores(true)
        .check()
        .unwrap();
    let fits: Vec<RidgeCvFit> = studies.iter().map(|s| model.fit(&s.x, &y).unwrap()).collect();
    let best = nested_choice(&fits.iter().collect::<Vec<_>>()).unwrap();

    for target in 0..6 {
        let own = |layer: &Study| Study {
            x: layer.x.clone(),
            y: y.iter()
                .map(|y| y.slice(s![.., target..=target]).to_owned())
                .collect(),
        };
        let slow: Vec<_> = studies
            .iter()
            .map(|layer| slow_twin(&own(layer), &ALPHAS, InnerValidation::All))
            .collect();
        let mut nested = 0.0;
        for fold in 0..LENGTHS.len() {
            let validation: Vec<f64> = slow
                .iter()
                .map(|layer| layer.curves.row(fold).iter().copied().fold(f64::MIN, f64::max))
                .collect();
            let layer = (0..3)
                .max_by(|&a, &b| validation[a].total_cmp(&validation[b]))
                .unwrap();
            assert_eq!(
                best.choice[[fold, target]],
                Some(layer),
                "fold {fold}, target {target}"
            );
            nested += slow[layer].fold_scores[[fold, 0]] / LENGTHS.len() as f64;
        }
        let means: Vec<f64> = slow
            .iter()
            .map(|layer| layer.fold_scores.mean().unwrap())
            .collect();
        let best_of_test = means.iter().copied().fold(f64::MIN, f64::max);
        // Systems of order 8 solved in two ways in double precision.
        assert!((best.scores[target] - nested).abs() < 1e-10);
        assert!((best.best_of_test[target] - best_of_test).abs() < 1e-10);
    }
    let gap: Array1<f64> = &best.best_of_test - &best.scores;
    assert!((best.optimism() - gap.mean().unwrap()).abs() < 1e-14); // two sums of six
}

#[test]
fn validation_scores_average_to_the_curve_at_the_choice() {
    let study = Study::new(50, &LENGTHS, 20, 700);
    for search in [
        AlphaSearch::Exhaustive,
        AlphaSearch::Screened {
            n_targets: 128,
            sigmas: 6.0,
            seed: 1,
        },
    ] {
        let model = RidgeCv::params()
            .alphas(ALPHAS)
            .alpha_search(search)
            .validation_scores(true);
        let fit = model.check().unwrap().fit(&study.x, &study.y).unwrap();
        let scores = fit.validation_scores.as_ref().unwrap();
        for (fold, &alpha) in fit.alpha_index().unwrap().iter().enumerate() {
            if fit.fully_scored[[fold, alpha]] {
                let mean = scores.row(fold).mean().unwrap();
                assert!((mean - fit.validation_curves[[fold, alpha]]).abs() < 1e-12); // 700 terms in another order
            }
        }
    }
}

#[test]
fn a_layer_without_validation_score_is_never_chosen() {
    let study = Study::new(51, &LENGTHS, 5, 3);
    let model = RidgeCv::params()
        .alphas(ALPHAS)
        .validation_scores(true)
        .check()
        .unwrap();
    let fit = model.fit(&study.x, &study.y).unwrap();
    let mut spoiled = fit.clone();
    let kept = spoiled.validation_scores.as_mut().unwrap();
    kept.fill(2.0);
    kept.column_mut(1).fill(f64::NAN);
    spoiled.scores[1] = f64::NAN;
    let best = nested_choice(&[&fit, &spoiled]).unwrap();
    assert!(best.choice.column(0).iter().all(|&c| c == Some(1)));
    assert!(best.choice.column(1).iter().all(|&c| c == Some(0)));
    assert_eq!(best.best_of_test, fit.scores);
    let nothing = nested_choice(&[&spoiled]).unwrap();
    assert_eq!(nothing.choice[[0, 1]], None);
    assert!(nothing.scores[1].is_nan() && nothing.best_of_test[1].is_nan());
}

#[test]
fn fits_that_cannot_be_compared_are_refused() {
    let study = Study::new(52, &LENGTHS, 5, 3);
    let params = RidgeCv::params().alphas(ALPHAS);
    let plain = params.clone().check().unwrap().fit(&study.x, &study.y).unwrap();
    let kept = params.validation_scores(true).check().unwrap();
    let fit = kept.fit(&study.x, &study.y).unwrap();
    let narrow = kept.fit(&study.x, &study.targets(&[0]).y).unwrap();
    assert!(matches!(nested_choice(&[]), Err(RidgeError::NoFits)));
    assert!(matches!(
        nested_choice(&[&fit, &plain]),
        Err(RidgeError::NoValidationScores { index: 1 })
    ));
    assert!(matches!(
        nested_choice(&[&fit, &narrow]),
        Err(RidgeError::FitShape {
            index: 1,
            found: [5, 1],
            expected: [5, 3]
        })
    ));
}

#[test]
fn one_two_and_three_threads_agree_to_the_bit() {
    let study = Study::new(53, &LENGTHS, 20, 900);
    let on = |threads| {
        let params = RidgeCv::params()
            .alphas(ALPHAS)
            .threads(NonZeroUsize::new(threads));
        let prepared = params
            .validation_scores(true)
            .check()
            .unwrap()
            .prepare(&study.x)
            .unwrap();
        let fit = prepared.score(&study.y).unwrap();
        let predicted = prepared.predictions(&fit, &study.y, &[700, 3]).unwrap();
        (fit, predicted)
    };
    let (one, predicted) = on(1);
    for threads in [2, 3] {
        let (many, predicted_by_many) = on(threads);
        // Products of this size stay on one thread in OpenBLAS, whatever its own number of threads.
        assert_eq!(one.fold_scores, many.fold_scores, "{threads} threads");
        assert_eq!(one.validation_curves, many.validation_curves, "{threads} threads");
        assert_eq!(one.validation_scores, many.validation_scores, "{threads} threads");
        assert_eq!(predicted, predicted_by_many, "{threads} threads");
    }
}

#[test]
fn predictions_have_the_scores_of_the_fit() {
    let study = Study::new(54, &LENGTHS, 20, 500);
    for scope in [AlphaScope::Global, AlphaScope::PerTarget] {
        let model = RidgeCv::params()
            .alphas(ALPHAS)
            .alpha_scope(scope)
            .metric(Metric::R2);
        let prepared = model.check().unwrap().prepare(&study.x).unwrap();
        let fit = prepared.score(&study.y).unwrap();
        let columns: Vec<usize> = (0..500).rev().collect();
        let predicted = prepared.predictions(&fit, &study.y, &columns).unwrap();
        let coefficients = prepared.coefficients(&fit, &study.y, &columns).unwrap();
        for (run, predicted) in predicted.iter().enumerate() {
            let from_coefficients = study.x[run].dot(&coefficients.index_axis(ndarray::Axis(0), run));
            assert!(largest(predicted, &from_coefficients) < 1e-10); // two solvers of order 20
            for (j, &column) in columns.iter().enumerate() {
                let (p, y) = (predicted.column(j), study.y[run].column(column));
                let (error, mean) = ((&p - &y).mapv(|v| v * v).sum(), y.mean().unwrap());
                let r2 = 1.0 - error / y.mapv(|v| (v - mean).powi(2)).sum();
                assert!((fit.fold_scores[[run, column]] - r2).abs() < 1e-12); // sums of 30 in another order
            }
        }
    }
}

#[test]
fn what_is_asked_of_a_fit_must_fit_it() {
    let study = Study::new(55, &LENGTHS, 5, 3);
    let prepare = |alphas: &[f64]| {
        RidgeCv::params()
            .alphas(alphas)
            .check()
            .unwrap()
            .prepare(&study.x)
            .unwrap()
    };
    let prepared = prepare(&ALPHAS);
    let fit = prepared.score(&study.y).unwrap();
    assert!(matches!(
        prepared.predictions(&fit, &study.y, &[0, 3]),
        Err(RidgeError::NoSuchTarget {
            column: 3,
            n_targets: 3
        })
    ));
    assert!(matches!(
        prepared.coefficients(&fit, &study.y, &[]),
        Err(RidgeError::NoTargets)
    ));
    assert!(matches!(
        prepared.predictions(&fit, &study.targets(&[0]).y, &[0]),
        Err(RidgeError::ForeignFit {
            found: [5, 3],
            expected: [5, 1]
        })
    ));
    let other = prepare(&[1.0, 2.0]);
    assert!(matches!(
        other.coefficients(&fit, &study.y, &[0]),
        Err(RidgeError::ForeignFit { .. })
    ));
}

#[test]
fn a_spoiled_target_has_no_predictions_of_its_own_and_harms_no_other() {
    let mut study = Study::new(56, &LENGTHS, 5, 3);
    let model = RidgeCv::params()
        .alphas(ALPHAS)
        .alpha_scope(AlphaScope::PerTarget)
        .check()
        .unwrap();
    let prepared = model.prepare(&study.x).unwrap();
    let plain = prepared
        .predictions(&prepared.score(&study.y).unwrap(), &study.y, &[0, 2])
        .unwrap();
    study.y[2][[4, 1]] = f64::NAN;
    let fit = prepared.score(&study.y).unwrap();
    let spoiled = prepared.predictions(&fit, &study.y, &[0, 1, 2]).unwrap();
    let coefficients = prepared.coefficients(&fit, &study.y, &[1, 2]).unwrap();
    for (plain, spoiled) in plain.iter().zip(&spoiled) {
        assert!(spoiled.column(1).iter().all(|v| v.is_nan()));
        assert_eq!(plain.column(0), spoiled.column(0));
        assert_eq!(plain.column(1), spoiled.column(2));
    }
    assert!(coefficients.slice(s![.., .., 0]).iter().all(|v| v.is_nan()));
    assert!(coefficients.slice(s![.., .., 1]).iter().all(|v| v.is_finite()));
}

#[test]
fn one_hopeless_target_decides_a_shared_penalty_by_r_squared_and_breaks_nothing() {
    // Targets without their mean removed in the test run only: R² near -1e12, far beyond any correlation.
    let mut study = Study::new(57, &LENGTHS, 5, 40);
    for run in 0..LENGTHS.len() {
        study.y[run].column_mut(7).mapv_inplace(|v| 1e6 + v);
    }
    let search = AlphaSearch::Screened {
        n_targets: 10,
        sigmas: 6.0,
        seed: 0,
    };
    let params = RidgeCv::params().alphas(ALPHAS).metric(Metric::R2);
    let exhaustive = params
        .clone()
        .alpha_search(AlphaSearch::Exhaustive)
        .check()
        .unwrap();
    let expected = exhaustive.fit(&study.x, &study.y).unwrap();
    let race = params.alpha_search(search).check().unwrap();
    let fit = race.fit(&study.x, &study.y).unwrap();
    // It is no matter of chance whether the race sees it.
    assert_eq!(fit.alpha_choice, expected.alpha_choice);
    assert_eq!(fit.fold_scores, expected.fold_scores);
    assert!(fit.scores[7] < -1e11 && fit.scores.iter().all(|s| s.is_finite()));
    assert!(expected.validation_curves.iter().all(|&mean| mean < -1e9));
    let order: Vec<usize> = (0..40).map(|i| (i * 7 + 3) % 40).collect();
    let shuffled = race.fit(&study.x, &study.targets(&order).y).unwrap();
    assert_eq!(fit.alpha_choice, shuffled.alpha_choice);
    let curves = exhaustive
        .fit(&study.x, &study.targets(&order).y)
        .unwrap()
        .validation_curves;
    assert_eq!(expected.validation_curves, curves);
}

#[test]
fn a_race_by_r_squared_chooses_as_the_exhaustive_search() {
    let study = Study::new(61, &LENGTHS, 30, 900);
    for inner in [InnerValidation::First, InnerValidation::All] {
        let params = RidgeCv::params().alphas(ALPHAS).metric(Metric::R2).inner(inner);
        let fit = |search| {
            params
                .clone()
                .alpha_search(search)
                .check()
                .unwrap()
                .fit(&study.x, &study.y)
                .unwrap()
        };
        let expected = fit(AlphaSearch::Exhaustive);
        let race = fit(AlphaSearch::Screened {
            n_targets: 200,
            sigmas: 6.0,
            seed: 2,
        });
        assert_eq!(race.alpha_choice, expected.alpha_choice);
        assert_eq!(race.fold_scores, expected.fold_scores);
        assert!(
            race.fully_scored.iter().any(|full| !full),
            "some penalties cannot win"
        );
    }
}

#[test]
fn groups_of_one_run_each_are_the_runs() {
    let study = Study::new(58, &LENGTHS, 12, 30);
    let params = RidgeCv::params().alphas(ALPHAS).inner(InnerValidation::All);
    let plain = params.clone().check().unwrap().fit(&study.x, &study.y).unwrap();
    let grouped = params
        .groups([2, 4, 5, 8, 100])
        .check()
        .unwrap()
        .fit(&study.x, &study.y)
        .unwrap();
    assert_eq!(plain.fold_scores, grouped.fold_scores);
    assert_eq!(plain.validation_curves, grouped.validation_curves);
}

#[test]
fn wrong_groups_are_refused() {
    let study = Study::new(59, &LENGTHS, 3, 2);
    let two = RidgeCv::params().groups([0, 0, 1, 1, 1]).check().unwrap();
    assert!(matches!(
        two.fit(&study.x, &study.y),
        Err(RidgeError::NoInnerFold { fold: 0, n_runs: 5 })
    ));
    let model = RidgeCv::params().groups([0, 1, 2, 3]).check().unwrap();
    let error = model.fit(&study.x, &study.y).unwrap_err();
    assert!(matches!(
        error,
        RidgeError::GroupCount {
            found: 4,
            expected: 5
        }
    ));
    assert_eq!(
        error.to_string(),
        "4 group labels for 5 runs, expected one for each"
    );
}

#[test]
fn delays_find_a_late_response() {
    // The target follows the only feature by two scans, which the feature itself cannot show.
    let x: Vec<Array2<f64>> = Study::new(60, &[60; 4], 1, 1).x;
    let white: Vec<Array2<f64>> = x.iter().map(|x| x.mapv(|v| (1e4 * v).sin())).collect();
    let y: Vec<Array2<f64>> = white.iter().map(|x| delayed(x, &[2]).unwrap()).collect();
    let late: Vec<Array2<f64>> = white.iter().map(|x| delayed(x, &[1, 2, 3]).unwrap()).collect();
    let model = RidgeCv::params().alphas([1e-3]).check().unwrap();
    assert!(model.fit(&white, &y).unwrap().scores[0] < 0.5);
    let prepared = model.prepare(&late).unwrap();
    let fit = prepared.score(&y).unwrap();
    assert!(fit.scores[0] > 0.999);
    let response = prepared.coefficients(&fit, &y, &[0]).unwrap();
    for fold in response.outer_iter() {
        assert!(fold[[0, 0]].abs() < 1e-3 && (fold[[1, 0]] - 1.0).abs() < 1e-3 && fold[[2, 0]].abs() < 1e-3);
    }
}
