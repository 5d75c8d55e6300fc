//! Null distributions of the scores: the scans of each run are permuted, and the operators are kept.
//!
//! With fixed penalties, the prediction of run f is Σ `H_fg y_g` over the training runs g, with one matrix `H_fg` per
//! pair of runs. If every run has only a few permutations, there are few different terms `H_fg y_g`. They are computed
//! once per target. The correlation of every combination of permutations then follows from their inner products,
//! without further products.

use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use crate::engine::pearson::TargetMoments;
use crate::engine::product::{Update, product, update};
use crate::results::fit::RidgeCvFit;
use crate::systems::factored::Factored;
use crate::{Metric, NullOrders, Number, RidgeError};

/// Targets processed together: with sixteen permutations a product has 256 rows, enough for full speed, and the working
/// memory of a thread stays near its cache.
const WIDTH: usize = 16;

impl<A: Number> Factored<A> {
    pub(crate) fn null_scores_of_matrices(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[ArrayView2<'_, A>],
        nulls: &NullOrders,
    ) -> Result<Array2<f32>, RidgeError> {
        let n_targets = fit.scores.len();
        self.check_fit(fit, y_runs, &[0])?;
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
        nulls.check(&lengths)?;
        let mut out = Array2::from_elem((n_targets, nulls.n_nulls()), f32::NAN);
        self.model.in_pool(|| {
            let used: Vec<_> = alphas.iter().copied().enumerate().collect();
            self.make_test_operators(&used)?;
            let tables = Tables {
                factored: self,
                hats: self.hats(alphas)?,
                nulls,
                rows: rows_of(nulls),
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

    /// For each fold, the transposed matrices that turn the targets of each training run into their part of the
    /// prediction: (scans of the training run, scans of the test run). Predictions have mean 0 over the test run.
    fn hats(&self, alphas: &[usize]) -> Result<Vec<Vec<Array2<A>>>, RidgeError> {
        let fold = |(test, &alpha): (usize, &usize)| {
            let operator = self.test_operator(test, alpha)?;
            let (mut left, mut out) = (0, Vec::new());
            for &run in &self.plan.folds[test].train {
                let rows = self.layout.rows(run);
                let mut hat = if self.is_primal() {
                    product(&self.x.slice(s![rows, ..]), &operator.t())
                } else {
                    left += rows.len();
                    operator
                        .slice(s![.., left - rows.len()..left])
                        .t()
                        .as_standard_layout()
                        .into_owned()
                };
                for mut row in hat.rows_mut() {
                    let mean = row.iter().map(|v| v.to_double()).sum::<f64>() / row.len() as f64;
                    row.mapv_inplace(|v| A::from_double(v.to_double() - mean));
                }
                out.push(hat);
            }
            Ok(out)
        };
        alphas.par_iter().enumerate().map(fold).collect()
    }
}

/// For each null and run, the row in the table of inner products.
fn rows_of(nulls: &NullOrders) -> Array2<usize> {
    let mut rows = nulls.draws().to_owned();
    let mut top = 0;
    for (mut column, of_run) in rows.columns_mut().into_iter().zip(nulls.orders()) {
        column += top;
        top += of_run.len();
    }
    rows
}

/// Data shared by all blocks of targets.
struct Tables<'p, A> {
    factored: &'p Factored<A>,
    hats: Vec<Vec<Array2<A>>>,
    nulls: &'p NullOrders,
    rows: Array2<usize>,
}

/// Working memory of a thread.
struct Scratch<A> {
    /// Permuted targets of each run, (`WIDTH` · permutations, `n_scans`).
    ordered: Vec<Array2<A>>,
    /// Parts of predictions of one run by another, (`WIDTH` · permutations, scans of the predicted run).
    part: Vec<A>,
    /// For each target, the parts of its prediction by every run and permutation, (`WIDTH`, all permutations, scans of
    /// the predicted run); for the predicted run itself, the targets.
    parts: Vec<A>,
    /// Inner products between the rows of one target's parts.
    table: Array2<A>,
    /// Sums over the folds, (`WIDTH`, `n_nulls`).
    sums: Array2<f64>,
}

impl<A: Number> Scratch<A> {
    fn new(tables: &Tables<'_, A>) -> Self {
        let layout = &tables.factored.layout;
        let n_orders: Vec<usize> = tables.nulls.orders().iter().map(Vec::len).collect();
        let longest = (0..layout.n_pieces())
            .map(|run| layout.len(run))
            .max()
            .unwrap_or(0);
        let (most, all) = (
            n_orders.iter().max().copied().unwrap_or(0),
            n_orders.iter().sum::<usize>(),
        );
        let of_run = |(run, &k): (usize, &usize)| Array2::zeros((WIDTH * k, layout.len(run)));
        Self {
            ordered: n_orders.iter().enumerate().map(of_run).collect(),
            part: vec![A::zero(); WIDTH * most * longest],
            parts: vec![A::zero(); WIDTH * all * longest],
            table: Array2::zeros((all, all)),
            sums: Array2::zeros((WIDTH, tables.nulls.n_nulls())),
        }
    }
}

impl<A: Number> Tables<'_, A> {
    /// Scores the targets from `first` on, as many as `out` (width, `n_nulls`) has rows.
    fn fill(
        &self,
        scratch: &mut Scratch<A>,
        y_runs: &[ArrayView2<'_, A>],
        first: usize,
        mut out: ArrayViewMut2<'_, f32>,
    ) {
        let width = out.nrows();
        let y = self.load(y_runs, first, width);
        self.reorder(scratch, &y);
        scratch.sums.fill(0.0);
        let layout = &self.factored.layout;
        for fold in 0..layout.n_pieces() {
            self.predict(scratch, fold);
            let moments = TargetMoments::new(&y.slice(s![layout.rows(fold), ..]));
            for target in 0..width {
                self.inner_products(scratch, fold, target);
                self.add_correlations(scratch, fold, target, moments.spread(target));
            }
        }
        let n_folds = layout.n_pieces() as f64;
        out.zip_mut_with(&scratch.sums.slice(s![..width, ..]), |to, sum| {
            *to = f32::from_double(sum / n_folds);
        });
    }

    /// Targets `first..first + width` of all runs, stacked.
    fn load(&self, y_runs: &[ArrayView2<'_, A>], first: usize, width: usize) -> Array2<A> {
        let layout = &self.factored.layout;
        let mut stack = Array2::zeros((layout.n_scans(), width));
        for (run, y) in y_runs.iter().enumerate() {
            layout.put(run, &y.slice(s![.., first..first + width]), &mut stack.view_mut());
        }
        stack
    }

    fn reorder(&self, scratch: &mut Scratch<A>, y: &Array2<A>) {
        for (run, ordered) in scratch.ordered.iter_mut().enumerate() {
            let rows = self.factored.layout.rows(run);
            let orders = &self.nulls.orders()[run];
            for (place, mut row) in ordered.rows_mut().into_iter().enumerate() {
                let (target, order) = (place / orders.len(), &orders[place % orders.len()]);
                if target >= y.ncols() {
                    row.fill(A::zero());
                    continue;
                }
                for (to, &scan) in row.iter_mut().zip(order) {
                    *to = y[[rows.start + scan, target]];
                }
            }
        }
    }

    /// Fills the parts of the predictions of a run.
    fn predict(&self, scratch: &mut Scratch<A>, fold: usize) {
        let n_scans = self.factored.layout.len(fold);
        let n_all = scratch.table.nrows();
        let (mut top, mut hats) = (0, self.hats[fold].iter());
        for (run, ordered) in scratch.ordered.iter().enumerate() {
            let n_orders = self.nulls.orders()[run].len();
            let part: &[A] = if run == fold {
                ordered.as_slice().unwrap_or_default()
            } else {
                let Some(hat) = hats.next() else { return };
                let part = &mut scratch.part[..ordered.nrows() * n_scans];
                if let Ok(mut out) = ArrayViewMut2::from_shape((ordered.nrows(), n_scans), &mut *part) {
                    update(&mut out, Update::Replace, ordered, hat);
                }
                part
            };
            // From target by target within this run to run by run within each target.
            let piece = n_orders * n_scans;
            for (target, part) in part.chunks_exact(piece).enumerate() {
                let left = (target * n_all + top) * n_scans;
                scratch.parts[left..left + piece].copy_from_slice(part);
            }
            top += n_orders;
        }
    }

    /// Fills the table of inner products of one target.
    fn inner_products(&self, scratch: &mut Scratch<A>, fold: usize, target: usize) {
        let (n_scans, n_all) = (self.factored.layout.len(fold), scratch.table.nrows());
        let size = n_all * n_scans;
        let parts = &scratch.parts[target * size..(target + 1) * size];
        let Ok(parts) = ndarray::ArrayView2::from_shape((n_all, n_scans), parts) else {
            return;
        };
        upper_products(&parts, &mut scratch.table);
    }

    /// Adds the correlation of each null in one fold.
    fn add_correlations(&self, scratch: &mut Scratch<A>, fold: usize, target: usize, spread: f64) {
        let table = &scratch.table;
        for (sum, rows) in scratch.sums.row_mut(target).iter_mut().zip(self.rows.rows()) {
            let (mut cross, mut size) = (0.0, 0.0);
            for (run, &row) in rows.iter().enumerate() {
                if run == fold {
                    continue;
                }
                cross += table[[row.min(rows[fold]), row.max(rows[fold])]].to_double();
                size += table[[row, row]].to_double();
                for (other, &column) in rows.iter().enumerate().skip(run + 1) {
                    if other != fold {
                        size += 2.0 * table[[row, column]].to_double();
                    }
                }
            }
            *sum += if size <= 0.0 {
                f64::NAN
            } else {
                (cross / (size * spread).sqrt()).clamp(-1.0, 1.0)
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
