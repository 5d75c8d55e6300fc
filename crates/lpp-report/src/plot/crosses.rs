//! Points with an interval in each direction.

use super::axes::{Axes, Captions};
use super::families::Families;
use super::horizontal_axis::HorizontalAxis;
use super::labels;
use super::rect::Rect;
use super::scale::Scale;
use super::svg::{Stroke, Svg};
use crate::theme::{LABEL_MM, MARK_MM};
use lpp_tables::number::compact;

/// A point with its intervals.
#[derive(Debug, Clone, PartialEq)]
pub struct CrossPoint {
    /// Name, written beside the point where there is room.
    pub name: String,
    /// Which colour and mark it has.
    pub family: String,
    /// Value on the horizontal axis and the ends of its interval.
    pub x: [f64; 3],
    /// Value on the vertical axis and the ends of its interval.
    pub y: [f64; 3],
}

/// Points with intervals in both directions.
#[derive(Debug, Clone, PartialEq)]
pub struct Crosses {
    /// Title.
    pub title: String,
    /// The horizontal axis.
    pub x: HorizontalAxis,
    /// Name of the vertical axis.
    pub y_name: String,
    /// The points; those that are not finite are left out.
    pub points: Vec<CrossPoint>,
    /// What decides the colours.
    pub families: Families,
}

impl Crosses {
    /// What the plot shows, in words and numbers.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let points = self.shown().into_iter().map(|point| {
            format!(
                "{} {} at {}",
                point.name,
                compact(point.y[0]),
                compact(point.x[0])
            )
        });
        format!(
            "{}: {} against {}: {}",
            self.title,
            self.y_name,
            self.x.name,
            points.collect::<Vec<_>>().join("; ")
        )
    }

    fn shown(&self) -> Vec<&CrossPoint> {
        let is_shown = |point: &&CrossPoint| self.x.shows(point.x[0]) && point.y[0].is_finite();
        self.points.iter().filter(is_shown).collect()
    }

    pub(crate) fn draw(&self, svg: &mut Svg, area: Rect) {
        let shown = self.shown();
        let known = |values: [f64; 3]| values.into_iter().filter(|value| value.is_finite());
        let axes = Axes::within(
            area,
            self.x.scale(
                shown
                    .iter()
                    .flat_map(|point| known(point.x))
                    .filter(|x| self.x.shows(*x)),
            ),
            Scale::linear(shown.iter().flat_map(|point| known(point.y))),
        );
        axes.draw(
            svg,
            Captions {
                title: &self.title,
                note: &format!("n = {}", shown.len()),
                x_name: &self.x.name,
                y_name: &self.y_name,
            },
        );
        let places: Vec<(f64, f64)> = shown
            .iter()
            .map(|point| axes.at(point.x[0], point.y[0]))
            .collect();
        for (point, at) in shown.iter().zip(&places) {
            let (colour, mark) = self.families.style(&point.family);
            let [x, y] = [point.x, point.y];
            for [from, to] in [[(x[1], y[0]), (x[2], y[0])], [(x[0], y[1]), (x[0], y[2])]] {
                if [from.0, to.0, from.1, to.1].iter().all(|value| value.is_finite()) {
                    let bar = [axes.at(from.0, from.1), axes.at(to.0, to.1)];
                    svg.polyline("interval", &bar, Stroke::solid(colour, 0.3));
                }
            }
            let tooltip = format!("{}: {} at {}", point.name, compact(y[0]), compact(x[0]));
            svg.mark("point", mark, *at, MARK_MM, colour, &tooltip);
        }
        let names: Vec<&str> = shown.iter().map(|point| point.name.as_str()).collect();
        let order: Vec<usize> = (0..names.len()).collect();
        let placed = labels::place(&places, &names, &order, LABEL_MM, axes.frame, &[]);
        labels::draw(svg, &places, &names, LABEL_MM, &placed);
    }
}
