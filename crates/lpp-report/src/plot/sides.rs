//! Left and right scores over model size, in one plot.

use super::axes::Axes;
use super::scale::Scale;
use super::scatter::{ScatterPoint, Trend};
use super::svg::{Align, Svg};
use crate::theme::{LEFT, MARK_MM, Mark, RIGHT, TEXT_MM};
use lpp_analysis::number::compact;

/// Left and right scores of the same models against the logarithm of their size.
#[derive(Debug, Clone, PartialEq)]
pub struct SidesPlot {
    /// Title.
    pub title: String,
    /// Name of the vertical axis, with its unit.
    pub y_name: String,
    /// Scores of the left hemisphere.
    pub left: Vec<ScatterPoint>,
    /// Scores of the right hemisphere.
    pub right: Vec<ScatterPoint>,
}

impl SidesPlot {
    /// Draws the plot: 120 mm by 85 mm.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let sides = self.sides();
        let everything = || sides.iter().flat_map(|side| side.points.iter());
        let axes = Axes {
            x: Scale::log(everything().map(|p| p.n_parameters)),
            y: Scale::linear(
                everything()
                    .map(|p| p.value)
                    .chain(sides.iter().flat_map(|side| side.trend.heights())),
            ),
            left: 16.0,
            top: 8.0,
            width: 100.0,
            height: 67.0,
        };
        let mut svg = Svg::new(120.0, 85.0, self.alt_text());
        axes.draw(&mut svg, &self.title, "parameters (log scale)", &self.y_name);
        for (row, side) in sides.iter().enumerate() {
            side.trend.draw(&mut svg, &axes, side.colour);
            for point in &side.points {
                let tooltip = format!("{}, {}: {}", point.name, side.name, compact(point.value));
                svg.mark(
                    "point",
                    side.mark,
                    axes.at(point.n_parameters, point.value),
                    MARK_MM,
                    side.colour,
                    &tooltip,
                );
            }
            let y = axes.top + 3.0 + 3.8 * row as f64;
            svg.mark(
                "legend",
                side.mark,
                (axes.left + 3.0, y - 0.9),
                MARK_MM,
                side.colour,
                side.name,
            );
            svg.text(
                (axes.left + 5.5, y),
                Align::Start,
                TEXT_MM,
                &format!("{}: {}", side.name, side.trend.text()),
            );
        }
        svg.finish()
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
            "{}: {} against number of parameters; {}",
            self.title,
            self.y_name,
            parts.join("; ")
        )
    }

    fn sides(&self) -> [Side<'_>; 2] {
        [
            Side::new("left", LEFT, Mark::Circle, &self.left),
            Side::new("right", RIGHT, Mark::Square, &self.right),
        ]
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
    fn new(name: &'static str, colour: &'static str, mark: Mark, points: &'a [ScatterPoint]) -> Self {
        let points: Vec<_> = points
            .iter()
            .filter(|p| p.value.is_finite() && p.n_parameters > 0.0)
            .collect();
        let trend = Trend::of(&points);
        Self {
            name,
            colour,
            mark,
            points,
            trend,
        }
    }
}
