//! Simulated data sets, each decided by one test of the crate.

mod families;
mod maps;

use lpp_stats::FalseDiscovery::{self, BenjaminiHochberg, BenjaminiYekutieli};
use lpp_stats::{
    Bootstrap, RandomEffects, SignFlipMap, StatsError, StudentizedBootstrap, Tail, block_permutation,
    bootstrap_mean, circular_shift, equivalence_p, equivalence_test, hemisphere_swap_test, jackknife_std_err,
    ols, pearson, permutation_p, sign_flip_test, t_test_one_sample, t_test_pooled, t_test_welch,
};
use ndarray::Array2;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Exp1, StandardNormal};
use rayon::prelude::*;

/// The level of all tests, and one minus that of all intervals.
pub(crate) const ALPHA: f64 = 0.05;
/// Permutations, flips and surrogates of a test; 200 with the observed one, so that the level is met exactly.
const N_NULL: usize = 199;
/// Resamples of a bootstrap.
const N_RESAMPLES: usize = 399;

/// What the rate of false positives should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Promise {
    /// The level.
    Nominal,
    /// The level or less.
    AtMost,
    /// Near the level in larger samples only; shown beside the test to use in its place, and not judged.
    TooSmall,
    /// Above the level: the assumptions are broken on purpose, to show what the other tests are for.
    Broken,
}

/// One kind of data set and the test that judges it.
pub(crate) struct Study {
    pub(crate) name: &'static str,
    pub(crate) promise: Promise,
    /// Effects for the power curve, in the unit that the study plants.
    pub(crate) effects: [f64; 3],
    /// Simulates a data set with a planted effect and says whether the test finds one.
    test: fn(f64, &mut ChaCha8Rng) -> Result<bool, StatsError>,
}

impl Study {
    /// The share of `n` data sets in which the test finds an effect.
    pub(crate) fn rate(&self, effect: f64, n: u32, seed: u64) -> Result<f64, StatsError> {
        let found = (0..n)
            .into_par_iter()
            .map(|repetition| {
                // A stream of its own per data set: neither their number nor that of threads changes any of them.
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(u64::from(repetition));
                (self.test)(effect, &mut rng).map(u32::from)
            })
            .try_reduce(|| 0, |a, b| Ok(a + b))?;
        Ok(f64::from(found) / f64::from(n))
    }
}

/// Numbers of successes out of `n` that a rate of [`ALPHA`] gives with a probability of 99.9 %, as shares.
pub(crate) fn binomial_range(n: u32) -> (f64, f64) {
    let tail = 0.0005;
    let (mut below, mut low, mut high) = (0.0, None, n);
    // ln of C(n, k) αᵏ (1 − α)ⁿ⁻ᵏ, from each k to the next.
    let mut ln_p = f64::from(n) * (1.0 - ALPHA).ln();
    for k in 0..=n {
        below += ln_p.exp();
        if low.is_none() && below > tail {
            low = Some(k);
        }
        if below >= 1.0 - tail {
            high = k;
            break;
        }
        ln_p += (f64::from(n - k) / f64::from(k + 1)).ln() + (ALPHA / (1.0 - ALPHA)).ln();
    }
    (
        f64::from(low.unwrap_or(0)) / f64::from(n),
        f64::from(high) / f64::from(n),
    )
}

