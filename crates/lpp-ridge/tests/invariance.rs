//! What must not change the scores, and what must change them in a known way.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

mod common;

use common::{Study, largest};
use lpp_ridge::{AlphaSearch, RidgeCv, RidgeCvFit};
use ndarray::{Array2, Axis, concatenate};

const ALPHAS: [f64; 4] = [1.0, 10.0, 100.0, 1000.0];

fn fit(study: &Study) -> RidgeCvFit {
    RidgeCv::params()
        .alphas(ALPHAS)
        .check()
        .unwrap()
        .fit(&study.x, &study.y)
        .unwrap()
}

#[test]
fn the_order_of_targets_changes_nothing() {
    let study = Study::new(1, &[30, 26, 33, 29], 20, 1000);
    let order: Vec<usize> = (0..1000).map(|i| (i * 367 + 11) % 1000).collect();
    let (plain, shuffled) = (fit(&study), fit(&study.targets(&order)));
    assert_eq!(plain.validation_curves, shuffled.validation_curves);
    assert_eq!(plain.fold_scores.select(Axis(1), &order), shuffled.fold_scores);
}

#[test]
fn threads_change_nothing() {
    let study = Study::new(2, &[30, 26, 33, 29], 20, 1500);
    let on = |n| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(n)
            .build()
            .unwrap()
            .install(|| fit(&study))
    };
    let one = on(1);
    for n in [2, 3, 7] {
        let many = on(n);
        // The specification allows 1e-6; a BLAS that splits its own work may use some of it.
        assert!(
            largest(&one.fold_scores, &many.fold_scores) < 1e-12,
            "{n} threads"
        );
        assert_eq!(one.alpha_choice, many.alpha_choice, "{n} threads");
    }
}

#[test]
fn prepared_features_serve_many_target_sets() {
    let study = Study::new(3, &[30, 26, 33, 29], 20, 900);
    let model = RidgeCv::params().alphas(ALPHAS).check().unwrap();
    let prepared = model.prepare(&study.x).unwrap();
    for columns in [0..300, 300..310, 310..900] {
        let part = study.targets(&columns.collect::<Vec<_>>());
        let (reused, alone) = (prepared.score(&part.y).unwrap(), fit(&part));
        assert_eq!(reused.fold_scores, alone.fold_scores);
        assert_eq!(reused.validation_curves, alone.validation_curves);
        assert_eq!(reused.alpha_choice, alone.alpha_choice);
    }
}

#[test]
fn scaling_features_and_penalties_together_changes_nothing() {
    let study = Study::new(4, &[30, 26, 33, 29], 20, 50);
    let c = 1e3;
    let scaled: Vec<Array2<f64>> = study.x.iter().map(|x| x * c).collect();
    let alphas = ALPHAS.map(|a| a * c * c);
    let other = RidgeCv::params()
        .alphas(alphas)
        .check()
        .unwrap()
        .fit(&scaled, &study.y)
        .unwrap();
    let plain = fit(&study);
    assert!(largest(&plain.fold_scores, &other.fold_scores) < 1e-11); // scaling by 1000 rounds every element
    assert_eq!(plain.alpha_choice, other.alpha_choice);
}

#[test]
fn the_order_of_training_runs_matters_only_through_the_validation_run() {
    let study = Study::new(5, &[30, 26, 33, 29, 31], 20, 40);
    let order = [0, 1, 4, 2, 3]; // runs 0 and 1 validate
    let permuted = Study {
        x: order.iter().map(|&r| study.x[r].clone()).collect(),
        y: order.iter().map(|&r| study.y[r].clone()).collect(),
    };
    let (plain, other) = (fit(&study), fit(&permuted));
    assert!(largest(&plain.fold_scores.select(Axis(0), &order), &other.fold_scores) < 1e-11); // sums in another order
}

#[test]
fn a_constant_or_nan_target_disturbs_no_other() {
    let study = Study::new(6, &[30, 26, 33, 29], 20, 200);
    let plain = fit(&study);
    let with = |column: &dyn Fn(usize, usize) -> f64| {
        let y: Vec<Array2<f64>> = (0..4)
            .map(|run| {
                let n = study.y[run].nrows();
                let extra = Array2::from_shape_fn((n, 1), |(i, _)| column(run, i));
                concatenate![Axis(1), study.y[run], extra]
            })
            .collect();
        fit(&Study {
            x: study.x.clone(),
            y,
        })
    };
    let constant = with(&|_, _| 0.1);
    let flat_in_validation = with(&|run, i| if run < 2 { 0.0 } else { (i as f64).sin() });
    let missing = with(&|run, i| {
        if run == 3 && i == 7 {
            f64::NAN
        } else {
            (i as f64).sin()
        }
    });
    let infinite = with(&|run, _| if run == 2 { f64::INFINITY } else { 1.0 });
    for spoiled in [&constant, &flat_in_validation, &missing, &infinite] {
        assert!(spoiled.scores[200].is_nan());
        assert_eq!(spoiled.n_nan(), 1);
        assert_eq!(
            spoiled.fold_scores.slice(ndarray::s![.., ..200]).to_owned(),
            plain.fold_scores
        );
    }
    assert_eq!(constant.constant_targets, [200]);
    assert_eq!(constant.validation_curves, plain.validation_curves);
    assert_eq!(flat_in_validation.constant_targets, [200]);
    assert_eq!(flat_in_validation.validation_curves, plain.validation_curves);
    assert_eq!(missing.non_finite_targets, [200]);
    assert_eq!(missing.validation_curves, plain.validation_curves);
    assert_eq!(infinite.non_finite_targets, [200]);
}

#[test]
fn screening_ignores_spoiled_targets_too() {
    let mut study = Study::new(7, &[30, 26, 33, 29], 20, 600);
    study.y[0].column_mut(5).fill(2.0);
    let exhaustive = fit(&study);
    let search = AlphaSearch::Screened {
        n_targets: 300,
        sigmas: 6.0,
        seed: 3,
    };
    let model = RidgeCv::params()
        .alphas(ALPHAS)
        .alpha_search(search)
        .check()
        .unwrap();
    let screened = model.fit(&study.x, &study.y).unwrap();
    assert_eq!(screened.alpha_choice, exhaustive.alpha_choice);
    assert_eq!(screened.constant_targets, [5]);
}

#[test]
fn strided_and_column_major_arrays_are_the_same_to_it() {
    let study = Study::new(8, &[30, 26, 33, 29], 20, 50);
    let plain = fit(&study);
    let x: Vec<Array2<f64>> = study
        .x
        .iter()
        .map(|x| x.t().as_standard_layout().into_owned().reversed_axes())
        .collect();
    let wide: Vec<Array2<f64>> = study.y.iter().map(|y| concatenate![Axis(1), *y, *y]).collect();
    let y: Vec<_> = wide.iter().map(|y| y.slice(ndarray::s![.., 50..])).collect();
    let model = RidgeCv::params().alphas(ALPHAS).check().unwrap();
    assert_eq!(model.fit(&x, &y).unwrap().fold_scores, plain.fold_scores);
}
