//! A regression as a table has it: its line, its band, r and p.

use lpp_tables::number::{correlation, p_value};
use lpp_tables::{LinePoint, RegressionSummary};

use super::axes::Axes;
use super::svg::{Stroke, Svg};

/// A regression that was computed elsewhere.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// Number of points, r and p.
    pub summary: RegressionSummary,
    /// The line and its band, place by place; empty if there is none.
    pub line: Vec<LinePoint>,
}

impl Trend {
    /// All heights that the axis must hold.
    pub(crate) fn heights(&self) -> impl Iterator<Item = f64> {
        let heights = self.line.iter().flat_map(|at| [at.y, at.band[0], at.band[1]]);
        heights.filter(|height| height.is_finite())
    }

    /// Correlation, its p and the number of points.
    pub(crate) fn text(&self) -> String {
        if has_correlation(&self.summary) {
            format!("{}, n = {}", short_text(&self.summary), self.summary.n)
        } else {
            short_text(&self.summary)
        }
    }

    /// The line on the page.
    pub(crate) fn path(&self, axes: &Axes) -> Vec<(f64, f64)> {
        self.edge(axes, |at| at.y)
    }

    fn edge(&self, axes: &Axes, height: fn(&LinePoint) -> f64) -> Vec<(f64, f64)> {
        let places = self.line.iter().map(|at| axes.at(at.x, height(at)));
        places.filter(|(x, y)| x.is_finite() && y.is_finite()).collect()
    }

    pub(crate) fn draw(&self, svg: &mut Svg, axes: &Axes, colour: &str) {
        if self.line.is_empty() {
            return;
        }
        let mut area = self.edge(axes, |at| at.band[0]);
        if !area.is_empty() {
            let mut upper = self.edge(axes, |at| at.band[1]);
            upper.reverse();
            area.extend(upper);
            svg.polygon("band", &area, colour, 0.18);
        }
        svg.polyline("regression", &self.path(axes), Stroke::solid(colour, 0.45));
    }
}

/// Two points always lie on a line, which says nothing.
fn has_correlation(of: &RegressionSummary) -> bool {
    of.n > 2 && !of.r.is_nan()
}

/// Correlation and its p, where space is short.
pub(crate) fn short_text(of: &RegressionSummary) -> String {
    if has_correlation(of) {
        format!("{}, {}", correlation(of.r), p_value(of.p))
    } else {
        format!("n = {}", of.n)
    }
}
