//! Random maps with the spatial autocorrelation of a given one, by matching its variogram.
//!
//! Two smooth maps correlate by chance more than their number of regions suggests. Surrogates of one map that keep only
//! its smoothness give the distribution of such chance correlations.

use ndarray::ArrayRef2;
use rand::Rng;
use rand::seq::SliceRandom;
use rand_distr::StandardNormal;

use crate::checks::{at_least, check_finite, not_negative, same_length};
use crate::regression_line::{line_through, linspace};
use crate::{StatsError, Tail, pearson, percentile, permutation_p};

/// Width of the variogram's Gaussian kernel: at the distance of one bandwidth a pair has weight exp(−2.68²/2), as in
/// the reference.
const KERNEL: f64 = 2.68;

/// Settings of the surrogate maps; the defaults are those of the paper.
#[derive(Debug, Clone, PartialEq)]
pub struct VariogramSettings {
    /// Only pairs of regions up to this percentile of all distances are used; 25.
    pub max_distance_percentile: f64,
    /// Distances at which variograms are compared; 25.
    pub n_bins: usize,
    /// Candidate shares of the regions that a region is averaged with; the best is chosen; 0.1, 0.2, …, 0.9.
    pub neighbour_shares: Vec<f64>,
    /// Whether surrogates get the values of the map itself, rank by rank; no.
    pub keep_values: bool,
}

impl Default for VariogramSettings {
    fn default() -> Self {
        Self {
            max_distance_percentile: 25.0,
            n_bins: 25,
            neighbour_shares: (1..10).map(|i| f64::from(i) / 10.0).collect(),
            keep_values: false,
        }
    }
}

/// A map of regions, ready to make surrogates of it.
#[derive(Debug, Clone)]
pub struct VariogramNull {
    values: Vec<f64>,
    variogram: Variogram,
    target: Vec<f64>,
    smoothers: Vec<Smoother>,
    keep_values: bool,
}

/// A correlation of two maps, tested against surrogates of the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurrogateTest {
    /// Pearson's r of the two maps.
    pub r: f64,
    /// Two-sided p-value.
    pub p: f64,
    /// Number of surrogates compared with r.
    pub n_surrogates: usize,
}

impl VariogramNull {
    /// Prepares the surrogates of a map.
    ///
    /// For a surrogate, the map is permuted, averaged over neighbouring regions with weights exp(−d/dₖ) (k neighbours
    /// including the region itself, dₖ the distance of the farthest), scaled, and mixed with white noise so that its
    /// variogram is closest to that of the map. The best of the given k is used. If the match needs noise of negative
    /// variance, for example for a map smoother than any surrogate, no noise is added (the paper uses the absolute
    /// value, which roughens the surrogate further).
    ///
    /// # Shapes
    /// `values` has one value per region. `distances` is (`n_regions`, `n_regions`) in any unit and assumed symmetric:
    /// the variogram uses the part above the diagonal, the neighbours whole rows. Memory and time grow with the number
    /// of pairs, so use it for parcels, up to a thousand or so.
    ///
    /// # Errors
    /// [`StatsError::TooFew`] with fewer than five regions, fewer than three bins or without neighbour shares;
    /// [`StatsError::NotSquare`], [`StatsError::NotFinite`], [`StatsError::PercentileOutOfRange`]; [`StatsError::Negative`] for
    /// distances or shares.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::{VariogramNull, VariogramSettings};
    /// use ndarray::Array2;
    /// use rand::SeedableRng;
    /// // Regions along a line, with a trend.
    /// let values: Vec<f64> = (0..30).map(|i| f64::from(i) + f64::from(i * 7 % 5)).collect();
    /// let distances = Array2::from_shape_fn((30, 30), |(i, j)| i.abs_diff(j) as f64);
    /// let null = VariogramNull::new(&values, &distances, &VariogramSettings::default())?;
    /// let other: Vec<f64> = (0..30).map(|i| f64::from(30 - i) + f64::from(i * 3 % 7)).collect();
    /// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
    /// let test = null.correlation_test(&other, 200, &mut rng)?;
    /// // The plain p-value is below 1e-10, but two trends correlate easily.
    /// assert!(test.r < -0.9 && test.p > 0.001);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// J. B. Burt et al. (2020), <https://doi.org/10.1016/j.neuroimage.2020.117038>;
    /// J. Viladomat et al. (2014), <https://doi.org/10.1111/biom.12139>.
    pub fn new(
        values: &[f64],
        distances: &ArrayRef2<f64>,
        settings: &VariogramSettings,
    ) -> Result<Self, StatsError> {
        let n = values.len();
        at_least("regions of a spatial null", 5, n)?;
        at_least("bins of a variogram", 3, settings.n_bins)?;
        at_least(
            "neighbour shares of a spatial null",
            1,
            settings.neighbour_shares.len(),
        )?;
        check_finite("a value", values)?;
        check_distances(n, distances)?;
        let variogram = Variogram::new(distances, settings)?;
        let shares = settings.neighbour_shares.iter();
        Ok(Self {
            target: variogram.of(values),
            smoothers: shares
                .map(|&share| Smoother::new(distances, share))
                .collect::<Result<_, _>>()?,
            values: values.to_vec(),
            variogram,
            keep_values: settings.keep_values,
        })
    }

