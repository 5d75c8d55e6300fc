//! Null distributions of the scores: the scans of each run are permuted, and the operators are kept.
//!
//! With fixed penalties, the prediction of run f is Σ `H_fg y_g` over the training runs g, with one matrix `H_fg` per
//! pair of runs. If every run has only a few permutations, there are few different terms `H_fg y_g`. They are computed
//! once per target. The correlation of every combination of permutations then follows from their inner products,
//! without further products.

use ndarray::{Array2, ArrayRef1, ArrayRef2, ArrayView2, ArrayViewMut2, Axis, s};
use rayon::prelude::*;

use crate::engine::product::{Update, product, update};
use crate::fit::RidgeCvFit;
use crate::metric::Metric;
use crate::pearson::TargetMoments;
use crate::runs::{Run, matrices};
use crate::{Element, PreparedFeatures, RidgeError};

/// Targets processed together: with sixteen permutations a product has 256 rows, enough for full speed, and the working
/// memory of a thread stays near its cache.
const WIDTH: usize = 16;

/// Permutations of the scans of each run, and the combinations of them that make the nulls.
///
/// A permutation o replaces scan i by scan o\[i\]. Each null selects one permutation per run. Nulls are cheap because
/// every run has only a few permutations, used in many combinations: see [`PreparedFeatures::null_scores`].
///
/// For a test that is exact if all permutations of the data are equally likely, the permutations of a run must be the
/// identity and independent draws from a *group* (all circular shifts, all permutations of blocks), and the nulls must
/// select them at random, the identity as often as any other.
///
/// ```
/// use lpp_ridge::NullOrders;
/// use ndarray::array;
///
/// // Two orders of each of three runs of three scans; two nulls.
/// let orders = || vec![vec![0, 1, 2], vec![1, 2, 0]];
/// let nulls = NullOrders::new(vec![orders(), orders(), orders()], array![[0, 1, 1], [1, 1, 0]])?;
/// assert_eq!(nulls.n_nulls(), 2);
/// # Ok::<(), lpp_ridge::RidgeError>(())
/// ```
///
/// # References
/// J. Hemerik and J. Goeman (2018), <https://doi.org/10.1007/s11749-017-0571-1>, on random draws from a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NullOrders {
    orders: Vec<Vec<Vec<usize>>>,
    draws: Array2<usize>,
}

impl NullOrders {
    /// Wraps `orders` (for each run, a list of permutations of its scans) and `draws`, (`n_nulls`, `n_runs`): the
    /// permutation selected by each null.
    ///
    /// # Errors
    /// [`RidgeError::NotAnOrder`] if a permutation does not contain every scan of its run exactly once,
    /// [`RidgeError::NullDraws`] for a draw that selects no permutation, or draws for a different number of runs.
    pub fn new(orders: Vec<Vec<Vec<usize>>>, draws: Array2<usize>) -> Result<Self, RidgeError> {
        for (run, of_run) in orders.iter().enumerate() {
            let n_scans = of_run.first().map_or(0, Vec::len);
            for order in of_run {
                let mut sorted = order.clone();
                sorted.sort_unstable();
                if !sorted.into_iter().eq(0..n_scans) {
                    return Err(RidgeError::NotAnOrder { run, n_scans });
                }
            }
        }
        let names_one = |row: &ArrayRef1<usize>| row.iter().zip(&orders).all(|(&k, of_run)| k < of_run.len());
        match draws.rows().into_iter().position(|row| !names_one(&row)) {
            _ if draws.ncols() != orders.len() => Err(RidgeError::NullDraws { null: 0 }),
            Some(null) => Err(RidgeError::NullDraws { null }),
            None => Ok(Self { orders, draws }),
        }
    }

    /// Number of nulls.
    #[must_use]
    pub fn n_nulls(&self) -> usize {
        self.draws.nrows()
    }

    /// The permutations of each run.
    #[must_use]
    pub fn orders(&self) -> &[Vec<Vec<usize>>] {
        &self.orders
    }

