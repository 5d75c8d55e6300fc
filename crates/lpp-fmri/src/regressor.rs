//! Word regressors: from one vector of activations per word to one row of features per scan.
//!
//! For fixed word times, all steps of the reference (boxcars on a fine grid, convolution with the haemodynamic
//! response, sampling at the scans) are linear in the activations. They are therefore one matrix per run, shared by all
//! features, layers and models. The matrix is sparse: a scan depends only on the words of the last 32 s.

use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, ArrayRef2, ArrayViewMut2, Axis, Zip, s};

use crate::FmriError;
use crate::hrf::{Hrf, OVERSAMPLING, n_kernel_points};

/// The fine grid starts this long before the first scan's time, in s (nilearn's `min_onset`).
pub(crate) const LEAD_S: f64 = 24.0;
/// More scans than any run has, so that a typing error does not fill the memory.
const MAX_SCANS: usize = 1_000_000;
/// Scans per block of the product: few enough to balance threads.
const BLOCK_SCANS: usize = 16;
/// Features per block of the product: 200 words of a block stay in the second-level cache.
const BLOCK_FEATURES: usize = 512;

/// The matrices that turn the activations of a run's words into the features of its scans, one for each response of the
/// haemodynamic model.
///
/// Scans are at `tr_s`·(i + ½). Each word is a boxcar from its onset to its offset; words without duration last one
/// sample of the fine grid (`tr_s`/50). Words before the fine grid, which starts 24 s before the first scan, act at its
/// start; words after the run act on its last sample. A word that ends before it begins counts negatively. The words
/// may be in any order.
///
/// # References
/// nilearn 0.10.4, `nilearn.glm.first_level.compute_regressor`, called once per feature
///
/// ```
/// use lpp_fmri::{Hrf, RegressorOperator};
/// use ndarray::array;
///
/// # fn main() -> Result<(), lpp_fmri::FmriError> {
/// // Two words, three features, ten scans of two seconds.
/// let operator = RegressorOperator::new(&[0.5, 2.1], &[0.8, 2.4], 10, 2.0, &Hrf::Glover)?;
/// let features = operator.apply(&array![[1.0f32, 0.0, 2.0], [0.0, 1.0, 2.0]])?;
/// assert_eq!(features.dim(), (10, 3));
/// assert!((features[[4, 0]] + features[[4, 1]] - features[[4, 2]] / 2.0).abs() < 1e-15);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RegressorOperator {
    n_words: usize,
    n_scans: usize,
    /// One for each response.
    bands: Vec<Band>,
    /// Whether the second response is made orthogonal to the first, feature by feature.
    orthogonal: bool,
}

/// A band matrix (`n_scans`, `n_words`).
#[derive(Debug, Clone, PartialEq)]
struct Band {
    /// Where each scan's entries begin, and the end of the last.
    row_starts: Vec<usize>,
    /// (word, weight) for the words that contribute to a scan, ascending by word.
    entries: Vec<(usize, f64)>,
}

impl RegressorOperator {
    /// The operator for a run of `n_scans` scans with a repetition time of `tr_s` seconds, with one word per onset and
    /// offset (in seconds from the start of the run). The first scan is at half a repetition time.
    ///
    /// # Errors
    /// [`FmriError::Design`] if there are fewer than two scans or more than a million, if the numbers of onsets and
    /// offsets differ, if one is not finite, or if the repetition time is invalid (see [`Hrf::kernels`]).
    pub fn new(
        onsets_s: &[f64],
        offsets_s: &[f64],
        n_scans: usize,
        tr_s: f64,
        hrf: &Hrf,
    ) -> Result<Self, FmriError> {
        Self::starting_at(0.5 * tr_s, onsets_s, offsets_s, n_scans, tr_s, hrf)
    }

