//! Correlations of split halves, voxel by voxel: of all subjects, and without each of them.
//!
//! In run r, halving h and voxel v it is Pearson's r of the mean time courses of both halves. Without subject i, the mean
//! of i's half lacks i. All of it follows from sums over scans of products of the halves' sums and of single subjects.

use ndarray::{Array1, Array2, Array3, ArrayRef2, Axis, s};
use rayon::prelude::*;

use crate::EncodingError;
use crate::group_means::{GroupMeans, HalfSums};
use crate::scratch::Waiting;
use crate::split_half::SplitHalf;

/// A variance below this share of the squares is rounding: the time course is constant.
const CONSTANT: f64 = 1e-10;

/// The correlations of all runs.
#[derive(Debug, Clone)]
pub(crate) struct VoxelHalves {
    /// (`n_trials`, `n_runs`, `n_voxels`).
    pub(crate) of_all: Array3<f32>,
    /// Means over trials without each subject, (`n_subjects`, `n_runs`, `n_voxels`).
    pub(crate) without: Array3<f32>,
}

impl VoxelHalves {
    /// Nothing yet, for shapes `n_trials`, `n_subjects`, `n_runs`, `n_voxels`.
    pub(crate) fn new(n_trials: usize, n_subjects: usize, n_runs: usize, n_voxels: usize) -> Self {
        Self {
            of_all: Array3::from_elem((n_trials, n_runs, n_voxels), f32::NAN),
            without: Array3::from_elem((n_subjects, n_runs, n_voxels), f32::NAN),
        }
    }

    /// Adds a run: the sums over its subjects, and the signals of each, which are fetched one after the other per thread.
    pub(crate) fn add(
        &mut self,
        run: usize,
        means: &GroupMeans<'_>,
        trim: usize,
        subjects: Vec<Waiting>,
    ) -> Result<(), EncodingError> {
        let halvings: Vec<Halving> = means.sums(trim).map(Halving::of).collect();
        for (trial, halving) in halvings.iter().enumerate() {
            let mut row = self.of_all.slice_mut(s![trial, run, ..]);
            row.assign(&halving.correlation().mapv(single));
        }
        let rows = subjects.into_par_iter().enumerate().map(|(subject, signals)| {
            let signals = signals.take()?;
            let scans = signals.slice(s![trim..signals.nrows() - trim, ..]);
            Ok(without(
                subject,
                &scans.mapv(f64::from),
                &halvings,
                means.sums(trim),
            ))
        });
        let rows: Vec<Array1<f64>> = rows.collect::<Result<_, EncodingError>>()?;
        for (subject, row) in rows.into_iter().enumerate() {
            self.without
                .slice_mut(s![subject, run, ..])
                .assign(&row.mapv(single));
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "correlations are stored as f32")]
fn single(r: f64) -> f32 {
    r as f32
}

/// Moments over scans of the sums of both halves.
struct Halving {
    half: SplitHalf,
    n_scans: f64,
    a: Array1<f64>,
    b: Array1<f64>,
    aa: Array1<f64>,
    bb: Array1<f64>,
    ab: Array1<f64>,
}

impl Halving {
    fn of(sums: HalfSums<'_>) -> Self {
        let (first, second) = (&sums.first, &sums.second);
        Self {
            half: sums.half.clone(),
            n_scans: first.nrows() as f64,
            a: first.sum_axis(Axis(0)),
            b: second.sum_axis(Axis(0)),
            aa: products(first, first),
            bb: products(second, second),
            ab: products(first, second),
        }
    }

    fn correlation(&self) -> Array1<f64> {
        let n_voxels = self.a.len();
        (0..n_voxels)
            .map(|v| self.pearson([self.a[v], self.b[v], self.aa[v], self.bb[v], self.ab[v]]))
            .collect()
    }

    /// From the sums of a, b, a², b² and ab over scans.
    fn pearson(&self, [a, b, aa, bb, ab]: [f64; 5]) -> f64 {
        let (variance_a, variance_b) = (aa - a * a / self.n_scans, bb - b * b / self.n_scans);
        if variance_a <= CONSTANT * aa || variance_b <= CONSTANT * bb {
            return f64::NAN;
        }
        ((ab - a * b / self.n_scans) / (variance_a * variance_b).sqrt()).clamp(-1.0, 1.0)
    }

