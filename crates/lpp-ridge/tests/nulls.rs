//! Nulls through fixed operators against the slow twin: fits of reordered targets at the same penalties.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lpp_ridge::{
    AlphaScope, Element, Formulation, InnerValidation, Metric, NullOrders, RidgeCv, RidgeError, SideSwaps,
    standardise_columns,
};
use ndarray::{Array2, Axis};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const LENGTHS: [usize; 4] = [31, 26, 33, 29];

fn noise<A: Element>(rng: &mut ChaCha8Rng, n_columns: usize) -> Vec<Array2<A>> {
    let mut run = |n| Array2::from_shape_simple_fn((n, n_columns), || rng.random_range(-1.0..1.0));
    LENGTHS
        .map(|n| standardise_columns::<f64>(&run(n)).mapv(A::from_double))
        .into()
}

/// The identity and four random orders of each run; twenty nulls, the first of them the data themselves.
fn nulls(rng: &mut ChaCha8Rng) -> NullOrders {
    let mut orders_of = |n: usize| -> Vec<Vec<usize>> {
        let mut orders = vec![(0..n).collect::<Vec<_>>(); 5];
        orders[1..].iter_mut().for_each(|order| order.shuffle(rng));
        orders
    };
    let orders: Vec<_> = LENGTHS.map(&mut orders_of).into();
    let mut draws = Array2::from_shape_simple_fn((20, 4), || rng.random_range(0..5));
    draws.row_mut(0).fill(0);
    NullOrders::new(orders, draws).unwrap()
}

/// A fit of each fold alone at the penalty that was chosen there: its test scores, and its validation scores.
fn refit<A: Element>(
    x: &[Array2<A>],
    y: &[Array2<A>],
    penalties: &[f64],
    params: &lpp_ridge::RidgeCvParams,
) -> [Vec<f64>; 2] {
    let mut sums = [vec![0.0; y[0].ncols()], vec![0.0; y[0].ncols()]];
    for (fold, &alpha) in penalties.iter().enumerate() {
        let model = params
            .clone()
            .alphas([alpha])
            .validation_scores(true)
            .check()
            .unwrap();
        let fit = model.fit(x, y).unwrap();
        let validation = fit.validation_scores.unwrap();
        for (sum, scores) in sums.iter_mut().zip([&fit.fold_scores, &validation]) {
            sum.iter_mut().zip(scores.row(fold)).for_each(|(s, r)| *s += r);
        }
    }
    sums.map(|sum| sum.iter().map(|s| s / penalties.len() as f64).collect())
}

/// Features and targets; target 0 is a feature, target 5 is NaN, target 7 is constant in a run.
fn study<A: Element>(rng: &mut ChaCha8Rng, n_features: usize) -> [Vec<Array2<A>>; 2] {
    let (x, mut y) = (noise::<A>(rng, n_features), noise::<A>(rng, 37));
    for (x, y) in x.iter().zip(&mut y) {
        let signal = x.column(0).to_owned();
        y.column_mut(0).assign(&signal);
        y.column_mut(5).fill(A::nan());
    }
    y[2].column_mut(7).fill(A::one());
    [x, y]
}

fn compare<A: Element>(formulation: Formulation, n_features: usize, tolerance: f64) {
    for inner in [InnerValidation::First, InnerValidation::All] {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let [x, y] = study::<A>(&mut rng, n_features);
        let params = RidgeCv::params().formulation(formulation).inner(inner);
        let model = params.clone().alphas([1.0, 30.0, 1000.0]).check().unwrap();
        let prepared = model.prepare(&x).unwrap();
        let fit = prepared.score(&y).unwrap();
        let penalties: Vec<f64> = fit
            .alpha_index()
            .unwrap()
            .iter()
            .map(|&i| fit.alphas[i])
            .collect();
        let nulls = nulls(&mut rng);
        let tests = prepared.null_scores(&fit, &y, &nulls).unwrap();
        let columns: Vec<usize> = (0..37).rev().collect();
        let validations = prepared
            .null_validation_scores(&fit, &y, &columns, &nulls)
            .unwrap()
            .select(Axis(0), &columns);
        for null in 0..20 {
            let expected = refit(&x, &nulls.apply(null, &y), &penalties, &params);
            for (kind, (found, expected)) in [&tests, &validations].into_iter().zip(expected).enumerate() {
                for (target, expected) in expected.into_iter().enumerate() {
                    let found = f64::from(found[[target, null]]);
                    // A run that is constant need not be a validation run.
                    let undefined = target == 5 || target == 7;
                    assert!(
                        undefined && (found.is_nan() || kind == 1 && target == 7)
                            || (found - expected).abs() < tolerance,
                        "null {null}, target {target}: {found}, expected {expected}"
                    );
                }
            }
        }
        // The first null names the data as they are.
        assert!((f64::from(tests[[0, 0]]) - fit.scores[0]).abs() < tolerance);
    }
}

