//! Haemodynamic response functions (HRF): the response of blood oxygenation to a brief burst of neural activity.

use std::fmt;
use std::str::FromStr;

use crate::FmriError;

/// Length of a response, in s.
const RESPONSE_S: f64 = 32.0;
/// Samples of the fine grid per repetition time.
pub(crate) const OVERSAMPLING: f64 = 50.0;
const FINE_PER_TR: usize = 50;

/// Step of the time derivative of a response, in s (nilearn's default).
const DERIVATIVE_STEP_S: f64 = 0.1;
/// Longer delays than any response has, in scans, so that a typing error does not fill the memory.
const MAX_DELAY: usize = 1000;

/// A model of the haemodynamic response: one response per feature, or several.
///
/// Names are those of flags: `glover`, `spm`, `glover+derivative`, and `fir:1,2,3` with delays in scans.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Hrf {
    /// Glover's HRF, used in the reference study: peak after 5 s, mild undershoot.
    ///
    /// G. H. Glover (1999), <https://doi.org/10.1006/nimg.1998.0419>
    #[default]
    Glover,
    /// The canonical HRF of SPM.
    Spm,
    /// Glover's HRF and its derivative over time, made orthogonal to the response of its own feature.
    GloverDerivative,
    /// Finite impulse responses: for each delay, in scans, the mean of the events over one repetition time.
    Fir(Vec<usize>),
}

/// A gamma density of the given shape; `ln_gamma` is ln Γ(shape).
struct Gamma {
    shape: f64,
    ln_gamma: f64,
}

impl Gamma {
    /// The density at `x` for scale 1.
    fn density(&self, x: f64) -> f64 {
        if x <= 0.0 {
            0.0
        } else {
            ((self.shape - 1.0) * x.ln() - x - self.ln_gamma).exp()
        }
    }
}

/// Both gammas of a response, its dispersion (the gammas' scale, in s) and the weight of the undershoot.
struct Shape {
    peak: Gamma,
    undershoot: Gamma,
    dispersion: f64,
    ratio: f64,
}

impl Shape {
    /// The response `delay_s` later than usual, on `n_points` points, normalised to sum 1.
    fn kernel(&self, n_points: usize, tr_s: f64, delay_s: f64) -> Vec<f64> {
        let fine_step = tr_s / OVERSAMPLING;
        let spacing = RESPONSE_S / (n_points as f64 - 1.0);
        let mut kernel: Vec<f64> = (0..n_points)
            .map(|l| {
                let x = (l as f64 * spacing - delay_s - fine_step) / self.dispersion;
                (self.peak.density(x) - self.ratio * self.undershoot.density(x)) / self.dispersion
            })
            .collect();
        let sum: f64 = kernel.iter().sum();
        for h in &mut kernel {
            *h /= sum;
        }
        kernel
    }
}

impl Hrf {
    /// The names that are read.
    pub const EXPECTED: &str = "glover, spm, glover+derivative or fir:D1,D2,… (different delays in scans)";

    /// The responses sampled 50 times per `tr_s`: the HRF, its derivative if there is one, or one response per delay. The
    /// HRF is normalised to sum 1.
    ///
    /// As in the reference, the round(32·50/`tr_s`) points of an HRF cover 0 to 32 s inclusive, so their spacing is
    /// slightly more than `tr_s`/50, and the gammas begin one fine step late.
    ///
    /// # Errors
    /// [`FmriError::Design`] if `tr_s` is not positive, or leaves fewer than two points or more than a million.
    ///
    /// # References
    /// nilearn 0.10.4, `nilearn.glm.first_level.glover_hrf`, `spm_hrf`, `glover_time_derivative` and `compute_regressor`
    ///
    /// ```
    /// let kernels = lpp_fmri::Hrf::Glover.kernels(2.0)?;
    /// assert_eq!((kernels.len(), kernels[0].len()), (1, 800));
    /// assert!((kernels[0].iter().sum::<f64>() - 1.0).abs() < 1e-14);
    /// # Ok::<(), lpp_fmri::FmriError>(())
    /// ```
    pub fn kernels(&self, tr_s: f64) -> Result<Vec<Vec<f64>>, FmriError> {
        let n_points = n_kernel_points(tr_s)?;
        let gammas = |delay_s| self.shape().kernel(n_points, tr_s, delay_s);
        Ok(match self {
            Self::Glover | Self::Spm => vec![gammas(0.0)],
            Self::GloverDerivative => {
                let (response, later) = (gammas(0.0), gammas(DERIVATIVE_STEP_S));
                let slope = |(now, later): (&f64, f64)| 1.0 / DERIVATIVE_STEP_S * (now - later);
                let derivative = response.iter().zip(later).map(slope).collect();
                vec![response, derivative]
            }
            Self::Fir(delays) => {
                let one_tr = [1.0 / OVERSAMPLING; FINE_PER_TR];
                let kernel = |delay: &usize| [vec![0.0; delay * FINE_PER_TR], one_tr.to_vec()].concat();
                delays.iter().map(kernel).collect()
            }
        })
    }

