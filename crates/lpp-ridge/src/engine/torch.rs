//! libtorch: factorisations, and the products and sums of a block of targets, on a device.

use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{Array2, ArrayRef2};
use tch::{Device, Kind, TchError, Tensor};

use super::factorisations::{Factorisations, Perhaps};
use crate::design::defects::constant_bound;
use crate::{Metric, Number, RidgeError};

/// libtorch on a device.
#[derive(Debug)]
pub(crate) struct Torch {
    device: Device,
}

/// Working memory on a CPU: about a hundred targets of the reference study, so that predictions are still near the
/// cache when they are summed.
const HOST_BLOCK_BYTES: usize = 16 << 20;

/// Working memory on a GPU: blocks of thousands of targets keep it busy and still fit on a small card.
const DEVICE_BLOCK_BYTES: usize = 4 << 30;

/// Number of targets per block, if each takes `bytes`.
pub(crate) fn block_width(device: Device, n_targets: usize, bytes: usize) -> usize {
    let budget = if device == Device::Cpu {
        HOST_BLOCK_BYTES
    } else {
        DEVICE_BLOCK_BYTES
    };
    (budget / bytes.max(1)).clamp(1, n_targets.max(1))
}

impl Torch {
    pub(crate) fn on(device: Device) -> Self {
        Self { device }
    }

    fn tensor<A: Number>(&self, matrix: &ArrayRef2<A>) -> Result<Tensor, TchError> {
        to_tensor(matrix, self.device)
    }

    fn solved(&self, matrix: &Array2<f64>, rows: &Array2<f64>) -> Result<Option<Array2<f64>>, TchError> {
        let Some(lower) = cholesky(&self.tensor(matrix)?)? else {
            return Ok(None);
        };
        let right = self.tensor(rows)?.f_transpose(0, 1)?;
        to_matrix(&right.f_cholesky_solve(&lower, false)?.f_transpose(0, 1)?).map(Some)
    }

    fn inverted(&self, matrix: &Array2<f64>) -> Result<Option<Array2<f64>>, TchError> {
        let Some(lower) = cholesky(&self.tensor(matrix)?)? else {
            return Ok(None);
        };
        let inverse = lower.f_cholesky_inverse(false)?;
        let lower_half = inverse.f_tril(-1)?;
        let symmetric = inverse.f_tril(0)?.f_add(&lower_half.f_transpose(0, 1)?)?;
        to_matrix(&symmetric).map(Some)
    }

    fn decomposed(&self, matrix: &Array2<f64>) -> Result<(Vec<f64>, Array2<f64>), TchError> {
        let (values, vectors) = self.tensor(matrix)?.f_linalg_eigh("L")?;
        Ok((to_vec(&values)?, to_matrix(&vectors)?))
    }
}

impl Factorisations for Torch {
    fn inverse(&self, matrix: Array2<f64>) -> Perhaps<Array2<f64>> {
        self.inverted(&matrix).map_err(failed)
    }

    fn solve(&self, matrix: Array2<f64>, rows: Array2<f64>) -> Perhaps<Array2<f64>> {
        self.solved(&matrix, &rows).map_err(failed)
    }

    fn eigen(&self, matrix: Array2<f64>) -> Perhaps<(Vec<f64>, Array2<f64>)> {
        self.decomposed(&matrix).map(Some).map_err(failed)
    }

    fn product(&self, left: &ArrayRef2<f64>, right: &ArrayRef2<f64>) -> Result<Array2<f64>, RidgeError> {
        let multiply = || to_matrix(&self.tensor(left)?.f_matmul(&self.tensor(right)?)?);
        multiply().map_err(failed)
    }
}

/// The lower factor of a positive definite matrix; `None` if it is not positive definite.
fn cholesky(matrix: &Tensor) -> Result<Option<Tensor>, TchError> {
    let (lower, failed_at) = matrix.f_linalg_cholesky_ex(false, false)?;
    let finite = lower.f_isfinite()?.f_all()?.f_int64_value(&[])? != 0;
    Ok((failed_at.f_int64_value(&[])? == 0 && finite).then_some(lower))
}

/// A failure of libtorch as an error of this crate.
fn failed(exception: TchError) -> RidgeError {
    RidgeError::Torch { exception }
}

/// A size or position as libtorch counts.
#[expect(clippy::cast_possible_wrap, reason = "no array has 2^63 elements")]
fn int(n: usize) -> i64 {
    n as i64
}

