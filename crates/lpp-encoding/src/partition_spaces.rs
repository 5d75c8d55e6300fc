//! Explained variance divided among feature spaces: fits of all unions, and the parts that follow from them.

use lpp_ridge::{BandWeights, RidgeError};
use lpp_stats::{Tail, permutation_p};
use ndarray::{Array2, Axis};

use crate::band_ridge::{BandRidge, side_by_side};

/// Two or three feature spaces, each one matrix (`n_scans`, columns) per run.
///
/// Unions and parts are sets of spaces, as bits of a number: 0b101 is the first and the third.
#[derive(Clone)]
pub(crate) struct Spaces {
    pub(crate) x: Vec<Vec<Array2<f64>>>,
}

/// How unions are fitted.
pub(crate) struct Unions<'u> {
    pub(crate) ridge: &'u BandRidge,
    /// Ratios of the weights of two spaces that are tried, 1 for equal traces; each space is tried without the others too.
    pub(crate) ratios: &'u [f64],
}

impl Spaces {
    /// All sets that are not empty.
    pub(crate) fn sets(&self) -> std::ops::Range<usize> {
        1..1 << self.x.len()
    }

    fn mean_width(&self) -> f64 {
        let widths = self.x.iter().map(|space| space[0].ncols());
        widths.sum::<usize>() as f64 / self.x.len() as f64
    }

    fn members(&self, set: usize) -> Vec<usize> {
        (0..self.x.len()).filter(|space| set >> space & 1 == 1).collect()
    }

    /// The name of a part: its spaces joined by `&`.
    pub(crate) fn name(&self, set: usize, names: &[String]) -> String {
        let members = self.members(set);
        let names: Vec<&str> = members.iter().map(|&space| names[space].as_str()).collect();
        names.join("&")
    }

    /// What exactly the spaces of `set` share, from the scores of all unions (the score of union u is at u − 1).
    ///
    /// With U the union of the other spaces, it is the sum over all subsets S of −(−1)^|S| times the score of U and S. For one
    /// space it is the score of all less that of the others.
    pub(crate) fn part(&self, set: usize, of_unions: &[Array2<f64>]) -> Array2<f64> {
        let others = (self.sets().end - 1) & !set;
        let subsets = (0..=set).filter(|subset| subset & !set == 0);
        let mut part = Array2::zeros(of_unions[0].raw_dim());
        for union in subsets.map(|subset| others | subset).filter(|union| *union > 0) {
            let sign = if (union & set).count_ones() % 2 == 1 {
                1.0
            } else {
                -1.0
            };
            part.scaled_add(sign, &of_unions[union - 1]);
        }
        part
    }
}

impl Unions<'_> {
    /// The scores of a union in each fold, (`n_folds`, `n_voxels`).
    ///
    /// Among the candidates are those of every smaller union, so that its validation score is never below theirs.
    pub(crate) fn score(
        &self,
        spaces: &Spaces,
        union: usize,
        y: &[Array2<f32>],
    ) -> Result<Array2<f64>, RidgeError> {
        let members = spaces.members(union);
        let widths: Vec<usize> = members.iter().map(|&space| spaces.x[space][0].ncols()).collect();
        let mut x = spaces.x[members[0]].clone();
        for &space in &members[1..] {
            x = x.iter().zip(&spaces.x[space]).map(side_by_side).collect();
        }
        let weights = BandWeights::Given(self.weights(&widths, spaces.mean_width()));
        Ok(self.ridge.fit(widths, weights, &x, y)?.fold_scores)
    }

    /// Candidates, (`n_candidates`, `n_bands`): the first space that takes part has the weight 1, those behind it every ratio
    /// or none. A weight is relative to the number of columns, and 1 is that of the mean width of all spaces, in every union.
    fn weights(&self, widths: &[usize], mean: f64) -> Array2<f64> {
        let tried: Vec<f64> = [0.0].into_iter().chain(self.ratios.iter().copied()).collect();
        let mut all: Vec<Vec<f64>> = Vec::new();
        for first in 0..widths.len() {
            let mut of_first = vec![[vec![0.0; first], vec![1.0]].concat()];
            for _ in first + 1..widths.len() {
                let with = |row: &Vec<f64>| {
                    let row = row.clone();
                    tried
                        .iter()
                        .map(move |&ratio| [row.as_slice(), &[ratio]].concat())
                };
                of_first = of_first.iter().flat_map(with).collect();
            }
            all.extend(of_first);
        }
        Array2::from_shape_fn((all.len(), widths.len()), |(row, band)| {
            all[row][band] * mean / widths[band] as f64
        })
    }

    /// The scores of all unions in each fold.
    pub(crate) fn all(&self, spaces: &Spaces, y: &[Array2<f32>]) -> Result<Vec<Array2<f64>>, RidgeError> {
        spaces.sets().map(|union| self.score(spaces, union, y)).collect()
    }
}