    /// The same with the first scan at `start_s` on the clock of the words.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn starting_at(
        start_s: f64,
        onsets_s: &[f64],
        offsets_s: &[f64],
        n_scans: usize,
        tr_s: f64,
        hrf: &Hrf,
    ) -> Result<Self, FmriError> {
        check_times(onsets_s, offsets_s)?;
        if !(2..=MAX_SCANS).contains(&n_scans) {
            return Err(FmriError::Design {
                found: format!("{n_scans} scans"),
                expected: "between 2 and a million scans",
            });
        }
        n_kernel_points(tr_s)?;
        let scan_times: Vec<f64> = (0..n_scans).map(|i| i as f64 * tr_s + start_s).collect();
        // The library derives the repetition time from the scan times, rounding included.
        let spacing = scan_times
            .windows(2)
            .map(|pair| pair[1] - pair[0])
            .fold(f64::INFINITY, f64::min);
        let grid = FineGrid::new(&scan_times);
        let boxes: Vec<_> = onsets_s
            .iter()
            .zip(offsets_s)
            .map(|(&on, &off)| grid.place(on, off))
            .collect();
        let band = |kernel: Vec<f64>| {
            let response = CumulativeResponse::new(&kernel);
            Band::new(&response, &grid, &boxes, &scan_times, hrf.samples_ahead())
        };
        Ok(Self {
            n_words: boxes.len(),
            n_scans,
            bands: hrf.kernels(spacing)?.into_iter().map(band).collect(),
            orthogonal: *hrf == Hrf::GloverDerivative,
        })
    }

    /// Number of words: rows of the activations.
    #[must_use]
    pub fn n_words(&self) -> usize {
        self.n_words
    }

    /// Number of scans: rows of the features.
    #[must_use]
    pub fn n_scans(&self) -> usize {
        self.n_scans
    }

    /// The words that contribute to scan `scan` in the first response, with their weights; empty beyond the last scan.
    #[must_use]
    pub fn row(&self, scan: usize) -> &[(usize, f64)] {
        self.bands.first().map_or(&[], |band| band.row(scan))
    }

    /// The full matrix of the first response, of shape (`n_scans`, `n_words`).
    #[must_use]
    pub fn to_dense(&self) -> Array2<f64> {
        let mut dense = Array2::zeros((self.n_scans(), self.n_words));
        for (scan, mut row) in dense.rows_mut().into_iter().enumerate() {
            for &(word, weight) in self.row(scan) {
                row[word] = weight;
            }
        }
        dense
    }

    /// The features of every scan, summed in `f64` in the order of the words.
    ///
    /// Runs on the current rayon pool. The result does not depend on the number of threads, to the last bit.
    ///
    /// # Shapes
    /// `activations` is (`n_words`, `n_features`), the result (`n_scans`, `n_features`). With several responses, the
    /// columns are those of all features for the first response, then for the next one.
    ///
    /// # Errors
    /// [`FmriError::Shape`] if the number of words differs, [`FmriError::NonFiniteActivation`] for NaN and infinities.
    pub fn apply<T>(&self, activations: &ArrayRef2<T>) -> Result<Array2<f64>, FmriError>
    where
        T: Copy + Into<f64> + Sync,
    {
        let (n_words, n_features) = activations.dim();
        if n_words != self.n_words {
            return Err(FmriError::Shape {
                what: "the activations",
                found: vec![n_words, n_features],
                expected: vec![self.n_words, n_features],
            });
        }
        check_finite(activations)?;
        let activations = activations.as_standard_layout();
        let mut features = Array2::zeros((self.n_scans, n_features * self.bands.len()));
        if features.is_empty() {
            return Ok(features);
        }
        features
            .axis_chunks_iter_mut(Axis(0), BLOCK_SCANS)
            .into_par_iter()
            .enumerate()
            .for_each(|(block, mut rows)| {
                for (band, columns) in self
                    .bands
                    .iter()
                    .zip(rows.axis_chunks_iter_mut(Axis(1), n_features))
                {
                    band.fill(columns, block * BLOCK_SCANS, &activations);
                }
            });
        if self.orthogonal {
            let (first, second) = features.view_mut().split_at(Axis(1), n_features);
            make_orthogonal(&first, second);
        }
        Ok(features)
    }
}

