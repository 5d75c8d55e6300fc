//! Every training set of a dual fit from one inverse.

use ndarray::{Array2, ArrayRef2, s};
use ndarray_linalg::InverseCInto;

use crate::RidgeError;
use crate::factor::safe_inverse;
use crate::runs::RunLayout;

/// The inverse G of the penalised kernel of all runs, K + αI.
///
/// Leaving out the scans S, the fit on the others T predicts them with
/// `K_ST (K_TT + αI)⁻¹ = −(G_SS)⁻¹ G_ST`
/// (the inverse of a partitioned matrix). So one inversion of order n serves every training set of nested validation, each
/// of which then costs a small factorisation and a product, instead of a factorisation of order n of its own.
///
/// # References
/// F. Zhang (2005), "The Schur complement and its applications", section 0.8, <https://doi.org/10.1007/b105056>; the same
/// identity gives closed leave-one-out residuals of smoothers, as in P. Craven and G. Wahba (1978),
/// <https://doi.org/10.1007/BF01404567>.
pub(crate) struct LeaveOut {
    inverse: Array2<f64>,
    alpha: f64,
}

impl LeaveOut {
    /// `None` if the penalty is too small beside the kernel for the identity to keep its digits, or LAPACK fails.
    pub(crate) fn new(kernel: &ArrayRef2<f64>, alpha: f64) -> Option<Self> {
        let inverse = safe_inverse(kernel, alpha)?;
        Some(Self { inverse, alpha })
    }

    /// The operator that predicts the runs `predict` from a fit on `train`, to which they do not belong: (scans of
    /// `predict`, scans of `train`).
    pub(crate) fn operator(
        &self,
        predict: &[usize],
        train: &[usize],
        layout: &RunLayout,
    ) -> Result<Array2<f64>, RidgeError> {
        // The predicted runs come first, so that the rows wanted of the inverse are its first ones.
        let others = (0..layout.n_runs()).filter(|run| !train.contains(run) && !predict.contains(run));
        let left_out: Vec<usize> = predict.iter().copied().chain(others).collect();
        let size = layout.total(&left_out);
        let within = self.block(&left_out, &left_out, layout).invc_into();
        let within = within.map_err(|source| RidgeError::Factorisation {
            alpha: self.alpha,
            size,
            source,
        })?;
        let rows = within.slice(s![..layout.total(predict), ..]);
        Ok(-rows.dot(&self.block(&left_out, train, layout)))
    }

    /// Rows and columns of some runs, in the order in which they are named.
    fn block(&self, rows: &[usize], columns: &[usize], layout: &RunLayout) -> Array2<f64> {
        let mut out = Array2::zeros((layout.total(rows), layout.total(columns)));
        let mut top = 0;
        for r in rows.iter().map(|&run| layout.rows(run)) {
            let mut left = 0;
            for c in columns.iter().map(|&run| layout.rows(run)) {
                out.slice_mut(s![top..top + r.len(), left..left + c.len()])
                    .assign(&self.inverse.slice(s![r.clone(), c.clone()]));
                left += c.len();
            }
            top += r.len();
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::factor::penalised_readout;
    use crate::gram::Gram;

    #[test]
    fn one_inverse_gives_the_operators_of_all_training_sets() {
        let layout = RunLayout::new([7, 5, 6, 4]);
        let x = Array2::from_shape_fn((22, 40), |(i, j)| ((i * 17 + j * 31) as f64 * 0.37).sin());
        let gram = Gram::new(&x, &layout, false);
        let Gram::Kernel(kernel) = &gram else {
            unreachable!()
        };
        for alpha in [0.1, 10.0] {
            let all = LeaveOut::new(kernel, alpha).unwrap();
            for (predict, train) in [(&[1][..], &[0, 2, 3][..]), (&[0], &[2, 3]), (&[3, 1], &[0, 2])] {
                let readout = gram.readout(predict, train, &x, &layout);
                let expected = penalised_readout(&gram.system(train, &layout), alpha, &readout).unwrap();
                let found = all.operator(predict, train, &layout).unwrap();
                // condition numbers up to 1e4 in double precision
                assert!((found - expected).iter().all(|d| d.abs() < 1e-11));
            }
        }
        assert!(LeaveOut::new(kernel, 1e-6).is_none());
    }
}
