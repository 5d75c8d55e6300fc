//! How close a model can come to the noise ceiling of a voxel if its weights are estimated from few scans.

/// Groups of voxels of a side, by ceiling.
const GROUPS: usize = 8;
/// Fewest voxels of a group.
const LEAST: usize = 4;
/// Noise of the weights that is tried, besides none: this many values in equal ratios.
const N_NOISES: i32 = 60;
/// The smallest and the largest of them.
const NOISES: [f64; 2] = [0.01, 30.0];

/// A voxel with a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScoredVoxel {
    /// Its ceiling in runs that are not scored, by which voxels are grouped.
    pub grouped_by: f64,
    /// Its ceiling in the runs that are scored.
    pub ceiling: f64,
    /// Its score.
    pub score: f64,
}

/// The relation of scores to ceilings: κ·c²/√(c² + τ(1 − c²)) at the ceiling c.
///
/// The prediction of a linear model is what its weights make of the signal, of variance c², and of the noise of the training
/// scans, of variance 1 − c². With τ the ratio of both gains, which one fit has for all voxels that share a penalty, the
/// prediction correlates with the scans by κ·c²/√(c² + τ(1 − c²)). Scores are proportional to ceilings only without noise of
/// the weights, τ = 0: otherwise voxels with lower ceilings stay further behind theirs.
///
/// ```
/// use lpp_stats::{Attainable, ScoredVoxel};
/// let at = |c: f64| ScoredVoxel { grouped_by: c, ceiling: c, score: 0.5 * c * c / (c * c + 0.3 * (1.0 - c * c)).sqrt() };
/// let left: Vec<_> = (0..80).map(|i| at(0.4 + 0.005 * f64::from(i))).collect();
/// let right: Vec<_> = (0..80).map(|i| at(0.2 + 0.005 * f64::from(i))).collect();
/// let found = Attainable::fit(&left, &right);
/// assert!((found.of(0.6) / 0.6 - 1.0 / (1.0 + 0.3 * (1.0 / 0.36 - 1.0_f64)).sqrt()).abs() < 0.01);
/// assert_eq!(Attainable::proportional().of(0.6), 0.6);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attainable {
    noise: f64,
}

impl Attainable {
    /// Scores in proportion to ceilings.
    #[must_use]
    pub fn proportional() -> Self {
        Self { noise: 0.0 }
    }

    /// The τ that fits the scores of both sides best; κ may differ between them.
    ///
    /// Measured ceilings have errors, which would flatten the relation. Therefore voxels are grouped by the ceilings of other
    /// runs, and the means of the groups are fitted (A. Wald 1940, <https://doi.org/10.1214/aoms/1177731868>). With too few
    /// voxels for three groups, scores are taken as proportional.
    #[must_use]
    pub fn fit(left: &[ScoredVoxel], right: &[ScoredVoxel]) -> Self {
        let n_groups = GROUPS.min(left.len() / LEAST).min(right.len() / LEAST);
        if n_groups < 3 {
            return Self::proportional();
        }
        let sides = [left, right].map(|side| means(side, n_groups));
        let ratio = (NOISES[1] / NOISES[0]).powf(f64::from(N_NOISES - 1).recip());
        let noises = (0..N_NOISES).map(|step| NOISES[0] * ratio.powi(step));
        let error = |noise: f64| -> f64 { sides.iter().map(|side| Self { noise }.error(side)).sum() };
        let mut best = (Self::proportional(), error(0.0));
        for noise in noises {
            let found = error(noise);
            if found < best.1 {
                best = (Self { noise }, found);
            }
        }
        best.0
    }

    /// The score of a perfect model (κ = 1) in a voxel with this ceiling.
    #[must_use]
    pub fn of(self, ceiling: f64) -> f64 {
        if self.noise <= 0.0 {
            return ceiling;
        }
        let square = ceiling * ceiling;
        square / (square + self.noise * (1.0 - square)).sqrt()
    }

    /// Squared distance of group means (ceiling, score) from the best multiple.
    fn error(self, groups: &[[f64; 2]]) -> f64 {
        let pairs = || groups.iter().map(|[ceiling, score]| (self.of(*ceiling), *score));
        let [cross, square] = pairs().fold([0.0; 2], |[cross, square], (f, s)| {
            [cross + f * s, square + f * f]
        });
        let scale = cross / square;
        pairs().map(|(f, s)| (s - scale * f).powi(2)).sum()
    }
}

