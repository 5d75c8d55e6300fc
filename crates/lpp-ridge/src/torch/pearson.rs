//! Correlations on the device.

use tch::{Kind, TchError, Tensor};

use super::arrays::{double, int};
use crate::Element;

/// Mean and spread of targets in one run.
#[derive(Debug)]
pub(super) struct Moments {
    /// Mean over the scans, (`n_targets`).
    pub(super) mean: Tensor,
    /// Sum of squared deviations, (`n_targets`); NaN if the target is constant or not finite.
    pub(super) spread: Tensor,
}

impl Moments {
    /// Of the columns of `y` (`n_scans`, `n_targets`).
    pub(super) fn new<A: Element>(y: &Tensor) -> Result<Self, TchError> {
        let y = double(y)?;
        let mean = y.f_mean_dim(0, false, Kind::Double)?;
        let spread = sum_of_scans(&y.f_sub(&mean)?.f_square()?)?;
        let size = sum_of_scans(&y.f_square()?)?;
        let spread = spread.f_masked_fill(&no_variance::<A>(&spread, &size)?, f64::NAN)?;
        Ok(Self { mean, spread })
    }

    /// The moments of `n_targets` of them.
    pub(super) fn narrow(&self, left: usize, n_targets: usize) -> Result<Self, TchError> {
        Ok(Self {
            mean: self.mean.f_narrow(0, int(left), int(n_targets))?,
            spread: self.spread.f_narrow(0, int(left), int(n_targets))?,
        })
    }
}

/// Correlates each column of `predicted` (.., `n_scans`, width) with that of `observed` (`n_scans`, width).
///
/// The three sums of the predictions run in double precision, on deviations: of the target from its mean, of the prediction
/// from its first value. A constant or non-finite column on either side yields NaN. The result is (.., width).
pub(super) fn correlate<A: Element>(
    predicted: &Tensor,
    observed: &Tensor,
    moments: &Moments,
) -> Result<Tensor, TchError> {
    let n_scans = observed.size2()?.0 as f64;
    let shift = double(&predicted.f_narrow(-2, 0, 1)?)?;
    let deviation = predicted.f_sub(&shift)?; // f64, since the shift is
    let sum = sum_of_scans(&deviation)?;
    let square = sum_of_scans(&deviation.f_square()?)?;
    let cross = sum_of_scans(&deviation.f_mul(&observed.f_sub(&moments.mean)?)?)?;

    let spread = square.f_sub(&sum.f_square()?.f_div_scalar(n_scans)?)?;
    let size = shift
        .f_squeeze_dim(-2)?
        .f_square()?
        .f_mul_scalar(n_scans)?
        .f_add(&square)?;
    cross
        .f_div(&spread.f_mul(&moments.spread)?.f_sqrt()?)?
        .f_clamp(-1.0, 1.0)?
        .f_masked_fill(&no_variance::<A>(&spread, &size)?, f64::NAN)
}

fn sum_of_scans(values: &Tensor) -> Result<Tensor, TchError> {
    values.f_sum_dim_intlist(-2, false, Kind::Double)
}

/// Where a sum of squared deviations is nothing but rounding, or not finite: the rule of `standardise::is_constant`.
fn no_variance<A: Element>(spread: &Tensor, size: &Tensor) -> Result<Tensor, TchError> {
    let rounding = size.f_mul_scalar((4.0 * A::EPSILON).powi(2))?;
    spread
        .f_le_tensor(&rounding)?
        .f_logical_or(&spread.f_isfinite()?.f_logical_not()?)
}