/// The null of each part: each of its spaces shifted in turn against scans and the other spaces.
pub(crate) struct PartNulls<'n> {
    pub(crate) unions: Unions<'n>,
    pub(crate) spaces: &'n Spaces,
    /// Scans of the voxels that are tested.
    pub(crate) y: &'n [Array2<f32>],
    pub(crate) orders: &'n lpp_ridge::NullOrders,
}

impl PartNulls<'_> {
    /// p of the mean of each part, for each selection of voxels (places in `y`): the largest over its spaces, because a part is
    /// shared only if every one of them takes part. Weights and penalties are chosen anew in each null.
    pub(crate) fn p(&self, selections: &[Vec<usize>]) -> Result<Vec<Vec<f64>>, RidgeError> {
        let sets: Vec<usize> = self.spaces.sets().collect();
        let observed = self.unions.all(self.spaces, self.y)?;
        let mut p = vec![vec![0.0_f64; selections.len()]; sets.len()];
        for space in 0..self.spaces.x.len() {
            let mut means = vec![vec![Vec::new(); selections.len()]; sets.len()];
            for order in 0..self.orders.n_nulls() {
                let of_unions = self.shifted(space, order, &observed)?;
                for (&set, means) in sets.iter().zip(&mut means) {
                    let part = self.spaces.part(set, &of_unions);
                    for (voxels, means) in selections.iter().zip(means) {
                        means.push(mean_of(&part, voxels));
                    }
                }
            }
            for ((&set, means), p) in sets.iter().zip(&means).zip(&mut p) {
                for (means, p) in means.iter().zip(p).filter(|_| set >> space & 1 == 1) {
                    *p = p.max(permutation_p(means[0], &means[1..], Tail::Upper));
                }
            }
        }
        Ok(p)
    }

    /// The scores of all unions with the rows of one space in another order, the first of which is their own.
    fn shifted(
        &self,
        space: usize,
        order: usize,
        observed: &[Array2<f64>],
    ) -> Result<Vec<Array2<f64>>, RidgeError> {
        let mut spaces = self.spaces.clone();
        spaces.x[space] = self.orders.apply(order, &self.spaces.x[space]);
        let mut of_unions = observed.to_vec();
        for union in self
            .spaces
            .sets()
            .filter(|union| order > 0 && union >> space & 1 == 1)
        {
            of_unions[union - 1] = self.unions.score(&spaces, union, self.y)?;
        }
        Ok(of_unions)
    }
}

