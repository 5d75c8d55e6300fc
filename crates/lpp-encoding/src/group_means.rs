//! Means over subjects of one run, subject by subject: memory does not grow with their number.

use lpp_fmri::standardise_plainly;
use ndarray::{Array2, ArrayRef2, ArrayView2, Zip, s};
use rayon::prelude::*;

use crate::split_half::SplitHalf;

/// The sums of both halves of one halving over their subjects, (`n_scans`, `n_voxels`).
pub(crate) struct HalfSums<'a> {
    pub(crate) half: &'a SplitHalf,
    pub(crate) first: ArrayView2<'a, f64>,
    pub(crate) second: Array2<f64>,
}

/// Sums over the subjects that came so far.
pub(crate) struct GroupMeans<'a> {
    halves: &'a [SplitHalf],
    n_subjects: usize,
    /// All subjects, in `f32` and in the order of the reference; used for the average subject.
    single: Array2<f32>,
    /// All subjects, in `f64`; one half is subtracted from it to get the other half.
    total: Array2<f64>,
    /// The first group of each trial.
    features: Vec<Array2<f64>>,
}

impl<'a> GroupMeans<'a> {
    /// Nothing yet, for a run of (`n_scans`, `n_voxels`).
    pub(crate) fn new(shape: (usize, usize), halves: &'a [SplitHalf]) -> Self {
        let doubles = if halves.is_empty() { (0, 0) } else { shape };
        Self {
            halves,
            n_subjects: 0,
            single: Array2::zeros(shape),
            total: Array2::zeros(doubles),
            features: vec![Array2::zeros(doubles); halves.len()],
        }
    }

    pub(crate) fn shape(&self) -> (usize, usize) {
        self.single.dim()
    }

    /// Adds the next subject, whose shape is that of the others.
    pub(crate) fn add(&mut self, signals: &ArrayRef2<f32>) {
        let subject = self.n_subjects;
        self.single.zip_mut_with(signals, |sum, value| *sum += value);
        if !self.halves.is_empty() {
            add_to(&mut self.total, signals);
            let groups = self.features.par_iter_mut().zip(self.halves);
            groups
                .filter(|(_, half)| half.is_feature(subject))
                .for_each(|(sum, _)| add_to(sum, signals));
        }
        self.n_subjects += 1;
    }

    /// The average subject: the mean, z-scored in `f32`; a constant voxel becomes NaN.
    pub(crate) fn average(&self) -> Array2<f32> {
        standardise_plainly(&self.single.mapv(|sum| sum / self.n_subjects as f32))
    }

    /// The sums of both groups of each trial, without the first and last `trim` scans.
    pub(crate) fn sums(&self, trim: usize) -> impl Iterator<Item = HalfSums<'_>> {
        let rows = s![trim..self.shape().0 - trim, ..];
        let total = self.total.slice(rows);
        self.halves.iter().zip(&self.features).map(move |(half, first)| {
            let first = first.slice(rows);
            HalfSums {
                half,
                second: &total - &first,
                first,
            }
        })
    }

    /// The means of both groups of a trial, without the first and last `trim` scans.
    pub(crate) fn halves(&self, trial: usize, trim: usize) -> (Array2<f32>, Array2<f32>) {
        let half = &self.halves[trial];
        let n_scans = self.shape().0;
        let rows = s![trim..n_scans.saturating_sub(trim).max(trim), ..];
        let (first, total) = (self.features[trial].slice(rows), self.total.slice(rows));
        let n = (half.features.len() as f64, half.targets.len() as f64);
        let features = first.mapv(|sum| single(sum / n.0));
        let targets = Zip::from(&total)
            .and(&first)
            .map_collect(|total, first| single((total - first) / n.1));
        (features, targets)
    }
}

fn add_to(sum: &mut Array2<f64>, signals: &ArrayRef2<f32>) {
    sum.zip_mut_with(signals, |sum, &value| *sum += f64::from(value));
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the fit works in single precision, as the reference's"
)]
fn single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_the_means_of_their_subjects() {
        let halves = SplitHalf::draw(5, 2, 7);
        let signals: Vec<Array2<f32>> = (0..5u8)
            .map(|s| Array2::from_shape_fn((6, 3), |(t, v)| f32::from(s) * 0.5 + (t * v) as f32))
            .collect();
        let mut means = GroupMeans::new((6, 3), &halves);
        for subject in &signals {
            means.add(subject);
        }
        for (trial, half) in halves.iter().enumerate() {
            let mean = |group: &[usize]| {
                let sum = group.iter().fold(Array2::<f64>::zeros((4, 3)), |sum, &s| {
                    sum + signals[s].slice(s![1..5, ..]).mapv(f64::from)
                });
                sum / group.len() as f64
            };
            let (x, y) = means.halves(trial, 1);
            // Rounded to f32 once, at values below 20.
            assert!(
                (x.mapv(f64::from) - mean(&half.features))
                    .iter()
                    .all(|d| d.abs() < 1e-6)
            );
            assert!(
                (y.mapv(f64::from) - mean(&half.targets))
                    .iter()
                    .all(|d| d.abs() < 1e-6)
            );
        }
        assert_eq!(means.average().dim(), (6, 3));
        assert!(means.average().column(0).iter().all(|v| v.is_nan()));
        assert_eq!(means.halves(0, 4).0.nrows(), 0);
    }
}
