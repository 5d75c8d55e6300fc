//! Equivalence tests: evidence that a difference is small. A large p-value of a t-test is no such evidence.

use crate::checks::{at_least, check_finite, not_negative};
use crate::{StatsError, student_t_upper_p, t_test_one_sample};

/// The outcome of two one-sided tests.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Equivalence {
    /// Mean of the differences.
    pub mean: f64,
    /// The p-value of "the mean is beyond the margin on either side": the larger of the two one-sided ones.
    pub p: f64,
    /// p of a mean at or below −margin.
    pub p_low: f64,
    /// p of a mean at or above +margin.
    pub p_high: f64,
}

/// Tests whether the mean of `differences` is within ±`margin`.
///
/// Use it for statements such as "left and right noise ceilings are equal". `differences` are left minus right per
/// independent unit. `margin` is the largest difference that would not matter, fixed in advance. A small p means that
/// the mean is inside the margin. Constant differences have p 0 or 1, or NaN if they equal a margin.
///
/// # Errors
/// [`StatsError::TooFew`] with fewer than two differences, [`StatsError::NotFinite`], [`StatsError::Negative`] for the margin.
///
/// # Example
/// ```
/// let test = lpp_stats::equivalence_test(&[0.01, -0.02, 0.005, 0.0, 0.012], 0.03)?;
/// assert!(test.p < 0.01);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// D. J. Schuirmann (1987), <https://doi.org/10.1007/BF01068419>;
/// `statsmodels.stats.weightstats.ttost_paired`, statsmodels 0.14.
pub fn equivalence_test(differences: &[f64], margin: f64) -> Result<Equivalence, StatsError> {
    at_least("an equivalence test", 2, differences.len())?;
    check_finite("a difference", differences)?;
    not_negative("the margin", margin)?;
    two_one_sided(differences, margin, 1.0)
}

/// Tests whether the mean difference is within ±`margin`, from repeated random halves of the same subjects.
///
/// Use it for noise ceilings, left minus right, with one value per split. The splits share all subjects, so their mean
/// is far less certain than the mean of independent values. The result generalises to further subjects with the same
/// stimuli; halves of subjects carry no information about other stimuli. As for repeated random subsampling, the
/// variance of the mean of J splits is s²·(1/J + n₂/n₁), with n₂/n₁ = 1 for halves of equal size, instead of s²/J.
/// Error rates are in `docs/validation.md`.
///
/// # Errors
/// As [`equivalence_test`].
///
/// # Example
/// ```
/// let splits = [0.010, 0.014, 0.008, 0.011, 0.013];
/// let naive = lpp_stats::equivalence_test(&splits, 0.02)?;
/// let honest = lpp_stats::equivalence_over_splits(&splits, 0.02)?;
/// assert!(naive.p < honest.p && naive.mean == honest.mean);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
///
/// # References
/// C. Nadeau and Y. Bengio (2003), <https://doi.org/10.1023/A:1024068626366>; D. J. Schuirmann (1987),
/// <https://doi.org/10.1007/BF01068419>.
pub fn equivalence_over_splits(differences: &[f64], margin: f64) -> Result<Equivalence, StatsError> {
    at_least("an equivalence test", 2, differences.len())?;
    check_finite("a difference", differences)?;
    not_negative("the margin", margin)?;
    two_one_sided(differences, margin, 1.0 + differences.len() as f64)
}

/// The two one-sided t-tests, the variance of the mean multiplied by `inflation`.
fn two_one_sided(differences: &[f64], margin: f64, inflation: f64) -> Result<Equivalence, StatsError> {
    let low = t_test_one_sample(differences, -margin)?;
    let high = t_test_one_sample(differences, margin)?;
    let (p_low, p_high) = (
        student_t_upper_p(low.t / inflation.sqrt(), low.df),
        student_t_upper_p(-high.t / inflation.sqrt(), high.df),
    );
    Ok(Equivalence {
        mean: differences.iter().sum::<f64>() / differences.len() as f64,
        // NaN wins, as f64::max would hide it.
        p: if p_low.is_nan() || p_high.is_nan() {
            f64::NAN
        } else {
            p_low.max(p_high)
        },
        p_low,
        p_high,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wider_margin_is_easier_to_keep() {
        let differences = [0.3, -0.2, 0.1, 0.4, -0.1, 0.0];
        let p = |margin| equivalence_test(&differences, margin).unwrap().p;
        assert!(p(1.0) < p(0.5) && p(0.5) < p(0.2));
        // No margin, no equivalence.
        assert!(p(0.0) >= 0.5);
    }

    #[test]
    fn constant_differences_are_inside_or_outside() {
        assert_eq!(equivalence_test(&[0.1; 4], 0.2).unwrap().p, 0.0);
        assert_eq!(equivalence_test(&[0.1; 4], 0.05).unwrap().p, 1.0);
    }

    #[test]
    fn bad_arguments_are_errors() {
        assert!(equivalence_test(&[0.1], 0.2).is_err());
        assert!(equivalence_test(&[0.1, f64::NAN], 0.2).is_err());
        assert!(matches!(
            equivalence_test(&[0.1, 0.2], -0.1),
            Err(StatsError::Negative { .. })
        ));
    }
}