/// All studies.
#[expect(clippy::too_many_lines, reason = "a table, which the formatter spreads out")]
pub(crate) fn all() -> Vec<Study> {
    use Promise::{AtMost, Broken, Nominal, TooSmall};
    let study = |name, promise, effects, test| Study {
        name,
        promise,
        effects,
        test,
    };
    vec![
        study("pooled t, 15 + 15 normal", Nominal, [0.5, 1.0, 1.5], pooled_equal),
        study(
            "pooled t, 8 + 30, variances 9 : 1",
            Broken,
            [1.0, 2.0, 4.0],
            pooled_unequal,
        ),
        study(
            "Welch's t, 8 + 30, variances 9 : 1",
            Nominal,
            [1.0, 2.0, 4.0],
            welch_unequal,
        ),
        study("one-sample t, 8 normal", Nominal, [0.5, 1.0, 1.5], one_sample),
        study(
            "random effects (t), 5 subjects",
            Nominal,
            [0.5, 1.0, 2.0],
            random_effects,
        ),
        study(
            "equivalence, mean on the margin of 1, 12 values",
            AtMost,
            [0.2, 0.5, 1.0],
            equivalence,
        ),
        study(
            "equivalence of ceilings on the margin, 10 halvings of 20 subjects, as if independent",
            Broken,
            [0.1, 0.3, 0.5],
            splits_naive,
        ),
        study(
            "equivalence, jackknife over subjects, the same",
            AtMost,
            [0.1, 0.3, 0.5],
            splits_jackknife,
        ),
        study("Pearson p, 28 pairs", Nominal, [0.2, 0.4, 0.6], pearson_p),
        study(
            "Pearson 95 % interval around r = 0.5, 28 pairs",
            Nominal,
            [0.2, 0.4, 0.6],
            pearson_interval,
        ),
        study("OLS slope p, 28 points", Nominal, [0.2, 0.4, 0.8], ols_slope),
        study(
            "FDR (BH) of 100 nulls, any discovery",
            Nominal,
            [2.0, 3.0, 4.0],
            benjamini_hochberg,
        ),
        study(
            "FDR (BY) of 100 nulls, any discovery",
            AtMost,
            [2.0, 3.0, 4.0],
            benjamini_yekutieli,
        ),
        study("sign flips, 12 heavy-tailed", Nominal, [0.5, 1.0, 2.0], sign_flip),
        study(
            "hemisphere swap, 12 pairs of r = 0.9",
            Nominal,
            [0.1, 0.3, 0.5],
            hemisphere_swap,
        ),
        study(
            "max-t over 60 correlated tests, 12 subjects",
            Nominal,
            [1.0, 1.5, 2.0],
            max_t,
        ),
        study(
            "uncorrected t over the same",
            Broken,
            [1.0, 1.5, 2.0],
            uncorrected_t,
        ),
        study(
            "Pearson p of AR(1) 0.8 series, 300 scans",
            Broken,
            [0.1, 0.2, 0.4],
            series_pearson,
        ),
        study(
            "circular shifts of 15 scans or more, the same",
            TooSmall,
            [0.1, 0.2, 0.4],
            series_far_shift,
        ),
        study(
            "circular shifts, every offset, the same",
            Nominal,
            [0.1, 0.2, 0.4],
            series_shift,
        ),
        study(
            "permuted blocks of 20 scans of the same",
            TooSmall,
            [0.1, 0.2, 0.4],
            series_blocks,
        ),
        study(
            "circular shifts, every offset, 9 runs of 280 scans",
            Nominal,
            [0.03, 0.06, 0.12],
            long_series_shift,
        ),
        study(
            "permuted blocks of 70 scans, 9 runs of 280 scans",
            Nominal,
            [0.03, 0.06, 0.12],
            long_series_blocks,
        ),
        study(
            "bootstrap mean, percentile, 20 exponential",
            TooSmall,
            [0.3, 0.6, 1.0],
            mean_percentile,
        ),
        study(
            "bootstrap mean, BCa, the same",
            TooSmall,
            [0.3, 0.6, 1.0],
            mean_bca,
        ),
        study(
            "bootstrap mean, studentised, the same",
            Nominal,
            [0.3, 0.6, 1.0],
            mean_studentised,
        ),
        study(
            "OLS slope p, 28 models of 8 families",
            Broken,
            [0.5, 1.0, 2.0],
            families::family_ols,
        ),
        study(
            "family bootstrap, percentile, the same",
            TooSmall,
            [0.5, 1.0, 2.0],
            families::family_percentile,
        ),
        study(
            "family bootstrap, BCa, the same",
            TooSmall,
            [0.5, 1.0, 2.0],
            families::family_bca,
        ),
        study(
            "mixed model z, the same",
            TooSmall,
            [0.5, 1.0, 2.0],
            families::family_mixed_z,
        ),
        study(
            "mixed model t, the same",
            Nominal,
            [0.5, 1.0, 2.0],
            families::family_mixed_t,
        ),
        study(
            "cluster-robust t (CR2), the same",
            Nominal,
            [0.5, 1.0, 2.0],
            families::family_robust,
        ),
        study(
            "family bootstrap, percentile, 40 families",
            TooSmall,
            [0.2, 0.4, 0.8],
            families::families_percentile,
        ),
        study(
            "mixed model t, 40 families",
            Nominal,
            [0.2, 0.4, 0.8],
            families::families_mixed_t,
        ),
        study(
            "cluster-robust t (CR2), 40 families",
            Nominal,
            [0.2, 0.4, 0.8],
            families::families_robust,
        ),
        study(
            "Pearson p of smooth maps, 48 parcels",
            Broken,
            [0.3, 0.5, 0.8],
            maps::maps_pearson,
        ),
        study(
            "variogram null of the same",
            Nominal,
            [0.3, 0.5, 0.8],
            maps::maps_variogram,
        ),
    ]
}

