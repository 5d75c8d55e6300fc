//! Noise of a run: slow, and as far as asked smooth in space and common to a side.

use lpp_fmri::{Grid, Mask, smooth_volume};
use lpp_study::Plant;
use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, Array3, ArrayRef1, Axis, s};

use crate::SimError;
use crate::brain::side_of;
use crate::random::{normal, stream};

/// Correlation of the noise between consecutive scans; fMRI noise at a TR of 2 s has about this value.
const CORRELATION: f32 = 0.3;
/// Voxels that share one stream of noise: enough that setting up a stream is cheap.
const VOXELS_PER_STREAM: usize = 512;

/// Noise of unit variance in the voxels of a mask.
#[derive(Debug)]
pub(crate) struct Noise {
    seed: u64,
    shared: f32,
    /// Side of each voxel, if the noise of a side has a common part: 0 left, 1 midline, 2 right.
    sides: Vec<usize>,
    smooth: Option<Smooth>,
}

/// Smoothing in space, on a grid that is larger on all sides: at the faces of a grid values are mirrored, which would add up
/// noise there.
#[derive(Debug)]
struct Smooth {
    mask: Mask,
    grid: Grid,
    /// Voxels added on each side.
    margin: usize,
    fwhm_mm: f64,
    /// Standard deviation of smoothed white noise in each voxel: less at the edge of the mask, outside which there is none.
    std: Array1<f32>,
}

impl Noise {
    /// Noise that is independent in each voxel.
    pub(crate) fn independent(seed: u64) -> Self {
        Self {
            seed,
            shared: 0.0,
            sides: Vec::new(),
            smooth: None,
        }
    }

    /// The noise of a plant in the voxels of `mask`.
    pub(crate) fn of(seed: u64, plant: &Plant, mask: &Mask) -> Result<Self, SimError> {
        Ok(Self {
            seed,
            shared: plant.noise_shared as f32,
            sides: mask.world_coordinates().into_iter().map(side_of).collect(),
            smooth: (plant.noise_fwhm_mm > 0.0)
                .then(|| Smooth::new(mask, plant.noise_fwhm_mm))
                .transpose()?,
        })
    }

    /// The noise called `name`, (`n_scans`, `n_voxels`).
    pub(crate) fn draw(&self, name: &str, n_scans: usize, n_voxels: usize) -> Result<Array2<f32>, SimError> {
        let mut noise = self.of_voxels(name, n_scans, n_voxels);
        if let Some(smooth) = &self.smooth {
            smooth.apply(&mut noise)?;
        }
        if self.shared > 0.0 {
            let of_sides = self.of_voxels(&format!("{name} of sides"), n_scans, 3);
            noise *= (1.0 - self.shared).sqrt();
            for (mut course, side) in noise.columns_mut().into_iter().zip(&self.sides) {
                course.scaled_add(self.shared.sqrt(), &of_sides.column(*side));
            }
        }
        Ok(noise)
    }

    fn of_voxels(&self, name: &str, n_scans: usize, n_voxels: usize) -> Array2<f32> {
        let mut noise = Array2::zeros((n_scans, n_voxels));
        let chunks = noise.axis_chunks_iter_mut(Axis(1), VOXELS_PER_STREAM);
        let fresh = (1.0 - CORRELATION * CORRELATION).sqrt();
        chunks
            .into_par_iter()
            .enumerate()
            .for_each(|(chunk, mut courses)| {
                let mut rng = stream(self.seed, &format!("{name} chunk {chunk}"));
                for mut course in courses.columns_mut() {
                    let mut value = normal(&mut rng);
                    for scan in &mut course {
                        *scan = value;
                        value = CORRELATION * value + fresh * normal(&mut rng);
                    }
                }
            });
        noise
    }
}

