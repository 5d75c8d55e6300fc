//! Left and right values of the same models, in one plot.

use super::axes::{Axes, Captions};
use super::rect::Rect;
use super::scale::Scale;
use super::scatter::{HorizontalAxis, ScatterPoint};
use super::sheet::{Panel, Sheet};
use super::svg::Svg;
use super::trend::Trend;
use crate::theme::{LEFT, MARK_MM, Mark, RIGHT, Theme};
use lpp_analysis::number::compact;

/// Left and right values of the same models against a property of theirs.
#[derive(Debug, Clone, PartialEq)]
pub struct SidesPlot {
    /// Title.
    pub title: String,
    /// The horizontal axis.
    pub x: HorizontalAxis,
    /// Name of the vertical axis, with its unit.
    pub y_name: String,
    /// Values of the left hemisphere.
    pub left: Vec<ScatterPoint>,
    /// Values of the right hemisphere.
    pub right: Vec<ScatterPoint>,
    /// A height that the values can be compared with, and its confidence interval: the noise ceiling.
    pub level: Option<Level>,
}

/// A horizontal line with a band.
#[derive(Debug, Clone, PartialEq)]
pub struct Level {
    /// What it is.
    pub name: String,
    /// Left and right value.
    pub sides: [f64; 2],
    /// Confidence interval of either; NaN if it is not known.
    pub intervals: [(f64, f64); 2],
}

impl SidesPlot {
    /// Draws the plot alone: 120 mm wide.
    #[must_use]
    pub fn to_svg(&self) -> String {
        Sheet::single(Panel::Sides(self.clone())).to_svg(Theme::Light)
    }

    /// What the plot shows, in words and numbers.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let parts: Vec<String> = self
            .sides()
            .iter()
            .map(|side| format!("{} {}", side.name, side.trend.text()))
            .collect();
        format!(
            "{}: {} against {}; {}; {}",
            self.title,
            self.y_name,
            self.x.name,
            parts.join("; "),
            self.difference_text()
        )
    }

    /// Correlation of left minus right, of the models that have both.
    fn difference_text(&self) -> String {
        let (x, y): (Vec<f64>, Vec<f64>) = self
            .left
            .iter()
            .filter_map(|left| {
                let right = self.right.iter().find(|right| right.name == left.name)?;
                Some((left.x, left.y - right.y))
            })
            .filter(|(x, y)| self.x.shows(*x) && y.is_finite())
            .unzip();
        format!("L \u{2212} R: {}", Trend::of(&x, &y, self.x.log).short_text())
    }

    pub(crate) fn draw(&self, svg: &mut Svg, area: Rect) {
        let sides = self.sides();
        let everything = || sides.iter().flat_map(|side| side.points.iter());
        let levels = self.level.iter().flat_map(|level| {
            let intervals = level.intervals.iter().flat_map(|(low, high)| [*low, *high]);
            level.sides.iter().copied().chain(intervals)
        });
        let axes = Axes::within(
            area,
            self.x.scale(everything().map(|point| point.x)),
            Scale::linear(
                everything()
                    .map(|point| point.y)
                    .chain(sides.iter().flat_map(|side| side.trend.heights()))
                    .chain(levels),
            ),
        );
        let note = if area.width() < 75.0 {
            self.difference_text()
        } else {
            let text = |side: &Side<'_>| format!("{} {}", side.name, side.trend.short_text());
            format!("{}; {}", text(&sides[0]), text(&sides[1]))
        };
        axes.draw(
            svg,
            Captions {
                title: &self.title,
                note: &note,
                x_name: &self.x.name,
                y_name: &self.y_name,
            },
        );
        if let Some(level) = &self.level {
            draw_level(svg, &axes, level);
        }
        for side in &sides {
            side.trend.draw(svg, &axes, side.colour);
            for point in &side.points {
                let tooltip = format!("{}, {}: {}", point.name, side.name, compact(point.y));
                let at = axes.at(point.x, point.y);
                svg.mark("point", side.mark, at, MARK_MM, side.colour, &tooltip);
            }
        }
    }

    fn sides(&self) -> [Side<'_>; 2] {
        let side = |name, colour, mark, points| Side::new(name, colour, mark, points, &self.x);
        [
            side("left", LEFT, Mark::Circle, &self.left),
            side("right", RIGHT, Mark::Square, &self.right),
        ]
    }
}

fn draw_level(svg: &mut Svg, axes: &Axes, level: &Level) {
    let (from, to) = (axes.frame.left, axes.frame.right);
    for ((value, (low, high)), colour) in level.sides.iter().zip(&level.intervals).zip([LEFT, RIGHT]) {
        let height = |value: f64| axes.at(1.0, value).1;
        if low.is_finite() && high.is_finite() {
            let corners = [
                (from, height(*low)),
                (to, height(*low)),
                (to, height(*high)),
                (from, height(*high)),
            ];
            svg.polygon("ceiling-band", &corners, colour, 0.15);
        }
        if value.is_finite() {
            let stroke = super::svg::Stroke {
                dashed: true,
                ..super::svg::Stroke::solid(colour, 0.35)
            };
            svg.polyline("ceiling", &[(from, height(*value)), (to, height(*value))], stroke);
        }
    }
}

/// One hemisphere's points and how they are drawn.
struct Side<'a> {
    name: &'static str,
    colour: &'static str,
    mark: Mark,
    points: Vec<&'a ScatterPoint>,
    trend: Trend,
}

impl<'a> Side<'a> {
    fn new(
        name: &'static str,
        colour: &'static str,
        mark: Mark,
        points: &'a [ScatterPoint],
        axis: &HorizontalAxis,
    ) -> Self {
        let points: Vec<_> = points
            .iter()
            .filter(|point| point.y.is_finite() && axis.shows(point.x))
            .collect();
        let x: Vec<f64> = points.iter().map(|point| point.x).collect();
        let y: Vec<f64> = points.iter().map(|point| point.y).collect();
        Self {
            name,
            colour,
            mark,
            trend: Trend::of(&x, &y, axis.log),
            points,
        }
    }
}