    /// The correlation without a subject, from the sums over scans of its signals, their squares, and their products
    /// with both halves.
    fn without(&self, subject: usize, voxel: usize, [x, xx, xa, xb]: [f64; 4]) -> f64 {
        let v = voxel;
        let (is_first, half) = if self.half.is_feature(subject) {
            (true, &self.half.features)
        } else {
            (false, &self.half.targets)
        };
        if half.len() < 2 {
            return f64::NAN;
        }
        let [own, other] = if is_first { [xa, xb] } else { [xb, xa] };
        let ab = self.ab[v] - other;
        let (a, b, aa, bb) = (self.a[v], self.b[v], self.aa[v], self.bb[v]);
        if is_first {
            self.pearson([a - x, b, aa - 2.0 * own + xx, bb, ab])
        } else {
            self.pearson([a, b - x, aa, bb - 2.0 * own + xx, ab])
        }
    }
}

/// The mean over halvings of the correlation without one subject.
fn without<'a>(
    subject: usize,
    signals: &Array2<f64>,
    halvings: &[Halving],
    sums: impl Iterator<Item = HalfSums<'a>>,
) -> Array1<f64> {
    let (x, xx) = (signals.sum_axis(Axis(0)), products(signals, signals));
    let mut total = Array1::<f64>::zeros(x.len());
    for (halving, sums) in halvings.iter().zip(sums) {
        let (xa, xb) = (products(signals, &sums.first), products(signals, &sums.second));
        for (voxel, total) in total.iter_mut().enumerate() {
            *total += halving.without(subject, voxel, [x[voxel], xx[voxel], xa[voxel], xb[voxel]]);
        }
    }
    total / halvings.len() as f64
}

/// Sums over rows of the products of two arrays, row by row as they lie in memory.
fn products(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> Array1<f64> {
    let mut sums = Array1::zeros(a.ncols());
    for (a, b) in a.rows().into_iter().zip(b.rows()) {
        ndarray::Zip::from(&mut sums)
            .and(a)
            .and(b)
            .for_each(|sum: &mut f64, a, b| *sum += a * b);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    /// Signals of subjects that share something, with one voxel that is constant.
    fn signals(subject: usize) -> Array2<f32> {
        Array2::from_shape_fn((40, 5), |(t, v)| {
            if v == 3 {
                return 2.0;
            }
            let shared = ((t * (v + 2)) as f32 * 0.7).sin();
            shared + ((t * 37 + v * 11 + subject * 101) % 53) as f32 / 20.0
        })
    }

    /// Pearson's r of the means of two groups, by its definition.
    fn by_definition(groups: [&[usize]; 2], voxel: usize, trim: usize) -> f64 {
        let mean = |group: &[usize]| -> Vec<f64> {
            (trim..40 - trim)
                .map(|t| {
                    group
                        .iter()
                        .map(|&s| f64::from(signals(s)[(t, voxel)]))
                        .sum::<f64>()
                })
                .collect()
        };
        lpp_stats::pearson(&mean(groups[0]), &mean(groups[1])).unwrap().r
    }

    #[test]
    fn correlations_are_those_of_the_means_of_the_subjects() {
        let (n_subjects, trim) = (7, 3);
        let halves = SplitHalf::draw(n_subjects, 3, 5);
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::inside(folder.path()).unwrap();
        let mut means = GroupMeans::new((40, 5), &halves);
        let mut waiting = Vec::new();
        for subject in 0..n_subjects {
            means.add(&signals(subject));
            waiting.push(scratch.put(&format!("{subject}"), &signals(subject)).unwrap());
        }
        let mut found = VoxelHalves::new(3, n_subjects, 2, 5);
        found.add(1, &means, trim, waiting).unwrap();
        assert!(found.of_all.slice(s![.., 0, ..]).iter().all(|r| r.is_nan()));
        for voxel in 0..5 {
            let mut without = vec![0.0; n_subjects];
            for (trial, half) in halves.iter().enumerate() {
                let r = f64::from(found.of_all[(trial, 1, voxel)]);
                let expected = by_definition([&half.features, &half.targets], voxel, trim);
                // Rounded to f32.
                assert!(
                    voxel == 3 && r.is_nan() || (r - expected).abs() < 1e-6,
                    "{voxel}: {r} {expected}"
                );
                for (subject, sum) in without.iter_mut().enumerate() {
                    let others = |group: &[usize]| -> Vec<usize> {
                        group.iter().copied().filter(|&s| s != subject).collect()
                    };
                    *sum +=
                        by_definition([&others(&half.features), &others(&half.targets)], voxel, trim) / 3.0;
                }
            }
            for (subject, expected) in without.into_iter().enumerate() {
                let r = f64::from(found.without[(subject, 1, voxel)]);
                assert!(
                    voxel == 3 && r.is_nan() || (r - expected).abs() < 1e-6,
                    "{voxel}: {r} {expected}"
                );
            }
        }
    }

    #[test]
    fn a_half_of_one_subject_has_no_correlation_without_it() {
        let halves = SplitHalf::draw(3, 1, 5);
        let folder = tempfile::tempdir().unwrap();
        let scratch = Scratch::inside(folder.path()).unwrap();
        let mut means = GroupMeans::new((40, 5), &halves);
        let put = |subject: usize| scratch.put(&format!("{subject}"), &signals(subject)).unwrap();
        (0..3).for_each(|subject| means.add(&signals(subject)));
        let mut found = VoxelHalves::new(1, 3, 1, 5);
        found.add(0, &means, 0, (0..3).map(put).collect()).unwrap();
        let alone = halves[0].features[0];
        assert!(
            found.without[(alone, 0, 0)].is_nan() && !found.without[(halves[0].targets[0], 0, 0)].is_nan()
        );
    }
}