fn normal(rng: &mut ChaCha8Rng) -> f64 {
    rng.sample(StandardNormal)
}

fn normals(n: usize, mean: f64, deviation: f64, rng: &mut ChaCha8Rng) -> Vec<f64> {
    (0..n).map(|_| mean + deviation * normal(rng)).collect()
}

fn pooled_equal(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let (a, b) = (normals(15, effect, 1.0, rng), normals(15, 0.0, 1.0, rng));
    Ok(t_test_pooled(&a, &b)?.p <= ALPHA)
}

fn unequal_samples(effect: f64, rng: &mut ChaCha8Rng) -> (Vec<f64>, Vec<f64>) {
    (normals(8, effect, 3.0, rng), normals(30, 0.0, 1.0, rng))
}

fn pooled_unequal(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let (a, b) = unequal_samples(effect, rng);
    Ok(t_test_pooled(&a, &b)?.p <= ALPHA)
}

fn welch_unequal(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let (a, b) = unequal_samples(effect, rng);
    Ok(t_test_welch(&a, &b)?.p <= ALPHA)
}

fn one_sample(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    Ok(t_test_one_sample(&normals(8, effect, 1.0, rng), 0.0)?.p <= ALPHA)
}

fn random_effects(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let slopes = normals(5, effect, 1.0, rng);
    Ok(!RandomEffects::of(&slopes, N_NULL, rng)?.interval.contains(0.0))
}

/// The effect takes the mean from the margin inwards.
fn equivalence(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    Ok(equivalence_test(&normals(12, 1.0 - effect, 1.0, rng), 1.0)?.p <= ALPHA)
}

const N_SUBJECTS: usize = 20;
const N_HALVINGS: usize = 10;

/// Two sides seen by all subjects: one signal over 250 scans each, through noise of the subject's own.
///
/// `gain` is the amount of signal on the left, the right has 1; exactly so in every data set, because halves of subjects
/// tell nothing about other stimuli: the ceilings in question are those of the scans at hand.
fn two_sides(gain: f64, rng: &mut ChaCha8Rng) -> [Vec<Vec<f64>>; 2] {
    const N_SCANS: usize = 250;
    [gain, 1.0].map(|gain| {
        let signal = standardised(normals(N_SCANS, 0.0, 1.0, rng), gain);
        (0..N_SUBJECTS)
            .map(|_| signal.iter().map(|value| value + 3.0 * normal(rng)).collect())
            .collect()
    })
}

/// Random halves of the subjects.
fn halvings(rng: &mut ChaCha8Rng) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..N_SUBJECTS).collect();
    let mut draw = || {
        order.shuffle(rng);
        order.clone()
    };
    (0..N_HALVINGS).map(|_| draw()).collect()
}

/// Differences of split-half correlations between the sides, one per halving, without one subject if it is given.
fn split_differences(
    sides: &[Vec<Vec<f64>>; 2],
    halvings: &[Vec<usize>],
    without: Option<usize>,
) -> Result<Vec<f64>, StatsError> {
    let of = |order: &Vec<usize>| {
        let (a, b) = order.split_at(N_SUBJECTS / 2);
        let sum = |half: &[usize], side: &[Vec<f64>]| -> Vec<f64> {
            let subjects: Vec<usize> = half.iter().copied().filter(|&s| Some(s) != without).collect();
            (0..side[0].len())
                .map(|scan| subjects.iter().map(|&s| side[s][scan]).sum())
                .collect()
        };
        let r = |side: &[Vec<f64>]| Ok(pearson(&sum(a, side), &sum(b, side))?.r);
        Ok(r(&sides[0])? - r(&sides[1])?)
    };
    halvings.iter().map(of).collect()
}

