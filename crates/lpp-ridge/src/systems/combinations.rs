//! Penalties whose predictions are combinations of other penalties' predictions.
//!
//! The operators of neighbouring penalties are similar, and those of penalties far outside the spectrum of the features
//! are multiples of each other. To the rounding of single precision, some operators are therefore combinations of
//! others, and their predictions are the same combinations of the others' predictions. Such a combination takes a few
//! operations per value; a product takes one operation per column of the operator.

use ndarray::{Array2, Axis, s};

use crate::Number;
use crate::engine::product::{Update, update};

/// Largest distance of an operator from its combination, relative to its norm (Frobenius), in units of the machine
/// epsilon. The rounding of a product is as large.
const MOST_ROUNDINGS: f64 = 3.0;

/// Largest sum of absolute coefficients: the rounding of predictions may grow by this factor.
const MOST_GROWTH: f64 = 8.0;

/// Columns of an operator per combined prediction; with fewer columns, a product is as cheap.
const LEAST_COLUMNS: usize = 16;

/// Rows of all operators compared at a time.
const STRIP: usize = 64;

/// Operators that are combinations of others.
#[derive(Debug)]
pub(crate) struct Combinations<A> {
    /// Penalties whose predictions are computed as products.
    pub(crate) basis: Vec<usize>,
    /// Penalties whose predictions are combinations of the basis.
    pub(crate) combined: Vec<usize>,
    /// (`combined`, `basis`)
    pub(crate) coefficients: Array2<A>,
}

impl<A: Number> Combinations<A> {
    /// Finds the combinations among operators of one shape; `None` if products are as good. In double precision they
    /// are, because inner products cannot distinguish operators to its rounding.
    pub(crate) fn new(operators: &[Array2<A>]) -> Option<Self> {
        let tolerance = MOST_ROUNDINGS * A::EPSILON;
        let n_columns = operators.first()?.ncols();
        if tolerance * tolerance < f64::EPSILON || n_columns < 3 * LEAST_COLUMNS {
            return None;
        }
        let gram = gram_of_units(operators)?;
        let pivoted = PivotedCholesky::new(&gram, tolerance);
        let (mut basis, mut combined, mut rows) = (pivoted.pivots.clone(), Vec::new(), Vec::new());
        for alpha in (0..operators.len()).filter(|alpha| !pivoted.pivots.contains(alpha)) {
            let coefficients = pivoted.coefficients(alpha);
            let growth: f64 = coefficients.iter().map(|c| c.abs()).sum();
            let distance = distance(&gram, &pivoted.pivots, &coefficients, alpha);
            if growth <= MOST_GROWTH && distance <= 4.0 * tolerance * tolerance {
                combined.push(alpha);
                rows.push(coefficients);
            } else {
                basis.push(alpha);
            }
        }
        if combined.is_empty() || n_columns < LEAST_COLUMNS * basis.len() {
            return None;
        }
        // Coefficients of units become those of operators.
        let size = |alpha: usize| norm(&operators[alpha]);
        let coefficient = |(row, column): (usize, usize)| {
            let of_unit = rows[row].get(column).copied().unwrap_or(0.0);
            A::from_double(of_unit * size(combined[row]) / size(basis[column]))
        };
        let coefficients = Array2::from_shape_fn((combined.len(), basis.len()), coefficient);
        Some(Self {
            basis,
            combined,
            coefficients,
        })
    }
}

fn norm<A: Number>(operator: &Array2<A>) -> f64 {
    operator.iter().map(|v| v.to_double().powi(2)).sum::<f64>().sqrt()
}

/// Inner products of all operators, each scaled to norm 1; `None` if one has norm 0.
fn gram_of_units<A: Number>(operators: &[Array2<A>]) -> Option<Array2<f64>> {
    let (n_rows, n_columns) = operators[0].dim();
    let mut gram = Array2::zeros((operators.len(), operators.len()));
    for top in (0..n_rows).step_by(STRIP) {
        let n = STRIP.min(n_rows - top);
        let mut strip = Array2::zeros((operators.len(), n * n_columns));
        for (mut row, operator) in strip.outer_iter_mut().zip(operators) {
            let values = operator.slice(s![top..top + n, ..]);
            row.iter_mut().zip(values).for_each(|(r, v)| *r = v.to_double());
        }
        update(&mut gram.view_mut(), Update::Add, &strip, &strip.t());
    }
    let sizes: Vec<f64> = gram.diag().iter().map(|square: &f64| square.sqrt()).collect();
    if sizes.iter().any(|size| !(*size > 0.0 && size.is_finite())) {
        return None;
    }
    for ((a, b), value) in gram.indexed_iter_mut() {
        *value /= sizes[a] * sizes[b];
    }
    Some(gram)
}

