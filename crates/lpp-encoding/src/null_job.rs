//! P-values of a layer: its scores against those of reordered scans.

use lpp_files::Progress;
use lpp_fmri::BrainMask;
use lpp_ridge::{NullOrders, RidgeError};
use lpp_stats::{RunTest, VoxelSet, block_permutation, circular_shift};
use lpp_steps::{NullOrder, Nulls, Software, TargetSet};
use lpp_study::{FoldRule, NullLateral, NullTest, NullsInfo, SidesTest};
use ndarray::{Array1, Array2};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::exchanges::{Exchanges, by_run};
use crate::group::lone;
use crate::layer_job::{LayerOutcome, beside_fit};
use crate::map_sides::{Lateral, MapSides, means};
use crate::null_layers::NullLayers;
use crate::null_significance::{NullTests, ROWS};
use crate::pair_clusters::tfce_p;
use crate::pieces::Pieces;
use crate::prepared::to_f32;
use crate::target_set::{load_mask, mask_of};
use crate::{EncodingError, FitJob};

/// Scores of one layer under nulls: p-values of every voxel, corrected over the map by the maximum statistic, and of the
/// difference of left and right.
///
/// The null hypothesis is that all permutations of a voxel's scans within a run are equally likely given the features:
/// the scans are stationary and independent of the features. For each null, the scans of each run are permuted in the
/// same way for all voxels, and the model is refitted and tested with the penalties of the observed fit (see
/// [`lpp_ridge::PreparedFeatures::null_scores`]). With `refit` in the step, the penalties are chosen again too. Unless the
/// layer is given, it is chosen again for each null by the validation score, in the same way as for the observed scans:
/// the validation runs are tested too, so a fixed choice would make p too small.
///
/// Permuted scans have no encoding on either side. Whether sides that are both encoded are encoded equally well is tested
/// by the t over runs, and over homotopic pairs by exchanging the sides of whole runs ([`lpp_stats::RunSwaps`]).
///
/// # References
/// T. E. Nichols and A. P. Holmes (2002), <https://doi.org/10.1002/hbm.1058>, on the maximum statistic; K. D. Harris
/// (2020), <https://doi.org/10.1101/2020.11.29.402719>, on the validity of shifts.
#[derive(Debug, Clone, PartialEq)]
pub struct NullJob {
    /// The fit, whose step has the nulls.
    pub fit: FitJob,
}

/// What is kept of the layer of the observed scans.
struct Observed {
    /// Left minus right in each fold.
    folds: Lateral<Vec<f64>>,
    /// Left minus right of each pair under each exchange, (`n_pairs`, `n_patterns`).
    exchanged: Option<Array2<f32>>,
}

impl NullJob {
    /// Tests, and writes the rows and their meaning, unless they are up to date.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or does not fit the others.
    pub fn run(
        &self,
        software: Software,
        progress: &dyn Progress,
    ) -> Result<Vec<LayerOutcome<NullsInfo>>, EncodingError> {
        let Some(nulls) = self.fit.step.nulls else {
            return Ok(Vec::new());
        };
        progress.start("nulls", self.fit.step.targets.len() as u64);
        let outcomes = beside_fit(
            &self.fit,
            software,
            progress,
            |set| self.fit.step.nulls_artefact(set).into_iter().collect(),
            |set| self.test_set(nulls, set),
        );
        progress.finish();
        outcomes
    }

