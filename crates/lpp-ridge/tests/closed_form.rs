//! The fast path against the obvious one: normal equations solved by elimination for every fold and penalty.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

mod common;

use common::{Study, largest, slow_twin};
use lpp_ridge::{AlphaChoice, AlphaScope, AlphaSearch, Formulation, InnerValidation, RidgeCv};

const ALPHAS: [f64; 5] = [0.3, 3.0, 30.0, 300.0, 3000.0];

#[test]
fn scores_curves_and_penalties_equal_the_normal_equations() {
    for (seed, n_features) in [(1, 3), (2, 40), (3, 200)] {
        let study = Study::new(seed, &[21, 30, 25, 28], n_features, 7);
        for inner in [InnerValidation::First, InnerValidation::All] {
            let slow = slow_twin(&study, &ALPHAS, inner);
            for formulation in [Formulation::Primal, Formulation::Dual] {
                let model = RidgeCv::params()
                    .alphas(ALPHAS)
                    .inner(inner)
                    .formulation(formulation);
                let fit = model.check().unwrap().fit(&study.x, &study.y).unwrap();
                // Systems of order 200 with condition numbers up to 1e4, solved in two ways in double precision.
                assert!(
                    largest(&fit.fold_scores, &slow.fold_scores) < 1e-9,
                    "seed {seed} {formulation:?}"
                );
                assert!(
                    largest(&fit.validation_curves, &slow.curves) < 1e-9,
                    "seed {seed} {formulation:?}"
                );
                assert_eq!(
                    fit.alpha_index().unwrap(),
                    slow.alpha_index,
                    "seed {seed} {inner:?} {formulation:?}"
                );
            }
        }
    }
}

#[test]
fn a_penalty_per_target_is_that_of_the_target_fitted_alone() {
    let study = Study::new(5, &[24, 20, 31, 26, 22], 12, 9);
    for inner in [InnerValidation::First, InnerValidation::All] {
        let own = RidgeCv::params()
            .alphas(ALPHAS)
            .inner(inner)
            .alpha_scope(AlphaScope::PerTarget)
            .check()
            .unwrap();
        let shared = RidgeCv::params().alphas(ALPHAS).inner(inner).check().unwrap();
        let fit = own.fit(&study.x, &study.y).unwrap();
        let AlphaChoice::PerTarget(index) = &fit.alpha_choice else {
            panic!("{:?}", fit.alpha_choice)
        };
        assert_eq!(fit.alpha_counts().sum(), 5 * 9);
        for target in 0..9 {
            let alone = shared.fit(&study.x, &study.targets(&[target]).y).unwrap();
            let chosen: Vec<_> = index.column(target).iter().map(|i| i.unwrap()).collect();
            assert_eq!(chosen, alone.alpha_index().unwrap(), "target {target}");
            // The same arithmetic, perhaps at another place of a block.
            assert!(
                (fit.scores[target] - alone.scores[0]).abs() < 1e-12,
                "target {target}"
            );
        }
    }
}

#[test]
fn primal_and_dual_agree_around_as_many_features_as_scans() {
    for n_features in [70, 74, 75, 76, 80] {
        let study = Study::new(n_features as u64, &[25, 25, 25, 25, 25], n_features, 6);
        let fit = |formulation| {
            let model = RidgeCv::params()
                .alphas(ALPHAS)
                .formulation(formulation)
                .check()
                .unwrap();
            model.fit(&study.x, &study.y).unwrap()
        };
        let (primal, dual) = (fit(Formulation::Primal), fit(Formulation::Dual));
        assert!(largest(&primal.fold_scores, &dual.fold_scores) < 1e-8); // what the specification asks for
        assert_eq!(primal.alpha_index(), dual.alpha_index());
    }
}

#[test]
fn single_precision_stays_close_to_double() {
    for n_features in [10, 150] {
        let study = Study::new(11, &[30, 30, 28, 33], n_features, 40);
        let model = RidgeCv::params().alphas(ALPHAS).check().unwrap();
        let double = model.fit(&study.x, &study.y).unwrap();
        let (x, y) = study.single();
        let single = model.fit(&x, &y).unwrap();
        assert!(largest(&single.fold_scores, &double.fold_scores) < 1e-5); // the aim of the specification
        assert_eq!(single.alpha_index(), double.alpha_index());
    }
}

#[test]
fn screening_chooses_what_the_exhaustive_search_chooses() {
    for seed in 0..5 {
        let study = Study::new(100 + seed, &[40, 35, 45, 38], 100, 700);
        let alphas: Vec<f64> = (0..12).map(|i| 10_f64.powf(f64::from(i) / 2.0 - 3.0)).collect();
        let fit = |search| {
            let model = RidgeCv::params()
                .alphas(alphas.clone())
                .alpha_search(search)
                .check()
                .unwrap();
            model.fit(&study.x, &study.y).unwrap()
        };
        let exhaustive = fit(AlphaSearch::Exhaustive);
        let screened = fit(AlphaSearch::Screened {
            n_targets: 128,
            sigmas: 6.0,
            seed,
        });
        assert_eq!(screened.alpha_choice, exhaustive.alpha_choice);
        assert_eq!(screened.scores, exhaustive.scores);
        let dropped = screened.fully_scored.iter().filter(|full| !**full).count();
        assert!(dropped > 0, "nothing was screened out");
        for ((place, &full), &r) in screened
            .fully_scored
            .indexed_iter()
            .zip(&screened.validation_curves)
        {
            if full {
                assert!((r - exhaustive.validation_curves[place]).abs() < 1e-14); // an exact sum, divided
            }
        }
    }
}
