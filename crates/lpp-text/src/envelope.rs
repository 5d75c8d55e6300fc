//! The speech envelope of a recording: its amplitude over time.

use std::f64::consts::{PI, SQRT_2};
use std::path::Path;

use crate::TextError;

/// Samples reflected at both ends before filtering: three times the length of the filter, as in
/// `scipy.signal.filtfilt`.
const PADDING: usize = 9;

/// The low-passed amplitude of a recording.
///
/// Channels are averaged, and the absolute value is low-passed with a second-order Butterworth filter, forward and
/// backward, so that there is no delay. The default cut-off of 8 Hz keeps the rhythm of syllables.
///
/// # References
/// W. Biesmans et al. (2017), "Auditory-inspired speech envelope extraction methods for improved EEG-based auditory attention
/// detection", <https://doi.org/10.1109/TNSRE.2016.2571900>: rectified and low-passed amplitude among the envelopes compared.
/// Filter and padding are those of `scipy.signal.filtfilt` with `butter(2, cutoff)`.
#[derive(Debug, Clone, PartialEq)]
pub struct SpeechEnvelope {
    values: Vec<f64>,
    rate_hz: f64,
}

impl SpeechEnvelope {
    /// Default cut-off of the low-pass, in Hz.
    pub const CUTOFF_HZ: f64 = 8.0;

    /// Reads a WAV file: PCM of 8 to 32 bits or 32-bit floats, with any sampling rate and number of channels.
    ///
    /// Memory: eight bytes per sample; a run of ten minutes at 44.1 kHz takes 200 MB.
    ///
    /// # Errors
    /// [`FileError::Malformed`](lpp_files::FileError::Malformed) if the file is not of this kind or is truncated, and the errors of [`new`](Self::new).
    pub fn load(path: &Path, cutoff_hz: f64) -> Result<Self, TextError> {
        let broken = |e: hound::Error| match e {
            hound::Error::IoError(source) if source.kind() != std::io::ErrorKind::UnexpectedEof => {
                TextError::read(path)(source)
            }
            other => TextError::malformed(path, other.to_string(), "a WAV file (PCM or 32-bit float)"),
        };
        let reader = hound::WavReader::open(path).map_err(broken)?;
        let spec = reader.spec();
        let channels = usize::from(spec.channels).max(1);
        let samples: Result<Vec<f64>, hound::Error> = match spec.sample_format {
            hound::SampleFormat::Float => reader.into_samples::<f32>().map(|s| s.map(f64::from)).collect(),
            hound::SampleFormat::Int => {
                let full = 2_f64.powi(i32::from(spec.bits_per_sample) - 1);
                let scaled = |s: i32| f64::from(s) / full;
                reader.into_samples::<i32>().map(|s| s.map(scaled)).collect()
            }
        };
        let samples = samples.map_err(broken)?;
        let mono: Vec<f64> = samples
            .chunks_exact(channels)
            .map(|frame| frame.iter().sum::<f64>() / channels as f64)
            .collect();
        Self::new(&mono, f64::from(spec.sample_rate), cutoff_hz).map_err(|error| {
            TextError::malformed(path, error.to_string(), "a recording that can be filtered")
        })
    }

    /// The envelope of `samples` at `rate_hz`.
    ///
    /// # Errors
    /// [`TextError::BadSetting`] unless 0 < `cutoff_hz` < `rate_hz`/2, for fewer than ten samples, and for samples that
    /// are not finite.
    ///
    /// ```
    /// use lpp_text::SpeechEnvelope;
    /// let tone: Vec<f64> = (0..8000).map(|i| (i as f64 * 0.9).sin()).collect();
    /// let envelope = SpeechEnvelope::new(&tone, 8000.0, 8.0)?;
    /// // The mean of a rectified sine is 2/π.
    /// assert!((envelope.mean_over(0.3, 0.7) - 0.6366).abs() < 1e-3);
    /// # Ok::<(), lpp_text::TextError>(())
    /// ```
    pub fn new(samples: &[f64], rate_hz: f64, cutoff_hz: f64) -> Result<Self, TextError> {
        let wrong = |what, found: String, expected| {
            Err(TextError::BadSetting {
                what,
                found,
                expected,
            })
        };
        if !(cutoff_hz > 0.0 && cutoff_hz < rate_hz / 2.0) {
            let found = format!("{cutoff_hz} Hz at {rate_hz} samples a second");
            return wrong(
                "cut-off of the envelope",
                found,
                "more than 0 and less than half the rate",
            );
        }
        if samples.len() <= PADDING {
            return wrong("samples of a recording", samples.len().to_string(), "ten or more");
        }
        if let Some(value) = samples.iter().find(|s| !s.is_finite()) {
            return wrong("a sample of a recording", value.to_string(), "a finite number");
        }
        let filter = LowPass::new(cutoff_hz / rate_hz);
        Ok(Self {
            values: filter.both_ways(&samples.iter().map(|s| s.abs()).collect::<Vec<_>>()),
            rate_hz,
        })
    }