    /// The distances at which variograms are computed.
    #[must_use]
    pub fn distances(&self) -> &[f64] {
        &self.variogram.distances
    }

    /// The variogram of the map: half the mean squared difference between regions at each of
    /// [`distances`](Self::distances).
    #[must_use]
    pub fn variogram(&self) -> &[f64] {
        &self.target
    }

    /// The variogram of another map of the same regions, to check how well a surrogate matches.
    ///
    /// # Errors
    /// [`StatsError::LengthMismatch`].
    pub fn variogram_of(&self, map: &[f64]) -> Result<Vec<f64>, StatsError> {
        self.check_map("the map", map.len())?;
        Ok(self.variogram.of(map))
    }

    /// Draws a surrogate map.
    pub fn surrogate(&self, rng: &mut impl Rng) -> Vec<f64> {
        let mut permuted = self.values.clone();
        permuted.shuffle(rng);
        let noise: Vec<f64> = permuted.iter().map(|_| rng.sample(StandardNormal)).collect();
        self.build(&permuted, &noise)
    }

    /// The surrogate map for a given permutation of the map and given white noise.
    ///
    /// # Errors
    /// [`StatsError::LengthMismatch`].
    pub fn surrogate_of(&self, permuted: &[f64], noise: &[f64]) -> Result<Vec<f64>, StatsError> {
        self.check_map("the permuted map", permuted.len())?;
        self.check_map("the noise", noise.len())?;
        Ok(self.build(permuted, noise))
    }

    /// Tests the correlation of the map with `other` against surrogates of the map.
    ///
    /// r and p are NaN if either map is constant.
    ///
    /// # Errors
    /// [`StatsError::LengthMismatch`], [`StatsError::NotFinite`]; [`StatsError::TooFew`] without surrogates.
    pub fn correlation_test(
        &self,
        other: &[f64],
        n_surrogates: usize,
        rng: &mut impl Rng,
    ) -> Result<SurrogateTest, StatsError> {
        at_least("surrogates of a spatial null", 1, n_surrogates)?;
        check_finite("the other map", other)?;
        let r = pearson(&self.values, other)?.r;
        let null: Vec<f64> = (0..n_surrogates)
            .map(|_| pearson(&self.surrogate(rng), other).map(|fit| fit.r))
            .collect::<Result<_, _>>()?;
        Ok(SurrogateTest {
            r,
            p: permutation_p(r, &null, Tail::TwoSided),
            n_surrogates,
        })
    }

    fn build(&self, permuted: &[f64], noise: &[f64]) -> Vec<f64> {
        let candidates = self
            .smoothers
            .iter()
            .filter_map(|smoother| Candidate::of(self, smoother, permuted));
        let best = candidates.min_by(|a, b| a.misfit.total_cmp(&b.misfit));
        // A constant map has no variogram to match and is its own surrogate.
        let map = best.map_or_else(|| permuted.to_vec(), |best| best.mixed_with(noise));
        if self.keep_values {
            with_values_of(&self.values, &map)
        } else {
            map
        }
    }

    fn check_map(&self, right_name: &'static str, right: usize) -> Result<(), StatsError> {
        same_length(("the values", self.values.len()), (right_name, right))
    }
}

fn check_distances(n: usize, distances: &ArrayRef2<f64>) -> Result<(), StatsError> {
    if distances.dim() != (n, n) {
        return Err(StatsError::NotSquare {
            n,
            found: distances.dim().into(),
        });
    }
    let flat: Vec<f64> = distances.iter().copied().collect();
    check_finite("a distance", &flat)?;
    flat.iter()
        .try_for_each(|&distance| not_negative("a distance", distance))
}

/// A smoothed permutation, with the regression line from its variogram to that of the map.
struct Candidate {
    smooth: Vec<f64>,
    /// Variance of the noise to add; negative if there is too much.
    intercept: f64,
    slope: f64,
    misfit: f64,
}

impl Candidate {
    /// `None` if the smoothed map is so flat that its variogram has no slope.
    fn of(null: &VariogramNull, smoother: &Smoother, permuted: &[f64]) -> Option<Self> {
        let smooth = smoother.apply(permuted);
        let own = null.variogram.of(&smooth);
        let (intercept, slope) = line_through(own.iter().copied().zip(null.target.iter().copied()))?;
        let misfit = own
            .iter()
            .zip(&null.target)
            .map(|(own, target)| (target - intercept - slope * own).powi(2))
            .sum();
        Some(Self {
            smooth,
            intercept,
            slope,
            misfit,
        })
    }

