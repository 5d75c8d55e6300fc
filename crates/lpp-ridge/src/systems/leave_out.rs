//! Every training set of a dual fit from one inverse.

use ndarray::{Array2, ArrayRef2, Axis, concatenate, s};

use super::factor::safe_inverse;
use crate::RidgeError;
use crate::design::layout::{Layout, block_of};
use crate::engine::factorisations::{Factorisations, Perhaps};

/// The inverse G of the penalised kernel of all runs, K + αI.
///
/// If the scans S are left out, the fit on the others T predicts them with
/// `K_ST (K_TT + αI)⁻¹ = −(G_SS)⁻¹ G_ST`
/// (the inverse of a partitioned matrix). So one inversion of order n is enough for all training sets of nested
/// validation. Each then costs a small factorisation and a product, instead of its own factorisation of order n.
///
/// # References
/// F. Zhang (2005), "The Schur complement and its applications", section 0.8, <https://doi.org/10.1007/b105056>. The
/// same identity gives closed-form leave-one-out residuals of smoothers, as in P. Craven and G. Wahba (1978),
/// <https://doi.org/10.1007/BF01404567>.
pub(crate) struct LeaveOut<'e> {
    with: &'e dyn Factorisations,
    inverse: Array2<f64>,
    alpha: f64,
}

impl<'e> LeaveOut<'e> {
    /// `None` if the penalty is too small relative to the kernel for the identity to be accurate.
    pub(crate) fn new(with: &'e dyn Factorisations, kernel: &ArrayRef2<f64>, alpha: f64) -> Perhaps<Self> {
        let inverse = safe_inverse(with, kernel, alpha)?;
        Ok(inverse.map(|inverse| Self { with, inverse, alpha }))
    }

    /// The operator that predicts the pieces `predict` from a fit on `train`, to which they do not belong: (scans of
    /// `predict`, scans of `train`).
    pub(crate) fn operator(
        &self,
        predict: &[usize],
        train: &[usize],
        layout: &Layout,
    ) -> Result<Array2<f64>, RidgeError> {
        // Two validations may predict the same piece.
        let mut distinct: Vec<usize> = Vec::new();
        for &piece in predict {
            if !distinct.contains(&piece) {
                distinct.push(piece);
            }
        }
        // The predicted pieces come first, so that the rows wanted of the inverse are its first ones.
        let others = (0..layout.n_pieces()).filter(|run| !train.contains(run) && !predict.contains(run));
        let left_out: Vec<usize> = distinct.iter().copied().chain(others).collect();
        let size = layout.total(&left_out);
        let (out, train) = (layout.ranges(&left_out), layout.ranges(train));
        let within = self.with.inverse(block_of(&self.inverse, &out, &out))?;
        let within = within.ok_or(RidgeError::Factorisation {
            alpha: self.alpha,
            size,
        })?;
        let rows = -&within.slice(s![..layout.total(&distinct), ..]);
        let operator = self.with.product(&rows, &block_of(&self.inverse, &out, &train))?;
        if distinct.len() == predict.len() {
            return Ok(operator);
        }
        let parts: Vec<_> = predict
            .iter()
            .map(|piece| {
                let before: Vec<usize> = distinct.iter().copied().take_while(|p| p != piece).collect();
                let top = layout.total(&before);
                operator.slice(s![top..top + layout.len(*piece), ..])
            })
            .collect();
        Ok(concatenate(Axis(0), &parts).unwrap_or_else(|_| unreachable!("parts are equally wide")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Engine;
    use crate::engine::factorisations_of;
    use crate::settings::stop::Stop;
    use crate::systems::factor::penalised_readout;
    use crate::systems::gram::Gram;

    #[test]
    fn one_inverse_gives_the_operators_of_all_training_sets() {
        let layout = Layout::of_runs(&[7, 5, 6, 4]);
        let x = Array2::from_shape_fn((22, 40), |(i, j)| ((i * 17 + j * 31) as f64 * 0.37).sin());
        let gram = Gram::new(
            &*factorisations_of(Engine::Pure, Stop::default()),
            &x,
            &layout,
            false,
        )
        .unwrap();
        let Gram::Kernel(kernel) = &gram else {
            unreachable!()
        };
        let with = &*factorisations_of(Engine::Pure, Stop::default());
        for alpha in [0.1, 10.0] {
            let all = LeaveOut::new(with, kernel, alpha).unwrap().unwrap();
            for (predict, train) in [
                (&[1][..], &[0, 2, 3][..]),
                (&[0], &[2, 3]),
                (&[3, 1], &[0, 2]),
                (&[3, 1, 3], &[0, 2]),
            ] {
                let readout = gram.readout(predict, train, &x, &layout);
                let expected =
                    penalised_readout(with, &gram.system(train, &layout), alpha, &readout).unwrap();
                let found = all.operator(predict, train, &layout).unwrap();
                // condition numbers up to 1e4 in double precision
                assert!((found - expected).iter().all(|d| d.abs() < 1e-11));
            }
        }
        assert!(LeaveOut::new(with, kernel, 1e-6).unwrap().is_none());
    }
}
