//! Scores of a fit whose first band has its rows permuted within runs, for many permutations at once.
//!
//! A permutation of the rows of a run leaves the inner products of its columns as they are, so the eigenvectors of the first
//! band's system serve all permutations, weights and penalties. The other bands have few columns; their block is eliminated.
//! With `X` and `C` the rows of the first and the other bands, w the weight of the first, ρ = α/w, `A = XᵀX + ρI`, `B = XᵀC`
//! and `S = CᵀC + αI − BᵀA⁻¹B`, the coefficients of the others are `c = S⁻¹(CᵀY − BᵀA⁻¹XᵀY)`, and rows v are predicted by
//! `XᵥA⁻¹XᵀY + (Cᵥ − XᵥA⁻¹B)c`. The first term depends on ρ only, and for most ρ it is a combination of that of others.

use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView1, ArrayView2, Axis, s};
use rayon::prelude::*;

use super::data::Data;
use super::settings::BandedRidge;
use crate::design::splits::Purpose;
use crate::engine::factorisations::Factorisations;
use crate::engine::factorisations_of;
use crate::engine::product::product;
use crate::results::known_scores::beats;
use crate::systems::combinations::Combinations;
use crate::systems::factor::penalised_readout;
use crate::{AlphaScope, Metric, NullOrders, Number, RidgeError};

/// Penalties of the first band that are this close, relatively, are the same.
const SAME: f64 = 1e-9;

