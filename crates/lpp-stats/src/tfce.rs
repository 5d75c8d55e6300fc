//! Threshold-free cluster enhancement of a map.

use ndarray::{Array3, ArrayRef3};

use crate::StatsError;
use crate::checks::check_finite;

/// How a map is enhanced. By default as nilearn and fslmaths do: E = 0.5, H = 2, a hundred steps, both signs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tfce {
    /// Exponent E of the number of voxels of a cluster.
    pub extent: f64,
    /// Exponent H of the threshold.
    pub height: f64,
    /// Distance of the thresholds; a hundredth of the largest value if `None`.
    pub step: Option<f64>,
    /// Whether clusters of negative values count too, with a negative sign.
    pub two_sided: bool,
}

impl Default for Tfce {
    fn default() -> Self {
        Self {
            extent: 0.5,
            height: 2.0,
            step: None,
            two_sided: true,
        }
    }
}

impl Tfce {
    /// Enhances a map of statistics, 0 outside the mask.
    ///
    /// A voxel gets Σ e(h)ᴱ·hᴴ over thresholds h up to its value, where e(h) is the number of voxels of its cluster at h.
    /// Voxels that share a face are neighbours. As in fslmaths, the sum is not multiplied by the step. A map without
    /// positive values (without values other than 0, if two-sided) stays 0.
    ///
    /// # Errors
    /// [`StatsError::NotFinite`] with the index in row-major order, also for a step that is not positive and finite.
    ///
    /// # Example
    /// ```
    /// use lpp_stats::Tfce;
    /// use ndarray::array;
    /// // Two neighbours and a single voxel of the same value.
    /// let map = array![[[2.0, 2.0, 0.0, 2.0]]];
    /// let found = Tfce { step: Some(1.0), ..Tfce::default() }.of(&map)?;
    /// assert!((found[[0, 0, 0]] - 5.0 * 2.0_f64.sqrt()).abs() < 1e-12 && found[[0, 0, 3]] == 5.0);
    /// # Ok::<(), lpp_stats::StatsError>(())
    /// ```
    ///
    /// # References
    /// S. M. Smith and T. E. Nichols (2009), <https://doi.org/10.1016/j.neuroimage.2008.03.061>;
    /// `nilearn.mass_univariate._utils.calculate_tfce`.
    pub fn of(&self, map: &ArrayRef3<f64>) -> Result<Array3<f64>, StatsError> {
        let values: Vec<f64> = map.iter().copied().collect();
        check_finite("a value of a map", &values)?;
        let size = |value: &f64| if self.two_sided { value.abs() } else { *value };
        let largest = values.iter().map(size).fold(0.0, f64::max);
        let mut out = Array3::zeros(map.raw_dim());
        if largest <= 0.0 {
            return Ok(out);
        }
        let thresholds = self.thresholds(largest)?;
        let Some(sums) = out.as_slice_mut() else {
            return Ok(out);
        };
        let signs: &[f64] = if self.two_sided { &[-1.0, 1.0] } else { &[1.0] };
        for &sign in signs {
            let signed: Vec<f64> = values.iter().map(|value| sign * value).collect();
            let mut clusters = Clusters::new(map.dim(), &signed);
            for &threshold in thresholds.iter().rev() {
                clusters.grow(threshold);
                let height = threshold.powf(self.height);
                for place in 0..clusters.joined {
                    let voxel = clusters.by_value[place];
                    let n_voxels = clusters.size_of(voxel) as f64;
                    sums[voxel] += sign * n_voxels.powf(self.extent) * height;
                }
            }
        }
        Ok(out)
    }