/// The squared distance between a scaled operator and a combination of others.
fn distance(gram: &Array2<f64>, others: &[usize], coefficients: &[f64], unit: usize) -> f64 {
    let mut square = gram[[unit, unit]];
    for (&a, ca) in others.iter().zip(coefficients) {
        square -= 2.0 * ca * gram[[a, unit]];
        for (&b, cb) in others.iter().zip(coefficients) {
            square += ca * cb * gram[[a, b]];
        }
    }
    square
}

/// A pivoted Cholesky factorisation. Each pivot is the row farthest from the span of the earlier pivots; it stops when all
/// rows are within the tolerance of that span.
struct PivotedCholesky {
    pivots: Vec<usize>,
    /// The component of each matrix row along each pivot in turn, (order, order).
    factor: Array2<f64>,
}

impl PivotedCholesky {
    fn new(gram: &Array2<f64>, tolerance: f64) -> Self {
        let n = gram.nrows();
        let (mut pivots, mut factor) = (Vec::new(), Array2::<f64>::zeros((n, n)));
        let mut rest = gram.diag().to_owned();
        while pivots.len() < n {
            let farthest = |best: usize, i: usize| if rest[i] > rest[best] { i } else { best };
            let pivot = (0..n).fold(0, farthest);
            if rest[pivot] <= tolerance * tolerance {
                break;
            }
            let (k, length) = (pivots.len(), rest[pivot].sqrt());
            let along = factor.row(pivot).to_owned();
            for i in 0..n {
                let known: f64 = factor.row(i).dot(&along);
                factor[[i, k]] = if pivots.contains(&i) {
                    0.0
                } else {
                    (gram[[i, pivot]] - known) / length
                };
            }
            factor[[pivot, k]] = length;
            rest -= &factor.index_axis(Axis(1), k).mapv(|v| v * v);
            rest[pivot] = 0.0;
            pivots.push(pivot);
        }
        Self { pivots, factor }
    }

