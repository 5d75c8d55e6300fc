//! A sigmoid through the points of a trajectory.

use crate::StatsError;
use crate::checks::{at_least, check_finite, same_length};

/// Slopes that a fit may have, per unit of x: a curve over the whole of training, and one between two checkpoints.
const SLOPES: [f64; 2] = [0.2, 10.0];
/// How far outside the points the location may lie.
const OUTSIDE: f64 = 2.0;
/// Steps of the grid in location and in the logarithm of the slope.
const GRID: [u32; 2] = [24, 8];
/// The grid's steps are halved this often around the best point: to less than a hundred-thousandth of the range.
const N_HALVINGS: u32 = 14;

/// y(x) = low + (high − low) / (1 + exp(−slope (x − location))).
///
/// # Example
/// ```
/// use lpp_stats::Sigmoid;
///
/// let curve = Sigmoid { low: 0.5, high: 0.9, location: 6.0, slope: 1.5 };
/// let x: Vec<f64> = (0..14).map(f64::from).collect();
/// let y: Vec<f64> = x.iter().map(|&x| curve.at(x)).collect();
/// let found = Sigmoid::fit(&x, &y)?;
/// assert!((found.location - 6.0).abs() < 1e-3 && (found.slope - 1.5).abs() < 1e-3);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sigmoid {
    /// Value long before the transition.
    pub low: f64,
    /// Value long after it.
    pub high: f64,
    /// Where it is half way.
    pub location: f64,
    /// Its steepness, per unit of x.
    pub slope: f64,
}

impl Sigmoid {
    /// The value at `x`.
    #[must_use]
    pub fn at(&self, x: f64) -> f64 {
        self.low + (self.high - self.low) * share(x, self.location, self.slope)
    }

    /// The curve with the least squared distance to the points: `low` and `high` in closed form over a grid of locations and slopes,
    /// which is then refined around its best point. The slope lies in \[0.2, 10\], the location at most 2 outside the points. A falling
    /// curve has `high` below `low`.
    ///
    /// # Errors
    /// [`StatsError`] with fewer than four points, unequal lengths, or values that are not finite.
    pub fn fit(x: &[f64], y: &[f64]) -> Result<Self, StatsError> {
        same_length(("x", x.len()), ("y", y.len()))?;
        at_least("a sigmoid", 4, x.len())?;
        check_finite("x", x)?;
        check_finite("y", y)?;
        let first = x.iter().copied().fold(f64::INFINITY, f64::min) - OUTSIDE;
        let last = x.iter().copied().fold(f64::NEG_INFINITY, f64::max) + OUTSIDE;
        let [low, high] = SLOPES.map(f64::ln);
        let mut steps = [
            (last - first) / f64::from(GRID[0]),
            (high - low) / f64::from(GRID[1]),
        ];
        let grid = (0..=GRID[0]).flat_map(|i| (0..=GRID[1]).map(move |j| (i, j)));
        let grid = grid.map(|(i, j)| [first + f64::from(i) * steps[0], low + f64::from(j) * steps[1]]);
        let mut best = Candidate::WORST;
        grid.for_each(|place| best = best.or(Candidate::new(x, y, place)));
        for _ in 0..N_HALVINGS {
            steps = steps.map(|step| step / 2.0);
            // Repeated while it moves, which is once or twice a step.
            loop {
                let before = best;
                for side in [
                    [-1.0, 0.0],
                    [1.0, 0.0],
                    [0.0, -1.0],
                    [0.0, 1.0],
                    [-1.0, -1.0],
                    [1.0, 1.0],
                    [-1.0, 1.0],
                    [1.0, -1.0],
                ] {
                    let location = (before.place[0] + side[0] * steps[0]).clamp(first, last);
                    let slope = (before.place[1] + side[1] * steps[1]).clamp(low, high);
                    best = best.or(Candidate::new(x, y, [location, slope]));
                }
                if best == before {
                    break;
                }
            }
        }
        Ok(best.curve)
    }
}

