//! Gaussian smoothing, axis by axis.

use multiversion::multiversion;
use ndarray::{Array3, ArrayRef3};

use crate::FmriError;
use crate::affine::column_lengths;
use crate::file_order::{from_file_order, to_file_order};
use crate::grid::Grid;
use crate::sample::Sample;

/// Standard deviations after which a kernel ends, SciPy's default `truncate`.
const TRUNCATE: f64 = 4.0;

/// Smooths a volume with a Gaussian of the given full width at half maximum.
///
/// Values that are not finite count as 0. Beyond its faces the volume is mirrored, with edge voxels repeated. Each axis
/// is smoothed in `f64` and stored as `f32` before the next, as the reference does for `f32` data.
///
/// # Errors
/// [`FmriError::Shape`] if the shape of the volume is not that of the grid, [`FmriError::InvalidParameter`] for a width
/// that is negative or not finite.
///
/// # References
/// nilearn 0.10.4, `nilearn.image.smooth_img`; SciPy 1.13.0, `scipy.ndimage.gaussian_filter1d`
///
/// ```
/// use lpp_fmri::{Grid, smooth_volume};
/// use ndarray::Array3;
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// let mut volume = Array3::<f32>::zeros((37, 46, 38));
/// volume[[18, 20, 20]] = 1.0;
/// let smooth = smooth_volume(&Grid::working(), &volume, 4.0)?;
/// assert!((smooth.sum() - 1.0).abs() < 1e-5 && smooth[[17, 20, 20]] > 0.04);
/// # Ok(())
/// # }
/// ```
pub fn smooth_volume(grid: &Grid, volume: &ArrayRef3<f32>, fwhm_mm: f64) -> Result<Array3<f32>, FmriError> {
    if volume.shape() != grid.shape() {
        return Err(FmriError::Shape {
            what: "the volume",
            found: volume.shape().to_vec(),
            expected: grid.shape().to_vec(),
        });
    }
    let smoother = Smoother::new(grid, fwhm_mm)?;
    let mut values = to_file_order(&volume.view());
    smoother.apply(&mut values);
    from_file_order(values, grid.shape())
}

/// The three kernels for one grid and one width.
#[derive(Debug, Clone)]
pub(crate) struct Smoother {
    shape: [usize; 3],
    kernels: [Vec<f64>; 3],
}

impl Smoother {
    /// Kernels of `fwhm_mm` on `grid`; a width of 0 does nothing.
    pub(crate) fn new(grid: &Grid, fwhm_mm: f64) -> Result<Self, FmriError> {
        if !(fwhm_mm.is_finite() && fwhm_mm >= 0.0) {
            return Err(FmriError::InvalidParameter {
                name: "the smoothing width",
                value: fwhm_mm,
                expected: "a finite number of mm, 0 or more",
            });
        }
        let voxel_mm = column_lengths(grid.affine());
        let sigmas = voxel_mm.map(|size| fwhm_mm / (sigmas_per_fwhm() * size));
        Ok(Self::with_sigmas(grid.shape(), sigmas))
    }

    /// Kernels of a full width of one voxel along each axis.
    pub(crate) fn one_voxel(shape: [usize; 3]) -> Self {
        Self::with_sigmas(shape, [1.0 / sigmas_per_fwhm(); 3])
    }

    fn with_sigmas(shape: [usize; 3], sigmas: [f64; 3]) -> Self {
        Self {
            shape,
            kernels: sigmas.map(half_kernel),
        }
    }

    /// Smooths `values`, in file order; each axis is computed in `f64` and stored in `T`.
    pub(crate) fn apply<T: Sample>(&self, values: &mut [T]) {
        for value in values.iter_mut().filter(|v| !v.is_finite()) {
            *value = T::from_double(0.0);
        }
        for (axis, kernel) in self.kernels.iter().enumerate() {
            if kernel.len() > 1 {
                smooth_axis(values, self.shape, axis, kernel);
            }
        }
    }
}

/// √(8 ln 2): the full width at half maximum of a Gaussian of standard deviation 1.
fn sigmas_per_fwhm() -> f64 {
    (8.0 * std::f64::consts::LN_2).sqrt()
}

