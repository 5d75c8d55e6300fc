//! Detrending, high-pass filtering and standardising of time courses.

use multiversion::multiversion;
use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, Axis, s};

use crate::butterworth::{HighPass, PADDING};
use crate::nuisance::{Nuisance, fill_between};
use crate::sample::Real;
use crate::signals::Signals;
use crate::{Confounds, FmriError};

/// Voxels cleaned side by side.
const LANES: usize = 16;

/// Steps applied to time courses, in this order; [`check`](CleaningParams::check) returns a [`SignalCleaner`].
///
/// ```
/// use lpp_fmri::CleaningParams;
///
/// let params = CleaningParams { high_pass_hz: Some(0.01), tr_s: 1.5, ..CleaningParams::default() };
/// assert!(params.check().is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CleaningParams {
    /// Remove the mean and the linear trend.
    pub detrend: bool,
    /// Cut-off of the high-pass filter in Hz. The mean is added back after filtering.
    pub high_pass_hz: Option<f64>,
    /// Subtract the mean and divide by the population standard deviation.
    pub standardise: bool,
    /// Repetition time in s; used only by the filter.
    pub tr_s: f64,
}

impl Default for CleaningParams {
    /// No step, with the repetition time of the study.
    fn default() -> Self {
        Self {
            detrend: false,
            high_pass_hz: None,
            standardise: false,
            tr_s: 2.0,
        }
    }
}

impl CleaningParams {
    /// The settings of the reference study: all three steps, with a cut-off of 1/128 Hz and a repetition time of 2 s.
    #[must_use]
    pub fn reference() -> Self {
        Self {
            detrend: true,
            high_pass_hz: Some(1.0 / 128.0),
            standardise: true,
            tr_s: 2.0,
        }
    }

    /// The cleaner with these settings.
    ///
    /// # Errors
    /// [`FmriError::InvalidParameter`] if the cut-off is not between 0 and half the sampling rate.
    pub fn check(self) -> Result<SignalCleaner, FmriError> {
        Ok(SignalCleaner {
            params: self,
            filter: self
                .high_pass_hz
                .map(|hz| HighPass::new(hz, self.tr_s))
                .transpose()?,
            nuisance: None,
        })
    }
}

/// Cleans time courses; made by [`CleaningParams::check`].
///
/// Everything is computed in the type of the data, except the filter, which runs in `f64`. In `f32`, adding the mean
/// back quantises a filtered signal to the spacing of the mean.
///
/// # References
/// nilearn 0.10.4, `nilearn.signal.clean`; SciPy 1.13.0, `scipy.signal.butter` and `filtfilt`
#[derive(Debug, Clone, PartialEq)]
pub struct SignalCleaner {
    params: CleaningParams,
    filter: Option<HighPass>,
    nuisance: Option<Nuisance>,
}

impl SignalCleaner {
    /// The settings.
    #[must_use]
    pub fn params(&self) -> CleaningParams {
        self.params
    }

    /// A cleaner for one run that also removes its confounds and leaves out its scrubbed scans, which become NaN.
    ///
    /// Confounds are detrended and filtered like the signals, z-scored, and projected out after the filter. Scrubbed
    /// scans are interpolated by a cubic spline for the filter; those before the first scan that stays and after the last
    /// are left out of it too.
    ///
    /// # Errors
    /// [`FmriError::TooFewScans`] if too few scans stay for the filter, [`FmriError::File`] naming the table if its
    /// confounds explain every course of the scans that stay.
    ///
    /// # References
    /// nilearn 0.10.4, `nilearn.signal.clean` with `confounds`, `sample_mask` and `extrapolate=False`
    pub fn removing(&self, confounds: &Confounds) -> Result<Self, FmriError> {
        let nuisance = Nuisance::scrubbing(confounds.values().nrows(), confounds.scrubbed());
        let temporal = Self {
            params: CleaningParams {
                standardise: false,
                ..self.params
            },
            nuisance: Some(nuisance.clone()),
            ..self.clone()
        };
        let cleaned = temporal.clean_double(confounds.values())?;
        let nuisance = nuisance.with_confounds(confounds.values(), &cleaned);
        let (rank, n_kept) = (nuisance.rank(), nuisance.kept.len());
        // The mean and one degree of freedom to be explained must be left.
        if rank + 2 > n_kept {
            let found = format!("{rank} independent confounds for {n_kept} scans");
            return Err(FmriError::malformed(
                confounds.path(),
                found,
                "fewer confounds than scans",
            ));
        }
        Ok(Self {
            nuisance: Some(nuisance),
            ..self.clone()
        })
    }