    fn mixed_with(&self, noise: &[f64]) -> Vec<f64> {
        // A negative variance of the noise means that the surrogate is too rough already; more noise would not help.
        let (scale, noise_scale) = (self.slope.abs().sqrt(), self.intercept.max(0.0).sqrt());
        self.smooth
            .iter()
            .zip(noise)
            .map(|(value, z)| scale * value + noise_scale * z)
            .collect()
    }
}

/// The values of `source`, ordered by the ranks of `map`.
fn with_values_of(source: &[f64], map: &[f64]) -> Vec<f64> {
    let mut sorted = source.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut order: Vec<usize> = (0..map.len()).collect();
    order.sort_by(|&a, &b| map[a].total_cmp(&map[b]));
    let mut result = vec![0.0; map.len()];
    for (&region, value) in order.iter().zip(sorted) {
        result[region] = value;
    }
    result
}

/// The weights of the pairs of regions in the variogram at each distance.
#[derive(Debug, Clone)]
struct Variogram {
    pairs: Vec<(usize, usize)>,
    distances: Vec<f64>,
    /// For each distance, the weights of all pairs, with sum 1.
    weights: Vec<Vec<f64>>,
}

impl Variogram {
    fn new(distances: &ArrayRef2<f64>, settings: &VariogramSettings) -> Result<Self, StatsError> {
        let n = distances.nrows();
        let all: Vec<(usize, usize)> = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).collect();
        let lengths: Vec<f64> = all.iter().map(|&pair| distances[pair]).collect();
        let farthest = percentile(&lengths, settings.max_distance_percentile)?;
        let (pairs, lengths): (Vec<_>, Vec<f64>) = all
            .into_iter()
            .zip(lengths)
            .filter(|&(_, length)| length <= farthest)
            .unzip();
        let nearest = lengths.iter().copied().fold(f64::INFINITY, f64::min);
        let farthest = lengths.iter().copied().fold(0.0, f64::max);
        let bins = linspace(nearest, farthest, settings.n_bins);
        let bandwidth = 3.0 * (bins[1] - bins[0]);
        Ok(Self {
            pairs,
            weights: bins
                .iter()
                .map(|&bin| kernel_weights(&lengths, bin, bandwidth))
                .collect(),
            distances: bins,
        })
    }

    fn of(&self, map: &[f64]) -> Vec<f64> {
        let halves: Vec<f64> = self
            .pairs
            .iter()
            .map(|&(i, j)| 0.5 * (map[i] - map[j]).powi(2))
            .collect();
        let at = |weights: &Vec<f64>| weights.iter().zip(&halves).map(|(w, half)| w * half).sum();
        self.weights.iter().map(at).collect()
    }
}

/// Gaussian weights of distances around a bin, with sum 1; equal weights if all distances are the same.
fn kernel_weights(lengths: &[f64], bin: f64, bandwidth: f64) -> Vec<f64> {
    let weight = |length: f64| {
        if bandwidth > 0.0 {
            (-0.5 * (KERNEL * (length - bin) / bandwidth).powi(2)).exp()
        } else {
            1.0
        }
    };
    let total: f64 = lengths.iter().map(|&length| weight(length)).sum();
    lengths.iter().map(|&length| weight(length) / total).collect()
}

/// An average over the nearest regions of each region.
#[derive(Debug, Clone)]
struct Smoother {
    /// For each region its neighbours, including itself, with weights of sum 1.
    neighbours: Vec<Vec<(usize, f64)>>,
}

impl Smoother {
    fn new(distances: &ArrayRef2<f64>, share: f64) -> Result<Self, StatsError> {
        not_negative("a neighbour share", share)?;
        let n = distances.nrows();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and float casts saturate"
        )]
        let n_neighbours = ((share * n as f64).round() as usize).clamp(2, n);
        let neighbours = distances
            .rows()
            .into_iter()
            .map(|row| nearest(&row.to_vec(), n_neighbours))
            .collect();
        Ok(Self { neighbours })
    }

    fn apply(&self, map: &[f64]) -> Vec<f64> {
        let average =
            |near: &Vec<(usize, f64)>| near.iter().map(|&(region, weight)| weight * map[region]).sum();
        self.neighbours.iter().map(average).collect()
    }
}

