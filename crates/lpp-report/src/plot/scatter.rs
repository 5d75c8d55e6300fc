//! Scatter plot of models, with regression line, bootstrap band, r and p.

use super::axes::{Axes, Captions};
use super::families::Families;
use super::horizontal_axis::HorizontalAxis;
use super::labels;
use super::rect::Rect;
use super::scale::Scale;
use super::svg::Svg;
use super::trend::{Trend, short_text};
use crate::theme::{LABEL_MM, MARK_MM, NEUTRAL};
use lpp_tables::number::{compact, magnitude};

/// With more models than this, only the remarkable ones are named.
const MOST_NAMED: usize = 45;
/// How many are remarkable.
const N_REMARKABLE: usize = 12;

/// A model in a scatter plot.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterPoint {
    /// Name, written beside the point where there is room.
    pub name: String,
    /// Family, which decides colour and mark.
    pub family: String,
    /// Value on the horizontal axis, over 0 if that is logarithmic.
    pub x: f64,
    /// Value on the vertical axis.
    pub y: f64,
}

/// A scatter plot of a value of models against their size or another property.
///
/// ```
/// use lpp_report::Theme;
/// use lpp_report::plot::{Families, HorizontalAxis, Panel, Scatter, ScatterPoint, Sheet, Trend};
/// use lpp_tables::RegressionSummary;
/// let point = |name: &str, x, y| ScatterPoint { name: name.into(), family: "gpt2".into(), x, y };
/// let figure = Scatter {
///     title: "Brain score".into(),
///     x: HorizontalAxis::parameters(),
///     y_name: "mean correlation".into(),
///     points: vec![point("gpt2", 1.2e8, 0.07), point("gpt2-xl", 1.6e9, 0.09), point("x", 1e10, 0.1)],
///     trend: Trend { summary: RegressionSummary { n: 3, r: 0.98, p: 0.12 }, line: vec![] },
///     families: Families::of(["gpt2"]),
///     named: true,
/// };
/// assert!(Sheet::single(Panel::Scatter(figure)).to_svg(Theme::Light).contains("r = 0.98"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Scatter {
    /// Title.
    pub title: String,
    /// The horizontal axis.
    pub x: HorizontalAxis,
    /// Name of the vertical axis, with its unit.
    pub y_name: String,
    /// The models; points that are not finite are left out.
    pub points: Vec<ScatterPoint>,
    /// Their regression.
    pub trend: Trend,
    /// The families of the study, which decide the colours.
    pub families: Families,
    /// Whether names stand beside the points: all that have room, or the extremes of very many.
    pub named: bool,
}

impl Scatter {
    /// What the plot shows, in words and numbers: the alternative text.
    #[must_use]
    pub fn alt_text(&self) -> String {
        format!(
            "{}: {} against {} for {} models, {}",
            self.title,
            self.y_name,
            self.x.name,
            self.shown().len(),
            self.trend.text()
        )
    }

    /// The points that can be drawn.
    pub(crate) fn shown(&self) -> Vec<&ScatterPoint> {
        self.points
            .iter()
            .filter(|point| point.y.is_finite() && self.x.shows(point.x))
            .collect()
    }

    pub(crate) fn draw(&self, svg: &mut Svg, area: Rect) {
        let shown = self.shown();
        let trend = &self.trend;
        let axes = Axes::within(
            area,
            self.x.scale(shown.iter().map(|point| point.x)),
            Scale::linear(shown.iter().map(|point| point.y).chain(trend.heights())),
        );
        let note = if area.width() < 75.0 {
            short_text(&trend.summary)
        } else {
            trend.text()
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
        trend.draw(svg, &axes, NEUTRAL);
        let places: Vec<(f64, f64)> = shown.iter().map(|point| axes.at(point.x, point.y)).collect();
        for (point, at) in shown.iter().zip(&places) {
            let (colour, mark) = self.families.style(&point.family);
            let size = if self.x.log && point.x >= 1000.0 {
                magnitude(point.x)
            } else {
                compact(point.x)
            };
            let tooltip = format!("{}: {} at {size}", point.name, compact(point.y));
            svg.mark("point", mark, *at, MARK_MM, colour, &tooltip);
        }
        if self.named {
            let names: Vec<&str> = shown.iter().map(|point| point.name.as_str()).collect();
            let frame = Rect {
                right: area.right,
                ..axes.frame
            };
            let places_of_names = labels::place(
                &places,
                &names,
                &naming_order(&shown),
                LABEL_MM,
                frame,
                &trend.path(&axes),
            );
            labels::draw(svg, &places, &names, LABEL_MM, &places_of_names);
        }
    }
}

/// Which points are named, the most remarkable first: the ends of both axes, then what lies far from the middle. Of very
/// many points the rest has no name.
fn naming_order(points: &[&ScatterPoint]) -> Vec<usize> {
    let by = |value: fn(&ScatterPoint) -> f64| {
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by(|&a, &b| value(points[a]).total_cmp(&value(points[b])));
        order
    };
    let (by_x, by_y) = (by(|point| point.x), by(|point| point.y));
    let mut order = Vec::new();
    for rank in 0..points.len() {
        let back = points.len() - 1 - rank;
        for index in [by_x[back], by_y[back], by_x[rank], by_y[rank]] {
            if !order.contains(&index) {
                order.push(index);
            }
        }
    }
    if points.len() > MOST_NAMED {
        order.truncate(N_REMARKABLE);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_points_the_extremes_are_named() {
        let points: Vec<ScatterPoint> = (0..200)
            .map(|i| ScatterPoint {
                name: format!("m{i}"),
                family: String::new(),
                x: f64::from(i),
                y: f64::from((i * 37) % 200),
            })
            .collect();
        let points: Vec<&ScatterPoint> = points.iter().collect();
        let order = naming_order(&points);
        assert_eq!(order.len(), N_REMARKABLE);
        let top = points.iter().position(|point| point.y > 198.5).unwrap();
        assert!([0, 199, top].iter().all(|index| order.contains(index)));
        assert_eq!(naming_order(&points[..30]).len(), 30);
    }
}
