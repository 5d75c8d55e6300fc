//! Arrays to tensors and back.

use std::ops::Deref;

use ndarray::{Array2, ArrayRef2};
use tch::{Device, Kind, TchError, Tensor};

use crate::runs::RunLayout;

/// A size or position as libtorch counts.
#[expect(clippy::cast_possible_wrap, reason = "no array has 2^63 elements")]
pub(super) fn int(n: usize) -> i64 {
    n as i64
}

/// Runs of equally many columns as one tensor (`n_scans`, `n_columns`) on the device, one run in transit at a time.
pub(super) fn stack_runs<A, R>(runs: &[R], layout: &RunLayout, device: Device) -> Result<Tensor, TchError>
where
    A: tch::kind::Element + Copy,
    R: Deref<Target = ArrayRef2<A>>,
{
    let n_columns = int(runs[0].ncols());
    let stack = Tensor::f_zeros([int(layout.n_scans()), n_columns], (A::KIND, device))?;
    for (run, values) in runs.iter().enumerate() {
        let rows = int(values.nrows());
        let dense = values.as_standard_layout();
        let host = Tensor::f_from_slice(dense.as_slice().unwrap_or_default())?;
        run_rows(&stack, layout, run)?.f_copy_(&host.f_reshape([rows, n_columns])?)?;
    }
    Ok(stack)
}

/// The rows of one run, a view.
pub(super) fn run_rows(stack: &Tensor, layout: &RunLayout, run: usize) -> Result<Tensor, TchError> {
    stack.f_narrow(0, int(layout.rows(run).start), int(layout.len(run)))
}

/// The parts of a tensor along `dim` that belong to some runs, one after the other.
pub(super) fn select_runs(
    stack: &Tensor,
    dim: i64,
    layout: &RunLayout,
    runs: &[usize],
) -> Result<Tensor, TchError> {
    let pieces = layout
        .pieces(runs)
        .into_iter()
        .map(|rows| stack.f_narrow(dim, int(rows.start), int(rows.len())))
        .collect::<Result<Vec<_>, _>>()?;
    Tensor::f_cat(&pieces, dim)
}

/// A matrix of doubles on the host.
pub(super) fn to_matrix(tensor: &Tensor) -> Result<Array2<f64>, TchError> {
    let shape = tensor.size2()?;
    let values = to_vec::<f64>(tensor)?;
    let count = |n| usize::try_from(n).unwrap_or(0);
    Array2::from_shape_vec((count(shape.0), count(shape.1)), values)
        .map_err(|source| TchError::Shape(source.to_string()))
}

/// All values on the host, row by row.
pub(super) fn to_vec<T: tch::kind::Element + Copy>(tensor: &Tensor) -> Result<Vec<T>, TchError> {
    let flat = tensor.f_to_device(Device::Cpu)?.f_contiguous()?.f_reshape([-1])?;
    Vec::try_from(flat)
}

/// Double precision, the type of everything that is summed.
pub(super) fn double(tensor: &Tensor) -> Result<Tensor, TchError> {
    tensor.f_to_kind(Kind::Double)
}
