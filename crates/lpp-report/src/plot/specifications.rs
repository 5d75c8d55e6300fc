//! A specification curve: slopes in rising order with their intervals, and below them the choices of each.

use super::axes::{Axes, Captions};
use super::rect::Rect;
use super::scale::Scale;
use super::svg::{Align, Stroke, Svg};
use crate::font::{Weight, text_width};
use crate::theme::{LABEL_MM, NEUTRAL};
use lpp_tables::number::compact;

/// Height of the curve and of a row of choices, mm.
const CURVE_MM: f64 = 62.0;
const ROW_MM: f64 = 2.9;

/// A choice, and the places of the specifications that make it.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    /// What is chosen.
    pub name: String,
    /// For each specification, whether it makes the choice.
    pub made: Vec<bool>,
}

/// A specification curve.
///
/// ```
/// use lpp_report::plot::{Choice, Specifications};
/// let figure = Specifications {
///     title: "Growth of left minus right".into(),
///     y_name: "slope".into(),
///     slopes: vec![-0.001, 0.004],
///     intervals: vec![(-0.002, 0.001), (0.001, 0.006)],
///     choices: vec![Choice { name: "sides: pairs".into(), made: vec![false, true] }],
/// };
/// assert!(figure.alt_text().contains("2 specifications"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Specifications {
    /// Title.
    pub title: String,
    /// Name of the vertical axis.
    pub y_name: String,
    /// The slopes, rising.
    pub slopes: Vec<f64>,
    /// Their intervals.
    pub intervals: Vec<(f64, f64)>,
    /// The rows below.
    pub choices: Vec<Choice>,
}

impl Specifications {
    /// What the plot shows, with the smallest and the largest slope.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let end = |slope: Option<&f64>| slope.map_or_else(String::new, |slope| compact(*slope));
        format!(
            "{}: {} of {} specifications, from {} to {}",
            self.title,
            self.y_name,
            self.slopes.len(),
            end(self.slopes.first()),
            end(self.slopes.last())
        )
    }

    /// Height that the plot needs, mm.
    pub(crate) fn height(&self) -> f64 {
        CURVE_MM + self.choices.len() as f64 * ROW_MM + 2.0
    }

    pub(crate) fn draw(&self, svg: &mut Svg, area: Rect) {
        let names = self
            .choices
            .iter()
            .map(|choice| text_width(&choice.name, LABEL_MM, Weight::Regular));
        let margin = names.fold(0.0, f64::max);
        let ends = self.intervals.iter().flat_map(|(low, high)| [*low, *high]);
        let ranks: Vec<f64> = (1..=self.slopes.len()).map(|rank| rank as f64).collect();
        let upper = Rect::new(area.left + margin, area.top, area.width() - margin, CURVE_MM);
        let axes = Axes::within(
            upper,
            Scale::linear(ranks.iter().copied()),
            Scale::linear(ends.chain(self.slopes.iter().copied()).chain([0.0])),
        );
        axes.draw(
            svg,
            Captions {
                title: &self.title,
                note: "",
                x_name: "specification, by rising slope",
                y_name: &self.y_name,
            },
        );
        let edge = |of: fn(&(f64, f64)) -> f64| -> Vec<f64> { self.intervals.iter().map(of).collect() };
        let mut band = axes.curve(&ranks, &edge(|interval| interval.0));
        band.extend(axes.curve(&ranks, &edge(|interval| interval.1)).into_iter().rev());
        svg.polygon("interval", &band, NEUTRAL, 0.25);
        svg.polyline(
            "curve",
            &axes.curve(&ranks, &self.slopes),
            Stroke::solid(NEUTRAL, 0.4),
        );
        let (from, to) = (axes.at(1.0, 0.0), axes.at(self.slopes.len() as f64, 0.0));
        svg.dashed("zero", from, to);
        for (row, choice) in self.choices.iter().enumerate() {
            let y = area.top + CURVE_MM + (row as f64 + 0.5) * ROW_MM;
            svg.text(
                (axes.frame.left - 1.5, y + LABEL_MM * 0.36),
                Align::End,
                LABEL_MM,
                &choice.name,
            );
            for (first, last) in stretches(&choice.made) {
                let (left, right) = (
                    axes.at(first as f64 + 0.5, 0.0).0,
                    axes.at(last as f64 + 1.5, 0.0).0,
                );
                let mark = Rect::new(left, y - ROW_MM * 0.35, right - left, ROW_MM * 0.7);
                svg.rect("choice", mark, NEUTRAL, "");
            }
        }
    }
}

/// First and last place of each stretch of neighbours.
fn stretches(made: &[bool]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for place in (0..made.len()).filter(|&place| made[place]) {
        match found.last_mut() {
            Some((_, last)) if *last + 1 == place => *last = place,
            _ => found.push((place, place)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_mark() {
        assert_eq!(stretches(&[true, true, false, true]), [(0, 1), (3, 3)]);
        assert_eq!(stretches(&[false, false]), []);
    }
}