    /// The thresholds of `numpy.arange(step, largest + step, step)`, to the bit: whether the last one exceeds the largest
    /// value is a matter of rounding.
    fn thresholds(&self, largest: f64) -> Result<Vec<f64>, StatsError> {
        let step = self.step.unwrap_or(largest / 100.0);
        check_finite(
            "the step between thresholds",
            &[if step > 0.0 { step } else { f64::NAN }],
        )?;
        let count = ((largest + step - step) / step).ceil();
        let spacing = (step + step) - step;
        let mut thresholds = Vec::new();
        while (thresholds.len() as f64) < count {
            thresholds.push(step + thresholds.len() as f64 * spacing);
        }
        Ok(thresholds)
    }
}

/// Clusters of face neighbours above a threshold that falls.
struct Clusters<'v> {
    shape: [usize; 3],
    values: &'v [f64],
    /// Voxels above 0, the largest value first.
    by_value: Vec<usize>,
    /// How many of them are above the threshold.
    joined: usize,
    parent: Vec<usize>,
    size: Vec<usize>,
}

impl<'v> Clusters<'v> {
    fn new((a, b, c): (usize, usize, usize), values: &'v [f64]) -> Self {
        let mut by_value: Vec<usize> = (0..values.len()).filter(|&voxel| values[voxel] > 0.0).collect();
        by_value.sort_by(|&i, &j| values[j].total_cmp(&values[i]));
        Self {
            shape: [a, b, c],
            values,
            by_value,
            joined: 0,
            parent: (0..values.len()).collect(),
            size: vec![0; values.len()],
        }
    }

    /// Adds the voxels at or above a threshold, lower than those before.
    fn grow(&mut self, threshold: f64) {
        while let Some(&voxel) = self
            .by_value
            .get(self.joined)
            .filter(|&&voxel| self.values[voxel] >= threshold)
        {
            self.size[voxel] = 1;
            self.joined += 1;
            for neighbour in self.neighbours(voxel).into_iter().flatten() {
                if self.size[neighbour] > 0 {
                    self.unite(voxel, neighbour);
                }
            }
        }
    }

    fn neighbours(&self, voxel: usize) -> [Option<usize>; 6] {
        let [a, b, c] = self.shape;
        let (i, j, k) = (voxel / (b * c), voxel / c % b, voxel % c);
        [
            (i > 0).then(|| voxel - b * c),
            (i + 1 < a).then(|| voxel + b * c),
            (j > 0).then(|| voxel - c),
            (j + 1 < b).then(|| voxel + c),
            (k > 0).then(|| voxel - 1),
            (k + 1 < c).then(|| voxel + 1),
        ]
    }

    fn root(&mut self, mut voxel: usize) -> usize {
        while self.parent[voxel] != voxel {
            self.parent[voxel] = self.parent[self.parent[voxel]];
            voxel = self.parent[voxel];
        }
        voxel
    }

    fn unite(&mut self, first: usize, second: usize) {
        let (a, b) = (self.root(first), self.root(second));
        if a == b {
            return;
        }
        let (small, large) = if self.size[a] < self.size[b] {
            (a, b)
        } else {
            (b, a)
        };
        self.parent[small] = large;
        self.size[large] += self.size[small];
    }

    fn size_of(&mut self, voxel: usize) -> usize {
        let root = self.root(voxel);
        self.size[root]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_without_clusters_stay_zero_and_what_is_not_finite_is_refused() {
        let negative = Array3::from_elem((2, 2, 2), -1.0);
        let one_sided = Tfce {
            two_sided: false,
            ..Tfce::default()
        };
        assert!(one_sided.of(&negative).unwrap().iter().all(|&v| v == 0.0));
        let both = Tfce::default().of(&negative).unwrap();
        let mirrored = Tfce::default().of(&negative.mapv(|v| -v)).unwrap();
        assert!(both.iter().zip(&mirrored).all(|(a, b)| *a == -*b && *b > 0.0));
        assert!(
            Tfce::default()
                .of(&Array3::from_elem((1, 1, 1), f64::NAN))
                .is_err()
        );
        let wrong = Tfce {
            step: Some(0.0),
            ..Tfce::default()
        };
        assert!(wrong.of(&mirrored).is_err());
    }
}
