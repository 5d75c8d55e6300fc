//! P-values of a layer: its scores against those of reordered scans.

use lpp_files::Progress;
use lpp_ridge::NullOrders;
use lpp_stats::{block_permutation, circular_shift};
use lpp_steps::{NullOrder, Nulls, Software, TargetSet};
use lpp_study::NullsInfo;
use ndarray::{Array1, Array2};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::group::lone;
use crate::layer_job::{LayerOutcome, fit_layer};
use crate::null_significance::{NullTests, ROWS};
use crate::prepared::Prepared;
use crate::target_set::{load_mask, mask_of};
use crate::{EncodingError, FitJob};

/// Scores of one layer under nulls: p-values of every voxel, corrected over the map by the maximum statistic, and of the
/// difference of left and right.
///
/// The null hypothesis is that all permutations of a voxel's scans within a run are equally likely given the features:
/// the scans are stationary and independent of the features. For each null, the scans of each run are permuted in the
/// same way for all voxels, and the model is refitted and tested with the penalties of the observed fit (see
/// [`lpp_ridge::PreparedFeatures::null_scores`]). With `refit` in the step, the penalties are chosen again too.
///
/// # References
/// T. E. Nichols and A. P. Holmes (2002), <https://doi.org/10.1002/hbm.1058>, on the maximum statistic; K. D. Harris
/// (2020), <https://doi.org/10.1101/2020.11.29.402719>, on the validity of shifts.
#[derive(Debug, Clone, PartialEq)]
pub struct NullJob {
    /// The fit, whose step has the nulls.
    pub fit: FitJob,
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
        let outcomes = fit_layer(
            &self.fit,
            software,
            progress,
            |set, layer| self.fit.step.nulls_artefact(set, Some(layer)),
            |set, layer| self.test_set(nulls, set, layer),
        );
        progress.finish();
        outcomes
    }

    fn test_set(
        &self,
        nulls: Nulls,
        set: &TargetSet,
        layer: usize,
    ) -> Result<(Array2<f32>, NullsInfo), EncodingError> {
        let (group, heard, y) = lone(&self.fit.step, set)?;
        let mask = load_mask(set, heard.n_voxels)?;
        let x = self.fit.features(&heard.n_scans())?.layer(layer, &group.pieces)?;
        let failed = |source| self.fit.failed(layer, source);
        let prepared = Prepared::new(&group.model, &x, self.fit.step.arithmetic).map_err(failed)?;
        let fit = prepared.score(&y).map_err(failed)?;
        let orders = null_orders(&nulls, &group.pieces.lengths())?;
        let scores = prepared
            .null_scores(&fit, &y, &orders, nulls.refit)
            .map_err(failed)?;
        let tests = NullTests::new(&scores, mask.as_ref().map(|mask| (mask, mask_of(set))))?;
        let info = NullsInfo {
            model: self.fit.step.model.clone(),
            subject: set.subject.clone(),
            layer,
            null: describe(&nulls),
            n_nulls: nulls.n,
            rows: ROWS.map(str::to_owned).to_vec(),
            threshold_fwe_05: tests.threshold_fwe_05,
            n_significant: tests.n_significant,
            mean_score: tests.mean_score,
            l_minus_r: tests.l_minus_r,
        };
        Ok((tests.values, info))
    }
}

/// As the sidecar describes the nulls.
fn describe(nulls: &Nulls) -> String {
    let orders = match nulls.order {
        NullOrder::Circular => "circular shifts".to_owned(),
        NullOrder::Blocks(n) => format!("permuted blocks of {n} scans"),
    };
    let penalties = if nulls.refit { "chosen anew" } else { "fixed" };
    format!("{orders}, penalties {penalties}")
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
