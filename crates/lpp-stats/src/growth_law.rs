//! Growth with the logarithm of size, or growth that levels off: which predicts models that were left out?

use crate::checks::{at_least, check_finite, same_length};
use crate::{Groups, StatsError};

/// Decay lengths of the plateau, as shares of the range of x. A longer one levels off beyond the largest model, where it cannot
/// be told from a line; a shorter one than a twentieth is a step between two models.
const DECAY: [f64; 2] = [0.05, 0.5];
/// Steps between them, in equal ratios.
const N_DECAYS: u32 = 24;

/// y = `level` − `drop`·exp(−(x − `from`)/`decay`), which levels off.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plateau {
    /// Where it levels off.
    pub level: f64,
    /// Distance from there at `from`.
    pub drop: f64,
    /// The smallest x.
    pub from: f64,
    /// The distance in x over which all but 1/e of the rest is done.
    pub decay: f64,
}

impl Plateau {
    /// The value at `x`.
    #[must_use]
    pub fn at(&self, x: f64) -> f64 {
        self.level - self.drop * (-(x - self.from) / self.decay).exp()
    }

    /// Where half of the way from the smallest x to the level is done.
    #[must_use]
    pub fn half_way(&self) -> f64 {
        self.from + self.decay * std::f64::consts::LN_2
    }
}

/// Two laws of growth and how well they predict.
///
/// With x = ln(parameters), a line is logarithmic growth. The other law saturates, as a power law of the parameters with a
/// limit does. It has one number more, so that fit alone would favour it; prediction of observations that had no part in the
/// fit does not.
///
/// ```
/// use lpp_stats::{GrowthLaw, Groups};
/// let x: Vec<f64> = (0..20).map(|i| 18.0 + 0.25 * f64::from(i)).collect();
/// let wiggle = |x: &f64| 0.01 * (40.0 * x).sin();
/// let each = Groups::by_label(&(0..20).collect::<Vec<_>>());
/// let line: Vec<f64> = x.iter().map(|x| 0.1 * x + wiggle(x)).collect();
/// assert!(GrowthLaw::compare(&x, &line, &each)?.is_logarithmic());
/// let limited: Vec<f64> = x.iter().map(|x| 1.0 - (18.0 - x).exp() + wiggle(x)).collect();
/// let found = GrowthLaw::compare(&x, &limited, &each)?;
/// assert!(!found.is_logarithmic() && (found.plateau.level - 1.0).abs() < 0.02);
/// # Ok::<(), lpp_stats::StatsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GrowthLaw {
    /// Mean squared error of what was left out, by a line in x.
    pub error_of_line: f64,
    /// The same by a plateau.
    pub error_of_plateau: f64,
    /// The plateau through all observations.
    pub plateau: Plateau,
}

impl GrowthLaw {
    /// Predicts each group of observations from the others, by both laws.
    ///
    /// Coefficients are those of least squares, and the decay length of the plateau is the best of a grid between a twentieth
    /// and half of the range of x.
    ///
    /// # Errors
    /// [`StatsError`] with fewer than two groups, fewer than four observations or fewer than three different x without some
    /// group, unequal lengths, or values that are not finite.
    pub fn compare(x: &[f64], y: &[f64], left_out: &Groups) -> Result<Self, StatsError> {
        same_length(("x", x.len()), ("y", y.len()))?;
        same_length(("x", x.len()), ("groups", left_out.n_observations()))?;
        check_finite("x", x)?;
        check_finite("y", y)?;
        at_least("groups that are left out in turn", 2, left_out.len())?;
        let (from, decays) = grid(x);
        let (mut of_line, mut of_plateau) = (0.0, 0.0);
        for group in 0..left_out.len() {
            let out = left_out.members(group);
            let others: Vec<usize> = (0..x.len()).filter(|i| !out.contains(i)).collect();
            let [known_x, known_y] = [x, y].map(|all| others.iter().map(|&i| all[i]).collect::<Vec<f64>>());
            at_least("different sizes of a plateau", 3, n_different(&known_x))?;
            at_least("observations of a plateau", 4, known_x.len())?;
            let line = least_squares(&known_x, &known_y, |x| x);
            let plateau = fit(&known_x, &known_y, from, &decays);
            for &i in out {
                of_line += (line.intercept + line.slope * x[i] - y[i]).powi(2);
                of_plateau += (plateau.at(x[i]) - y[i]).powi(2);
            }
        }
        let n = x.len() as f64;
        Ok(Self {
            error_of_line: of_line / n,
            error_of_plateau: of_plateau / n,
            plateau: fit(x, y, from, &decays),
        })
    }

    /// Whether the line predicts at least as well.
    #[must_use]
    pub fn is_logarithmic(&self) -> bool {
        self.error_of_line <= self.error_of_plateau
    }
}

/// The smallest x, and the decay lengths that are tried.
fn grid(x: &[f64]) -> (f64, Vec<f64>) {
    let from = x.iter().copied().fold(f64::INFINITY, f64::min);
    let range = x.iter().copied().fold(f64::NEG_INFINITY, f64::max) - from;
    let ratio = DECAY[1] / DECAY[0];
    let decay = |step: u32| range * DECAY[0] * ratio.powf(f64::from(step) / f64::from(N_DECAYS));
    (from, (0..=N_DECAYS).map(decay).collect())
}