/// Removes from each column of `second` its component along the same column of `first`, as nilearn's `orthogonalize`
/// does with one event type. A column of zeros has no direction.
fn make_orthogonal(first: &ArrayRef2<f64>, mut second: ArrayViewMut2<'_, f64>) {
    let mut squares = Array1::<f64>::zeros(first.ncols());
    let mut products = squares.clone();
    for (one, other) in first.rows().into_iter().zip(second.rows()) {
        Zip::from(&mut squares).and(one).for_each(|sum, &x| *sum += x * x);
        Zip::from(&mut products)
            .and(one)
            .and(other)
            .for_each(|sum, &x, &y| *sum += x * y);
    }
    let slopes = Zip::from(&products)
        .and(&squares)
        .map_collect(|&product, &square| if square > 0.0 { product / square } else { 0.0 });
    for (one, mut other) in first.rows().into_iter().zip(second.rows_mut()) {
        Zip::from(&mut other)
            .and(one)
            .and(&slopes)
            .for_each(|y, &x, &slope| *y -= slope * x);
    }
}

impl Band {
    /// The matrix of a response that is read `ahead` fine samples after each scan.
    fn new(
        response: &CumulativeResponse,
        grid: &FineGrid,
        boxes: &[BoxEdges],
        scan_times: &[f64],
        ahead: usize,
    ) -> Self {
        let mut band = Self {
            row_starts: Vec::with_capacity(scan_times.len() + 1),
            entries: Vec::new(),
        };
        for &time in scan_times {
            band.row_starts.push(band.entries.len());
            let (before, weight) = grid.bracket(time);
            for (word, &edges) in boxes.iter().enumerate() {
                let [left, right] = [before, before + 1].map(|sample| response.of_box(edges, sample + ahead));
                if left != 0.0 || right != 0.0 {
                    band.entries.push((word, (1.0 - weight) * left + weight * right));
                }
            }
        }
        band.row_starts.push(band.entries.len());
        band
    }

    fn row(&self, scan: usize) -> &[(usize, f64)] {
        match self.row_starts.get(scan..) {
            Some(&[start, end, ..]) => &self.entries[start..end],
            _ => &[],
        }
    }

