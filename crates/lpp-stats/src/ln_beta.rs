//! The logarithm of the beta function, to full precision for large parameters.
//!
//! With n observations the parameters are near n/2, and the three ln Γ of the textbook formula are near n·ln n, so
//! their difference would lose as many digits as n has. Here the large parts are cancelled analytically, with
//! Stirling's series for a ratio of gamma functions.

/// Stirling's series is used from here on: eight terms then reach the last digit of an `f64`.
const LARGE: f64 = 15.0;

/// ln B(a, b) for positive a and b.
pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    let (small, large) = if a < b { (a, b) } else { (b, a) };
    ln_gamma(small) - ln_gamma_ratio(large, small)
}

/// ln Γ(z) for positive z.
fn ln_gamma(z: f64) -> f64 {
    let (mut z, mut product) = (z, 1.0);
    while z < LARGE {
        product *= z;
        z += 1.0;
    }
    (z - 0.5) * z.ln() - z + 0.5 * std::f64::consts::TAU.ln() + stirling_rest(z) - product.ln()
}

/// ln Γ(z + d) − ln Γ(z) for positive z and d.
fn ln_gamma_ratio(z: f64, d: f64) -> f64 {
    let (mut z, mut product) = (z, 1.0);
    while z < LARGE {
        product *= z / (z + d);
        z += 1.0;
    }
    (z - 0.5) * (d / z).ln_1p() + d * (z + d).ln() - d + stirling_rest(z + d) - stirling_rest(z)
        + product.ln()
}

/// The remainder of Stirling's formula for ln Γ(z): the sum of `B_{2k}` / (2k(2k − 1) z^{2k−1}), DLMF 5.11.1.
fn stirling_rest(z: f64) -> f64 {
    const TERMS: [f64; 8] = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
        -691.0 / 360_360.0,
        1.0 / 156.0,
        -3617.0 / 122_400.0,
    ];
    let inverse_square = 1.0 / (z * z);
    TERMS
        .iter()
        .rev()
        .fold(0.0, |sum, term| sum * inverse_square + term)
        / z
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_closed_forms() {
        // B(a, b) = (a − 1)! (b − 1)! / (a + b − 1)!; some ten roundings each.
        for (a, b, beta) in [
            (1.0, 1.0, 1.0),
            (2.0, 3.0, 1.0 / 12.0),
            (5.0, 20.0, 1.0 / 212_520.0),
        ] {
            assert!((ln_beta(a, b) - f64::ln(beta)).abs() < 3e-15 * f64::ln(beta).abs().max(10.0));
        }
    }

    #[test]
    fn halves_give_pi() {
        assert!((ln_beta(0.5, 0.5) - std::f64::consts::PI.ln()).abs() < 1e-14);
    }

    #[test]
    fn the_recurrence_holds_for_large_parameters() {
        // B(a + 1, b) = B(a, b) a / (a + b), a check of digits that plain ln Γ differences lose.
        let a = 12_934.0;
        assert!((ln_beta(a + 1.0, 0.5) - ln_beta(a, 0.5) - (a / (a + 0.5)).ln()).abs() < 1e-14);
    }
}
