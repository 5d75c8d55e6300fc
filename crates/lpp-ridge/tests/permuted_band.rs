//! Scores under permutations of a band against the slow twin: a banded fit of each permuted band.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lpp_ridge::{
    AlphaScope, BandWeights, BandedRidge, Element, Folds, Formulation, InnerValidation, Metric, NullOrders,
    RidgeCv, RidgeCvParams, RidgeError,
};
use ndarray::{Array2, Axis, array, concatenate, s};
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const LENGTHS: [usize; 4] = [31, 26, 33, 29];
const N_NULLS: usize = 4;
const N_TARGETS: usize = 7;

/// Features of both bands and targets that depend on them. No mean is 0, as if nothing had been standardised.
fn study<A: Element>(widths: [usize; 2]) -> [Vec<Array2<A>>; 2] {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    let mut noise = |n, m| Array2::from_shape_simple_fn((n, m), || rng.random_range(-1.0..1.0_f64));
    let n_features = widths.iter().sum();
    let weights = noise(n_features, N_TARGETS);
    let (x, y) = LENGTHS
        .iter()
        .map(|&n| {
            let x = noise(n, n_features) + 0.7;
            let y = x.dot(&weights) + noise(n, N_TARGETS) * 2.0 + 0.4;
            (x.mapv(A::from_double), y.mapv(A::from_double))
        })
        .unzip();
    [x, y]
}

/// Three orders of each run, of which the first is the identity; the first null is the data themselves.
fn orders() -> NullOrders {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    let mut orders_of = |n: usize| -> Vec<Vec<usize>> {
        let mut orders = vec![(0..n).collect::<Vec<_>>(); 3];
        orders[1..].iter_mut().for_each(|order| order.shuffle(&mut rng));
        orders
    };
    let orders: Vec<_> = LENGTHS.map(&mut orders_of).into();
    let draws = array![[0, 0, 0, 0], [1, 2, 1, 2], [2, 0, 1, 1], [0, 1, 2, 0]];
    NullOrders::new(orders, draws).unwrap()
}

fn model(params: RidgeCvParams, widths: [usize; 2], weights: BandWeights) -> BandedRidge {
    let bands = BandedRidge::params(params.check().unwrap(), widths);
    bands.weights(weights).check().unwrap()
}

/// First candidates without, and then with more and more of the first band.
fn candidates() -> BandWeights {
    BandWeights::Given(array![
        [0.0, 1.0],
        [0.01, 1.0],
        [0.1, 1.0],
        [1.0, 1.0],
        [10.0, 1.0]
    ])
}

fn compare<A: Element>(widths: [usize; 2], alphas: &[f64], inner: InnerValidation, tolerance: f64) {
    let [x, mut y] = study::<A>(widths);
    y[2].column_mut(3).fill(A::one()); // it has no score and takes part in no choice
    let (orders, metrics) = (orders(), [Metric::R2, Metric::Pearson]);
    let params = RidgeCv::params().alphas(alphas).inner(inner);
    let of = |metric| model(params.clone().metric(metric), widths, candidates());
    let found = of(Metric::Pearson)
        .scores_of_permuted_band(&x, &y, &orders, &metrics)
        .unwrap()
        .unwrap();
    let part = |columns: std::ops::Range<usize>| -> Vec<Array2<A>> {
        x.iter()
            .map(|x| x.slice(s![.., columns.clone()]).to_owned())
            .collect()
    };
    let (band, others) = (part(0..widths[0]), part(widths[0]..widths[0] + widths[1]));
    for (found, metric) in found.iter().zip(metrics) {
        assert_eq!(found.dim(), (N_NULLS, N_TARGETS));
        for null in 0..N_NULLS {
            let permuted = orders.apply(null, &band).into_iter().zip(&others);
            let permuted: Vec<Array2<A>> = permuted
                .map(|(band, others)| concatenate![Axis(1), band, *others])
                .collect();
            let fit = of(metric).fit(&permuted, &y).unwrap();
            for (target, &expected) in fit.scores.iter().enumerate() {
                let found = found[[null, target]];
                assert!(
                    (found - expected).abs() < tolerance
                        || target == 3 && found.is_nan() && expected.is_nan(),
                    "{metric:?}, null {null}, target {target}: {found}, expected {expected}"
                );
            }
        }
    }
}

#[test]
fn scores_equal_fits_of_the_permuted_band() {
    for inner in [InnerValidation::First, InnerValidation::All] {
        // Systems of order 9 solved in two ways in double precision.
        compare::<f64>([6, 3], &[0.1, 1.0, 10.0, 100.0], inner, 1e-9);
    }
    // The widest first band: as many columns as scans.
    compare::<f64>(
        [LENGTHS.iter().sum(), 2],
        &[10.0, 100.0],
        InnerValidation::First,
        1e-8,
    );
}

#[test]
fn combined_penalties_in_single_precision_score_as_fits_do() {
    // Most of these penalties lie beyond the spectrum of the first band, where forecasts are multiples of each other.
    let alphas: Vec<f64> = (2..8).map(|i| 10_f64.powi(i)).collect();
    // Products of single precision, and predictions that are small against the features.
    compare::<f32>([112, 2], &alphas, InnerValidation::All, 1e-4);
    // Fewer columns than scans: no direction is without a share of the forecasts.
    let alphas = [1e7, 1e8, 1e9, 1e10];
    compare::<f32>([48, 2], &alphas, InnerValidation::All, 1e-4);
    // Near the smallest penalty that is left to this way.
    compare::<f32>([112, 2], &[1.3], InnerValidation::All, 1e-5);
}

