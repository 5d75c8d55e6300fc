//! Options beyond the reference study against scikit-learn, on the cases of `fixtures/ridge-options/make.py`.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on should panic; rounding to f32 is meant"
)]

mod common;

use common::options::{array, lengths, manifest, numbers, runs};
use lpp_ridge::{AlphaScope, Formulation, InnerValidation, Metric, PreparedFeatures, RidgeCv, RidgeCvParams};
use lpp_testkit::{Tolerance, assert_close};
use ndarray::{Array2, Axis, concatenate};

/// Both sides use f64 and exact solvers; the specification asks for 1e-9.
fn exact() -> Tolerance {
    Tolerance::absolute(1e-9)
}

fn settings() -> RidgeCvParams {
    RidgeCv::params()
        .alphas(numbers::<f64>("alphas"))
        .validation_scores(true)
}

/// Fits under both formulations and compares everything with the case.
fn check(case: &str, settings: &RidgeCvParams) {
    let (x, y) = (runs("x"), runs("y"));
    for formulation in [Formulation::Primal, Formulation::Dual] {
        let model = settings.clone().formulation(formulation).check().unwrap();
        let prepared = model.prepare(&x).unwrap();
        let fit = prepared.score(&y).unwrap();
        let chosen: Vec<Vec<usize>> = serde_json::from_value(manifest()[case]["chosen"].clone()).unwrap();
        for (fold, chosen) in chosen.iter().enumerate() {
            for (target, &chosen) in chosen.iter().enumerate() {
                assert_eq!(
                    fit.alpha_index_of(fold, target),
                    Some(chosen),
                    "{case}, fold {fold}, target {target}"
                );
            }
        }
        assert_eq!(fit.fold_scores.nrows(), chosen.len());
        assert_close(&fit.fold_scores, &array(&format!("{case}_scores")), exact());
        assert_close(&fit.validation_curves, &array(&format!("{case}_curves")), exact());
        assert_close(
            fit.validation_scores.as_ref().unwrap(),
            &array(&format!("{case}_validation")),
            exact(),
        );
        check_on_demand(case, &prepared, &fit, &y);
    }
}

fn check_on_demand(
    case: &str,
    prepared: &PreparedFeatures<f64>,
    fit: &lpp_ridge::RidgeCvFit,
    y: &[Array2<f64>],
) {
    let columns = [4, 0, 3, 1];
    let predicted = prepared.predictions(fit, y, &columns).unwrap();
    assert_eq!(predicted.iter().map(Array2::nrows).collect::<Vec<_>>(), lengths());
    let views: Vec<_> = predicted.iter().map(|p| p.view()).collect();
    let expected = array(&format!("{case}_predictions")).select(Axis(1), &columns);
    assert_close(&concatenate(Axis(0), &views).unwrap(), &expected, exact());

    let coefficients = prepared.coefficients(fit, y, &columns).unwrap();
    let (n_folds, n_features) = (fit.fold_scores.nrows(), prepared.n_features());
    let expected = array(&format!("{case}_coefficients"))
        .into_shape_with_order((n_folds, n_features, 6))
        .unwrap();
    assert_close(&coefficients, &expected.select(Axis(2), &columns), exact());
}

#[test]
fn r_squared_chooses_and_scores_as_a_loop_over_ridge() {
    check("r2", &settings().metric(Metric::R2));
    let own = settings().alpha_scope(AlphaScope::PerTarget);
    check("r2_own", &own.metric(Metric::R2).inner(InnerValidation::All));
}

#[test]
fn groups_of_runs_are_left_out_as_by_a_loop_over_ridge() {
    let groups = settings().groups(numbers::<usize>("group_labels"));
    check("groups", &groups.clone().inner(InnerValidation::All));
    check(
        "groups_first",
        &groups.metric(Metric::R2).alpha_scope(AlphaScope::PerTarget),
    );
}

#[test]
fn single_precision_is_close_on_demand_too() {
    let single = |name| -> Vec<Array2<f32>> {
        runs(name)
            .iter()
            .map(|r| r.mapv(lpp_ridge::Number::from_double))
            .collect()
    };
    let (x, y) = (single("x"), single("y"));
    let model = settings().metric(Metric::R2).check().unwrap();
    let prepared = model.prepare(&x).unwrap();
    let fit = prepared.score(&y).unwrap();
    // The aim of the specification for scores; predictions and coefficients are of order 1 as well.
    let close = Tolerance::absolute(1e-5);
    assert_close(&fit.fold_scores, &array("r2_scores"), close);
    let all: Vec<usize> = (0..6).collect();
    let coefficients = prepared.coefficients(&fit, &y, &all).unwrap();
    assert_close(
        &coefficients.into_shape_with_order((6, 72)).unwrap(),
        &array("r2_coefficients"),
        close,
    );
    let predicted = prepared.predictions(&fit, &y, &all).unwrap();
    let views: Vec<_> = predicted.iter().map(|p| p.view()).collect();
    assert_close(
        &concatenate(Axis(0), &views).unwrap(),
        &array("r2_predictions"),
        close,
    );
}
