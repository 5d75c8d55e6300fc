//! The permutations of the scans of each run.

use ndarray::{Array2, ArrayRef1, Axis};

use crate::{Number, RidgeError, Run};

/// Permutations of the scans of each run, and the combinations of them that make the nulls.
///
/// A permutation o replaces scan i by scan o\[i\]. Each null selects one permutation per run. Nulls are cheap because
/// every run has only a few permutations, used in many combinations: see [`crate::PreparedFeatures::null_scores`].
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
    pub fn draws(&self) -> &Array2<usize> {
        &self.draws
    }

    /// Some of the nulls, in the given order; indices that do not exist are left out.
    #[must_use]
    pub fn only(&self, nulls: &[usize]) -> Self {
        let known: Vec<usize> = nulls
            .iter()
            .copied()
            .filter(|&null| null < self.n_nulls())
            .collect();
        Self {
            orders: self.orders.clone(),
            draws: self.draws.select(Axis(0), &known),
        }
    }

    /// The targets of one null: each run with the permutation selected by the null.
    ///
    /// # Shapes
    /// One array (`n_scans`, `n_targets`) per run in and out, with as many scans as the permutations.
    #[must_use]
    pub fn apply<Y: Run<Element: Number>>(&self, null: usize, y_runs: &[Y]) -> Vec<Array2<Y::Element>> {
        let in_order =
            |((y, of_run), &k): ((&Y, &Vec<Vec<usize>>), &usize)| y.matrix().select(Axis(0), &of_run[k]);
        let runs = y_runs.iter().zip(&self.orders);
        runs.zip(self.draws.row(null)).map(in_order).collect()
    }

    pub(crate) fn check(&self, lengths: &[usize]) -> Result<(), RidgeError> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
