//! Curves of several models: along the layers, along the steps of training.

use super::axes::{Axes, Captions};
use super::families::Families;
use super::horizontal_axis::HorizontalAxis;
use super::rect::Rect;
use super::scale::Scale;
use super::svg::{Stroke, Svg};
use crate::theme::MARK_MM;
use lpp_tables::number::compact;

/// A curve of a model.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// Name of the model.
    pub name: String,
    /// Its family, which decides the colour.
    pub family: String,
    /// Where its values lie, in the order in which they are joined.
    pub x: Vec<f64>,
    /// Its values; what is not finite is left out.
    pub y: Vec<f64>,
    /// The ends of the interval of each value; empty without intervals.
    pub band: Vec<[f64; 2]>,
}

/// Curves of models, coloured by family.
///
/// ```
/// use lpp_report::plot::{Curve, Curves, Families, HorizontalAxis};
/// let figure = Curves {
///     title: "Brain score by layer".into(),
///     x: HorizontalAxis::linear("relative depth"),
///     y_name: "mean correlation".into(),
///     curves: vec![Curve { name: "gpt2".into(), family: "gpt2".into(), x: vec![0.0, 0.5], y: vec![0.02, 0.07], band: vec![] }],
///     families: Families::of(["gpt2"]),
///     marked: false,
/// };
/// assert!(figure.alt_text().contains("1 model"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    /// Title.
    pub title: String,
    /// The horizontal axis.
    pub x: HorizontalAxis,
    /// Name of the vertical axis.
    pub y_name: String,
    /// The models.
    pub curves: Vec<Curve>,
    /// The families of the study.
    pub families: Families,
    /// Whether each value has a mark.
    pub marked: bool,
}

impl Curves {
    /// What the plot shows, with the highest value.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let n = self.curves.len();
        let peak = self
            .curves
            .iter()
            .flat_map(|curve| curve.x.iter().zip(&curve.y).map(move |(x, y)| (curve, *x, *y)))
            .filter(|(_, _, y)| y.is_finite())
            .max_by(|a, b| a.2.total_cmp(&b.2));
        let peak = peak.map_or_else(String::new, |(curve, x, y)| {
            format!(", highest {} ({} at {})", compact(y), curve.name, compact(x))
        });
        format!(
            "{}: {} against {} of {n} model{}{peak}",
            self.title,
            self.y_name,
            self.x.name,
            if n == 1 { "" } else { "s" }
        )
    }

    pub(crate) fn draw(&self, svg: &mut Svg, area: Rect) {
        let finite = |curve: &Curve| -> Vec<(f64, f64)> {
            curve
                .x
                .iter()
                .copied()
                .zip(curve.y.iter().copied())
                .filter(|(x, y)| self.x.shows(*x) && y.is_finite())
                .collect()
        };
        let points: Vec<Vec<(f64, f64)>> = self.curves.iter().map(finite).collect();
        let axes = Axes::within(
            area,
            self.x.scale(points.iter().flatten().map(|point| point.0)),
            Scale::linear(
                points.iter().flatten().map(|point| point.1).chain(
                    self.curves
                        .iter()
                        .flat_map(|curve| self.ends(curve).map(|at| at.1)),
                ),
            ),
        );
        axes.draw(
            svg,
            Captions {
                title: &self.title,
                note: &self.note(),
                x_name: &self.x.name,
                y_name: &self.y_name,
            },
        );
        // Very many curves would hide each other.
        let opacity = if self.curves.len() > 40 { 0.45 } else { 1.0 };
        for (curve, points) in self.curves.iter().zip(&points) {
            let (colour, mark) = self.families.style(&curve.family);
            let places: Vec<(f64, f64)> = points.iter().map(|(x, y)| axes.at(*x, *y)).collect();
            // Down along the lower ends, back along the upper.
            let ends: Vec<(f64, f64)> = self.ends(curve).map(|(x, y)| axes.at(x, y)).collect();
            if places.len() > 1 && !ends.is_empty() {
                svg.polygon("band", &ends, colour, 0.15);
            }
            if places.len() > 1 {
                let stroke = Stroke {
                    opacity,
                    ..Stroke::solid(colour, 0.35)
                };
                svg.polyline("curve", &places, stroke);
            }
            // A single value is no line.
            if self.marked || places.len() == 1 {
                for (at, (_, y)) in places.iter().zip(points) {
                    let tooltip = format!("{}: {}", curve.name, compact(*y));
                    svg.mark("point", mark, *at, MARK_MM, colour, &tooltip);
                }
            }
        }
    }

    /// The outline of the band: the lower ends, then the upper ends backwards.
    fn ends<'a>(&'a self, curve: &'a Curve) -> impl Iterator<Item = (f64, f64)> + 'a {
        let known = curve.x.iter().zip(&curve.band);
        let known = known.filter(|(x, ends)| self.x.shows(**x) && ends.iter().all(|end| end.is_finite()));
        let lower = known.clone().map(|(x, ends)| (*x, ends[0]));
        lower.chain(known.rev().map(|(x, ends)| (*x, ends[1])))
    }

    fn note(&self) -> String {
        match self.curves.len() {
            1 => self.curves[0].name.clone(),
            n if self.curves.iter().any(|curve| !curve.band.is_empty()) => format!("{n} series"),
            n => format!("{n} models"),
        }
    }
}