    /// Smallest number of scans that can be cleaned.
    #[must_use]
    pub fn min_scans(&self) -> usize {
        if self.filter.is_some() { PADDING + 1 } else { 1 }
    }

    /// Cleans time courses in single precision, of shape (`n_scans`, `n_voxels`).
    ///
    /// A constant voxel stays constant, but is not exactly 0 after filtering; an all-zero voxel stays 0.
    ///
    /// # Errors
    /// [`FmriError::TooFewScans`] if there are at most 18 scans to filter, or no scans; [`FmriError::Shape`] if there are
    /// more or fewer than of the confounds.
    pub fn clean(&self, signals: &ArrayRef2<f32>) -> Result<Array2<f32>, FmriError> {
        self.clean_in(signals)
    }

    /// The same in double precision.
    ///
    /// # Errors
    /// As [`clean`](Self::clean).
    pub fn clean_double(&self, signals: &ArrayRef2<f64>) -> Result<Array2<f64>, FmriError> {
        self.clean_in(signals)
    }

    fn clean_in<T: Real>(&self, signals: &ArrayRef2<T>) -> Result<Array2<T>, FmriError> {
        let n_scans = signals.nrows();
        let stay = self.scans_that_stay(n_scans)?;
        let line = unit_line(stay.filtered.len());
        let mut cleaned = Array2::from_elem(signals.raw_dim(), T::nan());
        cleaned
            .axis_chunks_iter_mut(Axis(1), LANES)
            .into_par_iter()
            .enumerate()
            .for_each_init(Scratch::default, |scratch, (block, mut out)| {
                let left = block * LANES;
                let columns = signals.slice(s![.., left..left + out.ncols()]);
                self.clean_block(&columns, &mut out, &line, &stay, scratch);
            });
        Ok(cleaned)
    }

    /// Which of `n_scans` scans are filtered and which are written.
    fn scans_that_stay(&self, n_scans: usize) -> Result<Stay, FmriError> {
        if let Some(nuisance) = &self.nuisance
            && nuisance.n_scans != n_scans
        {
            return Err(FmriError::Shape {
                what: "the run",
                found: vec![n_scans],
                expected: vec![nuisance.n_scans],
            });
        }
        let kept = match &self.nuisance {
            Some(nuisance) => nuisance.kept.clone(),
            None => (0..n_scans).collect(),
        };
        let needed = self.min_scans();
        if kept.len() < needed {
            return Err(FmriError::TooFewScans {
                found: kept.len(),
                needed,
            });
        }
        let filtered = match (&self.filter, kept.first(), kept.last()) {
            (Some(_), Some(&first), Some(&last)) => (first..=last).collect(),
            _ => kept.clone(),
        };
        Ok(Stay { filtered, kept })
    }

    fn clean_block<T: Real>(
        &self,
        signals: &ArrayView2<'_, T>,
        out: &mut ArrayViewMut2<'_, T>,
        line: &[T],
        stay: &Stay,
        scratch: &mut Scratch<T>,
    ) {
        let rows = &mut scratch.rows;
        rows.clear();
        rows.extend(stay.filtered.iter().map(|&scan| {
            let mut lanes = [T::zero(); LANES];
            lanes
                .iter_mut()
                .zip(signals.row(scan))
                .for_each(|(lane, value)| *lane = *value);
            lanes
        }));
        let scrubs = stay.filtered.len() > stay.kept.len();
        // Rows of the scans that stay.
        let kept = || stay.kept.iter().map(|scan| scan - stay.filtered[0]);
        if scrubs {
            fill_between(rows, &kept().collect::<Vec<_>>());
        }
        let mean = column_means(rows);
        if self.params.detrend && rows.len() > 1 {
            subtract(rows, mean);
            detrend(rows, line);
        }
        if let Some(filter) = &self.filter {
            filter.apply(rows, &mut scratch.filtered);
        }
        if scrubs {
            *rows = kept().map(|row| rows[row]).collect();
        }
        if let Some(nuisance) = &self.nuisance {
            nuisance.project(rows);
        }
        if self.filter.is_some() {
            for row in rows.iter_mut() {
                row.iter_mut().zip(mean).for_each(|(value, mean)| *value += mean);
            }
        }
        if self.params.standardise && rows.len() > 1 {
            standardise(rows);
        }
        for (&scan, row) in stay.kept.iter().zip(rows.iter()) {
            out.row_mut(scan)
                .iter_mut()
                .zip(row)
                .for_each(|(out, value)| *out = *value);
        }
    }
}

