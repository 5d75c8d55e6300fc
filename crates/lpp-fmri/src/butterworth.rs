//! The high-pass filter of the reference: Butterworth of order 5, forward and backward.

use std::f64::consts::PI;

use multiversion::multiversion;

use crate::FmriError;
use crate::sample::{Real, Sample};

/// Order of the filter, nilearn's default.
const ORDER: usize = 5;
/// Samples by which a signal is extended at each end: three times the number of coefficients, `filtfilt`'s default.
pub(crate) const PADDING: usize = 3 * (ORDER + 1);

/// 2 · (1/128 Hz) · 2 s: the cut-off of the study as a fraction of the Nyquist frequency. It is a dyadic number.
const STUDY_CUTOFF: f64 = 0.031_25;
/// The study's filter as returned by SciPy 1.13.0: the gain, the denominator, and the steady state of a unit step.
/// SciPy solves an ill-conditioned system for the steady state (the denominator's sum is 7.8e-6), so only ten digits
/// are right. The digits listed are those used for the published numbers.
const STUDY: HighPass = HighPass {
    numerator: scaled_binomials(0.853_056_897_425_061),
    denominator: [
        1.0,
        -4.682_336_887_610_735,
        8.779_218_538_042_493,
        -8.238_863_495_302_658,
        3.869_695_726_401_648_3,
        -0.727_706_070_244_411_1,
    ],
    steady_state: [
        -0.853_056_897_534_268_8,
        3.412_227_590_102_384_4,
        -5.118_341_385_106_984_6,
        3.412_227_590_043_374,
        -0.853_056_897_504_532_3,
    ],
};

/// A high-pass filter in transfer-function form.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct HighPass {
    numerator: [f64; ORDER + 1],
    denominator: [f64; ORDER + 1],
    /// State in which a constant input of 1 gives a constant output.
    steady_state: [f64; ORDER],
}

impl HighPass {
    /// The filter that halves the power at `cutoff_hz`, for a sampling interval of `tr_s`.
    pub(crate) fn new(cutoff_hz: f64, tr_s: f64) -> Result<Self, FmriError> {
        if !(tr_s.is_finite() && tr_s > 0.0) {
            return Err(FmriError::InvalidParameter {
                name: "the repetition time",
                value: tr_s,
                expected: "a positive number of seconds",
            });
        }
        let cutoff = 2.0 * cutoff_hz * tr_s;
        if !(cutoff > 0.0 && cutoff < 1.0) {
            return Err(FmriError::InvalidParameter {
                name: "the cut-off of the high-pass filter in Hz",
                value: cutoff_hz,
                expected: "more than 0 and less than half the sampling rate",
            });
        }
        // This very filter is tabulated, its neighbours are not.
        if cutoff == STUDY_CUTOFF {
            return Ok(STUDY);
        }
        Ok(Self::design(cutoff))
    }

    /// The bilinear transform of the analogue filter, its cut-off pre-warped.
    fn design(cutoff: f64) -> Self {
        let warped = 4.0 * (PI * cutoff / 2.0).tan();
        // The real pole first, then pairs of conjugates; each as a factor of the denominator in powers of z⁻¹.
        let real = -warped;
        let mut denominator = vec![1.0, -(4.0 + real) / (4.0 - real)];
        let mut gain = 4.0 / (4.0 - real);
        for m in [2.0, 4.0] {
            let angle = PI * m / (2.0 * ORDER as f64);
            // w / (−exp(iφ)) = −w cos φ + i w sin φ
            let (re, im) = (-warped * angle.cos(), warped * angle.sin());
            let distance = (4.0 - re).powi(2) + im * im;
            let sum = 2.0 * (16.0 - re * re - im * im) / distance;
            let product = ((4.0 + re).powi(2) + im * im) / distance;
            denominator = times(&denominator, &[1.0, -sum, product]);
            gain *= 16.0 / distance;
        }
        let numerator = scaled_binomials(gain);
        Self {
            numerator,
            denominator: std::array::from_fn(|i| denominator.get(i).copied().unwrap_or(0.0)),
            steady_state: [1.0, -4.0, 6.0, -4.0, 1.0].map(|v| -gain * v),
        }
    }