/// How much of the way is done at `x`.
fn share(x: f64, location: f64, slope: f64) -> f64 {
    1.0 / (1.0 + (-slope * (x - location)).exp())
}

/// A curve, its location and logarithm of the slope, and its squared distance to the points.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    curve: Sigmoid,
    place: [f64; 2],
    distance: f64,
}

impl Candidate {
    const WORST: Self = Self {
        curve: Sigmoid {
            low: f64::NAN,
            high: f64::NAN,
            location: f64::NAN,
            slope: f64::NAN,
        },
        place: [f64::NAN; 2],
        distance: f64::INFINITY,
    };

    /// The best curve of this location and slope: a regression of y on the share of the way.
    fn new(x: &[f64], y: &[f64], place: [f64; 2]) -> Self {
        let (location, slope) = (place[0], place[1].exp());
        let n = x.len() as f64;
        let shares: Vec<f64> = x.iter().map(|&x| share(x, location, slope)).collect();
        let mean_share = shares.iter().sum::<f64>() / n;
        let mean = y.iter().sum::<f64>() / n;
        let (mut variance, mut covariance) = (0.0, 0.0);
        for (share, y) in shares.iter().zip(y) {
            variance += (share - mean_share).powi(2);
            covariance += (share - mean_share) * (y - mean);
        }
        // Where the curve is flat over the points, its height is all that is known.
        let rise = if variance > 1e-12 {
            covariance / variance
        } else {
            0.0
        };
        let low = mean - rise * mean_share;
        let curve = Sigmoid {
            low,
            high: low + rise,
            location,
            slope,
        };
        let residuals = shares.iter().zip(y).map(|(share, y)| y - low - rise * share);
        let distance = residuals.map(|residual| residual * residual).sum();
        Self {
            curve,
            place,
            distance,
        }
    }