fn mean_of(part: &Array2<f64>, voxels: &[usize]) -> f64 {
    part.select(Axis(1), voxels).mean().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use lpp_ridge::{Metric, RidgeCv, standardise_columns};
    use lpp_stats::RunTest;
    use lpp_steps::{Arithmetic, Nulls};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::null_job::null_orders;
    use crate::prepared::to_f32;

    const N_VOXELS: usize = 30;

    /// Seven series that are in exactly the spaces of their set, and scans to which each gives `shares` of the variance.
    fn study(seed: u64, n_runs: usize, n_scans: usize, shares: [f64; 7]) -> (Spaces, Vec<Array2<f32>>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut series = |columns: usize| {
            let mut run = Array2::<f64>::zeros((n_scans + 30, columns));
            for i in 1..n_scans + 30 {
                for j in 0..columns {
                    let new: f64 = StandardNormal.sample(&mut rng);
                    run[[i, j]] = 0.5 * run[[i - 1, j]] + new;
                }
            }
            standardise_columns(&run.slice(ndarray::s![30.., ..]).to_owned())
        };
        let noise = (1.0 - shares.iter().sum::<f64>()).sqrt();
        let (mut x, mut y) = (vec![Vec::new(); 3], Vec::new());
        for _ in 0..n_runs {
            let parts = series(7);
            for (space, x) in x.iter_mut().enumerate() {
                let own: Vec<usize> = (0..7).filter(|part| (part + 1) >> space & 1 == 1).collect();
                x.push(parts.select(Axis(1), &own));
            }
            let mut scans = series(N_VOXELS) * noise;
            for mut voxel in scans.columns_mut() {
                for (part, share) in parts.columns().into_iter().zip(shares) {
                    voxel.scaled_add(share.sqrt(), &part);
                }
            }
            y.push(standardise_columns(&scans).mapv(to_f32));
        }
        (Spaces { x }, y)
    }

    fn ridge() -> BandRidge {
        let ridge = RidgeCv::params().alphas([1.0, 10.0, 100.0]).metric(Metric::R2);
        BandRidge::new(ridge.check().unwrap(), Arithmetic::Single)
    }

    #[test]
    fn seven_planted_parts_come_back() {
        let shares = [0.10, 0.06, 0.08, 0.03, 0.05, 0.0, 0.12];
        let (spaces, y) = study(1, 8, 300, shares);
        let ridge = ridge();
        let unions = Unions {
            ridge: &ridge,
            ratios: &[0.1, 1.0, 10.0],
        };
        let of_unions = unions.all(&spaces, &y).unwrap();
        let mut sum = 0.0;
        for (set, share) in spaces.sets().zip(shares) {
            let part = spaces.part(set, &of_unions);
            let runs: Vec<f64> = part.rows().into_iter().map(|run| run.mean().unwrap()).collect();
            let test = RunTest::of(&runs).unwrap();
            println!(
                "part {set:03b}: {share}, found {:.4} ± {:.4}",
                test.estimate, test.std_err
            );
            assert!(
                (test.estimate - share).abs() < 2.0 * test.std_err,
                "{set:03b} {test:?}"
            );
            // The error is small enough to tell the parts.
            assert!(test.std_err < 0.03);
            sum += test.estimate;
        }
        // All parts together are what the union of all explains.
        let all = of_unions.last().unwrap().mean().unwrap();
        assert!((sum - all).abs() < 1e-9, "{sum}, {all}");
    }

    #[test]
    fn parts_of_names_and_of_two_spaces() {
        let (mut spaces, _) = study(2, 2, 20, [0.0; 7]);
        let names = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(spaces.name(0b101, &names), "a&c");
        spaces.x.truncate(2);
        let of_unions = [0.3, 0.4, 0.6].map(|r2| Array2::from_elem((1, 1), r2));
        let parts: Vec<f64> = spaces
            .sets()
            .map(|set| spaces.part(set, &of_unions)[[0, 0]])
            .collect();
        for (found, expected) in parts.iter().zip([0.2, 0.3, 0.1]) {
            assert!((found - expected).abs() < 1e-12, "{parts:?}");
        }
    }

    #[test]
    fn planted_parts_are_found_and_others_are_not() {
        let nulls = Nulls::circular(19).of_unique();
        let (mut false_alarms, mut found) = (0, 0);
        for seed in 0..8 {
            // The first space has a part of its own, the first and the second share one, the third is noise.
            let (spaces, y) = study(100 + seed, 4, 60, [0.2, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0]);
            let ridge = ridge();
            let test = PartNulls {
                unions: Unions {
                    ridge: &ridge,
                    ratios: &[0.1, 1.0, 10.0],
                },
                spaces: &spaces,
                y: &y,
                orders: &null_orders(&nulls, &[60; 4]).unwrap(),
            };
            let p = test.p(&[(0..N_VOXELS).collect()]).unwrap();
            let is_small = |set: usize| usize::from(p[set - 1][0] <= 0.05);
            found += is_small(0b001) + is_small(0b011);
            false_alarms += is_small(0b100);
        }
        println!("planted parts found: {found} of 16; false: {false_alarms} of 8");
        // 99.9 % quantile of Bin(8, 0.05).
        assert!(found >= 14 && false_alarms <= 3, "{found} {false_alarms}");
    }
}