/// The regions nearest to one, with exponential weights of sum 1.
fn nearest(distances: &[f64], n_neighbours: usize) -> Vec<(usize, f64)> {
    let mut order: Vec<usize> = (0..distances.len()).collect();
    order.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]));
    order.truncate(n_neighbours);
    let farthest = order.last().map_or(0.0, |&region| distances[region]);
    let weight = |region: usize| {
        if farthest > 0.0 {
            (-distances[region] / farthest).exp()
        } else {
            1.0
        }
    };
    let total: f64 = order.iter().map(|&region| weight(region)).sum();
    order
        .iter()
        .map(|&region| (region, weight(region) / total))
        .collect()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Regions on a 7 × 7 grid, with a map of waves and some roughness.
    fn smooth_map() -> (Vec<f64>, Array2<f64>) {
        let place = |i: usize| ((i % 7) as f64, (i / 7) as f64);
        let rough = |i: usize| ((i * 37) % 11) as f64 / 11.0 - 0.45;
        let values = (0..49)
            .map(|i| (0.8 * place(i).0).sin() + (0.6 * place(i).1).cos() + rough(i))
            .collect();
        let distances = Array2::from_shape_fn((49, 49), |(i, j)| {
            (place(i).0 - place(j).0).hypot(place(i).1 - place(j).1)
        });
        (values, distances)
    }

    fn null(settings: &VariogramSettings) -> VariogramNull {
        let (values, distances) = smooth_map();
        VariogramNull::new(&values, &distances, settings).unwrap()
    }

    #[test]
    fn surrogates_have_the_variogram_of_the_map() {
        let null = null(&VariogramSettings::default());
        let (values, _) = smooth_map();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let n = 400;
        let (mut matched, mut permuted) = (vec![0.0; 25], vec![0.0; 25]);
        for _ in 0..n {
            let add = |sums: &mut Vec<f64>, map: &[f64]| {
                for (sum, v) in sums.iter_mut().zip(null.variogram_of(map).unwrap()) {
                    *sum += v / f64::from(n);
                }
            };
            add(&mut matched, &null.surrogate(&mut rng));
            let mut plain = values.clone();
            plain.shuffle(&mut rng);
            add(&mut permuted, &plain);
        }
        let misfit = |mean: &[f64]| -> f64 {
            mean.iter()
                .zip(null.variogram())
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        let size = null.variogram().iter().map(|v| v * v).sum::<f64>().sqrt();
        // The mean over surrogates comes near the target; plain permutations are rough at all distances.
        assert!(misfit(&matched) < 0.15 * size, "{} of {size}", misfit(&matched));
        assert!(misfit(&permuted) > 0.5 * size, "{} of {size}", misfit(&permuted));
    }

    #[test]
    fn the_seed_decides_the_surrogate() {
        let null = null(&VariogramSettings::default());
        let draw = |seed| null.surrogate(&mut ChaCha8Rng::seed_from_u64(seed));
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }

    #[test]
    fn values_are_kept_on_request() {
        let null = null(&VariogramSettings {
            keep_values: true,
            ..VariogramSettings::default()
        });
        let mut surrogate = null.surrogate(&mut ChaCha8Rng::seed_from_u64(3));
        let (mut values, _) = smooth_map();
        values.sort_unstable_by(f64::total_cmp);
        surrogate.sort_unstable_by(f64::total_cmp);
        assert_eq!(surrogate, values);
    }

    #[test]
    fn constant_maps_show_nothing() {
        let (values, distances) = smooth_map();
        let flat = VariogramNull::new(&[0.3; 49], &distances, &VariogramSettings::default()).unwrap();
        let test = flat
            .correlation_test(&values, 20, &mut ChaCha8Rng::seed_from_u64(3))
            .unwrap();
        assert!(test.r.is_nan() && test.p.is_nan());
    }

    #[test]
    fn bad_arguments_are_errors() {
        let (values, distances) = smooth_map();
        let new = |settings: VariogramSettings| VariogramNull::new(&values, &distances, &settings);
        let default = VariogramSettings::default;
        assert!(
            new(VariogramSettings {
                n_bins: 2,
                ..default()
            })
            .is_err()
        );
        assert!(
            new(VariogramSettings {
                neighbour_shares: vec![],
                ..default()
            })
            .is_err()
        );
        assert!(
            new(VariogramSettings {
                neighbour_shares: vec![f64::NAN],
                ..default()
            })
            .is_err()
        );
        assert!(
            new(VariogramSettings {
                max_distance_percentile: 101.0,
                ..default()
            })
            .is_err()
        );
        assert!(VariogramNull::new(&values[..48], &distances, &default()).is_err());
        let negative = distances.mapv(|d| d - 0.5);
        assert!(VariogramNull::new(&values, &negative, &default()).is_err());
        let null = new(default()).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        assert!(null.correlation_test(&values[..48], 20, &mut rng).is_err());
        assert!(null.correlation_test(&values, 0, &mut rng).is_err());
        assert!(null.surrogate_of(&values, &[0.0; 3]).is_err());
    }
}
