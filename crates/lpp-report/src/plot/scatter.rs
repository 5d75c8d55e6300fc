//! Scatter plot over model size, with regression line, bootstrap band, r and p.

use lpp_stats::{LineScale, RegressionLine, pearson};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::axes::Axes;
use super::labels::{self, Rect};
use super::scale::Scale;
use super::svg::{Align, Svg};
use crate::theme::{MARK_MM, NEUTRAL, TEXT_MM, family_style};
use lpp_analysis::number::{compact, correlation, p_value};

/// Resamples of a band, as in the reference figures.
const N_RESAMPLES: usize = 1000;
/// Seed of all bands: figures must not change from run to run.
const BAND_SEED: u64 = 1234;
const LABEL_MM: f64 = 2.1;

/// A model in a scatter plot.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterPoint {
    /// Name, written beside the point where there is room.
    pub name: String,
    /// Family, which decides colour and mark.
    pub family: String,
    /// Number of parameters, over 0.
    pub n_parameters: f64,
    /// Value on the vertical axis.
    pub value: f64,
}

/// A scatter plot of a score against the logarithm of model size.
///
/// ```
/// use lpp_report::plot::{Scatter, ScatterPoint};
/// let point = |name: &str, n_parameters, value| ScatterPoint {
///     name: name.into(), family: "gpt2".into(), n_parameters, value,
/// };
/// let figure = Scatter {
///     title: "Brain score".into(),
///     y_name: "mean correlation".into(),
///     points: vec![point("gpt2", 1.2e8, 0.07), point("gpt2-xl", 1.6e9, 0.09), point("x", 1e10, 0.1)],
/// };
/// assert!(figure.to_svg().contains("r = "));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Scatter {
    /// Title.
    pub title: String,
    /// Name of the vertical axis, with its unit.
    pub y_name: String,
    /// The models; points that are not finite are left out.
    pub points: Vec<ScatterPoint>,
}

impl Scatter {
    /// Draws the plot: 120 mm by 85 mm.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let points: Vec<&ScatterPoint> = self
            .points
            .iter()
            .filter(|p| p.value.is_finite() && p.n_parameters > 0.0)
            .collect();
        let trend = Trend::of(&points);
        let mut svg = Svg::new(120.0, 85.0, self.description(&trend));
        let axes = axes_of(&points, &trend);
        axes.draw(&mut svg, &self.title, "parameters (log scale)", &self.y_name);
        trend.draw(&mut svg, &axes, NEUTRAL);
        svg.text(
            (axes.left + 2.0, axes.top + 3.0),
            Align::Start,
            TEXT_MM,
            &trend.text(),
        );
        let families = families_of(&points);
        let places: Vec<(f64, f64)> = points.iter().map(|p| axes.at(p.n_parameters, p.value)).collect();
        for (point, at) in points.iter().zip(&places) {
            let number = families.iter().position(|f| *f == point.family).unwrap_or(0);
            let (colour, mark) = family_style(number);
            let tooltip = format!("{}: {}", point.name, compact(point.value));
            svg.mark("point", mark, *at, MARK_MM, colour, &tooltip);
        }
        let legend = draw_families(&mut svg, &families, axes.right() - 22.0, axes.bottom() - 2.0);
        let caption = Rect {
            left: axes.left,
            top: axes.top - 1.0,
            right: axes.left + 44.0,
            bottom: axes.top + 4.0,
        };
        let frame = Rect {
            left: axes.left,
            top: axes.top,
            right: 119.0,
            bottom: axes.bottom(),
        };
        let names: Vec<String> = points.iter().map(|p| p.name.clone()).collect();
        let spots = labels::place(&places, &names, LABEL_MM, frame, &[caption, legend]);
        labels::draw(&mut svg, &places, &names, LABEL_MM, &spots);
        svg.finish()
    }

    /// What the plot shows, in words and numbers: the alternative text.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let points: Vec<&ScatterPoint> = self
            .points
            .iter()
            .filter(|p| p.value.is_finite() && p.n_parameters > 0.0)
            .collect();
        self.description(&Trend::of(&points))
    }

    fn description(&self, trend: &Trend) -> String {
        format!(
            "{}: {} against number of parameters for {} models, {}",
            self.title,
            self.y_name,
            trend.n,
            trend.text()
        )
    }
}

fn axes_of(points: &[&ScatterPoint], trend: &Trend) -> Axes {
    Axes {
        x: Scale::log(points.iter().map(|p| p.n_parameters)),
        y: Scale::linear(points.iter().map(|p| p.value).chain(trend.heights())),
        left: 16.0,
        top: 8.0,
        width: 100.0,
        height: 67.0,
    }
}

/// Families in the order in which they first appear by size, so that colours do not depend on the alphabet.
fn families_of(points: &[&ScatterPoint]) -> Vec<String> {
    let mut families: Vec<String> = Vec::new();
    for point in points {
        if !families.contains(&point.family) {
            families.push(point.family.clone());
        }
    }
    families
}

/// Draws the legend upwards from `bottom`; returns the area it takes.
fn draw_families(svg: &mut Svg, families: &[String], left: f64, bottom: f64) -> Rect {
    let shown = families.len().min(14);
    let top = bottom - shown as f64 * 3.4;
    for (i, family) in families.iter().take(shown).enumerate() {
        let y = top + (i as f64 + 0.6) * 3.4;
        let (colour, mark) = family_style(i);
        svg.mark("legend", mark, (left + 2.0, y), MARK_MM, colour, family);
        svg.text((left + 4.5, y + TEXT_MM * 0.35), Align::Start, TEXT_MM, family);
    }
    Rect {
        left,
        top,
        right: left + 22.0,
        bottom,
    }
}

/// Line, band and correlation of a set of points on the logarithm of their size.
pub(crate) struct Trend {
    n: usize,
    line: Option<RegressionLine>,
    band: Option<lpp_stats::RegressionBand>,
    r: f64,
    p: f64,
}

impl Trend {
    pub(crate) fn of(points: &[&ScatterPoint]) -> Self {
        let x: Vec<f64> = points.iter().map(|p| p.n_parameters).collect();
        let y: Vec<f64> = points.iter().map(|p| p.value).collect();
        let log: Vec<f64> = x.iter().map(|x| x.ln()).collect();
        let correlation = pearson(&log, &y).ok();
        // Too few points or sizes have no line: the figure then shows the points alone.
        let line = RegressionLine::fit(&x, &y, LineScale::LogX).ok();
        let band = line.as_ref().and_then(|line| {
            line.bootstrap_band(&x, &y, N_RESAMPLES, &mut ChaCha8Rng::seed_from_u64(BAND_SEED))
                .ok()
                .flatten()
        });
        Self {
            n: points.len(),
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

    pub(crate) fn text(&self) -> String {
        if self.r.is_nan() {
            return format!("n = {}", self.n);
        }
        format!("{}, {}, n = {}", correlation(self.r), p_value(self.p), self.n)
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
        svg.polyline("regression", &axes.curve(&line.x, &line.y), colour, 0.45);
    }
}