    /// Number of columns for each feature.
    #[must_use]
    pub fn n_columns(&self) -> usize {
        match self {
            Self::Glover | Self::Spm => 1,
            Self::GloverDerivative => 2,
            Self::Fir(delays) => delays.len(),
        }
    }

    /// Fine samples by which a response is read later than the scan: nilearn averages events over the repetition time
    /// that begins with the scan.
    pub(crate) fn samples_ahead(&self) -> usize {
        match self {
            Self::Fir(_) => FINE_PER_TR - 1,
            _ => 0,
        }
    }

    /// The constants of nilearn's models; ln Γ from scipy 1.13.0's `gammaln`.
    fn shape(&self) -> Shape {
        match self {
            Self::Glover | Self::GloverDerivative | Self::Fir(_) => Shape {
                peak: Gamma {
                    shape: 6.0 / 0.9,
                    ln_gamma: 5.963_669_124_282_592,
                },
                undershoot: Gamma {
                    shape: 12.0 / 0.9,
                    ln_gamma: 20.833_615_986_426_604,
                },
                dispersion: 0.9,
                ratio: 0.35,
            },
            Self::Spm => Shape {
                peak: Gamma {
                    shape: 6.0,
                    ln_gamma: 4.787_491_742_782_046,
                },
                undershoot: Gamma {
                    shape: 16.0,
                    ln_gamma: 27.899_271_383_840_894,
                },
                dispersion: 1.0,
                ratio: 0.167,
            },
        }
    }
}

/// Length of a kernel; fails if `tr_s` is not usable.
pub(crate) fn n_kernel_points(tr_s: f64) -> Result<usize, FmriError> {
    let n_points = (RESPONSE_S / (tr_s / OVERSAMPLING)).round_ties_even();
    // Two points make a kernel; a million stand for a repetition time of 1.6 ms, surely a mistake.
    if !(2.0..=1e6).contains(&n_points) {
        return Err(FmriError::Design {
            found: format!("a repetition time of {tr_s} s"),
            expected: "a positive number of seconds between 0.0016 and 640",
        });
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 2 and a million"
    )]
    let n_points = n_points as usize;
    Ok(n_points)
}

impl FromStr for Hrf {
    type Err = FmriError;

    fn from_str(name: &str) -> Result<Self, FmriError> {
        let hrf = match name {
            "glover" => Some(Self::Glover),
            "spm" => Some(Self::Spm),
            "glover+derivative" => Some(Self::GloverDerivative),
            _ => name.strip_prefix("fir:").and_then(delays).map(Self::Fir),
        };
        hrf.ok_or_else(|| FmriError::Design {
            found: format!("the haemodynamic response {}", lpp_files::in_quotes(name)),
            expected: Self::EXPECTED,
        })
    }
}

/// Different delays in scans, from a list like `1,2,3`.
fn delays(list: &str) -> Option<Vec<usize>> {
    let delays: Vec<usize> = list
        .split(',')
        .map(|delay| delay.trim().parse().ok().filter(|delay| *delay <= MAX_DELAY))
        .collect::<Option<_>>()?;
    let is_new = |(place, delay)| !delays[..place].contains(delay);
    delays.iter().enumerate().all(is_new).then_some(delays)
}

impl fmt::Display for Hrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glover => f.write_str("glover"),
            Self::Spm => f.write_str("spm"),
            Self::GloverDerivative => f.write_str("glover+derivative"),
            Self::Fir(delays) => {
                let delays: Vec<String> = delays.iter().map(ToString::to_string).collect();
                write!(f, "fir:{}", delays.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_others_are_refused() {
        for name in ["glover", "spm", "glover+derivative", "fir:0", "fir:1,2,5"] {
            assert_eq!(name.parse::<Hrf>().unwrap().to_string(), name);
        }
        for name in [
            "fir",
            "fir:",
            "fir:1,1",
            "fir:-1",
            "fir:1.5",
            "fir:99999",
            "Glover",
        ] {
            assert_eq!(
                name.parse::<Hrf>().unwrap_err().to_string(),
                format!("the haemodynamic response {name:?}, expected {}", Hrf::EXPECTED)
            );
        }
    }

    #[test]
    fn absurd_repetition_times_are_refused() {
        for tr_s in [0.0, -2.0, f64::NAN, f64::INFINITY, 1e-9, 1e9] {
            assert!(
                matches!(Hrf::Glover.kernels(tr_s), Err(FmriError::Design { .. })),
                "{tr_s}"
            );
        }
    }
}