/// Values shifted and scaled to a mean of 0 and a standard deviation of `deviation`.
fn standardised(mut values: Vec<f64>, deviation: f64) -> Vec<f64> {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
    for value in &mut values {
        *value = (*value - mean) * deviation / variance.sqrt();
    }
    values
}

/// What the difference of the correlations is on average with a gain of 1.5 on the left: signal over signal and noise,
/// 2.25/3.15 − 1/1.9. The margin of the tests.
const CEILING_MARGIN: f64 = 2.25 / 3.15 - 1.0 / 1.9;

/// The effect brings the gain from 1.5, on the margin, towards 1.
fn splits_naive(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let sides = two_sides(1.5 - effect, rng);
    let differences = split_differences(&sides, &halvings(rng), None)?;
    Ok(equivalence_test(&differences, CEILING_MARGIN)?.p <= ALPHA)
}

fn splits_jackknife(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let (sides, halvings) = (two_sides(1.5 - effect, rng), halvings(rng));
    let mean = |without| -> Result<f64, StatsError> {
        Ok(split_differences(&sides, &halvings, without)?.iter().sum::<f64>() / N_HALVINGS as f64)
    };
    let without: Vec<f64> = (0..N_SUBJECTS)
        .map(|subject| mean(Some(subject)))
        .collect::<Result<_, _>>()?;
    let (error, df) = (jackknife_std_err(&without), N_SUBJECTS as f64 - 1.0);
    Ok(equivalence_p(mean(None)?, error, df, CEILING_MARGIN) <= ALPHA)
}

/// Pairs of normal values with correlation `rho`.
fn correlated(n: usize, rho: f64, rng: &mut ChaCha8Rng) -> (Vec<f64>, Vec<f64>) {
    (0..n)
        .map(|_| {
            let (x, noise) = (normal(rng), normal(rng));
            (x, rho * x + (1.0 - rho * rho).sqrt() * noise)
        })
        .unzip()
}

fn pearson_p(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let (x, y) = correlated(28, effect, rng);
    Ok(pearson(&x, &y)?.p <= ALPHA)
}

/// The effect takes the true correlation away from 0.5, downwards.
fn pearson_interval(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let (x, y) = correlated(28, 0.5 - effect, rng);
    Ok(!pearson(&x, &y)?.confidence_interval(1.0 - ALPHA)?.contains(0.5))
}

fn ols_slope(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let x = normals(28, 0.0, 1.0, rng);
    let y: Vec<f64> = x.iter().map(|x| effect * x + normal(rng)).collect();
    Ok(ols(&y, &[&x])?.slope().p <= ALPHA)
}

/// 100 z-tests, ten of them with the effect, if there is one.
fn any_discovery(method: FalseDiscovery, effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let z = (0..100).map(|i| normal(rng) + if i < 10 { effect } else { 0.0 });
    let p: Vec<f64> = z.map(lpp_stats::normal_two_sided_p).collect();
    Ok(method.adjust(&p)?.iter().any(|&p| p <= ALPHA))
}

fn benjamini_hochberg(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    any_discovery(BenjaminiHochberg, effect, rng)
}

fn benjamini_yekutieli(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    any_discovery(BenjaminiYekutieli, effect, rng)
}

fn sign_flip(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    // Cubes of normal values: symmetric, with tails that no t-test expects.
    let values: Vec<f64> = (0..12).map(|_| effect + normal(rng).powi(3)).collect();
    Ok(sign_flip_test(&values, N_NULL, rng)?.p <= ALPHA)
}

fn hemisphere_swap(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let (left, right) = correlated(12, 0.9, rng);
    let left: Vec<f64> = left.iter().map(|value| value + effect).collect();
    Ok(hemisphere_swap_test(&left, &right, N_NULL, rng)?.p <= ALPHA)
}

/// 12 subjects, 60 tests that are moving averages of ten independent values; five have the effect.
fn subject_maps(effect: f64, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let noise = Array2::from_shape_fn((12, 69), |_| normal(rng));
    Array2::from_shape_fn((12, 60), |(subject, test)| {
        let average = (0..10).map(|i| noise[(subject, test + i)]).sum::<f64>() / 10.0_f64.sqrt();
        average + if test < 5 { effect } else { 0.0 }
    })
}