    fn test_set(&self, nulls: Nulls, set: &TargetSet) -> Result<(Array2<f32>, NullsInfo), EncodingError> {
        let step = &self.fit.step;
        let (group, heard, y) = lone(step, set, step.layer.is_none() && nulls.refit)?;
        let mask = load_mask(set, heard.n_voxels)?;
        let sides = mask
            .as_ref()
            .map(|mask| MapSides::of(mask, mask_of(set)))
            .transpose()?;
        let features = self.fit.features(&heard.n_scans())?;
        let orders = null_orders(&nulls, &group.pieces.lengths())?;
        let exchanges = self.exchanges(sides.as_ref(), &group.pieces, nulls.seed)?;
        let mut scores = Array2::from_elem((heard.n_voxels, orders.n_nulls()), f32::NAN);
        let mut observed = None;
        let of_layers = NullLayers {
            job: &self.fit,
            nulls,
            group: &group,
            features: &features,
            y: &y,
            orders: &orders,
        };
        let layers = of_layers.choose(|chosen| {
            let found =
                chosen
                    .prepared
                    .null_scores(chosen.fit, &y, &orders.only(chosen.orders), nulls.refit)?;
            for (&order, column) in chosen.orders.iter().zip(found.columns()) {
                scores.column_mut(order).assign(&column);
            }
            if chosen.orders.first() == Some(&0) {
                let of_folds = chosen.fit.fold_scores.t().mapv(to_f32);
                let exchanged = exchanges.as_ref().map(|exchanges| {
                    let folds: Vec<usize> = (0..of_folds.ncols()).collect();
                    let scores = exchanges.scores(chosen.prepared, chosen.fit, &y, &folds)?;
                    let [left, right] = scores;
                    Ok::<_, RidgeError>(left - right)
                });
                let folds = sides
                    .as_ref()
                    .map(|sides| sides.l_minus_r(&of_folds).map(|d| d.to_vec()));
                observed = Some(Observed {
                    folds: folds.unwrap_or_default(),
                    exchanged: exchanged.transpose()?,
                });
            }
            Ok(())
        })?;
        let mut tests = NullTests::new(&scores, sides.as_ref())?;
        let gate_p = tests.mean_score.p;
        let observed = observed.unwrap_or_else(|| unreachable!("the observed order has a layer"));
        let testable = exchanges.as_ref().is_some_and(Exchanges::is_testable);
        let pairs = sides.as_ref().and_then(MapSides::pairs).filter(|_| testable);
        // Clusters are those of voxels; on a surface there are none yet.
        let volume = mask.as_ref().and_then(BrainMask::volume);
        if let (Some(mask), Some(pairs), Some(exchanged)) = (volume, pairs, &observed.exchanged) {
            tests.set_tfce_p(pairs, &tfce_p(mask, pairs, exchanged)?);
        }
        let (l_minus_r, swaps) = self.lateral(&tests, observed, exchanges.as_ref(), &group.pieces)?;
        let mut null_layers = vec![0; features.activations().n_layers()];
        layers.iter().skip(1).for_each(|&layer| null_layers[layer] += 1);
        let info = NullsInfo {
            model: step.model.clone(),
            subject: set.subject.clone(),
            layer: layers[0],
            layer_choice: step.layer_choice().to_owned(),
            null_layers,
            null: describe(&nulls),
            n_nulls: nulls.n,
            rows: ROWS.map(str::to_owned).to_vec(),
            threshold_fwe_05: tests.threshold_fwe_05,
            n_significant: tests.n_significant,
            mean_score: tests.mean_score,
            gate_p: Some(gate_p),
            l_minus_r,
            swaps,
        };
        Ok((tests.values, info))
    }

    /// The exchanges of sides, where there are pairs and the settings allow to score them.
    fn exchanges(
        &self,
        sides: Option<&MapSides>,
        pieces: &Pieces,
        seed: u64,
    ) -> Result<Option<Exchanges>, EncodingError> {
        let pairs = sides.and_then(MapSides::pairs);
        let pairs = pairs.filter(|_| self.fit.step.settings.has_fast_nulls());
        pairs.map(|pairs| Exchanges::of(pairs, pieces, seed)).transpose()
    }