/// Mean ceiling and score of groups of nearly equal size.
fn means(voxels: &[ScoredVoxel], n_groups: usize) -> Vec<[f64; 2]> {
    let mut sorted = voxels.to_vec();
    sorted.sort_by(|a, b| a.grouped_by.total_cmp(&b.grouped_by));
    let (size, larger) = (sorted.len() / n_groups, sorted.len() % n_groups);
    let mut rest = &sorted[..];
    let mut next = |group: usize| {
        let (of_group, others) = rest.split_at(size + usize::from(group < larger));
        rest = others;
        let n = of_group.len() as f64;
        let sum = |of: fn(&ScoredVoxel) -> f64| of_group.iter().map(of).sum::<f64>();
        [sum(|voxel| voxel.ceiling) / n, sum(|voxel| voxel.score) / n]
    };
    (0..n_groups).map(&mut next).collect()
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn errors_of_ceilings_do_not_hide_the_noise_of_weights() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut side = |low: f64, scale: f64| -> Vec<ScoredVoxel> {
            let voxel = |_| {
                let c = low + rng.random_range(0.0..0.4);
                let mut measured = || c + rng.random_range(-0.1..0.1);
                ScoredVoxel {
                    grouped_by: measured(),
                    ceiling: measured(),
                    score: scale * Attainable { noise: 0.5 }.of(c),
                }
            };
            (0..4000).map(voxel).collect()
        };
        let found = Attainable::fit(&side(0.4, 0.6), &side(0.2, 0.5));
        assert!((found.noise / 0.5 - 1.0).abs() < 0.25, "{found:?}");
        // Grouped by the same ceilings, their errors would pass for a flatter relation.
        let same = |side: Vec<ScoredVoxel>| -> Vec<ScoredVoxel> {
            let by_own = |v: ScoredVoxel| ScoredVoxel {
                grouped_by: v.ceiling,
                ..v
            };
            side.into_iter().map(by_own).collect()
        };
        let flatter = Attainable::fit(&same(side(0.4, 0.6)), &same(side(0.2, 0.5)));
        assert!(flatter.noise < 0.7 * found.noise, "{flatter:?}");
    }

    #[test]
    fn few_voxels_and_proportional_scores_have_no_noise() {
        let at = |c: f64| ScoredVoxel {
            grouped_by: c,
            ceiling: c,
            score: 0.4 * c,
        };
        let side: Vec<ScoredVoxel> = (0..100).map(|i| at(0.3 + 0.005 * f64::from(i))).collect();
        assert_eq!(Attainable::fit(&side, &side[..50]), Attainable::proportional());
        assert_eq!(Attainable::fit(&side[..11], &side), Attainable::proportional());
    }

    #[test]
    fn the_smallest_and_the_largest_noise_are_tried() {
        for noise in NOISES {
            let at = |i: i32| {
                // The voxels of a group are equal, so that its means lie on the curve.
                let c = 0.3 + 0.08 * f64::from(i / 4);
                ScoredVoxel {
                    grouped_by: c,
                    ceiling: c,
                    score: 0.4 * Attainable { noise }.of(c),
                }
            };
            let side: Vec<ScoredVoxel> = (0..32).map(at).collect();
            let found = Attainable::fit(&side, &side).noise;
            // The ratio between neighbours, 1.15, is multiplied up to 59 times.
            assert!((found / noise - 1.0).abs() < 1e-12, "{found} {noise}");
        }
    }

    #[test]
    fn no_ceiling_and_a_perfect_one_are_reached_with_any_noise() {
        for noise in [0.0, 0.5, 30.0] {
            let reached = Attainable { noise };
            assert_eq!((reached.of(0.0), reached.of(1.0)), (0.0, 1.0));
        }
    }

    #[test]
    fn groups_take_all_voxels_in_order_and_differ_by_one_at_most() {
        let voxels: Vec<ScoredVoxel> = [7, 2, 9, 0, 4, 1, 8, 3, 6, 5]
            .map(|i| ScoredVoxel {
                grouped_by: f64::from(i),
                ceiling: 0.5 * f64::from(i),
                score: f64::from(i * i),
            })
            .to_vec();
        // 0 to 3, 4 to 6 and 7 to 9.
        let squares = [14.0 / 4.0, 77.0 / 3.0, 194.0 / 3.0];
        let expected = [[0.75, squares[0]], [2.5, squares[1]], [4.0, squares[2]]];
        assert_eq!(means(&voxels, 3), expected);
    }
}