fn to_tensor<A: Number>(matrix: &ArrayRef2<A>, device: Device) -> Result<Tensor, TchError> {
    let (n_rows, n_columns) = matrix.dim();
    let dense = matrix.as_standard_layout();
    Tensor::f_from_slice(dense.as_slice().unwrap_or_default())?
        .f_reshape([int(n_rows), int(n_columns)])?
        .f_to_device(device)
}

fn to_matrix<A: Number>(tensor: &Tensor) -> Result<Array2<A>, TchError> {
    let shape = tensor.size2()?;
    let count = |n| usize::try_from(n).unwrap_or(0);
    Array2::from_shape_vec((count(shape.0), count(shape.1)), to_vec(tensor)?)
        .map_err(|source| TchError::Shape(source.to_string()))
}

fn to_vec<A: tch::kind::Element + Copy>(tensor: &Tensor) -> Result<Vec<A>, TchError> {
    Vec::try_from(tensor.f_to_device(Device::Cpu)?.f_contiguous()?.f_reshape([-1])?)
}

/// Targets of a block on the device, and the arrays computed from them.
pub(crate) struct DeviceBlock<A> {
    device: Device,
    metric: Metric,
    /// Features, if the systems are features by features, (`n_scans`, `n_features`).
    x: Option<Tensor>,
    /// (`n_scans`, width).
    y: Tensor,
    /// `XᵀY` of each piece; primal only.
    cross: Vec<Tensor>,
    /// The right-hand side of the fits on the current training pieces.
    right: Tensor,
    /// Predictions of one operator, (its rows, width).
    predicted: Tensor,
    /// Mean and spread of the targets in each set of rows that is scored.
    moments: Vec<(Tensor, Tensor)>,
    element: PhantomData<A>,
}

impl<A: Number> DeviceBlock<A> {
    /// An empty block; `x` are the features if the systems are features by features.
    pub(crate) fn new(device: Device, metric: Metric, x: Option<&Array2<A>>) -> Result<Self, RidgeError> {
        let make = || {
            let nothing = || Tensor::f_zeros([0, 0], (A::KIND, device));
            Ok(Self {
                device,
                metric,
                x: x.map(|x| to_tensor(x, device)).transpose()?,
                y: nothing()?,
                cross: Vec::new(),
                right: nothing()?,
                predicted: nothing()?,
                moments: Vec::new(),
                element: PhantomData,
            })
        };
        make().map_err(failed)
    }

    /// Loads targets with the rows of each piece, and mean and spread of each scored set of rows.
    pub(crate) fn load<'m>(
        &mut self,
        y: &ArrayRef2<A>,
        pieces: &[Range<usize>],
        moments: impl Iterator<Item = (&'m [f64], &'m [f64])>,
    ) -> Result<(), RidgeError> {
        let load = || {
            self.y = to_tensor(y, self.device)?;
            let upload = |values: &[f64]| Tensor::f_from_slice(values)?.f_to_device(self.device);
            self.moments = moments
                .map(|(mean, spread)| Ok::<_, TchError>((upload(mean)?, upload(spread)?)))
                .collect::<Result<_, _>>()?;
            let Some(x) = &self.x else {
                return Ok(());
            };
            let cross = |rows: &Range<usize>| {
                let part = |stack: &Tensor| stack.f_narrow(0, int(rows.start), int(rows.len()));
                part(x)?.f_transpose(0, 1)?.f_matmul(&part(&self.y)?)
            };
            self.cross = pieces.iter().map(cross).collect::<Result<_, _>>()?;
            Ok(())
        };
        load().map_err(failed)
    }

    /// Computes the right-hand side of the fits on some pieces, which have these rows.
    pub(crate) fn train_on(&mut self, train: &[usize], ranges: &[Range<usize>]) -> Result<(), RidgeError> {
        let sum = || {
            let mut sum = self.cross[train[0]].f_add_scalar(0.0)?; // a copy
            for &piece in &train[1..] {
                let _ = sum.f_add_(&self.cross[piece])?;
            }
            Ok(sum)
        };
        let right = if self.x.is_some() {
            sum()
        } else {
            self.rows(ranges)
        };
        self.right = right.map_err(failed)?;
        Ok(())
    }

    fn rows(&self, ranges: &[Range<usize>]) -> Result<Tensor, TchError> {
        let parts = ranges
            .iter()
            .map(|rows| self.y.f_narrow(0, int(rows.start), int(rows.len())))
            .collect::<Result<Vec<_>, _>>()?;
        Tensor::f_cat(&parts, 0)
    }

    /// Predicts all columns, or some.
    pub(crate) fn predict(
        &mut self,
        operator: &ArrayRef2<A>,
        columns: Option<&[usize]>,
    ) -> Result<(), RidgeError> {
        let predict = || {
            let right = pick(&self.right, columns)?;
            to_tensor(operator, self.device)?.f_matmul(&right)
        };
        self.predicted = predict().map_err(failed)?;
        Ok(())
    }

    /// Scores the last predictions, from row `top` on, against the targets of a set of rows, for all columns or only
    /// those that were predicted.
    pub(crate) fn score(
        &self,
        top: usize,
        scored: usize,
        ranges: &[Range<usize>],
        columns: Option<&[usize]>,
    ) -> Result<Vec<f64>, RidgeError> {
        let score = || {
            let observed = pick(&self.rows(ranges)?, columns)?;
            let (mean, spread) = &self.moments[scored];
            let pick_one = |values: &Tensor| pick(&values.f_unsqueeze(0)?, columns)?.f_squeeze_dim(0);
            let (mean, spread) = (pick_one(mean)?, pick_one(spread)?);
            let predicted = self.predicted.f_narrow(0, int(top), observed.size2()?.0)?;
            let scores = match self.metric {
                Metric::Pearson => correlate::<A>(&predicted, &observed, &mean, &spread)?,
                Metric::R2 => r_squared(&predicted, &observed, &spread)?,
            };
            to_vec::<f64>(&scores)
        };
        score().map_err(failed)
    }

    /// The first rows of the last predictions.
    pub(crate) fn predictions(&self, n_rows: usize) -> Result<Array2<A>, RidgeError> {
        let download = || to_matrix(&self.predicted.f_narrow(0, 0, int(n_rows))?);
        download().map_err(failed)
    }
}

