//! Scores of every combination of versions of the runs, with the operators of one fit.
//!
//! With fixed penalties, the prediction of run f is Σ `H_fg y_g` over the training runs g, with one matrix `H_fg` per
//! pair of runs. If every run has only a few versions (permutations, or the two sides), there are few different terms
//! `H_fg y_g`. They are computed once per target. The correlation of every combination of versions then follows from their
//! inner products, without further products.

use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use super::forecasts::{Forecast, Scored};
use super::versions::Versions;
use crate::engine::pearson::TargetMoments;
use crate::engine::product::{Update, update};
use crate::results::fit::RidgeCvFit;
use crate::search::block::load_targets;
use crate::systems::factored::Factored;
use crate::{Metric, Number, RidgeError};

/// Targets processed together: with sixteen permutations a product has 256 rows, enough for full speed, and the working
/// memory of a thread stays near its cache.
const WIDTH: usize = 16;

impl<A: Number> Factored<A> {
    /// Mean scores over the predictions of each target under each combination, (`n_targets`, `n_combinations`).
    pub(crate) fn scores_of_versions(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[ArrayView2<'_, A>],
        versions: Versions<'_>,
        scored: Scored<'_>,
    ) -> Result<Array2<f32>, RidgeError> {
        let n_targets = versions.n_targets();
        self.check_fit(fit, y_runs, &versions.columns(0, n_targets))?;
        let alphas = fit.alpha_index().ok_or(RidgeError::NullsUnsupported {
            what: "one penalty per target",
        })?;
        if self.model.settings.metric != Metric::Pearson {
            return Err(RidgeError::NullsUnsupported { what: "R²" });
        }
        let n_runs = self.layout.n_pieces();
        if !self.plan.leaves_out_one_piece(n_runs) {
            return Err(RidgeError::NullsUnsupported {
                what: "folds other than leave-one-run-out",
            });
        }
        let lengths: Vec<usize> = (0..n_runs).map(|run| self.layout.len(run)).collect();
        versions.check(&lengths)?;
        let mut out = Array2::from_elem((n_targets, versions.draws().nrows()), f32::NAN);
        self.model.in_pool(|| {
            let tables = Tables {
                factored: self,
                forecasts: self.forecasts(scored, alphas)?,
                versions,
                counts: versions.counts(),
                rows: rows_of(versions),
            };
            out.axis_chunks_iter_mut(Axis(0), WIDTH)
                .into_par_iter()
                .enumerate()
                .for_each_init(
                    || Scratch::new(&tables),
                    |scratch, (block, out)| tables.fill(scratch, y_runs, block * WIDTH, out),
                );
            Ok(out)
        })
    }
}

/// For each combination and run, the row in the table of inner products.
fn rows_of(versions: Versions<'_>) -> Array2<usize> {
    let mut rows = versions.draws().clone();
    let mut top = 0;
    for (mut column, count) in rows.columns_mut().into_iter().zip(versions.counts()) {
        column += top;
        top += count;
    }
    rows
}

/// Data shared by all blocks of targets.
struct Tables<'p, A> {
    factored: &'p Factored<A>,
    forecasts: Vec<Forecast<A>>,
    versions: Versions<'p>,
    /// Versions of each run.
    counts: Vec<usize>,
    rows: Array2<usize>,
}

/// Working memory of a thread.
struct Scratch<A> {
    /// Versions of each run of the targets, (`WIDTH` · versions, `n_scans`).
    targets: Vec<Array2<A>>,
    /// Parts of predictions of one run by another, (`WIDTH` · versions, scans of the predicted run).
    part: Vec<A>,
    /// For each target, the parts of its prediction by every version of the training runs, (`WIDTH`, all versions, scans
    /// of the predicted run); for the predicted run itself, the targets.
    parts: Vec<A>,
    /// Inner products between the rows of one target's parts.
    table: Array2<A>,
    /// Sums over the predictions, (`WIDTH`, `n_combinations`).
    sums: Array2<f64>,
}

impl<A: Number> Scratch<A> {
    fn new(tables: &Tables<'_, A>) -> Self {
        let (layout, counts) = (&tables.factored.layout, &tables.counts);
        let longest = (0..layout.n_pieces())
            .map(|run| layout.len(run))
            .max()
            .unwrap_or(0);
        let (most, all) = (counts.iter().max().copied().unwrap_or(0), counts.iter().sum());
        let of_run = |(run, &k): (usize, &usize)| Array2::zeros((WIDTH * k, layout.len(run)));
        Self {
            targets: counts.iter().enumerate().map(of_run).collect(),
            part: vec![A::zero(); WIDTH * most * longest],
            parts: vec![A::zero(); WIDTH * all * longest],
            table: Array2::zeros((all, all)),
            sums: Array2::zeros((WIDTH, tables.rows.nrows())),
        }
    }
}