    /// The envelope at the rate of the recording.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Length of the recording, in seconds.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.values.len() as f64 / self.rate_hz
    }

    /// Mean between two times in seconds; the nearest sample if there is none between them, 0 outside the recording.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float becomes an index by saturation, which is what is wanted beyond the ends"
    )]
    pub fn mean_over(&self, onset_s: f64, offset_s: f64) -> f64 {
        let first = (onset_s * self.rate_hz).ceil().max(0.0) as usize;
        let end = ((offset_s * self.rate_hz).ceil().max(0.0) as usize).min(self.values.len());
        if first >= self.values.len() {
            return 0.0;
        }
        let span = &self.values[first..end.max(first + 1)];
        span.iter().sum::<f64>() / span.len() as f64
    }
}

/// A second-order Butterworth low-pass filter.
#[derive(Debug, Clone, Copy)]
struct LowPass {
    b: [f64; 3],
    a: [f64; 2],
}

impl LowPass {
    /// The bilinear transform of 1/(s² + √2 s + 1), with `cutoff` in cycles per sample.
    fn new(cutoff: f64) -> Self {
        let k = (PI * cutoff).tan();
        let norm = 1.0 / (1.0 + SQRT_2 * k + k * k);
        let b = k * k * norm;
        Self {
            b: [b, 2.0 * b, b],
            a: [2.0 * (k * k - 1.0) * norm, (1.0 - SQRT_2 * k + k * k) * norm],
        }
    }

    /// Filters forward, then backward, with the ends extended by odd reflection.
    fn both_ways(self, x: &[f64]) -> Vec<f64> {
        let (n, first, last) = (x.len(), x[0], x[x.len() - 1]);
        let before = (1..=PADDING).rev().map(|i| 2.0 * first - x[i]);
        let after = (1..=PADDING).map(|i| 2.0 * last - x[n - 1 - i]);
        let mut extended: Vec<f64> = before.chain(x.iter().copied()).chain(after).collect();
        self.run(&mut extended);
        extended.reverse();
        self.run(&mut extended);
        extended.reverse();
        extended[PADDING..PADDING + n].to_vec()
    }

    /// Filters in place, starting in the steady state of the first value.
    fn run(self, x: &mut [f64]) {
        let [b0, b1, b2] = self.b;
        let [a1, a2] = self.a;
        let start = x[0];
        // The state in which a constant stays a constant.
        let mut z2 = (b2 - a2) * start;
        let mut z1 = (b1 - a1) * start + z2;
        for value in x {
            let (input, output) = (*value, b0 * *value + z1);
            z1 = b1 * input - a1 * output + z2;
            z2 = b2 * input - a2 * output;
            *value = output;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_stays_and_times_beyond_the_recording_are_silent() {
        let envelope = SpeechEnvelope::new(&[-0.5; 1000], 100.0, 8.0).unwrap();
        // 1000 steps of a filter whose rounding does not grow.
        assert!(envelope.values().iter().all(|v| (v - 0.5).abs() < 1e-12));
        assert!((envelope.duration_s() - 10.0).abs() < 1e-12);
        assert!((envelope.mean_over(3.001, 3.002) - 0.5).abs() < 1e-12);
        assert!(envelope.mean_over(10.0, 11.0).abs() < 1e-300);
        assert!((envelope.mean_over(9.5, 20.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_filtered_is_refused() {
        for (samples, rate, cutoff) in [
            (vec![0.0; 9], 100.0, 8.0),
            (vec![0.0; 99], 100.0, 50.0),
            (vec![0.0; 99], 100.0, 0.0),
            (vec![f64::NAN; 99], 100.0, 8.0),
        ] {
            assert!(SpeechEnvelope::new(&samples, rate, cutoff).is_err());
        }
    }
}