/// The plateau with the smallest squared error.
fn fit(x: &[f64], y: &[f64], from: f64, decays: &[f64]) -> Plateau {
    let of_decay = |&decay: &f64| {
        let line = least_squares(x, y, |x| (-(x - from) / decay).exp());
        let plateau = Plateau {
            level: line.intercept,
            drop: -line.slope,
            from,
            decay,
        };
        (line.error, plateau)
    };
    let best = decays.iter().map(of_decay).min_by(|a, b| a.0.total_cmp(&b.0));
    best.unwrap_or_else(|| unreachable!("the grid is not empty")).1
}

/// y = intercept + slope·f(x) and its squared error.
struct Line {
    intercept: f64,
    slope: f64,
    error: f64,
}

fn least_squares(x: &[f64], y: &[f64], f: impl Fn(f64) -> f64) -> Line {
    let n = x.len() as f64;
    let of_x: Vec<f64> = x.iter().map(|&x| f(x)).collect();
    let [mean_x, mean_y] = [of_x.as_slice(), y].map(|v| v.iter().sum::<f64>() / n);
    let (mut cross, mut square) = (0.0, 0.0);
    for (x, y) in of_x.iter().zip(y) {
        cross += (x - mean_x) * (y - mean_y);
        square += (x - mean_x).powi(2);
    }
    let slope = cross / square;
    let intercept = mean_y - slope * mean_x;
    let squares = of_x
        .iter()
        .zip(y)
        .map(|(x, y)| (intercept + slope * x - y).powi(2));
    Line {
        intercept,
        slope,
        error: squares.sum(),
    }
}

fn n_different(x: &[f64]) -> usize {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    sorted.len()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, StandardNormal};

    use super::*;

    /// ln(parameters) of the 28 English models of the published study, and their families.
    const MODELS: [(f64, &str); 28] = [
        (18.64, "gpt2"),
        (18.65, "opt"),
        (18.68, "mamba"),
        (19.62, "opt"),
        (19.69, "gpt2"),
        (19.73, "mamba"),
        (19.96, "qwen"),
        (20.47, "gpt2"),
        (20.49, "mamba"),
        (21.00, "opt"),
        (21.04, "mamba"),
        (21.17, "gpt2"),
        (21.22, "stablelm"),
        (21.33, "qwen"),
        (21.64, "gemma"),
        (21.70, "opt"),
        (21.74, "mamba"),
        (21.75, "stablelm"),
        (22.10, "qwen"),
        (22.62, "opt"),
        (22.63, "llama"),
        (22.70, "mistral"),
        (22.77, "qwen"),
        (22.87, "gemma"),
        (23.22, "stablelm"),
        (23.28, "opt"),
        (23.29, "llama"),
        (23.37, "qwen"),
    ];

    /// In how many of 200 studies the line is preferred, with noise as in the published study: r = 0.95 of score and size.
    fn n_logarithmic(truth: impl Fn(f64) -> f64, by_family: bool) -> usize {
        let x: Vec<f64> = MODELS.iter().map(|(x, _)| *x).collect();
        let share = |x: f64| (x - MODELS[0].0) / (MODELS[27].0 - MODELS[0].0);
        let mean = x.iter().map(|&x| share(x)).sum::<f64>() / 28.0;
        let variance = x.iter().map(|&x| (share(x) - mean).powi(2)).sum::<f64>() / 28.0;
        let sd = (variance * (1.0 / 0.95_f64.powi(2) - 1.0)).sqrt();
        let groups = if by_family {
            Groups::by_label(&MODELS.map(|(_, family)| family))
        } else {
            Groups::by_label(&(0..28).collect::<Vec<_>>())
        };
        let mut rng = ChaCha8Rng::seed_from_u64(20);
        let mut study = || {
            let noise = |rng: &mut ChaCha8Rng| -> f64 { StandardNormal.sample(rng) };
            let y: Vec<f64> = x
                .iter()
                .map(|&x| truth(share(x)) + sd * noise(&mut rng))
                .collect();
            GrowthLaw::compare(&x, &y, &groups).unwrap().is_logarithmic()
        };
        (0..200).filter(|_| study()).count()
    }

    #[test]
    fn the_planted_law_is_preferred() {
        for by_family in [false, true] {
            let of_line = n_logarithmic(|x| x, by_family);
            let of_plateau =
                [0.15, 0.25, 0.35].map(|decay| n_logarithmic(|x| 1.0 - (-x / decay).exp(), by_family));
            println!("by family {by_family}: line {of_line}, plateaus {of_plateau:?} of 200 as a line");
            assert!(of_line >= 180, "{of_line}");
            assert!(of_plateau.iter().all(|&n| n <= 20), "{of_plateau:?}");
        }
    }

    #[test]
    fn too_little_is_refused() {
        let each = Groups::by_label(&[0, 1, 2, 3]);
        assert!(GrowthLaw::compare(&[1.0, 2.0, 3.0, 4.0], &[0.0; 4], &each).is_err());
        let five = Groups::by_label(&[0, 1, 2, 3, 4]);
        assert!(GrowthLaw::compare(&[1.0, 1.0, 1.0, 1.0, 2.0], &[0.0; 5], &five).is_err());
        assert!(GrowthLaw::compare(&[1.0; 5], &[f64::NAN; 5], &five).is_err());
    }
}
