//! Left and right values of the same models, in one plot.

use super::axes::{Axes, Captions};
use super::horizontal_axis::HorizontalAxis;
use super::rect::Rect;
use super::scale::Scale;
use super::scatter::ScatterPoint;
use super::svg::Svg;
use super::trend::{Trend, short_text};
use crate::theme::{LEFT, MARK_MM, Mark, RIGHT};
use lpp_tables::RegressionSummary;
use lpp_tables::number::compact;

/// Left and right values of the same models against a property of theirs.
#[derive(Debug, Clone, PartialEq)]
pub struct SidesPlot {
    /// Title.
    pub title: String,
    /// The horizontal axis.
    pub x: HorizontalAxis,
    /// Name of the vertical axis, with its unit.
    pub y_name: String,
    /// The left hemisphere.
    pub left: Series,
    /// The right hemisphere.
    pub right: Series,
    /// The regression of left minus right, where there is one.
    pub difference: Option<RegressionSummary>,
    /// A height that the values can be compared with, and its confidence interval: the noise ceiling.
    pub level: Option<Level>,
}

/// Values of one hemisphere and their regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The models; points that are not finite are left out.
    pub points: Vec<ScatterPoint>,
    /// Their regression.
    pub trend: Trend,
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
    /// What the plot shows, in words and numbers.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let parts: Vec<String> = self
            .sides()
            .iter()
            .map(|side| format!("{} {}", side.name, side.trend.text()))
            .collect();
        let difference = self.difference_text();
        format!(
            "{}: {} against {}; {}{}{}",
            self.title,
            self.y_name,
            self.x.name,
            parts.join("; "),
            if difference.is_empty() { "" } else { "; " },
            difference
        )
    }

    /// Correlation of left minus right.
    fn difference_text(&self) -> String {
        let text = |of| format!("L \u{2212} R: {}", short_text(of));
        self.difference.as_ref().map_or_else(String::new, text)
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
            let text = |side: &Side<'_>| format!("{} {}", side.name, short_text(&side.trend.summary));
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

    /// The points that can be drawn.
    fn shown<'a>(&self, series: &'a Series) -> Vec<&'a ScatterPoint> {
        let points = series.points.iter();
        points
            .filter(|point| point.y.is_finite() && self.x.shows(point.x))
            .collect()
    }

    fn sides(&self) -> [Side<'_>; 2] {
        [
            Side {
                name: "left",
                colour: LEFT,
                mark: Mark::Circle,
                points: self.shown(&self.left),
                trend: &self.left.trend,
            },
            Side {
                name: "right",
                colour: RIGHT,
                mark: Mark::Square,
                points: self.shown(&self.right),
                trend: &self.right.trend,
            },
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
    trend: &'a Trend,
}