impl<A: Number> Tables<'_, A> {
    /// Scores the targets from `first` on, as many as `out` (width, `n_combinations`) has rows.
    fn fill(
        &self,
        scratch: &mut Scratch<A>,
        y_runs: &[ArrayView2<'_, A>],
        first: usize,
        mut out: ArrayViewMut2<'_, f32>,
    ) {
        let (layout, width) = (&self.factored.layout, out.nrows());
        let columns = self.versions.columns(first, width);
        let mut y = Array2::zeros((layout.n_scans(), columns.len()));
        load_targets(layout, y_runs, &columns, &mut y);
        self.put_versions(scratch, &y, width);
        scratch.sums.fill(0.0);
        for forecast in &self.forecasts {
            self.predict(scratch, forecast);
            let moments = TargetMoments::new(&y.slice(s![layout.rows(forecast.of), ..]));
            for target in 0..width {
                self.inner_products(scratch, forecast, target);
                let spread = |version| moments.spread(self.versions.column(target, version, width));
                let spreads: Vec<f64> = (0..self.counts[forecast.of]).map(spread).collect();
                self.add_correlations(scratch, forecast, target, &spreads);
            }
        }
        let n = self.forecasts.len() as f64;
        out.zip_mut_with(&scratch.sums.slice(s![..width, ..]), |to, sum| {
            *to = f32::from_double(sum / n);
        });
    }

    fn put_versions(&self, scratch: &mut Scratch<A>, y: &Array2<A>, width: usize) {
        for (run, targets) in scratch.targets.iter_mut().enumerate() {
            let (rows, count) = (self.factored.layout.rows(run), self.counts[run]);
            for (place, mut row) in targets.rows_mut().into_iter().enumerate() {
                let (target, version) = (place / count, place % count);
                let Some(row) = row.as_slice_mut() else { return };
                if target >= width {
                    row.fill(A::zero());
                    continue;
                }
                let column = self.versions.column(target, version, width);
                self.versions
                    .copy(run, version, &y.slice(s![rows.clone(), column]), row);
            }
        }
    }

    /// Fills the parts of the predictions of a run.
    fn predict(&self, scratch: &mut Scratch<A>, forecast: &Forecast<A>) {
        let n_scans = self.factored.layout.len(forecast.of);
        let n_all = scratch.table.nrows();
        let mut top = 0;
        for (run, targets) in scratch.targets.iter().enumerate() {
            let count = self.counts[run];
            let hat = forecast.hats.iter().find(|(train, _)| *train == run);
            let part: &[A] = if let Some((_, hat)) = hat {
                let part = &mut scratch.part[..targets.nrows() * n_scans];
                if let Ok(mut out) = ArrayViewMut2::from_shape((targets.nrows(), n_scans), &mut *part) {
                    update(&mut out, Update::Replace, targets, hat);
                }
                part
            } else if run == forecast.of {
                targets.as_slice().unwrap_or_default()
            } else {
                top += count;
                continue;
            };
            // From target by target within this run to run by run within each target.
            let piece = count * n_scans;
            for (target, part) in part.chunks_exact(piece).enumerate() {
                let left = (target * n_all + top) * n_scans;
                scratch.parts[left..left + piece].copy_from_slice(part);
            }
            top += count;
        }
    }

    /// Fills the table of inner products of one target.
    fn inner_products(&self, scratch: &mut Scratch<A>, forecast: &Forecast<A>, target: usize) {
        let (n_scans, n_all) = (self.factored.layout.len(forecast.of), scratch.table.nrows());
        let size = n_all * n_scans;
        let parts = &scratch.parts[target * size..(target + 1) * size];
        let Ok(parts) = ndarray::ArrayView2::from_shape((n_all, n_scans), parts) else {
            return;
        };
        upper_products(&parts, &mut scratch.table);
    }

    /// Adds the correlation of each combination in one prediction. `spreads` are those of the versions of the predicted run.
    fn add_correlations(
        &self,
        scratch: &mut Scratch<A>,
        forecast: &Forecast<A>,
        target: usize,
        spreads: &[f64],
    ) {
        let table = &scratch.table;
        let train: Vec<usize> = forecast.hats.iter().map(|(run, _)| *run).collect();
        let top: usize = self.counts[..forecast.of].iter().sum();
        for (sum, rows) in scratch.sums.row_mut(target).iter_mut().zip(self.rows.rows()) {
            let (mut cross, mut size, predicted) = (0.0, 0.0, rows[forecast.of]);
            for (place, &run) in train.iter().enumerate() {
                let row = rows[run];
                cross += table[[row.min(predicted), row.max(predicted)]].to_double();
                size += table[[row, row]].to_double();
                for &other in &train[place + 1..] {
                    size += 2.0 * table[[row, rows[other]]].to_double();
                }
            }
            *sum += if size <= 0.0 {
                f64::NAN
            } else {
                (cross / (size * spreads[predicted - top]).sqrt()).clamp(-1.0, 1.0)
            };
        }
    }
}

/// Rows of a panel of inner products: small enough that little below the diagonal is computed unnecessarily, large
/// enough for fast products.
const PANEL: usize = 48;

/// The inner products between the rows of `parts`, at least on and above the diagonal.
fn upper_products<A: Number>(parts: &ArrayRef2<A>, table: &mut Array2<A>) {
    let n = parts.nrows();
    for top in (0..n).step_by(PANEL) {
        let bottom = (top + PANEL).min(n);
        let mut out = table.slice_mut(s![top..bottom, top..]);
        let (left, right) = (parts.slice(s![top..bottom, ..]), parts.slice(s![top.., ..]));
        update(&mut out, Update::Replace, &left, &right.t());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::product::product;

    #[test]
    fn panels_give_every_product_above_the_diagonal() {
        let parts = Array2::from_shape_fn((131, 7), |(i, j)| ((i * 31 + j * 17) % 23) as f64 - 11.0);
        let mut table = Array2::zeros((131, 131));
        upper_products(&parts, &mut table);
        let whole = product(&parts, &parts.t());
        for ((i, j), value) in table.indexed_iter() {
            // Sums of whole numbers are exact.
            assert!(j < i || value.to_bits() == whole[[i, j]].to_bits(), "{i}, {j}");
        }
    }
}