impl Smooth {
    /// The variance of smoothed white noise is the sum of squares of the kernel over the mask. The square of a Gaussian is
    /// one that is narrower by √2, times the sum of squares.
    fn new(mask: &Mask, fwhm_mm: f64) -> Result<Self, SimError> {
        let voxel_mm = mask.grid().affine()[0][0].abs();
        // Kernels end at four standard deviations, which are 1.7 times the full width at half maximum.
        let margin = (1.7 * fwhm_mm / voxel_mm).ceil() as usize + 1;
        let grid = Grid::new(mask.grid().shape().map(|n| n + 2 * margin), *mask.grid().affine())?;
        let mut point = Array3::<f32>::zeros(grid.shape());
        point[grid.shape().map(|n| n / 2)] = 1.0;
        let squares = smooth_volume(&grid, &point, fwhm_mm)?.mapv(|v| v * v).sum();
        let mut smooth = Self {
            std: Array1::ones(mask.n_voxels()),
            mask: mask.clone(),
            grid,
            margin,
            fwhm_mm: fwhm_mm / std::f64::consts::SQRT_2,
        };
        smooth.std = smooth.of(&smooth.std)?.mapv(|share| (squares * share).sqrt());
        smooth.fwhm_mm = fwhm_mm;
        Ok(smooth)
    }

    /// Values of voxels, smoothed; 0 outside the mask.
    fn of(&self, values: &ArrayRef1<f32>) -> Result<Array1<f32>, SimError> {
        let [nx, ny, nz] = self.mask.grid().shape();
        let m = self.margin;
        let inner = s![m..m + nx, m..m + ny, m..m + nz];
        let mut volume = Array3::<f32>::zeros(self.grid.shape());
        volume.slice_mut(inner).assign(&self.mask.unmask(values, 0.0)?);
        let smooth = smooth_volume(&self.grid, &volume, self.fwhm_mm)?;
        Ok(self.mask.apply(&smooth.slice(inner).to_owned())?)
    }

    fn apply(&self, noise: &mut Array2<f32>) -> Result<(), SimError> {
        noise
            .axis_iter_mut(Axis(0))
            .into_par_iter()
            .try_for_each(|mut scan| {
                let smooth = self.of(&scan)? / &self.std;
                scan.assign(&smooth);
                Ok(())
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A box with an odd number of slabs.
    fn mask() -> Mask {
        let mut affine = *Grid::working().affine();
        affine[0][3] = -16.0;
        let grid = Grid::new([9, 8, 8], affine).unwrap();
        Mask::new(grid, Array3::from_elem((9, 8, 8), true)).unwrap()
    }

    fn drawn(plant: &Plant, n_scans: usize) -> Array2<f32> {
        let mask = mask();
        let noise = Noise::of(5, plant, &mask).unwrap();
        noise.draw("test", n_scans, mask.n_voxels()).unwrap()
    }

    fn correlation(noise: &Array2<f32>, a: usize, b: usize) -> f32 {
        noise.column(a).dot(&noise.column(b)) / noise.nrows() as f32
    }

    #[test]
    fn smooth_noise_has_unit_variance_everywhere_and_the_width_that_was_asked_for() {
        let plant = Plant {
            noise_fwhm_mm: 8.0,
            ..Plant::default()
        };
        let noise = drawn(&plant, 4000);
        // A corner, an edge and the middle: variances of 4000 scans with a correlation of 0.3 spread by 2.4 %.
        for voxel in [0, 4, 4 * 64 + 4 * 8 + 4] {
            let variance = correlation(&noise, voxel, voxel);
            assert!((variance - 1.0).abs() < 0.12, "voxel {voxel}: {variance}");
        }
        // Two voxels at 8 mm: white noise smoothed by a Gaussian of σ = 3.40 mm has exp(−8²/4σ²) = 0.25; the kernel is
        // sampled every 4 mm.
        let middle = 4 * 64 + 4 * 8 + 3;
        let r = correlation(&noise, middle, middle + 2);
        assert!((r - 0.25).abs() < 0.08, "{r}");
    }

    #[test]
    fn a_side_shares_what_was_asked_for_and_the_other_does_not() {
        let plant = Plant {
            noise_shared: 0.4,
            ..Plant::default()
        };
        let noise = drawn(&plant, 4000);
        let (left, right) = (10, 8 * 64 + 10);
        // Correlations of 4000 scans have a standard error of 0.017.
        assert!((correlation(&noise, left, left + 200) - 0.4).abs() < 0.07);
        assert!((correlation(&noise, right, right - 100) - 0.4).abs() < 0.07);
        assert!(correlation(&noise, left, right).abs() < 0.07);
        assert!((correlation(&noise, left, left) - 1.0).abs() < 0.12);
    }
}
