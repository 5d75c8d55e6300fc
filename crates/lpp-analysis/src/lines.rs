//! Regression lines with their bootstrap bands, as columns of tables.

use lpp_stats::{LineScale, RegressionLine};
use lpp_tables::{Point, SizePoint};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::AnalysisError;
use crate::regression::complete;

/// Resamples of a band, as many as seaborn's `regplot` takes.
const RESAMPLES: usize = 1000;

/// A place on a line.
pub(crate) struct Sampled {
    x: f64,
    value: f64,
    band: [f64; 2],
    seed: u64,
}

macro_rules! columns_of_lines {
    ($($columns:ident)+) => {$(
        impl From<Sampled> for $columns {
            fn from(at: Sampled) -> Self {
                Self {
                    x: at.x,
                    value: at.value,
                    band_low: at.band[0],
                    band_high: at.band[1],
                    seed: Some(at.seed),
                }
            }
        }
    )+};
}

columns_of_lines! { SizePoint Point }

/// A hundred places on the line through the points of which both values are known, and its 95 % band.
///
/// Each line starts from the same seed, so that a band does not depend on what is drawn beside it. Points with fewer than two
/// different x have no line; two points have a line without a band.
pub(crate) fn line<P: From<Sampled>>(
    x: &[f64],
    y: &[f64],
    scale: LineScale,
    seed: u64,
) -> Result<Vec<P>, AnalysisError> {
    let (x, y) = complete(x, y);
    let Ok(line) = RegressionLine::fit(&x, &y, scale) else {
        return Ok(Vec::new());
    };
    let band = line.bootstrap_band(&x, &y, RESAMPLES, &mut ChaCha8Rng::seed_from_u64(seed))?;
    let at = |(i, (&x, &value)): (usize, (&f64, &f64))| {
        let ends = band.as_ref().map(|band| [band.low[i], band.high[i]]);
        let band = ends.unwrap_or([f64::NAN; 2]);
        P::from(Sampled { x, value, band, seed })
    };
    Ok(line.x.iter().zip(&line.y).enumerate().map(at).collect())
}

/// The line over the number of parameters, which is straight over its logarithm.
pub(crate) fn size_line(parameters: &[f64], y: &[f64], seed: u64) -> Result<Vec<SizePoint>, AnalysisError> {
    line(parameters, y, LineScale::LogX, seed)
}