    /// Coefficients of the pivots that best approximate a scaled operator, by back substitution with the rows of the
    /// pivots.
    fn coefficients(&self, unit: usize) -> Vec<f64> {
        let n = self.pivots.len();
        let mut solved = self.factor.row(unit).to_vec();
        solved.truncate(n);
        for i in (0..n).rev() {
            for k in i + 1..n {
                solved[i] -= self.factor[[self.pivots[k], i]] * solved[k];
            }
            solved[i] /= self.factor[[self.pivots[i], i]];
        }
        solved
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::product::product;
    use ndarray::Array1;

    fn operators(alphas: &[f64], n_columns: usize) -> Vec<Array2<f32>> {
        let x = Array2::from_shape_fn((2 * n_columns, n_columns), |(i, j)| {
            ((i * 17 + j * 31 + i * j) as f64 * 0.37).sin()
        });
        let readout = x.slice(s![..20, ..]).to_owned();
        let gram = product(&x.t(), &x);
        let with =
            crate::engine::factorisations_of(crate::Engine::Pure, crate::settings::stop::Stop::default());
        let operator = |&alpha: &f64| {
            let system = &gram + &(Array2::<f64>::eye(n_columns) * alpha);
            let solved = with.solve(system, readout.clone()).unwrap().unwrap();
            solved.mapv(f32::from_double)
        };
        alphas.iter().map(operator).collect()
    }

    #[test]
    fn penalties_beyond_the_spectrum_are_combinations_to_rounding() {
        let alphas: Vec<f64> = (0..14).map(|i| 10_f64.powi(i - 2)).collect();
        let operators = operators(&alphas, 200);
        let found = Combinations::new(&operators).unwrap();
        assert_eq!(found.basis.len() + found.combined.len(), alphas.len());
        assert!(found.combined.len() >= 5, "{:?}", found.combined);
        for (&alpha, row) in found.combined.iter().zip(found.coefficients.rows()) {
            let mut left = operators[alpha].mapv(f64::from);
            for (&place, &c) in found.basis.iter().zip(row) {
                left.scaled_add(-f64::from(c), &operators[place].mapv(f64::from));
            }
            // the tolerance, and the rounding of the operators and of the coefficients
            assert!(norm(&left) < 2e-6 * norm(&operators[alpha]), "{alpha}");
        }
    }

    #[test]
    fn unlike_operators_and_double_precision_keep_their_products() {
        let unlike = operators(&[1.0, 1e2, 1e3], 200);
        assert!(Combinations::new(&unlike).is_none());
        let far: Vec<Array2<f64>> = operators(&[1e9, 1e10, 1e11], 200)
            .iter()
            .map(|o| o.mapv(f64::from))
            .collect();
        assert!(Combinations::new(&far).is_none());
    }

    #[test]
    fn pivots_are_the_farthest_and_span_the_others() {
        // Six unit vectors of three dimensions.
        let mut units =
            Array2::from_shape_fn((6, 3), |(i, j)| ((i * i + 3 * i * j + j + 1) as f64 * 0.7).sin());
        for mut row in units.rows_mut() {
            let length = row.dot(&row).sqrt();
            row /= length;
        }
        let mut gram = units.dot(&units.t());
        gram.diag_mut().fill(1.0);
        let found = PivotedCholesky::new(&gram, 1e-7);
        assert_eq!((found.pivots.len(), found.pivots[0]), (3, 0)); // all are equally long
        let farthest = (0..6).min_by(|&i, &j| gram[[0, i]].abs().total_cmp(&gram[[0, j]].abs()));
        assert_eq!(Some(found.pivots[1]), farthest);
        for unit in 0..6 {
            let coefficients = found.coefficients(unit);
            let sum = found.pivots.iter().zip(&coefficients);
            let combined = sum.fold(Array1::<f64>::zeros(3), |sum, (&pivot, &c)| {
                sum + &units.row(pivot) * c
            });
            assert!((&combined - &units.row(unit)).iter().all(|d| d.abs() < 1e-12));
            assert!(distance(&gram, &found.pivots, &coefficients, unit).abs() < 1e-12);
        }
        // One vector alone is as far from another as their angle says.
        let expected = units.row(2).to_owned() - &units.row(5) * 0.3;
        assert!((distance(&gram, &[5], &[0.3], 2) - expected.dot(&expected)).abs() < 1e-14);
    }

    #[test]
    fn multiples_are_combined_where_that_is_cheaper_than_products() {
        let multiples = |n_columns: usize| -> Vec<Array2<f32>> {
            let one = &operators(&[1.0], n_columns)[0];
            [1.0, 4.0, 0.5].iter().map(|&factor| one * factor).collect()
        };
        let found = Combinations::new(&multiples(48)).unwrap();
        assert_eq!((&found.basis[..], &found.combined[..]), (&[0][..], &[1, 2][..]));
        for (found, expected) in found.coefficients.iter().zip([4.0, 0.5]) {
            assert!((found - expected).abs() < 1e-6);
        }
        assert!(Combinations::new(&multiples(47)).is_none());
        let double: Vec<Array2<f64>> = multiples(48).iter().map(|o| o.mapv(f64::from)).collect();
        assert!(Combinations::new(&double).is_none());
        assert!(Combinations::<f32>::new(&[]).is_none());
        // The unit of an operator of zeros does not exist.
        let mut with_zero = multiples(48);
        with_zero.push(Array2::zeros(with_zero[0].raw_dim()));
        assert!(Combinations::new(&with_zero).is_none());
        // Three unlike operators leave fewer than sixteen columns for each.
        let few: Vec<Array2<f32>> = operators(&[1.0, 1e2, 1e4, 1e9, 1e10], 48);
        assert!(Combinations::new(&few).is_none());
    }

    #[test]
    fn a_unit_within_the_tolerance_of_the_span_is_no_pivot() {
        let gram = ndarray::array![[1.0, (1.0 - 1e-8_f64).sqrt()], [(1.0 - 1e-8_f64).sqrt(), 1.0]];
        // The second is 1e-4 from the span of the first.
        assert_eq!(PivotedCholesky::new(&gram, 1e-6).pivots, [0, 1]);
        assert_eq!(PivotedCholesky::new(&gram, 1e-3).pivots, [0]);
    }
}
