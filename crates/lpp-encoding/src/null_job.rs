//! P-values of a layer: its scores against those of reordered scans.

use lpp_files::Progress;
use lpp_ridge::NullOrders;
use lpp_stats::{block_permutation, circular_shift};
use lpp_study::{NullsInfo, Software, Step};
use ndarray::{Array1, Array2, Axis};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::features::LayerFeatures;
use crate::fit_job::{Prepared, to_f32};
use crate::layer_job::{LayerJob, LayerOutcome};
use crate::null_tests::{NullTests, ROWS};
use crate::target_set::TargetSet;
use crate::targets::{self, Targets};
use crate::{EncodingError, FitJob};

/// How the scans of a run are reordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NullKind {
    /// Circular shifts, any number of scans.
    Circular,
    /// Permutations of blocks of that many scans.
    Blocks(usize),
}

/// Scores of one layer under nulls: p-values of every voxel, corrected over the map by the maximum statistic, and of the
/// difference of left and right.
///
/// The hypothesis is that a voxel's scans, run by run, are as likely in any of the orders, given the features: they are
/// stationary, and independent of the features. Under a null each run of scans is taken in another order, for all voxels
/// alike, and the model is fitted and tested anew at the penalties of the observed fit (see
/// [`lpp_ridge::PreparedFeatures::null_scores`]). Or, with [`refit`](Self::refit), penalties are chosen anew too.
///
/// # References
/// T. E. Nichols and A. P. Holmes (2002), <https://doi.org/10.1002/hbm.1058>, on the maximum
/// statistic; K. D. Harris (2020), <https://doi.org/10.1101/2020.11.29.402719>, on what shifts can promise.
#[derive(Debug, Clone, PartialEq)]
pub struct NullJob {
    /// Model, subjects and settings.
    pub fit: FitJob,
    /// The layer; `None` takes the one that a fit with [`FitJob::nested_layer`] chose by validation.
    pub layer: Option<usize>,
    /// Number of nulls.
    pub n_nulls: usize,
    /// How scans are reordered.
    pub kind: NullKind,
    /// Orders of each run, its own among them, that nulls combine; without effect if penalties are chosen anew.
    pub orders_per_run: usize,
    /// Whether penalties are chosen anew for each null, which costs a fit each.
    pub refit: bool,
    /// Seed of the orders.
    pub seed: u64,
}

impl NullJob {
    /// Orders of each run by default. Nulls that leave three runs of nine or more in place, whose scores a real effect would
    /// lift, are then fewer than two in a hundred.
    pub const DEFAULT_ORDERS: usize = 16;
    /// Scans of a block by default: 30 s at a repetition time of two.
    pub const DEFAULT_BLOCK: usize = 15;

    /// Tests each target set and writes its `…_nulls.npy`, unless it is up to date.
    ///
    /// Memory: 4 bytes a null and voxel.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or does not fit the others, or the layer that cannot be fitted;
    /// [`EncodingError::Stats`] if runs cannot be reordered or there is no null.
    pub fn run(
        &self,
        software: Software,
        progress: &dyn Progress,
    ) -> Result<Vec<LayerOutcome<NullsInfo>>, EncodingError> {
        let job = LayerJob {
            fit: &self.fit,
            layer: self.layer,
            suffix: "nulls",
        };
        progress.start("nulls", self.fit.targets.len() as u64);
        let outcomes = job.run(
            software,
            progress,
            |step| Ok(self.parameters(step)),
            |set, layer| self.test_set(set, layer),
        );
        progress.finish();
        outcomes
    }

    fn parameters(&self, step: Step) -> Step {
        step.parameter("n_nulls", self.n_nulls)
            .parameter("null", self.describe())
            .parameter("orders_per_run", self.orders_per_run)
            .parameter("null_seed", self.seed)
    }

    /// The null in words.
    fn describe(&self) -> String {
        let orders = match self.kind {
            NullKind::Circular => "circular shifts".to_owned(),
            NullKind::Blocks(n) => format!("permuted blocks of {n} scans"),
        };
        let penalties = if self.refit { "chosen anew" } else { "fixed" };
        format!("{orders}, penalties {penalties}")
    }

    fn test_set(&self, set: &TargetSet, layer: usize) -> Result<(Array2<f32>, NullsInfo), EncodingError> {
        let Targets { runs: y, n_scans } = targets::read(&set.runs, self.fit.trim_scans)?;
        let mask = set.load_mask(y.first().map_or(0, Array2::ncols))?;
        let words = &self.fit.words;
        let features = LayerFeatures::open(
            &self.fit.activations,
            words,
            &n_scans,
            self.fit.tr_s,
            self.fit.trim_scans,
        )?;
        let x = features.layer(layer)?.runs;
        let model = self.fit.ridge().check().map_err(EncodingError::Settings)?;
        let failed = |source| self.fit.failed(layer, source);
        let prepared = Prepared::new(&model, &x, self.fit.precision).map_err(failed)?;
        let fit = prepared.score(&y).map_err(failed)?;
        let lengths: Vec<usize> = y.iter().map(Array2::nrows).collect();
        let nulls = self.orders(&lengths)?;
        let scores = if self.refit {
            let mut scores = Array2::zeros((fit.scores.len(), 1 + self.n_nulls));
            for (null, mut column) in scores.axis_iter_mut(Axis(1)).enumerate() {
                let refit = prepared.score(&nulls.apply(null, &y)).map_err(failed)?;
                column.assign(&refit.scores.mapv(to_f32));
            }
            scores
        } else {
            prepared.null_scores(&fit, &y, &nulls).map_err(failed)?
        };
        let tests = NullTests::new(&scores, mask.as_ref().map(|mask| (mask, set.mask_of())))?;
        let info = NullsInfo {
            model: self.fit.model.clone(),
            subject: set.subject.clone(),
            layer,
            null: self.describe(),
            n_nulls: self.n_nulls,
            rows: ROWS.map(str::to_owned).to_vec(),
            threshold_fwe_05: tests.threshold_fwe_05,
            n_significant: tests.n_significant,
            mean_score: tests.mean_score,
            l_minus_r: tests.l_minus_r,
        };
        Ok((tests.values, info))
    }

    /// The orders of runs of `lengths`; the first null is the data as they are, `n_nulls` follow.
    ///
    /// # Errors
    /// [`EncodingError::Stats`] if a run cannot be reordered.
    pub fn orders(&self, lengths: &[usize]) -> Result<NullOrders, EncodingError> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        // To choose anew costs a fit a null whatever the orders: then each null has orders of its own.
        let n_orders = if self.refit {
            1 + self.n_nulls
        } else {
            self.orders_per_run.max(2)
        };
        let mut orders = Vec::with_capacity(lengths.len());
        for &n in lengths {
            let mut of_run = vec![(0..n).collect::<Vec<usize>>()];
            while of_run.len() < n_orders {
                of_run.push(match self.kind {
                    // Offsets of 0 belong to the group of all shifts; without them the test would reject too often.
                    NullKind::Circular => circular_shift(&[n], 0, &mut rng)?,
                    NullKind::Blocks(block) => block_permutation(&[n], block, &mut rng)?,
                });
            }
            orders.push(of_run);
        }
        let mut draws = Array2::zeros((1 + self.n_nulls, lengths.len()));
        for (null, mut row) in draws.rows_mut().into_iter().enumerate().skip(1) {
            let draw = |_: &usize| {
                if self.refit {
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
}