fn max_t(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let map = SignFlipMap::of(&subject_maps(effect, rng), N_NULL, rng)?;
    Ok(map.max.corrected_p(&map.t).iter().any(|&p| p <= ALPHA))
}

fn uncorrected_t(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let maps = subject_maps(effect, rng);
    for column in maps.columns() {
        if t_test_one_sample(&column.to_vec(), 0.0)?.p <= ALPHA {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A slow series that starts in its stationary state.
fn autoregressive(n: usize, rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut value = normal(rng);
    (0..n)
        .map(|_| {
            value = 0.8 * value + 0.6 * normal(rng);
            value
        })
        .collect()
}

/// Two slow series of `n` scans with a shared part.
fn two_series(n: usize, effect: f64, rng: &mut ChaCha8Rng) -> (Vec<f64>, Vec<f64>) {
    let (x, y) = (autoregressive(n, rng), autoregressive(n, rng));
    let y = x.iter().zip(&y).map(|(x, y)| effect * x + y).collect();
    (x, y)
}

fn series_pearson(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let (x, y) = two_series(300, effect, rng);
    Ok(pearson(&x, &y)?.p <= ALPHA)
}

/// Tests the correlation of two series against reorderings of one.
fn reordered(
    (x, y): (Vec<f64>, Vec<f64>),
    rng: &mut ChaCha8Rng,
    order: impl Fn(&mut ChaCha8Rng) -> Result<Vec<usize>, StatsError>,
) -> Result<bool, StatsError> {
    let mut null = Vec::with_capacity(N_NULL);
    for _ in 0..N_NULL {
        let moved: Vec<f64> = order(rng)?.iter().map(|&scan| x[scan]).collect();
        null.push(pearson(&moved, &y)?.r);
    }
    Ok(permutation_p(pearson(&x, &y)?.r, &null, Tail::TwoSided) <= ALPHA)
}

fn series_far_shift(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let series = two_series(300, effect, rng);
    reordered(series, rng, |rng| circular_shift(&[150, 150], 15, rng))
}

fn series_shift(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let series = two_series(300, effect, rng);
    reordered(series, rng, |rng| circular_shift(&[150, 150], 0, rng))
}

fn long_series_shift(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let series = two_series(9 * 280, effect, rng);
    reordered(series, rng, |rng| circular_shift(&[280; 9], 0, rng))
}

fn series_blocks(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let series = two_series(300, effect, rng);
    reordered(series, rng, |rng| block_permutation(&[150, 150], 20, rng))
}

fn long_series_blocks(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let series = two_series(9 * 280, effect, rng);
    reordered(series, rng, |rng| block_permutation(&[280; 9], 70, rng))
}

/// Whether an interval of the mean of exponential values excludes 1, from which the effect moves the mean upwards.
fn exponential_mean(
    effect: f64,
    rng: &mut ChaCha8Rng,
    interval: fn(&Bootstrap, f64) -> Result<lpp_stats::Interval, StatsError>,
) -> Result<bool, StatsError> {
    let values: Vec<f64> = (0..20)
        .map(|_| (1.0 + effect) * rng.sample::<f64, _>(Exp1))
        .collect();
    let bootstrap = bootstrap_mean(&values, N_RESAMPLES, rng)?;
    Ok(!interval(&bootstrap, 1.0 - ALPHA)?.contains(1.0))
}

fn mean_percentile(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    exponential_mean(effect, rng, Bootstrap::percentile_interval)
}

fn mean_bca(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    exponential_mean(effect, rng, Bootstrap::bca_interval)
}

/// As the others, around 1 + effect.
fn mean_studentised(effect: f64, rng: &mut ChaCha8Rng) -> Result<bool, StatsError> {
    let values: Vec<f64> = (0..20)
        .map(|_| (1.0 + effect) * rng.sample::<f64, _>(Exp1))
        .collect();
    let bootstrap = StudentizedBootstrap::of_mean(&values, N_RESAMPLES, rng)?;
    Ok(!bootstrap.interval(1.0 - ALPHA)?.contains(1.0))
}