    /// The permutation of each run selected by each null, (`n_nulls`, `n_runs`).
    #[must_use]
    pub fn draws(&self) -> &ArrayRef2<usize> {
        &self.draws
    }

    /// The targets of one null: each run with the permutation selected by the null.
    ///
    /// # Shapes
    /// One array (`n_scans`, `n_targets`) per run in and out, with as many scans as the permutations.
    #[must_use]
    pub fn apply<Y: Run<Element: Element>>(&self, null: usize, y_runs: &[Y]) -> Vec<Array2<Y::Element>> {
        let in_order =
            |((y, of_run), &k): ((&Y, &Vec<Vec<usize>>), &usize)| y.matrix().select(Axis(0), &of_run[k]);
        let runs = y_runs.iter().zip(&self.orders);
        runs.zip(self.draws.row(null)).map(in_order).collect()
    }

    fn check(&self, lengths: &[usize]) -> Result<(), RidgeError> {
        if self.orders.len() != lengths.len() {
            return Err(RidgeError::NullDraws { null: 0 });
        }
        for (run, (of_run, &n_scans)) in self.orders.iter().zip(lengths).enumerate() {
            if of_run.first().is_some_and(|order| order.len() != n_scans) {
                return Err(RidgeError::NotAnOrder { run, n_scans });
            }
        }
        Ok(())
    }
}