impl Signals {
    /// The cleaned time courses, in the same type.
    ///
    /// # Errors
    /// As [`SignalCleaner::clean`].
    pub fn clean(&self, cleaner: &SignalCleaner) -> Result<Self, FmriError> {
        Ok(match self {
            Self::Single(array) => Self::Single(cleaner.clean(array)?),
            Self::Double(array) => Self::Double(cleaner.clean_double(array)?),
        })
    }
}

/// Scans that are filtered, and those of them that are written.
struct Stay {
    filtered: Vec<usize>,
    kept: Vec<usize>,
}

/// Memory of one thread.
struct Scratch<T> {
    rows: Vec<[T; LANES]>,
    filtered: Vec<[f64; LANES]>,
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            filtered: Vec::new(),
        }
    }
}

/// Time from −1 to 1, with mean 0 and length 1, in the type of the data.
fn unit_line<T: Real>(n_scans: usize) -> Vec<T> {
    let middle = (n_scans as f64 - 1.0) / 2.0;
    let line: Vec<T> = (0..n_scans).map(|t| T::from_double(t as f64 - middle)).collect();
    let length = T::from_double(
        line.iter()
            .map(|v| v.to_double() * v.to_double())
            .sum::<f64>()
            .sqrt(),
    );
    if length.to_double() < f64::EPSILON {
        return line;
    }
    line.into_iter().map(|v| v / length).collect()
}

/// Sums from the first to the last scan, then one division.
fn column_means<T: Real>(rows: &[[T; LANES]]) -> [T; LANES] {
    let mut sums = [T::zero(); LANES];
    for row in rows {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += *value);
    }
    let n = T::from_double(rows.len() as f64);
    sums.map(|sum| sum / n)
}

fn subtract<T: Real>(rows: &mut [[T; LANES]], what: [T; LANES]) {
    for row in rows {
        row.iter_mut().zip(what).for_each(|(value, what)| *value -= what);
    }
}

/// Removes the component along `line`, which has length 1.
fn detrend<T: Real>(rows: &mut [[T; LANES]], line: &[T]) {
    let slopes = slopes(rows, line);
    for (row, &time) in rows.iter_mut().zip(line) {
        row.iter_mut()
            .zip(slopes)
            .for_each(|(value, slope)| *value -= slope * time);
    }
}

/// Inner products of the lanes with `line`, in their own precision.
///
/// The sums are in the order of the reference: its matrix product (OpenBLAS's `gemv`) processes eight scans at a time,
/// with fused multiply-adds inside and one addition to the sum per group; then four, two and one. In `f32` another
/// order, even an exact one, moves signals by two spacings of their mean.
#[multiversion(targets("x86_64+avx512f+avx512vl+avx512dq+fma", "x86_64+avx2+fma"))]
fn slopes<T: Real>(rows: &[[T; LANES]], line: &[T]) -> [T; LANES] {
    let mut sums = [T::zero(); LANES];
    let mut done = 0;
    for width in [8, 4, 2, 1] {
        while rows.len() - done >= width {
            let mut part = [T::zero(); LANES];
            for (row, &time) in rows[done..done + width].iter().zip(&line[done..]) {
                part.iter_mut()
                    .zip(row)
                    .for_each(|(part, value)| *part = time.mul_add(*value, *part));
            }
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
            done += width;
        }
    }
    sums
}