#[test]
fn directions_without_training_scans_take_no_part() {
    // More columns than training scans, and nearly no penalty. The other band is 0, so that only the first one predicts.
    let [mut x, y] = study::<f64>([100, 1]);
    x.iter_mut().for_each(|x| x.column_mut(100).fill(0.0));
    let params = RidgeCv::params().alphas([1e-11]).formulation(Formulation::Dual);
    let model = model(params, [100, 1], BandWeights::Given(array![[1.0, 1.0]]));
    let as_is = orders().only(&[0]);
    let found = model
        .scores_of_permuted_band(&x, &y, &as_is, &[Metric::Pearson])
        .unwrap()
        .unwrap();
    let expected = model.fit(&x, &y).unwrap().scores;
    // Kernels with condition numbers up to 1e4 in double precision.
    assert!(
        (&found[0].row(0) - &expected).iter().all(|d| d.abs() < 1e-9),
        "{found:?}, expected {expected}"
    );
}

#[test]
fn a_fit_per_null_is_left_to_the_caller_where_systems_change() {
    let [x, y] = study::<f64>([6, 3]);
    let params = || RidgeCv::params().alphas([1.0, 10.0]);
    let score = |model: BandedRidge, y: &[Array2<f64>]| {
        let found = model.scores_of_permuted_band(&x, y, &orders(), &[Metric::Pearson]);
        found.unwrap()
    };
    assert!(score(model(params(), [6, 3], candidates()), &y).is_some());
    let own = params().alpha_scope(AlphaScope::PerTarget);
    let chunks = params().folds(Folds::Chunks { per_run: 2, gap: 0 });
    let unlike = BandWeights::Given(array![[0.5, 1.0], [1.0, 0.5]]);
    let descent = BandWeights::Descent { n_candidates: 1 };
    for other in [
        model(own, [6, 3], candidates()),
        model(chunks, [6, 3], candidates()),
        model(params(), [6, 3], unlike),
        model(params(), [6, 3], descent),
    ] {
        assert!(score(other, &y).is_none());
    }
    let alone =
        BandedRidge::params(params().check().unwrap(), [9]).weights(BandWeights::Given(array![[1.0]]));
    assert!(score(alone.check().unwrap(), &y).is_none());
    let dead: Vec<_> = y.iter().map(|y| Array2::ones(y.raw_dim())).collect();
    assert!(score(model(params(), [6, 3], candidates()), &dead).is_none());
    let [wide, y] = study::<f64>([120, 1]);
    let model = model(params(), [120, 1], candidates());
    assert_eq!(LENGTHS.iter().sum::<usize>(), 119);
    let found = model.scores_of_permuted_band(&wide, &y, &orders(), &[Metric::Pearson]);
    assert!(found.unwrap().is_none());
}

#[test]
fn a_wide_band_with_small_penalties_is_left_to_the_caller_in_single_precision() {
    // Its scores would err by 4e-5 at a penalty of 0.1, and by 2e-3 at 0.001.
    fn is_scored<A: Element>(width: usize, alpha: f64) -> bool {
        let [x, y] = study::<A>([width, 2]);
        let model = model(RidgeCv::params().alphas([alpha, 100.0]), [width, 2], candidates());
        let found = model.scores_of_permuted_band(&x, &y, &orders(), &[Metric::Pearson]);
        found.unwrap().is_some()
    }
    assert!(!is_scored::<f32>(112, 0.1));
    assert!(is_scored::<f32>(112, 10.0) && is_scored::<f32>(48, 0.1) && is_scored::<f64>(112, 0.1));
    // The smallest training set is the two shortest runs, of 55 scans.
    assert!(is_scored::<f32>(55, 0.1) && !is_scored::<f32>(56, 0.1));
}

#[test]
fn a_choice_without_predictions_is_passed_over_or_refused() {
    let [mut x, y] = study::<f64>([6, 3]);
    x.iter_mut().for_each(|x| x.slice_mut(s![.., 6..]).fill(0.0));
    let params = || RidgeCv::params().alphas([1.0, 10.0]);
    let score = |weights| {
        let model = model(params(), [6, 3], BandWeights::Given(weights));
        model.scores_of_permuted_band(&x, &y, &orders(), &[Metric::Pearson])
    };
    // Without the first band every prediction is 0, which has no correlation.
    let [found, expected] =
        [array![[0.0, 1.0], [1.0, 1.0]], array![[1.0, 1.0]]].map(|w| score(w).unwrap().unwrap());
    assert_eq!(found, expected);
    assert!(matches!(
        score(array![[0.0, 1.0]]),
        Err(RidgeError::NoValidation { fold: 0 })
    ));
}

#[test]
fn orders_of_other_runs_are_refused() {
    let [x, y] = study::<f64>([6, 3]);
    let model = model(RidgeCv::params().alphas([1.0]), [6, 3], candidates());
    let short = NullOrders::new(vec![vec![vec![0, 1]]; 4], Array2::zeros((1, 4))).unwrap();
    let refusal = model.scores_of_permuted_band(&x, &y, &short, &[Metric::R2]);
    assert!(matches!(
        refusal,
        Err(RidgeError::NotAnOrder { run: 0, n_scans: 31 })
    ));
}
