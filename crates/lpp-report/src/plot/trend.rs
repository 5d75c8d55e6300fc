//! Regression line, bootstrap band and correlation of a set of points.

use lpp_stats::{LineScale, RegressionBand, RegressionLine, pearson};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::axes::Axes;
use super::svg::{Stroke, Svg};
use lpp_analysis::number::{correlation, p_value};

/// Resamples of a band, as in the reference figures.
const N_RESAMPLES: usize = 1000;
/// Seed of all bands: figures must not change from run to run.
const BAND_SEED: u64 = 1234;

/// Line, band and correlation of points, on the logarithm of x if the axis is logarithmic.
pub(crate) struct Trend {
    pub(crate) n: usize,
    line: Option<RegressionLine>,
    band: Option<RegressionBand>,
    r: f64,
    p: f64,
}

impl Trend {
    pub(crate) fn of(x: &[f64], y: &[f64], log_x: bool) -> Self {
        let along: Vec<f64> = if log_x {
            x.iter().map(|x| x.ln()).collect()
        } else {
            x.to_vec()
        };
        let correlation = pearson(&along, y).ok();
        let scale = if log_x { LineScale::LogX } else { LineScale::Linear };
        // Too few points or sizes have no line: the figure then shows the points alone.
        let line = RegressionLine::fit(x, y, scale).ok();
        let band = line.as_ref().and_then(|line| {
            line.bootstrap_band(x, y, N_RESAMPLES, &mut ChaCha8Rng::seed_from_u64(BAND_SEED))
                .ok()
                .flatten()
        });
        Self {
            n: x.len(),
            line,
            band,
            r: correlation.map_or(f64::NAN, |c| c.r),
            p: correlation.map_or(f64::NAN, |c| c.p),
        }
    }

    /// All heights that the axis must hold.
    pub(crate) fn heights(&self) -> Vec<f64> {
        let band = self
            .band
            .iter()
            .flat_map(|band| band.low.iter().chain(&band.high));
        self.line
            .iter()
            .flat_map(|line| &line.y)
            .chain(band)
            .copied()
            .collect()
    }

    /// Correlation, its p and the number of points.
    pub(crate) fn text(&self) -> String {
        if !self.has_correlation() {
            return format!("n = {}", self.n);
        }
        format!("{}, {}, n = {}", correlation(self.r), p_value(self.p), self.n)
    }

    /// Two points always lie on a line, which says nothing.
    fn has_correlation(&self) -> bool {
        self.n > 2 && !self.r.is_nan()
    }

    /// Correlation and its p, where space is short.
    pub(crate) fn short_text(&self) -> String {
        if !self.has_correlation() {
            return format!("n = {}", self.n);
        }
        format!("{}, {}", correlation(self.r), p_value(self.p))
    }

    /// The line on the page.
    pub(crate) fn path(&self, axes: &Axes) -> Vec<(f64, f64)> {
        self.line
            .as_ref()
            .map_or_else(Vec::new, |line| axes.curve(&line.x, &line.y))
    }

    pub(crate) fn draw(&self, svg: &mut Svg, axes: &Axes, colour: &str) {
        let Some(line) = &self.line else { return };
        if let Some(band) = &self.band {
            let mut area = axes.curve(&line.x, &band.low);
            let mut upper = axes.curve(&line.x, &band.high);
            upper.reverse();
            area.extend(upper);
            svg.polygon("band", &area, colour, 0.18);
        }
        svg.polyline("regression", &self.path(axes), Stroke::solid(colour, 0.45));
    }
}
