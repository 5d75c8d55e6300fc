//! Densities of one value over voxels: of reliability, of the scores of baselines and models.

use super::axes::{Axes, Captions};
use super::rect::Rect;
use super::scale::Scale;
use super::svg::{Align, Stroke, Svg};
use crate::font::{Weight, text_width};
use crate::theme::TEXT_MM;
use lpp_tables::number::compact;

/// A density curve.
#[derive(Debug, Clone, PartialEq)]
pub struct DensityCurve {
    /// What it is the density of.
    pub name: String,
    /// Values, rising.
    pub x: Vec<f64>,
    /// The density there, in units of 1/x.
    pub density: Vec<f64>,
    /// Colour, as `#rrggbb`.
    pub colour: String,
    /// Whether the line is dashed, which baselines are.
    pub dashed: bool,
    /// Whether the legend names it: of many models only some.
    pub explained: bool,
}

/// Density curves over one axis.
#[derive(Debug, Clone, PartialEq)]
pub struct DensityPlot {
    /// Title.
    pub title: String,
    /// Name of the value, with its unit.
    pub x_name: String,
    /// The curves.
    pub curves: Vec<DensityCurve>,
    /// A value that is marked by a dashed line, and its name.
    pub threshold: Option<(f64, String)>,
    /// Whether the area below the curves is filled: good for one, too much for many.
    pub filled: bool,
}

impl DensityPlot {
    /// What the plot shows: where each curve is highest.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let mode = |curve: &DensityCurve| {
            curve
                .x
                .iter()
                .zip(&curve.density)
                .max_by(|a, b| a.1.total_cmp(b.1))
                .map_or(f64::NAN, |(x, _)| *x)
        };
        let curves: Vec<String> = self
            .curves
            .iter()
            .map(|curve| format!("{} highest at {}", curve.name, compact(mode(curve))))
            .collect();
        let threshold = self.threshold.as_ref().map_or_else(String::new, |(value, name)| {
            format!("; {name} at {}", compact(*value))
        });
        format!(
            "{}: density of {}; {}{threshold}",
            self.title,
            self.x_name,
            curves.join(", ")
        )
    }

    pub(crate) fn draw(&self, svg: &mut Svg, area: Rect) {
        let x = self.curves.iter().flat_map(|curve| curve.x.iter().copied());
        let high = self
            .curves
            .iter()
            .flat_map(|curve| curve.density.iter().copied())
            .filter(|density| density.is_finite())
            .fold(0.0, f64::max);
        let y = Scale::Linear {
            low: 0.0,
            high: if high > 0.0 { high * 1.08 } else { 1.0 },
        };
        let marked = self.threshold.iter().map(|(value, _)| *value);
        let axes = Axes::within(area, Scale::linear(x.chain(marked)), y);
        let captions = Captions {
            title: &self.title,
            note: "",
            x_name: &self.x_name,
            y_name: "density",
        };
        axes.draw(svg, captions);
        for curve in &self.curves {
            let line = axes.curve(&curve.x, &curve.density);
            if self.filled
                && let (Some(first), Some(last)) = (line.first(), line.last())
            {
                let mut below = line.clone();
                below.push((last.0, axes.frame.bottom));
                below.push((first.0, axes.frame.bottom));
                svg.polygon("below", &below, &curve.colour, 0.25);
            }
            let stroke = Stroke {
                dashed: curve.dashed,
                ..Stroke::solid(&curve.colour, 0.45)
            };
            svg.polyline("density", &line, stroke);
        }
        if let Some((value, name)) = &self.threshold {
            draw_threshold(svg, &axes, *value, name);
        }
    }
}

/// The line, and its name above the frame, where no curve is.
fn draw_threshold(svg: &mut Svg, axes: &Axes, value: f64, name: &str) {
    let x = axes.at(value, 0.0).0;
    if !x.is_finite() {
        return;
    }
    svg.dashed("threshold", (x, axes.frame.top - 1.0), (x, axes.frame.bottom));
    let half = text_width(name, TEXT_MM, Weight::Regular) / 2.0;
    let middle = x.clamp(
        axes.frame.left + half,
        (axes.frame.right - half).max(axes.frame.left + half),
    );
    svg.text((middle, axes.frame.top - 2.0), Align::Middle, TEXT_MM, name);
}