    /// Fills the scans from `first_scan` on, one block of features after the other.
    fn fill<T>(&self, mut scans: ArrayViewMut2<'_, f64>, first_scan: usize, activations: &ArrayRef2<T>)
    where
        T: Copy + Into<f64>,
    {
        for start in (0..scans.ncols()).step_by(BLOCK_FEATURES) {
            let features = start..(start + BLOCK_FEATURES).min(scans.ncols());
            for (offset, mut row) in scans
                .slice_mut(s![.., features.clone()])
                .rows_mut()
                .into_iter()
                .enumerate()
            {
                for &(word, weight) in self.row(first_scan + offset) {
                    let source = activations.slice(s![word, features.clone()]);
                    row.zip_mut_with(&source, |sum, &value| *sum += weight * value.into());
                }
            }
        }
    }
}

fn check_times(onsets_s: &[f64], offsets_s: &[f64]) -> Result<(), FmriError> {
    if onsets_s.len() != offsets_s.len() {
        return Err(FmriError::Design {
            found: format!("{} onsets and {} offsets", onsets_s.len(), offsets_s.len()),
            expected: "one of each per word",
        });
    }
    for (word, (on, off)) in onsets_s.iter().zip(offsets_s).enumerate() {
        if !(on.is_finite() && off.is_finite()) {
            return Err(FmriError::Design {
                found: format!("word {word} from {on} to {off} s"),
                expected: "finite times",
            });
        }
    }
    Ok(())
}

fn check_finite<T: Copy + Into<f64>>(activations: &ArrayRef2<T>) -> Result<(), FmriError> {
    for (word, row) in activations.rows().into_iter().enumerate() {
        if let Some((feature, &value)) = row.indexed_iter().find(|(_, v)| !(**v).into().is_finite()) {
            return Err(FmriError::NonFiniteActivation {
                word,
                feature,
                value: value.into(),
            });
        }
    }
    Ok(())
}

/// The evenly spaced times on which words are boxcars, `numpy.linspace(start, end, n)`.
struct FineGrid {
    start: f64,
    end: f64,
    step: f64,
    n: usize,
}

impl FineGrid {
    /// Fifty samples per repetition time, from 24 s before the first scan to one repetition time after the last. The
    /// order of operations is that of nilearn, because it determines the rounding of the step.
    fn new(scan_times: &[f64]) -> Self {
        let last = scan_times.len() - 1;
        let gaps = last as f64;
        let (first_s, last_s) = (scan_times[0], scan_times[last]);
        let start = first_s - LEAD_S;
        let end = last_s * (1.0 + 1.0 / gaps);
        let n = gaps / (last_s - first_s) * ((end - first_s + LEAD_S) * OVERSAMPLING) + 1.0;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "at least 50, and below 2^53 for a million scans and a repetition time that has a kernel"
        )]
        let n = n.round_ties_even() as usize;
        Self {
            start,
            end,
            step: (end - start) / (n as f64 - 1.0),
            n,
        }
    }

    fn time(&self, sample: usize) -> f64 {
        if sample + 1 == self.n {
            self.end
        } else {
            sample as f64 * self.step + self.start
        }
    }

    /// Number of samples strictly before `time`.
    fn count_before(&self, time: f64) -> usize {
        let (mut low, mut high) = (0, self.n);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.time(middle) < time {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Samples at which the boxcar of a word rises and falls.
    fn place(&self, onset: f64, offset: f64) -> BoxEdges {
        let last = self.n - 1;
        let rise = self.count_before(onset).min(last);
        // The library gets durations: onset + (offset − onset) need not round to the offset.
        let fall = self.count_before(onset + (offset - onset)).min(last);
        BoxEdges {
            rise,
            fall: if fall == rise && fall < last {
                fall + 1
            } else {
                fall
            },
        }
    }

    /// The sample before `time`, and the position of `time` between it and the next, from 0 to 1.
    fn bracket(&self, time: f64) -> (usize, f64) {
        let after = self.count_before(time).clamp(1, self.n - 1);
        let (left, right) = (self.time(after - 1), self.time(after));
        (after - 1, (time - left) / (right - left))
    }
}

/// The samples at which a boxcar rises and falls.
#[derive(Clone, Copy)]
struct BoxEdges {
    rise: usize,
    fall: usize,
}

/// Partial sums of the HRF: the response to a step.
struct CumulativeResponse(Vec<f64>);

impl CumulativeResponse {
    fn new(kernel: &[f64]) -> Self {
        let mut sums = vec![0.0];
        let mut sum = 0.0;
        for h in kernel {
            sum += h;
            sums.push(sum);
        }
        Self(sums)
    }

    /// The response at `sample` to a step at `edge`.
    fn of_step(&self, edge: usize, sample: usize) -> f64 {
        match (sample + 1).checked_sub(edge) {
            None => 0.0,
            Some(elapsed) => self.0[elapsed.min(self.0.len() - 1)],
        }
    }

    /// The response at `sample` to a boxcar: exactly 0 before it begins and after its response ends.
    fn of_box(&self, edges: BoxEdges, sample: usize) -> f64 {
        self.of_step(edges.rise, sample) - self.of_step(edges.fall, sample)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fine_grid_ends_exactly_at_its_end() {
        for tr_s in [0.72, 1.1, 1.3, 1.5, 2.0, 2.2, 3.1] {
            for n_scans in [2_u16, 7, 50, 301] {
                let times: Vec<f64> = (0..n_scans).map(|i| (f64::from(i) + 0.5) * tr_s).collect();
                let grid = FineGrid::new(&times);
                assert_eq!(grid.time(0), times[0] - LEAD_S);
                assert_eq!(grid.time(grid.n - 1), grid.end);
                assert_eq!(grid.count_before(f64::INFINITY), grid.n);
                // Fifty steps are a repetition time, but for the rounding of their number to a whole one.
                assert!((50.0 * grid.step / tr_s - 1.0).abs() < 1e-3, "{tr_s} s");
            }
        }
    }
}