    fn or(self, other: Self) -> Self {
        if other.distance < self.distance {
            other
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_curves_come_back() {
        let x: Vec<f64> = (0..14).map(|i| f64::from(i) * 0.7).collect();
        for (location, slope) in [(2.0, 0.8), (4.55, 3.0), (7.9, 1.3)] {
            for (low, high) in [(0.5, 0.9), (1.0, -1.0)] {
                let curve = Sigmoid {
                    low,
                    high,
                    location,
                    slope,
                };
                let y: Vec<f64> = x.iter().map(|&x| curve.at(x)).collect();
                let found = Sigmoid::fit(&x, &y).unwrap();
                for (found, wanted) in [
                    (found.location, location),
                    (found.slope, slope),
                    (found.low, low),
                    (found.high, high),
                ] {
                    assert!((found - wanted).abs() < 1e-3, "{found} is not {wanted}");
                }
            }
        }
    }

    #[test]
    fn few_or_unequal_points_are_refused() {
        assert!(Sigmoid::fit(&[0.0, 1.0, 2.0], &[0.0, 1.0, 2.0]).is_err());
        assert!(Sigmoid::fit(&[0.0; 5], &[0.0; 4]).is_err());
        assert!(Sigmoid::fit(&[0.0, 1.0, 2.0, f64::NAN], &[0.0; 4]).is_err());
    }

    #[test]
    fn slope_and_location_stay_within_their_limits() {
        let x: Vec<f64> = (0..12).map(f64::from).collect();
        let fit = |y: &dyn Fn(f64) -> f64| {
            let y: Vec<f64> = x.iter().map(|&x| y(x)).collect();
            Sigmoid::fit(&x, &y).unwrap()
        };
        // A jump, a line, and the first and the last part of a curve. Limits are exponentials of logarithms.
        let jump = fit(&|x| f64::from(x > 5.5));
        assert!((jump.slope / 10.0 - 1.0).abs() < 1e-14 && (jump.location - 5.5).abs() < 0.5);
        assert!((fit(&|x| x).slope / 0.2 - 1.0).abs() < 1e-14);
        // With a slope that is on the grid, a location beyond the limit would fit better.
        for slope in [1.0, 0.2 * 50.0_f64.powf(3.0 / 8.0)] {
            assert_eq!(fit(&|x| share(x, 20.0, slope)).location, 13.0);
            assert_eq!(fit(&|x| share(x, -9.0, slope)).location, -2.0);
        }
    }

    #[test]
    fn flat_points_have_a_flat_curve() {
        let flat = Sigmoid::fit(&[0.0, 1.0, 2.0, 3.0], &[0.5; 4]).unwrap();
        assert_eq!((flat.low, flat.high, flat.at(1.5)), (0.5, 0.5, 0.5));
    }

    /// The largest gain of a neighbour at the finest step over the fit, and of a grid that is eight times as fine as the first.
    fn gains(y: &[f64]) -> [f64; 2] {
        let x: Vec<f64> = (0..12).map(f64::from).collect();
        let [low, high] = SLOPES.map(f64::ln);
        let steps = [
            (11.0 + 2.0 * OUTSIDE) / f64::from(GRID[0]),
            (high - low) / f64::from(GRID[1]),
        ];
        let distance = |place: [f64; 2]| Candidate::new(&x, y, place).distance;
        let found = Sigmoid::fit(&x, y).unwrap();
        let place = [found.location, found.slope.ln()];
        let finest = f64::from(1 << N_HALVINGS);
        let neighbours = (0..9).map(|i| [f64::from(i / 3 - 1), f64::from(i % 3 - 1)]);
        let beside = neighbours.map(|side| {
            distance([
                place[0] + side[0] * steps[0] / finest,
                place[1] + side[1] * steps[1] / finest,
            ])
        });
        let grid = (0..=8 * GRID[0]).flat_map(|i| (0..=8 * GRID[1]).map(move |j| (i, j)));
        let of_grid = grid.map(|(i, j)| {
            distance([
                f64::from(i) * steps[0] / 8.0 - OUTSIDE,
                low + f64::from(j) * steps[1] / 8.0,
            ])
        });
        let least = |distances: &mut dyn Iterator<Item = f64>| distances.fold(f64::INFINITY, f64::min);
        let [beside, of_grid] = [least(&mut { beside }), least(&mut { of_grid })];
        [distance(place) - beside, distance(place) - of_grid]
    }

    #[test]
    fn no_neighbour_at_the_finest_step_is_better() {
        let curve = |location: f64, slope: f64| -> Vec<f64> {
            (0..12)
                .map(|x| 1000.0 * share(f64::from(x), location, slope))
                .collect()
        };
        // Half of a curve lies outside, so that location and slope depend on each other.
        for k in (0..12).map(f64::from) {
            for y in [
                curve(12.9 - 0.11 * k, 0.55 + 0.055 * k),
                curve(0.11 * k - 1.9, 0.55 + 0.055 * k),
                curve(0.3 * (k % 4.0) - 1.2, 0.5 + 0.1 * k),
            ] {
                // Distances near 1e-5 from numbers near 1000.
                assert!(gains(&y)[0] < 1e-10, "{k}");
            }
        }
    }

    #[test]
    fn no_curve_of_a_finer_grid_is_better() {
        for seed in 0..40 {
            let noise = |i: usize| ((i * i * 7 + i * seed * 13 + seed) % 17) as f64 / 40.0;
            let y: Vec<f64> = (0..12).map(|i| share(i as f64, 5.3, 1.1) + noise(i)).collect();
            // Sums of twelve squares near 0.1; the logarithm of the slope comes back to a rounding.
            assert!(gains(&y).iter().all(|&gain| gain < 1e-13), "{seed}");
        }
    }

    #[test]
    fn the_curve_goes_from_low_to_high() {
        let curve = Sigmoid {
            low: 1.0,
            high: 5.0,
            location: 2.0,
            slope: 0.5,
        };
        assert_eq!((curve.at(-1e4), curve.at(2.0), curve.at(1e4)), (1.0, 3.0, 5.0));
        // 1/(1 + exp(−ln 3)) is three quarters of the way.
        assert!((curve.at(2.0 + 2.0 * 3.0_f64.ln()) - 4.0).abs() < 1e-14);
    }
}
