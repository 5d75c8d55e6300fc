//! Haemodynamic response functions (HRF): the response of blood oxygenation to a brief burst of neural activity.

use std::fmt;
use std::str::FromStr;

use crate::FmriError;

/// Length of a response, in s.
const RESPONSE_S: f64 = 32.0;
/// Samples of the fine grid per repetition time.
pub(crate) const OVERSAMPLING: f64 = 50.0;

/// A model of the haemodynamic response, a difference of two gamma densities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Hrf {
    /// Glover's HRF, used in the reference study: peak after 5 s, mild undershoot.
    ///
    /// G. H. Glover (1999), <https://doi.org/10.1006/nimg.1998.0419>
    #[default]
    Glover,
    /// The canonical HRF of SPM.
    Spm,
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

impl Hrf {
    /// The response sampled 50 times per `tr_s`, normalised to sum 1.
    ///
    /// As in the reference, the round(32·50/`tr_s`) points cover 0 to 32 s inclusive, so their spacing is slightly more
    /// than `tr_s`/50, and the gammas begin one fine step late.
    ///
    /// # Errors
    /// [`FmriError::Design`] if `tr_s` is not positive, or leaves fewer than two points or more than a million.
    ///
    /// # References
    /// nilearn 0.10.4, `nilearn.glm.first_level.glover_hrf` and `spm_hrf`
    ///
    /// ```
    /// let kernel = lpp_fmri::Hrf::Glover.kernel(2.0)?;
    /// assert_eq!(kernel.len(), 800);
    /// assert!((kernel.iter().sum::<f64>() - 1.0).abs() < 1e-14);
    /// # Ok::<(), lpp_fmri::FmriError>(())
    /// ```
    pub fn kernel(self, tr_s: f64) -> Result<Vec<f64>, FmriError> {
        let fine_step = tr_s / OVERSAMPLING;
        let n_points = n_kernel_points(tr_s)?;
        let spacing = RESPONSE_S / (n_points as f64 - 1.0);
        let shape = self.shape();
        let mut kernel: Vec<f64> = (0..n_points)
            .map(|l| {
                let x = (l as f64 * spacing - fine_step) / shape.dispersion;
                (shape.peak.density(x) - shape.ratio * shape.undershoot.density(x)) / shape.dispersion
            })
            .collect();
        let sum: f64 = kernel.iter().sum();
        for h in &mut kernel {
            *h /= sum;
        }
        Ok(kernel)
    }

    /// The constants of nilearn's models; ln Γ from scipy 1.13.0's `gammaln`.
    fn shape(self) -> Shape {
        match self {
            Self::Glover => Shape {
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
        match name {
            "glover" => Ok(Self::Glover),
            "spm" => Ok(Self::Spm),
            _ => Err(FmriError::UnknownHrf {
                name: name.to_owned(),
            }),
        }
    }
}

impl fmt::Display for Hrf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Glover => "glover",
            Self::Spm => "spm",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_others_are_refused() {
        for hrf in [Hrf::Glover, Hrf::Spm] {
            assert_eq!(hrf.to_string().parse::<Hrf>().unwrap(), hrf);
        }
        assert_eq!(
            "fir".parse::<Hrf>().unwrap_err().to_string(),
            "unknown haemodynamic response \"fir\", expected glover or spm"
        );
    }

    #[test]
    fn absurd_repetition_times_are_refused() {
        for tr_s in [0.0, -2.0, f64::NAN, f64::INFINITY, 1e-9, 1e9] {
            assert!(
                matches!(Hrf::Glover.kernel(tr_s), Err(FmriError::Design { .. })),
                "{tr_s}"
            );
        }
    }
}