/// Left minus right of fits in which the targets of some runs were exchanged.
fn exchange<A: Element>(formulation: Formulation, n_features: usize, tolerance: f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let [x, y] = study::<A>(&mut rng, n_features);
    let params = RidgeCv::params().formulation(formulation);
    let prepared = params.clone().alphas([3.0]).check().unwrap().prepare(&x).unwrap();
    let fit = prepared.score(&y).unwrap();
    let (left, right): (Vec<usize>, Vec<usize>) = (0..18).map(|pair| (pair, 36 - pair)).unzip();
    let patterns = Array2::from_shape_fn((8, 4), |(pattern, run)| pattern >> run & 1 == 1);
    let swaps = SideSwaps::new(left.clone(), right.clone(), &patterns).unwrap();
    let found = prepared
        .swap_differences(&fit, &y, &swaps, &[0, 1, 2, 3])
        .unwrap();
    let last = prepared.swap_differences(&fit, &y, &swaps, &[3]).unwrap();
    let sides = prepared.swap_scores(&fit, &y, &swaps, &[0, 1, 2, 3]).unwrap();
    for (pattern, runs) in patterns.rows().into_iter().enumerate() {
        let mut exchanged = y.clone();
        for (run, _) in runs.iter().enumerate().filter(|(_, swap)| **swap) {
            for (&left, &right) in left.iter().zip(&right) {
                exchanged[run].column_mut(left).assign(&y[run].column(right));
                exchanged[run].column_mut(right).assign(&y[run].column(left));
            }
        }
        let expected = params
            .clone()
            .alphas([3.0])
            .check()
            .unwrap()
            .fit(&x, &exchanged)
            .unwrap();
        for (pair, (&left, &right)) in left.iter().zip(&right).enumerate() {
            let of_all = expected.scores[left] - expected.scores[right];
            let of_last = expected.fold_scores[[3, left]] - expected.fold_scores[[3, right]];
            let [of_left, of_right] = [left, right].map(|target| expected.scores[target]);
            for (found, expected) in [
                (&found, of_all),
                (&last, of_last),
                (&sides[0], of_left),
                (&sides[1], of_right),
            ] {
                let found = f64::from(found[[pair, pattern]]);
                assert!(
                    found.is_nan() && (pair == 5 || pair == 7) || (found - expected).abs() < tolerance,
                    "pattern {pattern}, pair {pair}: {found}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn nulls_equal_fits_of_reordered_targets() {
    // Scores are returned in single precision: 6e-8 of a correlation; products in it cost another digit.
    compare::<f64>(Formulation::Primal, 12, 1e-7);
    compare::<f64>(Formulation::Dual, 200, 1e-7);
    compare::<f32>(Formulation::Primal, 12, 2e-6);
    compare::<f32>(Formulation::Dual, 200, 2e-6);
}

#[test]
fn exchanged_sides_equal_fits_of_exchanged_targets() {
    exchange::<f64>(Formulation::Primal, 12, 2e-7);
    exchange::<f64>(Formulation::Dual, 200, 2e-7);
    exchange::<f32>(Formulation::Primal, 12, 4e-6);
}

#[test]
fn nulls_of_columns_that_are_not_centred_equal_fits_too() {
    for (formulation, n_features) in [(Formulation::Primal, 12), (Formulation::Dual, 150)] {
        let mut rng = ChaCha8Rng::seed_from_u64(6);
        let [mut x, mut y] = study::<f64>(&mut rng, n_features);
        x.iter_mut().for_each(|x| *x += 0.7);
        y.iter_mut().for_each(|y| *y -= 0.4);
        let params = RidgeCv::params().formulation(formulation);
        let prepared = params.clone().alphas([3.0]).check().unwrap().prepare(&x).unwrap();
        let fit = prepared.score(&y).unwrap();
        let nulls = nulls(&mut rng);
        let found = prepared.null_scores(&fit, &y, &nulls).unwrap();
        for null in 0..20 {
            let [expected, _] = refit(&x, &nulls.apply(null, &y), &[3.0; 4], &params);
            for (target, expected) in expected
                .into_iter()
                .enumerate()
                .filter(|(target, _)| ![5, 7].contains(target))
            {
                let found = f64::from(found[[target, null]]);
                // Scores are returned in single precision: 6e-8 of a correlation.
                assert!(
                    (found - expected).abs() < 1e-7,
                    "null {null}, target {target}: {found}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn what_has_no_cheap_nulls_is_refused() {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let (x, y) = (noise::<f64>(&mut rng, 5), noise::<f64>(&mut rng, 3));
    let nulls = nulls(&mut rng);
    let refused = |params: lpp_ridge::RidgeCvParams| {
        let prepared = params.alphas([1.0, 10.0]).check().unwrap().prepare(&x).unwrap();
        let fit = prepared.score(&y).unwrap();
        prepared.null_scores(&fit, &y, &nulls).unwrap_err()
    };
    let unsupported = |error| matches!(error, RidgeError::NullsUnsupported { .. });
    assert!(unsupported(refused(
        RidgeCv::params().alpha_scope(AlphaScope::PerTarget)
    )));
    assert!(unsupported(refused(RidgeCv::params().metric(Metric::R2))));
    let prepared = RidgeCv::params().check().unwrap().prepare(&x).unwrap();
    let fit = prepared.score(&y).unwrap();
    let short = NullOrders::new(vec![vec![vec![0, 1]]; 4], Array2::zeros((1, 4))).unwrap();
    assert!(matches!(
        prepared.null_scores(&fit, &y, &short),
        Err(RidgeError::NotAnOrder { run: 0, n_scans: 31 })
    ));
    let three = NullOrders::new(vec![vec![vec![0, 1]]; 3], Array2::zeros((1, 3))).unwrap();
    assert!(matches!(
        prepared.null_scores(&fit, &y, &three),
        Err(RidgeError::NullDraws { .. })
    ));
}
