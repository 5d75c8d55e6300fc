//! Comparing arrays within a tolerance.

use ndarray::{ArrayBase, Data, Dimension};

/// How far two numbers may be apart: |a − e| ≤ absolute + relative·|e|.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    absolute: f64,
    relative: f64,
}

impl Tolerance {
    /// Nothing but equality will do.
    #[must_use]
    pub fn exact() -> Self {
        Self {
            absolute: 0.0,
            relative: 0.0,
        }
    }

    /// A fixed distance.
    #[must_use]
    pub fn absolute(absolute: f64) -> Self {
        Self {
            absolute,
            relative: 0.0,
        }
    }

    /// A distance in proportion to the expected number.
    #[must_use]
    pub fn relative(relative: f64) -> Self {
        Self {
            absolute: 0.0,
            relative,
        }
    }

    /// This tolerance plus a fixed distance.
    #[must_use]
    pub fn or_absolute(self, absolute: f64) -> Self {
        Self { absolute, ..self }
    }

    fn allows(self, actual: f64, expected: f64) -> bool {
        same(actual, expected) || (actual - expected).abs() <= self.absolute + self.relative * expected.abs()
    }
}

/// Equal, infinities and NaN included.
#[expect(clippy::float_cmp, reason = "equality is what is asked")]
fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

/// Panics, naming the worst place, unless both arrays have one shape and all elements are close. NaN equals NaN.
///
/// # Panics
/// If the arrays differ: that is its purpose.
pub fn assert_close<A, B, S, T, D>(actual: &ArrayBase<S, D>, expected: &ArrayBase<T, D>, tolerance: Tolerance)
where
    A: Copy + Into<f64>,
    B: Copy + Into<f64>,
    S: Data<Elem = A>,
    T: Data<Elem = B>,
    D: Dimension,
{
    assert_eq!(actual.shape(), expected.shape(), "shapes differ");
    let pairs = || {
        actual
            .iter()
            .zip(expected.iter())
            .map(|(a, e)| ((*a).into(), (*e).into()))
    };
    let outside = pairs().filter(|&(a, e)| !tolerance.allows(a, e)).count();
    if outside > 0 {
        let far = |(a, e): (f64, f64)| {
            if (a - e).is_nan() {
                f64::INFINITY
            } else {
                (a - e).abs()
            }
        };
        let worst = pairs()
            .enumerate()
            .filter(|&(_, (a, e))| !tolerance.allows(a, e))
            .max_by(|x, y| far(x.1).total_cmp(&far(y.1)));
        if let Some((place, (a, e))) = worst {
            panic!(
                "{outside} of {} elements outside {tolerance:?}; worst at flat index {place}: {a:e}, expected {e:e}",
                actual.len()
            );
        }
    }
}

/// Largest |a − e| over the arrays; NaN pairs count as equal, a lone NaN as infinite.
#[must_use]
pub fn largest_deviation<A, B, S, T, D>(actual: &ArrayBase<S, D>, expected: &ArrayBase<T, D>) -> f64
where
    A: Copy + Into<f64>,
    B: Copy + Into<f64>,
    S: Data<Elem = A>,
    T: Data<Elem = B>,
    D: Dimension,
{
    actual
        .iter()
        .zip(expected.iter())
        .map(|(a, e)| ((*a).into(), (*e).into()))
        .map(|(a, e)| match () {
            () if same(a, e) => 0.0,
            () if (a - e).is_nan() => f64::INFINITY,
            () => (a - e).abs(),
        })
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn nan_must_meet_nan() {
        let (a, b) = (array![1.0, f64::NAN], array![f64::NAN, 1.0]);
        assert_close(&a, &a, Tolerance::exact());
        assert!(std::panic::catch_unwind(|| assert_close(&a, &b, Tolerance::absolute(9.0))).is_err());
        assert!(largest_deviation(&a, &b).is_infinite());
    }
}