/// Weights from the centre outwards, normalised over both sides; the centre alone if `sigma` is 0.
fn half_kernel(sigma: f64) -> Vec<f64> {
    if sigma <= 0.0 {
        return vec![1.0];
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a finite, positive number of voxels"
    )]
    let radius = (TRUNCATE * sigma + 0.5) as usize;
    let phi = |x: usize| (-0.5 / (sigma * sigma) * (x * x) as f64).exp();
    // Summed from one end to the other, as the reference sums.
    let sum: f64 = (1..=radius).rev().chain(0..=radius).map(phi).sum();
    (0..=radius).map(|x| phi(x) / sum).collect()
}

/// Smooths along one axis. A slab is the memory spanned by one line of the axis. Elements that are `stride` apart
/// belong to the same line, and all `stride` lines of a slab are filtered at once.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq", "x86_64+avx2"))]
fn smooth_axis<T: Sample>(values: &mut [T], shape: [usize; 3], axis: usize, half_kernel: &[f64]) {
    let stride: usize = shape[..axis].iter().product();
    let n = shape[axis];
    let radius = half_kernel.len() - 1;
    let mut padded = vec![0.0; (n + 2 * radius) * stride];
    let mut sums = vec![0.0; n * stride];
    for slab in values.chunks_exact_mut(n * stride) {
        for (row, padded) in padded.chunks_exact_mut(stride).enumerate() {
            let source = mirrored(row, radius, n) * stride;
            for (to, from) in padded.iter_mut().zip(&slab[source..source + stride]) {
                *to = from.to_double();
            }
        }
        for (sum, centre) in sums.iter_mut().zip(&padded[radius * stride..]) {
            *sum = half_kernel[0] * centre;
        }
        // From far to near: the order of SciPy's symmetric kernels.
        for distance in (1..=radius).rev() {
            let before = &padded[(radius - distance) * stride..];
            let after = &padded[(radius + distance) * stride..];
            let weight = half_kernel[distance];
            for ((sum, before), after) in sums.iter_mut().zip(before).zip(after) {
                *sum += (before + after) * weight;
            }
        }
        for (to, from) in slab.iter_mut().zip(&sums) {
            *to = T::from_double(*from);
        }
    }
}

/// The element at `padded` − `radius` of a line of `n` that is mirrored at its ends, edges repeated.
fn mirrored(padded: usize, radius: usize, n: usize) -> usize {
    let period = 2 * n;
    // Enough whole periods to stay positive.
    let place = (padded + period * radius.div_ceil(period) - radius) % period;
    place.min(period - 1 - place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_working_grid_has_the_published_weights() {
        // Section 4.2 of the numerics: sigma 0.42466090014400953, radius 2.
        let smoother = Smoother::new(&Grid::working(), 4.0).unwrap();
        for kernel in &smoother.kernels {
            assert_eq!(
                kernel.as_slice(),
                [
                    0.888_864_776_888_647_7,
                    0.055_554_048_555_540_48,
                    1.356_300_013_563_000_8e-5
                ]
                .as_slice()
            );
        }
    }

    #[test]
    fn lines_are_mirrored_with_their_edges_however_short() {
        let line: Vec<usize> = (0..12).map(|p| mirrored(p, 4, 3)).collect();
        assert_eq!(line, [2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
        assert_eq!(mirrored(0, 7, 1), 0);
    }

    #[test]
    fn a_constant_stays_constant_and_nan_is_zero() {
        let grid = Grid::working();
        let constant = Array3::from_elem((37, 46, 38), 7.0f32);
        let smooth = smooth_volume(&grid, &constant, 6.0).unwrap();
        // Weights sum to 1 within rounding.
        assert!(smooth.iter().all(|v| (v - 7.0).abs() < 1e-5));
        let holes = Array3::from_elem((37, 46, 38), f32::NAN);
        assert!(
            smooth_volume(&grid, &holes, 4.0)
                .unwrap()
                .iter()
                .all(|v| *v == 0.0)
        );
        assert!(smooth_volume(&grid, &constant, -1.0).is_err());
        assert_eq!(smooth_volume(&grid, &constant, 0.0).unwrap(), constant);
    }
}