impl<A: Element> PreparedFeatures<A> {
    /// The scores of permuted targets, with the penalties of `fit`.
    ///
    /// The result is equal, to rounding, to fitting and testing the output of [`NullOrders::apply`] again with the
    /// penalties chosen in `fit`. Both the test run and the training runs are permuted. Each run is predicted from the
    /// others, so the scores of the folds are correlated; a null that kept the predictions would have too small a
    /// spread.
    ///
    /// # Shapes
    /// `fit` is the result of [`score`](Self::score) for `y_runs`. The result is (`n_targets`, `n_nulls`): the
    /// correlation averaged over folds, NaN if a target is constant or not finite in a run. With groups of runs,
    /// permutations apply to a group, with its runs stacked.
    ///
    /// # Cost
    /// With K permutations per run: K products of all scans with all scans and the targets, for any number of nulls,
    /// and for each null some 45 additions per fold and target (for nine runs). Memory: the result, 4 bytes per null
    /// and target.
    ///
    /// # Errors
    /// [`RidgeError`] if shapes do not match or a factorisation fails, [`RidgeError::ForeignFit`] for a fit of
    /// different data, [`RidgeError::NullsUnsupported`] for penalties that differ between targets or R² as metric.
    ///
    /// ```
    /// use lpp_ridge::{NullOrders, RidgeCv};
    /// use ndarray::{Array2, array};
    ///
    /// # fn main() -> Result<(), lpp_ridge::RidgeError> {
    /// let x: Vec<Array2<f64>> =
    ///     (0..3).map(|r| Array2::from_shape_fn((30, 2), |(i, j)| ((r + i * (j + 2)) as f64).sin())).collect();
    /// let prepared = RidgeCv::params().alphas([1.0]).check()?.prepare(&x)?;
    /// let fit = prepared.score(&x)?;
    /// let shifted = |by: usize| (0..30_usize).map(|i| (i + by) % 30).collect::<Vec<usize>>();
    /// let orders = vec![vec![shifted(0), shifted(11)]; 3];
    /// let null = prepared.null_scores(&fit, &x, &NullOrders::new(orders, array![[0, 0, 0], [1, 0, 1]])?)?;
    /// assert!((f64::from(null[[0, 0]]) - fit.scores[0]).abs() < 1e-6);
    /// assert!(null[[0, 1]] < null[[0, 0]]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn null_scores<Y: Run<Element = A>>(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[Y],
        nulls: &NullOrders,
    ) -> Result<Array2<f32>, RidgeError> {
        A::null_scores(self, fit, &matrices(y_runs), nulls)
    }

    pub(crate) fn null_scores_of_matrices(
        &self,
        fit: &RidgeCvFit,
        y_runs: &[ArrayView2<'_, A>],
        nulls: &NullOrders,
    ) -> Result<Array2<f32>, RidgeError> {
        let n_targets = fit.scores.len();
        self.check_fit(fit, y_runs, &[0])?;
        let alphas = fit.alpha_index().ok_or(RidgeError::NullsUnsupported {
            what: "penalties of each target's own",
        })?;
        if self.model.settings.options.metric != Metric::Pearson {
            return Err(RidgeError::NullsUnsupported { what: "R²" });
        }
        let n_runs = self.layout.n_pieces();
        if !self.plan.leaves_out_one_piece(n_runs) {
            return Err(RidgeError::NullsUnsupported {
                what: "folds other than runs left out in turn",
            });
        }
        let lengths: Vec<usize> = (0..n_runs).map(|run| self.layout.len(run)).collect();
        nulls.check(&lengths)?;
        let mut out = Array2::from_elem((n_targets, nulls.n_nulls()), f32::NAN);
        self.model.in_pool(|| {
            let used: Vec<_> = alphas.iter().copied().enumerate().collect();
            self.make_test_operators(&used)?;
            let tables = Tables {
                prepared: self,
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
    let mut rows = nulls.draws.clone();
    let mut top = 0;
    for (mut column, of_run) in rows.columns_mut().into_iter().zip(&nulls.orders) {
        column += top;
        top += of_run.len();
    }
    rows
}

/// Data shared by all blocks of targets.
struct Tables<'p, A> {
    prepared: &'p PreparedFeatures<A>,
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

impl<A: Element> Scratch<A> {
    fn new(tables: &Tables<'_, A>) -> Self {
        let layout = &tables.prepared.layout;
        let n_orders: Vec<usize> = tables.nulls.orders.iter().map(Vec::len).collect();
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

impl<A: Element> Tables<'_, A> {
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
        let layout = &self.prepared.layout;
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
        let layout = &self.prepared.layout;
        let mut stack = Array2::zeros((layout.n_scans(), width));
        for (run, y) in y_runs.iter().enumerate() {
            layout.put(run, &y.slice(s![.., first..first + width]), &mut stack.view_mut());
        }
        stack
    }

    fn reorder(&self, scratch: &mut Scratch<A>, y: &Array2<A>) {
        for (run, ordered) in scratch.ordered.iter_mut().enumerate() {
            let rows = self.prepared.layout.rows(run);
            let orders = &self.nulls.orders[run];
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
        let n_scans = self.prepared.layout.len(fold);
        let n_all = scratch.table.nrows();
        let (mut top, mut hats) = (0, self.hats[fold].iter());
        for (run, ordered) in scratch.ordered.iter().enumerate() {
            let n_orders = self.nulls.orders[run].len();
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
        let (n_scans, n_all) = (self.prepared.layout.len(fold), scratch.table.nrows());
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
fn upper_products<A: Element>(parts: &ArrayRef2<A>, table: &mut Array2<A>) {
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

    #[test]
    fn what_is_no_order_or_names_none_is_refused() {
        let orders = |order: Vec<usize>| vec![vec![vec![0, 1, 2], order]; 3];
        let draws = Array2::from_elem((2, 3), 1);
        assert!(NullOrders::new(orders(vec![2, 0, 1]), draws.clone()).is_ok());
        for wrong in [vec![0, 1, 1], vec![0, 1], vec![1, 2, 3]] {
            let error = NullOrders::new(orders(wrong), draws.clone()).unwrap_err();
            assert!(matches!(error, RidgeError::NotAnOrder { run: 0, n_scans: 3 }));
        }
        for wrong in [Array2::from_elem((2, 3), 2), Array2::from_elem((2, 2), 0)] {
            let error = NullOrders::new(orders(vec![2, 0, 1]), wrong).unwrap_err();
            assert!(matches!(error, RidgeError::NullDraws { null: 0 }));
        }
    }
}