/// Some columns of a matrix.
fn pick(matrix: &Tensor, columns: Option<&[usize]>) -> Result<Tensor, TchError> {
    let Some(columns) = columns else {
        return Ok(matrix.shallow_clone());
    };
    let columns: Vec<i64> = columns.iter().map(|&c| int(c)).collect();
    let index = Tensor::f_from_slice(&columns)?.f_to_device(matrix.device())?;
    matrix.f_index_select(1, &index)
}

/// Correlates each column of `predicted` (`n_scans`, width) with that of `observed`, as [`crate::engine::pearson::correlate`]: sums in
/// double precision, on deviations of the target from its mean and of the prediction from its first value.
fn correlate<A: Number>(
    predicted: &Tensor,
    observed: &Tensor,
    mean: &Tensor,
    spread: &Tensor,
) -> Result<Tensor, TchError> {
    let n_scans = usize::try_from(observed.size2()?.0).unwrap_or(0);
    let shift = predicted.f_narrow(0, 0, 1)?.f_to_kind(Kind::Double)?;
    let deviation = predicted.f_sub(&shift)?; // f64, since the shift is
    let sum = sum_of_scans(&deviation)?;
    let square = sum_of_scans(&deviation.f_square()?)?;
    let cross = sum_of_scans(&deviation.f_mul(&observed.f_sub(mean)?)?)?;
    let of_prediction = square.f_sub(&sum.f_square()?.f_div_scalar(n_scans as f64)?)?;
    let size = shift
        .f_squeeze_dim(0)?
        .f_square()?
        .f_mul_scalar(n_scans as f64)?
        .f_add(&square)?;
    let rounding = size.f_mul_scalar(constant_bound::<A>(n_scans).powi(2))?;
    let flat = of_prediction
        .f_le_tensor(&rounding)?
        .f_logical_or(&of_prediction.f_isfinite()?.f_logical_not()?)?;
    cross
        .f_div(&of_prediction.f_mul(spread)?.f_sqrt()?)?
        .f_clamp(-1.0, 1.0)?
        .f_masked_fill(&flat, f64::NAN)
}

/// R² of each column, as [`crate::engine::r_squared::r_squared`].
fn r_squared(predicted: &Tensor, observed: &Tensor, spread: &Tensor) -> Result<Tensor, TchError> {
    let residual = observed
        .f_to_kind(Kind::Double)?
        .f_sub(&predicted.f_to_kind(Kind::Double)?)?;
    let score = sum_of_scans(&residual.f_square()?)?
        .f_div(spread)?
        .f_neg()?
        .f_add_scalar(1.0)?;
    let finite = score.f_isfinite()?;
    score.f_masked_fill(&finite.f_logical_not()?, f64::NAN)
}

fn sum_of_scans(values: &Tensor) -> Result<Tensor, TchError> {
    values.f_sum_dim_intlist(0, false, Kind::Double)
}