    /// Every test of left minus right, and what the exchanges were.
    fn lateral(
        &self,
        tests: &NullTests,
        observed: Observed,
        exchanges: Option<&Exchanges>,
        pieces: &Pieces,
    ) -> Result<(NullLateral, String), EncodingError> {
        let (swap_p, swaps) = match (exchanges, observed.exchanged) {
            (Some(exchanges), Some(differences)) => {
                exchanges.p(&means(&differences, &VoxelSet::all(differences.nrows())).to_vec())
            }
            _ => (
                None,
                "no homotopic pairs, or settings without fast nulls".to_owned(),
            ),
        };
        // The runs of fixed test stories do not take turns, so their spread is not that of the mean.
        let in_turn = !matches!(self.fit.step.settings.folds, FoldRule::Test(_));
        let is_open = in_turn && tests.mean_score.p <= 0.05;
        let test = |null: Option<NullTest>, folds: Option<Vec<f64>>, swap_p| {
            let Some(NullTest { observed, p }) = null else {
                return Ok::<_, EncodingError>(None);
            };
            let runs_p = match folds.filter(|_| is_open) {
                Some(folds) => runs_p(&by_run(&folds, pieces)?),
                None => None,
            };
            Ok(Some(SidesTest {
                observed,
                no_encoding_p: p,
                runs_p,
                swap_p,
            }))
        };
        let (nulls, folds) = (&tests.sides, observed.folds);
        let lateral = NullLateral {
            halves: test(nulls.halves, folds.halves, None)?,
            x: test(nulls.x, folds.x, None)?,
            pairs: test(nulls.pairs, folds.pairs, swap_p)?,
        };
        Ok((lateral, swaps))
    }
}

/// p of the t over runs, where it is defined.
fn runs_p(of_runs: &[f64]) -> Option<f64> {
    RunTest::of(of_runs)
        .ok()
        .map(|test| test.p)
        .filter(|p| !p.is_nan())
}

/// As the sidecar describes the nulls.
fn describe(nulls: &Nulls) -> String {
    let orders = orders_of(nulls.order);
    let penalties = if nulls.refit { "chosen anew" } else { "fixed" };
    format!("{orders}, penalties {penalties}")
}

/// The permutations in words.
pub(crate) fn orders_of(order: NullOrder) -> String {
    match order {
        NullOrder::Circular => "circular shifts".to_owned(),
        NullOrder::Blocks(n) => format!("permuted blocks of {n} scans"),
    }
}

/// The permutations of runs of `lengths`; the first null is the unpermuted data, `n_nulls` follow.
///
/// # Errors
/// [`EncodingError::Stats`] if a run cannot be reordered.
pub fn null_orders(nulls: &Nulls, lengths: &[usize]) -> Result<NullOrders, EncodingError> {
    let mut rng = ChaCha8Rng::seed_from_u64(nulls.seed);
    // Choosing the penalties again costs a fit per null for any permutations, so each null gets its own permutations.
    let n_orders = if nulls.refit {
        1 + nulls.n
    } else {
        nulls.orders_per_run.max(2)
    };
    let mut orders = Vec::with_capacity(lengths.len());
    for &n in lengths {
        let mut of_run = vec![(0..n).collect::<Vec<usize>>()];
        while of_run.len() < n_orders {
            of_run.push(match nulls.order {
                // Offsets of 0 belong to the group of all shifts; without them the test would reject too often.
                NullOrder::Circular => circular_shift(&[n], 0, &mut rng)?,
                NullOrder::Blocks(block) => block_permutation(&[n], block, &mut rng)?,
            });
        }
        orders.push(of_run);
    }
    let mut draws = Array2::zeros((1 + nulls.n, lengths.len()));
    for (null, mut row) in draws.rows_mut().into_iter().enumerate().skip(1) {
        let draw = |_: &usize| {
            if nulls.refit {
                null
            } else {
                rng.random_range(0..n_orders)
            }
        };
        let choice: Array1<usize> = row.iter().map(draw).collect();
        row.assign(&choice);
    }
    NullOrders::new(orders, draws).map_err(EncodingError::Settings)
}