/// Subtracts the mean and divides by the population standard deviation, or by 1 if it is 0.
///
/// The deviation is computed around the mean of the centred values. So a constant voxel, which rounding leaves slightly
/// off 0, has deviation 0 and is not changed.
fn standardise<T: Real>(rows: &mut [[T; LANES]]) {
    subtract(rows, column_means(rows));
    let rest = column_means(rows);
    let mut squares = [T::zero(); LANES];
    for row in rows.iter() {
        for ((sum, value), rest) in squares.iter_mut().zip(row).zip(rest) {
            *sum += (*value - rest) * (*value - rest);
        }
    }
    let n = T::from_double(rows.len() as f64);
    let deviation = squares
        .map(|sum| (sum / n).sqrt())
        .map(|d| if d.to_double() < f64::EPSILON { T::one() } else { d });
    for row in rows {
        row.iter_mut().zip(deviation).for_each(|(value, d)| *value /= d);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_scans_are_needed_as_the_filter_extends_by_and_one() {
        let plain = CleaningParams::default().check().unwrap();
        let filtering = CleaningParams::reference().check().unwrap();
        assert_eq!((plain.min_scans(), filtering.min_scans()), (1, 19));
        assert_eq!(filtering.params(), CleaningParams::reference());
        let clean = |cleaner: &SignalCleaner, n: usize| {
            cleaner.clean_double(&Array2::from_shape_fn((n, 2), |(t, v)| (t * t + v) as f64))
        };
        assert!(clean(&filtering, 19).is_ok() && clean(&plain, 1).is_ok());
        for (cleaner, n, least) in [(&filtering, 18, 19), (&plain, 0, 1)] {
            let error = clean(cleaner, n).unwrap_err().to_string();
            assert_eq!(error, format!("found {n} scans, expected {least} or more"));
        }
    }

    #[test]
    fn the_line_has_mean_0_and_length_1() {
        // −1.5, −0.5, 0.5 and 1.5 over the root of 5.
        for (found, expected) in unit_line::<f64>(4).iter().zip([-1.5, -0.5, 0.5, 1.5]) {
            assert!((found - expected / 5_f64.sqrt()).abs() < 1e-15);
        }
        assert_eq!(unit_line::<f32>(1), [0.0]);
    }

    #[test]
    fn slopes_count_every_scan_once() {
        // Groups of eight, four, two and one scans: all lengths from 0 to 20.
        for n in 0..=20_u16 {
            let rows: Vec<[f64; LANES]> = (1..=n).map(|t| [f64::from(t); LANES]).collect();
            let line: Vec<f64> = (1..=n).map(f64::from).collect();
            let squares = f64::from(n) * f64::from(n + 1) * f64::from(2 * n + 1) / 6.0;
            assert_eq!(slopes(&rows, &line), [squares; LANES], "{n} scans");
        }
    }

    #[test]
    fn a_line_is_removed_and_scores_are_standardised() {
        let course = |t: usize| 7.0 + 3.0 * t as f64;
        let mut signals = Array2::from_shape_fn((6, 2), |(t, v)| {
            course(t) + if v == 0 { 0.0 } else { [1.0, -1.0][t % 2] }
        });
        let detrending = CleaningParams {
            detrend: true,
            ..CleaningParams::default()
        };
        let clean = detrending.check().unwrap().clean_double(&signals).unwrap();
        assert!(clean.column(0).iter().all(|v| v.abs() < 1e-13), "{clean}");
        // Of the alternating course the line takes away its slope over −2.5 … 2.5, which is −3 / 17.5.
        for (t, found) in clean.column(1).iter().enumerate() {
            let expected = [1.0, -1.0][t % 2] + 3.0 / 17.5 * (t as f64 - 2.5);
            assert!((found - expected).abs() < 1e-13, "{clean}");
        }
        let standardising = CleaningParams {
            standardise: true,
            ..CleaningParams::default()
        };
        signals
            .column_mut(1)
            .assign(&ndarray::array![2.0, 4.0, 4.0, 4.0, 5.0, 5.0]);
        signals.column_mut(0).fill(0.1);
        let z = standardising.check().unwrap().clean_double(&signals).unwrap();
        // Mean 4, variance 1; a constant stays where rounding leaves it, next to 0.
        for (found, expected) in z.column(1).iter().zip([-2.0, 0.0, 0.0, 0.0, 1.0, 1.0]) {
            assert!((found - expected).abs() < 1e-15, "{z}");
        }
        assert!(z.column(0).iter().all(|v| v.abs() < 1e-15), "{z}");
    }
}
