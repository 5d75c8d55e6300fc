//! What must hold with every engine.

use lpp_ridge::{
    AlphaChoice, AlphaScope, AlphaSearch, BandWeights, BandedRidge, Engine, Folds, Formulation,
    InnerValidation, Metric, NanTargets, NullOrders, RidgeCv, RidgeCvFit, RidgeCvParams, RidgeError,
};
use lpp_testkit::Tolerance;
use ndarray::{Array2, Axis, concatenate, s};

use super::{Study, golden, largest, slow_twin};

const ALPHAS: [f64; 5] = [0.3, 3.0, 30.0, 300.0, 3000.0];

/// One `#[test]` for each check of this module, with one engine.
macro_rules! engine_tests {
    ($engine:expr) => {
        $crate::common::suite::engine_tests!(
            $engine,
            double_precision_agrees_with_scikit_learn_to_nine_digits,
            single_precision_agrees_with_scikit_learn_to_four_digits,
            a_dead_target_can_be_treated_as_numpy_does,
            scores_curves_and_penalties_equal_the_normal_equations,
            a_penalty_per_target_is_that_of_the_target_fitted_alone,
            single_precision_stays_close_to_double,
            a_constant_or_nan_target_disturbs_no_other,
            prepared_features_serve_many_target_sets,
            three_runs_are_enough_and_two_are_refused,
            targets_are_checked,
            a_validation_without_any_target_is_never_decided_silently,
            strided_and_column_major_arrays_are_the_same_to_it,
            every_setting_agrees_with_the_default_engine
        );
    };
    ($engine:expr, $($check:ident),+) => {
        $(#[test] fn $check() { $crate::common::suite::$check($engine); })+
    };
}
pub(crate) use engine_tests;

fn fit(engine: Engine, settings: RidgeCvParams, study: &Study) -> RidgeCvFit {
    try_fit(engine, settings, &study.x, &study.y).unwrap()
}

fn try_fit(
    engine: Engine,
    settings: RidgeCvParams,
    x: &[Array2<f64>],
    y: &[Array2<f64>],
) -> Result<RidgeCvFit, RidgeError> {
    settings.engine(engine).check().unwrap().fit(x, y)
}

pub fn double_precision_agrees_with_scikit_learn_to_nine_digits(engine: Engine) {
    for case in ["primal", "dual"] {
        // Both sides use f64 and exact solvers; the specification asks for 1e-9.
        golden::check::<f64>(engine, case, NanTargets::Ignore, Tolerance::absolute(1e-9));
    }
}

pub fn single_precision_agrees_with_scikit_learn_to_four_digits(engine: Engine) {
    // scikit-learn solves in f32 here, which the specification allows 1e-4.
    golden::check::<f32>(engine, "single", NanTargets::Ignore, Tolerance::absolute(1e-4));
}

pub fn a_dead_target_can_be_treated_as_numpy_does(engine: Engine) {
    let rule = NanTargets::TakeFirstAlpha;
    golden::check::<f64>(engine, "dead", rule, Tolerance::absolute(1e-9)); // as for the others in f64
}

pub fn scores_curves_and_penalties_equal_the_normal_equations(engine: Engine) {
    for (seed, n_features) in [(1, 3), (2, 40), (3, 200)] {
        let study = Study::new(seed, &[21, 30, 25, 28], n_features, 7);
        for inner in [InnerValidation::First, InnerValidation::All] {
            let slow = slow_twin(&study, &ALPHAS, inner);
            for formulation in [Formulation::Primal, Formulation::Dual] {
                let settings = RidgeCv::params()
                    .alphas(ALPHAS)
                    .inner(inner)
                    .formulation(formulation);
                let fit = fit(engine, settings, &study);
                let case = format!("seed {seed} {inner:?} {formulation:?}");
                // Systems of order 200 with condition numbers up to 1e4, solved in two ways in double precision.
                assert!(largest(&fit.fold_scores, &slow.fold_scores) < 1e-9, "{case}");
                assert!(largest(&fit.validation_curves, &slow.curves) < 1e-9, "{case}");
                assert_eq!(fit.alpha_index().unwrap(), slow.alpha_index, "{case}");
            }
        }
    }
}

pub fn a_penalty_per_target_is_that_of_the_target_fitted_alone(engine: Engine) {
    let study = Study::new(5, &[24, 20, 31, 26, 22], 12, 9);
    for inner in [InnerValidation::First, InnerValidation::All] {
        let settings = RidgeCv::params().alphas(ALPHAS).inner(inner);
        let own = fit(
            engine,
            settings.clone().alpha_scope(AlphaScope::PerTarget),
            &study,
        );
        let AlphaChoice::PerTarget(index) = &own.alpha_choice else {
            panic!("{:?}", own.alpha_choice)
        };
        for target in 0..9 {
            let alone = fit(engine, settings.clone(), &study.targets(&[target]));
            let chosen: Vec<_> = index.column(target).iter().map(|i| i.unwrap()).collect();
            assert_eq!(chosen, alone.alpha_index().unwrap(), "target {target}");
            // The same arithmetic, perhaps by another kernel.
            assert!(
                (own.scores[target] - alone.scores[0]).abs() < 1e-12,
                "target {target}"
            );
        }
    }
}

pub fn single_precision_stays_close_to_double(engine: Engine) {
    for n_features in [10, 150] {
        let study = Study::new(11, &[30, 30, 28, 33], n_features, 40);
        let model = RidgeCv::params().alphas(ALPHAS).engine(engine).check().unwrap();
        let double = fit(engine, RidgeCv::params().alphas(ALPHAS), &study);
        let (x, y) = study.single();
        let single = model.fit(&x, &y).unwrap();
        assert!(largest(&single.fold_scores, &double.fold_scores) < 1e-5); // the aim of the specification
        assert_eq!(single.alpha_index(), double.alpha_index());
    }
}

pub fn a_constant_or_nan_target_disturbs_no_other(engine: Engine) {
    let study = Study::new(6, &[30, 26, 33, 29], 20, 50);
    for scope in [AlphaScope::Global, AlphaScope::PerTarget] {
        let settings = RidgeCv::params().alphas(ALPHAS).alpha_scope(scope);
        let plain = fit(engine, settings.clone(), &study);
        let with = |column: &dyn Fn(usize, usize) -> f64| {
            let extra = |run: usize, n: usize| Array2::from_shape_fn((n, 1), |(i, _)| column(run, i));
            let y = study
                .y
                .iter()
                .enumerate()
                .map(|(run, y)| concatenate![Axis(1), *y, extra(run, y.nrows())])
                .collect();
            let x = study.x.clone();
            fit(engine, settings.clone(), &Study { x, y })
        };
        let constant = with(&|_, _| 0.1);
        let missing = with(&|run, i| match (run, i) {
            (3, 7) => f64::NAN,
            _ => (i as f64).sin(),
        });
        let infinite = with(&|run, _| if run == 2 { f64::INFINITY } else { 1.0 });
        for spoiled in [&constant, &missing, &infinite] {
            assert!(spoiled.scores[50].is_nan());
            assert_eq!(spoiled.n_nan(), 1);
            let others = spoiled.fold_scores.slice(s![.., ..50]).to_owned();
            // A wider block may meet another kernel, which rounds in another order.
            assert!(largest(&others, &plain.fold_scores) < 1e-12);
            assert!(largest(&spoiled.validation_curves, &plain.validation_curves) < 1e-12);
        }
        assert_eq!(constant.constant_targets, [50]);
        assert_eq!(missing.non_finite_targets, [50]);
        assert_eq!(infinite.non_finite_targets, [50]);
        assert!(missing.constant_targets.is_empty() && constant.non_finite_targets.is_empty());
        if let AlphaChoice::PerTarget(index) = &missing.alpha_choice {
            assert!(index.column(50).iter().all(Option::is_none));
        }
    }
}

pub fn prepared_features_serve_many_target_sets(engine: Engine) {
    let study = Study::new(3, &[30, 26, 33, 29], 20, 300);
    let settings = || RidgeCv::params().alphas(ALPHAS);
    let prepared = settings()
        .engine(engine)
        .check()
        .unwrap()
        .prepare(&study.x)
        .unwrap();
    assert!(prepared.is_primal()); // 20 features, 85 scans and more
    for columns in [0..100, 100..110, 110..300] {
        let part = study.targets(&columns.collect::<Vec<_>>());
        let (reused, alone) = (prepared.score(&part.y).unwrap(), fit(engine, settings(), &part));
        assert_eq!(reused.fold_scores, alone.fold_scores);
        assert_eq!(reused.alpha_choice, alone.alpha_choice);
    }
}

pub fn three_runs_are_enough_and_two_are_refused(engine: Engine) {
    for formulation in [Formulation::Primal, Formulation::Dual] {
        let study = Study::new(12, &[30, 26, 33], 6, 5);
        let settings = || RidgeCv::params().alphas(ALPHAS).formulation(formulation);
        let slow = slow_twin(&study, &ALPHAS, InnerValidation::First);
        // A system of order 59 at most, in double precision.
        assert!(largest(&fit(engine, settings(), &study).fold_scores, &slow.fold_scores) < 1e-9);
        let refusal = try_fit(engine, settings(), &study.x[..2], &study.y[..2]);
        assert!(matches!(
            refusal,
            Err(RidgeError::NoInnerFold { fold: 0, n_runs: 2 })
        ));
    }
}

pub fn targets_are_checked(engine: Engine) {
    let Study { x, y } = Study::new(13, &[30, 26, 33, 29], 5, 3);
    let refusal =
        |x: &[Array2<f64>], y: &[Array2<f64>]| try_fit(engine, RidgeCv::params(), x, y).unwrap_err();
    let fewer = RidgeError::RunCount {
        found: 3,
        expected: 4,
    };
    assert_eq!(refusal(&x, &y[..3]).to_string(), fewer.to_string());
    let mut short = y.clone();
    short[1] = short[1].slice(s![1.., ..]).to_owned();
    assert!(matches!(
        refusal(&x, &short),
        RidgeError::ScanCount {
            run: 1,
            found: 25,
            expected: 26
        }
    ));
    let mut spoiled = x.clone();
    spoiled[2][[4, 1]] = f64::NAN;
    assert!(matches!(
        refusal(&spoiled, &y),
        RidgeError::NonFiniteFeature {
            run: 2,
            scan: 4,
            feature: 1,
            ..
        }
    ));
}

pub fn a_validation_without_any_target_is_never_decided_silently(engine: Engine) {
    let Study { x, mut y } = Study::new(14, &[30, 26, 33, 29], 5, 3);
    y[0].fill(1.0);
    let refusal = try_fit(engine, RidgeCv::params(), &x, &y);
    assert!(matches!(
        refusal,
        Err(RidgeError::NoUsableTarget { n_constant: 3, .. })
    ));
    let settings = RidgeCv::params().nan_targets(NanTargets::TakeFirstAlpha);
    let fit = try_fit(engine, settings, &x, &y).unwrap();
    assert_eq!(fit.alpha_index().unwrap()[1..], [0, 0, 0]);
    assert!(fit.validation_curves.row(1).iter().all(|v| v.is_nan()));
}

pub fn strided_and_column_major_arrays_are_the_same_to_it(engine: Engine) {
    let study = Study::new(8, &[30, 26, 33, 29], 20, 50);
    let model = RidgeCv::params().alphas(ALPHAS).engine(engine).check().unwrap();
    let plain = fit(engine, RidgeCv::params().alphas(ALPHAS), &study);
    let x: Vec<Array2<f64>> = study
        .x
        .iter()
        .map(|x| x.t().as_standard_layout().into_owned().reversed_axes())
        .collect();
    let wide: Vec<Array2<f64>> = study.y.iter().map(|y| concatenate![Axis(1), *y, *y]).collect();
    let y: Vec<_> = wide.iter().map(|y| y.slice(s![.., 50..])).collect();
    let fit = model.fit(&x, &y).unwrap();
    assert_eq!(fit.fold_scores, plain.fold_scores);
}

/// Options beyond the reference study, each against the engine that the other tests look at.
pub fn every_setting_agrees_with_the_default_engine(engine: Engine) {
    let study = Study::new(15, &[30, 26, 33, 29], 20, 40);
    let race = AlphaSearch::Screened {
        n_targets: 10,
        sigmas: 6.0,
        seed: 1,
    };
    let plain = || RidgeCv::params().alphas(ALPHAS);
    for (name, params) in [
        ("race", plain().alpha_search(race)),
        ("R2", plain().metric(Metric::R2).inner(InnerValidation::All)),
        ("groups", plain().groups([0, 1, 2, 2])),
        (
            "own penalties, kept scores",
            plain().alpha_scope(AlphaScope::PerTarget).validation_scores(true),
        ),
        ("chunks", plain().folds(Folds::Chunks { per_run: 2, gap: 3 })),
    ] {
        for formulation in [Formulation::Primal, Formulation::Dual] {
            let params = params.clone().formulation(formulation);
            let found = fit(engine, params.clone(), &study);
            let expected = fit(Engine::Pure, params, &study);
            // systems of order 120 in double precision, in two ways
            assert!(
                largest(&found.fold_scores, &expected.fold_scores) < 1e-10,
                "{name}"
            );
            assert_eq!(found.alpha_choice, expected.alpha_choice, "{name}");
            if let (Some(found), Some(expected)) = (&found.validation_scores, &expected.validation_scores) {
                assert!(largest(found, expected) < 1e-10, "{name}");
            }
        }
    }
    let banded = |engine| {
        let ridge = plain()
            .alpha_scope(AlphaScope::PerTarget)
            .engine(engine)
            .check()
            .unwrap();
        let model = BandedRidge::params(ridge, [5, 15])
            .weights(BandWeights::random(3, 1))
            .split(true);
        model.check().unwrap().fit(&study.x, &study.y).unwrap()
    };
    let (found, expected) = (banded(engine), banded(Engine::Pure));
    assert!(largest(&found.fold_scores, &expected.fold_scores) < 1e-10);
    assert_eq!(found.choice, expected.choice);
    let predicted = |engine| {
        let prepared = plain().engine(engine).check().unwrap().prepare(&study.x).unwrap();
        let fit = prepared.score(&study.y).unwrap();
        let orders =
            [30, 26, 33, 29].map(|n: usize| vec![(0..n).collect(), (0..n).map(|i| (i + 5) % n).collect()]);
        let draws = Array2::from_shape_fn((3, 4), |(null, run)| (null + run) % 2);
        let nulls = NullOrders::new(orders.into(), draws).unwrap();
        let null = prepared.null_scores(&fit, &study.y, &nulls).unwrap();
        (prepared.predictions(&fit, &study.y, &[3, 1]).unwrap(), null)
    };
    let ((found, null), (expected, expected_null)) = (predicted(engine), predicted(Engine::Pure));
    for (found, expected) in found.iter().zip(&expected) {
        assert!(largest(found, expected) < 1e-10);
    }
    assert!(largest(&null.mapv(f64::from), &expected_null.mapv(f64::from)) < 1e-6); // stored in single precision
}