    /// Filters `N` signals side by side, forward and backward, in `f64`.
    ///
    /// Row t has sample t of each signal; there must be at least [`PADDING`] + 1 rows. Both ends are extended by point
    /// reflection, in the type of the signals. Results are rounded to that type.
    pub(crate) fn apply<T: Real, const N: usize>(&self, signals: &mut [[T; N]], scratch: &mut Vec<[f64; N]>) {
        extend(signals, scratch);
        run(self, scratch, Direction::Forward);
        run(self, scratch, Direction::Backward);
        for (signal, filtered) in signals.iter_mut().zip(&scratch[PADDING..]) {
            *signal = filtered.map(T::from_double);
        }
    }
}

/// One pass over the rows in the direction of `order`, starting from the steady state of the first row.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn run<const N: usize>(filter: &HighPass, rows: &mut [[f64; N]], order: Direction) {
    let (b, a) = (&filter.numerator, &filter.denominator);
    let n = rows.len();
    let place = |step: usize| match order {
        Direction::Forward => step,
        Direction::Backward => n - 1 - step,
    };
    let first = rows[place(0)];
    let mut state = filter.steady_state.map(|z| first.map(|x| z * x));
    for step in 0..n {
        let row = &mut rows[place(step)];
        for lane in 0..N {
            let x = row[lane];
            let y = state[0][lane] + b[0] * x;
            for k in 0..ORDER - 1 {
                state[k][lane] = state[k + 1][lane] + x * b[k + 1] - y * a[k + 1];
            }
            state[ORDER - 1][lane] = x * b[ORDER] - y * a[ORDER];
            row[lane] = y;
        }
    }
}

/// The direction of a filter in time.
#[derive(Debug, Clone, Copy)]
enum Direction {
    Forward,
    Backward,
}

/// (1 − z⁻¹)⁵ times `gain`: five zeros at frequency 0.
const fn scaled_binomials(gain: f64) -> [f64; ORDER + 1] {
    [gain, -5.0 * gain, 10.0 * gain, -10.0 * gain, 5.0 * gain, -gain]
}

/// The product of two polynomials.
fn times(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut product = vec![0.0; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            product[i + j] += x * y;
        }
    }
    product
}

/// The signals with [`PADDING`] samples more at each end, reflected at the end points.
fn extend<T: Real, const N: usize>(signals: &[[T; N]], extended: &mut Vec<[f64; N]>) {
    let n = signals.len();
    let two = T::one() + T::one();
    let reflected = |around: usize, place: usize| {
        std::array::from_fn(|lane| (two * signals[around][lane] - signals[place][lane]).to_double())
    };
    extended.clear();
    extended.extend((1..=PADDING).rev().map(|place| reflected(0, place)));
    extended.extend(signals.iter().map(|row| row.map(Sample::to_double)));
    extended.extend((1..=PADDING).map(|back| reflected(n - 1, n - 1 - back)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_design_gives_the_tabulated_filter() {
        let design = HighPass::design(STUDY_CUTOFF);
        // SciPy multiplies the poles in another order; a few spacings of f64 at 9.
        for (found, expected) in design.denominator.iter().zip(STUDY.denominator) {
            assert!((found - expected).abs() < 1e-14, "{found} {expected}");
        }
        assert!((design.numerator[0] - STUDY.numerator[0]).abs() < 1e-15);
        // The steady state that SciPy's solver finds has ten right digits.
        for (found, expected) in design.steady_state.iter().zip(STUDY.steady_state) {
            assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        }
    }

    #[test]
    fn constants_go_and_fast_oscillations_stay() {
        let filter = HighPass::new(0.01, 2.0).unwrap();
        let mut rows: Vec<[f64; 2]> = (0..200u16)
            .map(|t| [5.0, if t % 2 == 0 { 1.0 } else { -1.0 }])
            .collect();
        filter.apply(&mut rows, &mut Vec::new());
        for (t, row) in (0u16..).zip(&rows) {
            // The filter's own rounding, amplified by its nearly cancelling poles.
            assert!(row[0].abs() < 1e-8, "{row:?}");
            // Away from the ends, whose transients the extension only dampens.
            if (80..120).contains(&t) {
                assert!((row[1].abs() - 1.0).abs() < 0.02, "{row:?}");
            }
        }
    }

    #[test]
    fn impossible_cutoffs_are_refused() {
        for (hz, tr) in [
            (0.0, 2.0),
            (0.25, 2.0),
            (f64::NAN, 2.0),
            (-0.01, 2.0),
            (0.01, 0.0),
            (0.01, f64::INFINITY),
        ] {
            assert!(
                matches!(HighPass::new(hz, tr), Err(FmriError::InvalidParameter { .. })),
                "{hz} {tr}"
            );
        }
    }
}