/// Mean test scores of every permutation, (`n_nulls`, `n_targets`), by each metric, with weight and penalty chosen by it; `None`
/// where permutations do not leave the systems as they are, or where other ways are cheaper or keep more digits.
pub(crate) fn scores<A: Number>(
    model: &BandedRidge,
    x_runs: &[ArrayView2<'_, A>],
    y_runs: &[ArrayView2<'_, A>],
    orders: &NullOrders,
    metrics: &[Metric],
) -> Result<Option<Vec<Array2<f64>>>, RidgeError> {
    model.ridge.in_pool(|| {
        let data = Data::new(model, x_runs, y_runs, Purpose::Scores)?;
        orders.check(
            &(0..data.layout.n_runs())
                .map(|run| data.layout.n_rows_of_run(run))
                .collect::<Vec<_>>(),
        )?;
        match Permuted::new(&data, orders, metrics) {
            Some(permuted) => permuted.scores(),
            None => Ok(None),
        }
    })
}

/// Penalty below which a wide first band loses digits in single precision, as a share of the mean sum of squares of the other columns:
/// with more, the scores of `tests/permuted_band.rs` agree with those of fits to 1e-5.
const SMALLEST_SHARE: f64 = 0.01;

/// Whether `S` keeps its digits. If the first band has more columns than a training set has rows, `S` is about as small as the
/// penalty, and it is a difference of numbers as large as `CᵀC`.
fn keeps_digits<A: Number>(data: &Data<'_, A>, width: usize) -> bool {
    let plan = &data.plan;
    let of_sets = plan.sets.iter().map(|set| &set.train);
    let of_folds = plan.folds.iter().map(|fold| &fold.train);
    let rows = |train: &Vec<usize>| train.iter().map(|&piece| data.layout.len(piece)).sum::<usize>();
    let fewest = of_sets.chain(of_folds).map(rows).min().unwrap_or(0);
    if size_of::<A>() == size_of::<f64>() || width <= fewest {
        return true;
    }
    let others = data.x.slice(s![.., width..]);
    let squares: f64 = others.iter().map(|value| value.to_double().powi(2)).sum();
    let smallest = data
        .model
        .ridge
        .alphas()
        .iter()
        .copied()
        .fold(f64::INFINITY, f64::min);
    smallest >= SMALLEST_SHARE * squares / others.ncols() as f64
}

/// Everything that all training sets share.
struct Permuted<'p, A> {
    data: &'p Data<'p, A>,
    orders: &'p NullOrders,
    metrics: &'p [Metric],
    /// Rows of the first band, of the others, and of the targets, of all runs.
    band: Array2<A>,
    others: Array2<A>,
    y: Array2<A>,
    /// The different ρ, ascending; the last is infinite: without the first band.
    rhos: Vec<f64>,
    /// The place among them of each candidate and penalty.
    rho_of: Array2<usize>,
}

/// The sums over scored rows from which scores follow, of each target.
struct Sums {
    n: f64,
    y: Array1<f64>,
    yy: Array1<f64>,
}

/// The same of the predictions by one ρ, and what the others add: U is `Cᵥ − XᵥA⁻¹B`.
struct Part {
    base: [Array1<f64>; 3],
    /// Inner products of U with these predictions and with the targets, (`n_others`, `n_targets`).
    with_base: Array2<f64>,
    with_y: Array2<f64>,
    /// Sums of the columns of U, and their inner products.
    sum: Array1<f64>,
    square: Array2<f64>,
    /// `BᵀA⁻¹B` and `BᵀA⁻¹XᵀY`.
    schur: Array2<f64>,
    right: Array2<f64>,
}

/// A training set in the coordinates of its eigenvectors.
struct Trained<A> {
    train: Vec<usize>,
    /// First band, all rows.
    turned: Array2<A>,
    values: Vec<f64>,
    combinations: Option<Combinations<A>>,
    /// `CᵀC` and `CᵀY`.
    others: Array2<f64>,
    others_y: Array2<f64>,
}

/// A permutation of a training set.
struct Shifted<A> {
    /// `XᵀY` and `XᵀC` in these coordinates.
    y: Array2<A>,
    others: Array2<A>,
}

impl<'p, A: Number> Permuted<'p, A> {
    fn new(data: &'p Data<'p, A>, orders: &'p NullOrders, metrics: &'p [Metric]) -> Option<Self> {
        let (model, layout) = (data.model, &data.layout);
        let width = model.bands.first()?.end;
        let is_shared = model.ridge.settings.scope == AlphaScope::Global && model.descent.is_none();
        let is_unit = |row: ArrayView1<'_, f64>| row.iter().skip(1).all(|w| (w - 1.0).abs() <= 0.0);
        let alike = model.weights.rows().into_iter().all(is_unit);
        // Where a piece is not a whole run, a permutation of the run changes its rows.
        let whole = (0..layout.n_runs()).all(|run| {
            let mut segments = Vec::new();
            layout.for_each_segment(run, |_, at| segments.push(at));
            matches!(&segments[..], [rows] if (0..layout.n_pieces()).any(|piece| layout.rows(piece) == *rows))
        });
        let fits = width <= layout.n_scans() && width < data.x.ncols();
        if !(is_shared && alike && whole && fits && data.n_targets() > 0 && keeps_digits(data, width)) {
            return None;
        }
        let targets: Vec<Array2<A>> = data
            .y
            .iter()
            .map(|run| run.select(Axis(1), &data.columns))
            .collect();
        let views: Vec<ArrayView2<'_, A>> = targets.iter().map(|run| run.view()).collect();
        let (rhos, rho_of) = rhos(&model.weights.column(0).to_vec(), model.ridge.alphas());
        Some(Self {
            data,
            orders,
            metrics,
            band: data.x.slice(s![.., ..width]).to_owned(),
            others: data.x.slice(s![.., width..]).to_owned(),
            y: layout.stack(&views),
            rhos,
            rho_of,
        })
    }

    fn scores(&self) -> Result<Option<Vec<Array2<f64>>>, RidgeError> {
        let plan = &self.data.plan;
        let n_nulls = self.orders.n_nulls();
        let shape = (self.metrics.len(), self.rho_of.len());
        let mut totals =
            vec![vec![(Array2::<f64>::zeros(shape), Array2::<f64>::zeros(shape)); plan.folds.len()]; n_nulls];
        for set in &plan.sets {
            let Some(trained) = self.train(&set.train)? else {
                return Ok(None);
            };
            totals.par_iter_mut().enumerate().try_for_each(|(null, totals)| {
                let shifted = self.shift(&trained, null);
                for validation in &set.validations {
                    let (sum, n) = &mut totals[validation.fold];
                    let rows = self.rows(&plan.scored[validation.scored]);
                    self.each_score(&trained, &shifted, &rows, null, None, |metric, choice, score| {
                        for score in score.iter().filter(|score| !score.is_nan()) {
                            sum[[metric, choice]] += score;
                            n[[metric, choice]] += 1.0;
                        }
                    })?;
                }
                Ok::<_, RidgeError>(())
            })?;
        }
        let choices: Vec<Vec<Vec<Option<usize>>>> = totals
            .iter()
            .map(|of_null| of_null.iter().map(|(sum, n)| best(&(sum / n))).collect())
            .collect();
        self.test(&choices)
    }

    /// The test scores of every null at its choices, by fold and metric.
    fn test(&self, choices: &[Vec<Vec<Option<usize>>>]) -> Result<Option<Vec<Array2<f64>>>, RidgeError> {
        let plan = &self.data.plan;
        let shape = (self.orders.n_nulls(), self.data.n_targets());
        let mut found = vec![Array2::<f64>::zeros(shape); self.metrics.len()];
        for (fold, at) in plan.folds.iter().enumerate() {
            let Some(trained) = self.train(&at.train)? else {
                return Ok(None);
            };
            let rows = at.test.map(|test| self.rows(&plan.scored[test]));
            let rows = rows.unwrap_or_default();
            let of_null = |(null, choices): (usize, &Vec<Vec<Option<usize>>>)| {
                let shifted = self.shift(&trained, null);
                let mut scores = Array2::from_elem((self.metrics.len(), self.data.n_targets()), f64::NAN);
                for (wanted, choice) in choices[fold].iter().enumerate() {
                    let Some(choice) = *choice else {
                        return Err(RidgeError::NoValidation { fold });
                    };
                    self.each_score(
                        &trained,
                        &shifted,
                        &rows,
                        null,
                        Some(choice),
                        |metric, _, score| {
                            if metric == wanted {
                                scores.row_mut(metric).assign(score);
                            }
                        },
                    )?;
                }
                Ok(scores)
            };
            let of_fold: Vec<Array2<f64>> = choices
                .par_iter()
                .enumerate()
                .map(of_null)
                .collect::<Result<_, _>>()?;
            for (null, scores) in of_fold.iter().enumerate() {
                for (found, scores) in found.iter_mut().zip(scores.rows()) {
                    found
                        .row_mut(null)
                        .scaled_add(1.0 / plan.folds.len() as f64, &scores);
                }
            }
        }
        let spread = |of_some: Array2<f64>| {
            let mut all = Array2::from_elem((of_some.nrows(), self.data.defects.len()), f64::NAN);
            for (from, &column) in of_some.columns().into_iter().zip(&self.data.columns) {
                all.column_mut(column).assign(&from);
            }
            all
        };
        Ok(Some(found.into_iter().map(spread).collect()))
    }

    /// The eigenvectors of a training set; `None` if they cannot be found.
    fn train(&self, train: &[usize]) -> Result<Option<Trained<A>>, RidgeError> {
        let rows = self.rows(train);
        let with = self.with();
        let (x, others) = (
            self.band.select(Axis(0), &rows),
            self.others.select(Axis(0), &rows),
        );
        let double = |of: &Array2<A>| of.mapv(Number::to_double);
        let system = {
            let x = double(&x);
            with.product(&x.t(), &x)?
        };
        let Some((values, vectors)) = with.eigen(system)? else {
            return Ok(None);
        };
        let largest = values.iter().copied().fold(0.0, f64::max);
        let floor = largest * f64::EPSILON * values.len() as f64;
        let values: Vec<f64> = values
            .into_iter()
            .map(|v| if v > floor { v } else { 0.0 })
            .collect();
        // What a component of the targets becomes; without the first band nothing does.
        let share = |rho: &f64| {
            Array2::from_shape_fn((1, values.len()), |(_, k)| {
                A::from_double(values[k] / (values[k] + rho))
            })
        };
        let finite: Vec<Array2<A>> = self
            .rhos
            .iter()
            .filter(|rho| rho.is_finite())
            .map(share)
            .collect();
        let y = self.y.select(Axis(0), &rows);
        Ok(Some(Trained {
            train: rows,
            turned: product(&self.band, &vectors.mapv(A::from_double)),
            combinations: Combinations::new(&finite),
            values,
            others_y: double(&product(&others.t(), &y)),
            others: {
                let others = double(&others);
                product(&others.t(), &others)
            },
        }))
    }

    fn with(&self) -> Arc<dyn Factorisations> {
        let settings = &self.data.model.ridge.settings;
        factorisations_of(settings.engine, settings.stop.clone())
    }

    /// Rows of some pieces in the stack.
    fn rows(&self, pieces: &[usize]) -> Vec<usize> {
        pieces
            .iter()
            .flat_map(|&piece| self.data.layout.rows(piece))
            .collect()
    }

    /// The rows of the first band after the permutation of a null, for each row of the stack.
    fn order(&self, null: usize) -> Vec<usize> {
        let layout = &self.data.layout;
        let mut order: Vec<usize> = (0..layout.n_scans()).collect();
        for (run, &draw) in self.orders.draws().row(null).iter().enumerate() {
            let of_run = &self.orders.orders()[run][draw];
            layout.for_each_segment(run, |_, at| {
                for (row, &from) in at.clone().zip(of_run) {
                    order[row] = at.start + from;
                }
            });
        }
        order
    }

    fn shift(&self, trained: &Trained<A>, null: usize) -> Shifted<A> {
        let order = self.order(null);
        let moved: Vec<usize> = trained.train.iter().map(|&row| order[row]).collect();
        let x = trained.turned.select(Axis(0), &moved);
        Shifted {
            y: product(&x.t(), &self.y.select(Axis(0), &trained.train)),
            others: product(&x.t(), &self.others.select(Axis(0), &trained.train)),
        }
    }

    /// Calls `found` with the scores of scored `rows` by each metric for every choice of weight and penalty, or one.
    fn each_score(
        &self,
        trained: &Trained<A>,
        shifted: &Shifted<A>,
        rows: &[usize],
        null: usize,
        only: Option<usize>,
        mut found: impl FnMut(usize, usize, &Array1<f64>),
    ) -> Result<(), RidgeError> {
        let order = self.order(null);
        let moved: Vec<usize> = rows.iter().map(|&row| order[row]).collect();
        let (x, c) = (
            trained.turned.select(Axis(0), &moved),
            self.others.select(Axis(0), rows),
        );
        let y = self.y.select(Axis(0), rows);
        let sums = Sums::of(&y);
        let wanted = |rho: usize| -> Vec<usize> {
            let is_wanted = |choice: &usize| only.is_none_or(|only| only == *choice);
            let all = self.rho_of.iter().enumerate().filter(|(_, of)| **of == rho);
            all.map(|(choice, _)| choice).filter(is_wanted).collect()
        };
        let by_rho = |rho: usize| self.forecast(trained, shifted, &x, rho);
        let bases: Vec<Array2<A>> = match (&trained.combinations, only) {
            (Some(combinations), None) => combinations.basis.iter().map(|&rho| by_rho(rho)).collect(),
            _ => Vec::new(),
        };
        for rho in 0..self.rhos.len() {
            let choices = wanted(rho);
            if choices.is_empty() {
                continue;
            }
            let base = match &trained.combinations {
                Some(combinations) if !bases.is_empty() && self.rhos[rho].is_finite() => {
                    match combinations.basis.iter().position(|known| *known == rho) {
                        Some(place) => bases[place].clone(),
                        None => combined(combinations, &bases, rho),
                    }
                }
                _ => by_rho(rho),
            };
            let part = self.part(trained, shifted, (&x, &c, &y), rho, &base)?;
            for choice in choices {
                let alpha = self.data.model.ridge.alphas()[choice % self.rho_of.ncols()];
                let coefficients = self.coefficients(trained, &part, alpha)?;
                for (place, metric) in self.metrics.iter().enumerate() {
                    found(place, choice, &part.score(&sums, &coefficients, *metric));
                }
            }
        }
        Ok(())
    }

    /// The weights of the components at a penalty; none without the first band.
    fn weights(&self, trained: &Trained<A>, rho: usize) -> Array2<A> {
        let weight = |&value: &f64| match self.rhos[rho] {
            rho if rho.is_finite() && value > 0.0 => A::from_double((value + rho).recip()),
            _ => A::zero(),
        };
        Array1::from_iter(trained.values.iter().map(weight)).insert_axis(Axis(1))
    }

    /// `XᵥA⁻¹XᵀY`.
    fn forecast(
        &self,
        trained: &Trained<A>,
        shifted: &Shifted<A>,
        x: &ArrayRef2<A>,
        rho: usize,
    ) -> Array2<A> {
        if self.rhos[rho].is_finite() {
            product(x, &(&shifted.y * &self.weights(trained, rho)))
        } else {
            Array2::zeros((x.nrows(), shifted.y.ncols()))
        }
    }

    fn part(
        &self,
        trained: &Trained<A>,
        shifted: &Shifted<A>,
        (x, c, y): (&Array2<A>, &Array2<A>, &Array2<A>),
        rho: usize,
        base: &Array2<A>,
    ) -> Result<Part, RidgeError> {
        let double = |of: Array2<A>| of.mapv(Number::to_double);
        let weighted = &shifted.others * &self.weights(trained, rho);
        let own = c - &product(x, &weighted);
        let mut sums = [(); 3].map(|()| Array1::<f64>::zeros(y.ncols()));
        let [of_y, of_square, of_one] = &mut sums;
        for (base, y) in base.rows().into_iter().zip(y.rows()) {
            for (j, (p, y)) in base.iter().zip(y).enumerate() {
                let (p, y) = (p.to_double(), y.to_double());
                of_y[j] += p * y;
                of_square[j] += p * p;
                of_one[j] += p;
            }
        }
        let square = {
            let own = own.mapv(Number::to_double);
            product(&own.t(), &own)
        };
        Ok(Part {
            base: sums,
            with_base: double(product(&own.t(), base)),
            with_y: double(product(&own.t(), y)),
            sum: own.mapv(Number::to_double).sum_axis(Axis(0)),
            square,
            schur: double(product(&weighted.t(), &shifted.others)),
            right: double(product(&weighted.t(), &shifted.y)),
        })
    }

    /// The coefficients of the other bands, (`n_others`, `n_targets`).
    fn coefficients(&self, trained: &Trained<A>, part: &Part, alpha: f64) -> Result<Array2<f64>, RidgeError> {
        let system = &trained.others - &part.schur;
        let right = (&trained.others_y - &part.right).reversed_axes();
        let solved = penalised_readout(&*self.with(), &system, alpha, &right)?;
        Ok(solved.reversed_axes())
    }
}

impl Sums {
    fn of<A: Number>(y: &Array2<A>) -> Self {
        let y = y.mapv(Number::to_double);
        Self {
            n: y.nrows() as f64,
            yy: (&y * &y).sum_axis(Axis(0)),
            y: y.sum_axis(Axis(0)),
        }
    }
}

impl Part {
    fn score(&self, of: &Sums, coefficients: &Array2<f64>, metric: Metric) -> Array1<f64> {
        let [with_y, square, sum] = &self.base;
        let turned = product(&self.square, coefficients);
        Array1::from_shape_fn(of.y.len(), |j| {
            let (mut py, mut pp, mut p) = (with_y[j], square[j], sum[j]);
            for (k, &c) in coefficients.column(j).iter().enumerate() {
                py += c * self.with_y[[k, j]];
                pp += c * (2.0 * self.with_base[[k, j]] + turned[[k, j]]);
                p += c * self.sum[k];
            }
            let spread = of.yy[j] - of.y[j] * of.y[j] / of.n;
            match metric {
                Metric::R2 => 1.0 - (of.yy[j] - 2.0 * py + pp) / spread,
                Metric::Pearson => (py - of.y[j] * p / of.n) / ((pp - p * p / of.n) * spread).sqrt(),
            }
        })
    }
}

/// Penalties of the first band, α over its weight, ascending; infinite without it. And the place of each candidate and penalty.
fn rhos(weights: &[f64], alphas: &[f64]) -> (Vec<f64>, Array2<usize>) {
    let rho = |(candidate, alpha): (usize, usize)| alphas[alpha] / weights[candidate];
    let all = Array2::from_shape_fn((weights.len(), alphas.len()), rho);
    let mut sorted = all.iter().copied().collect::<Vec<f64>>();
    sorted.sort_by(f64::total_cmp);
    let is_same = |a: f64, b: f64| a.total_cmp(&b).is_eq() || (b / a - 1.0).abs() < SAME;
    sorted.dedup_by(|b, a| is_same(*a, *b));
    let place = |rho: &f64| {
        sorted
            .iter()
            .position(|known| is_same(*known, *rho))
            .unwrap_or_else(|| unreachable!("each penalty is in the list"))
    };
    let places = all.map(place);
    (sorted, places)
}

/// The forecasts by a ρ that is no basis.
fn combined<A: Number>(combinations: &Combinations<A>, bases: &[Array2<A>], rho: usize) -> Array2<A> {
    let row = combinations.combined.iter().position(|known| *known == rho);
    let row = row.unwrap_or_else(|| unreachable!("a penalty is a basis or combined"));
    let mut sum = Array2::zeros(bases[0].raw_dim());
    for (base, &coefficient) in bases.iter().zip(combinations.coefficients.row(row)) {
        sum.scaled_add(coefficient, base);
    }
    sum
}

/// The choice with the largest mean by each metric; the first on ties.
fn best(means: &Array2<f64>) -> Vec<Option<usize>> {
    let of_metric = |row: ArrayView1<'_, f64>| {
        let mut best = (None, f64::NAN);
        for (choice, &mean) in row.iter().enumerate() {
            if beats(mean, best.1) {
                best = (Some(choice), mean);
            }
        }
        best.0
    };
    means.rows().into_iter().map(of_metric).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn penalties_of_the_first_band_are_listed_once() {
        // 3 / 0.3 and 1 / 0.1 differ from 10 by rounding alone.
        let (found, places) = rhos(&[1.0, 0.0, 0.3, 0.1], &[3.0, 10.0, 1.0]);
        let expected = [1.0, 3.0, 1.0 / 0.3, 10.0, 30.0, 10.0 / 0.3, 100.0, f64::INFINITY];
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.total_cmp(&expected).is_eq() || (found / expected - 1.0).abs() < 1e-15);
        }
        assert_eq!(
            places,
            ndarray::array![[1, 3, 0], [7, 7, 7], [3, 5, 2], [4, 6, 3]]
        );
    }
}
