//! Dot plot: one row a name, one or two dots in it.

use super::axes::Axes;
use super::scale::{Scale, tick_label};
use super::svg::{Align, Svg};
use crate::theme::{HAIRLINE_MM, LEFT, MARK_MM, Mark, NEUTRAL, RIGHT, TEXT_MM, TITLE_MM};
use lpp_analysis::number::compact;

/// A row of a dot plot.
#[derive(Debug, Clone, PartialEq)]
pub struct DotRow {
    /// Name, at the left.
    pub name: String,
    /// One value, or left and right; what is not finite is not drawn.
    pub values: Vec<f64>,
    /// Written at the end of the row: a p-value, stars.
    pub note: String,
}

/// A dot plot; two values a row are left and right.
#[derive(Debug, Clone, PartialEq)]
pub struct DotPlot {
    /// Title.
    pub title: String,
    /// Name of the horizontal axis.
    pub x_name: String,
    /// The rows, from the top.
    pub rows: Vec<DotRow>,
}

impl DotPlot {
    /// Draws the plot: 120 mm wide, as high as its rows need.
    #[must_use]
    pub fn to_svg(&self) -> String {
        const ROW_MM: f64 = 4.6;
        let height = self.rows.len().max(1) as f64 * ROW_MM;
        let values = || self.rows.iter().flat_map(|row| row.values.iter().copied());
        let names = self
            .rows
            .iter()
            .map(|row| row.name.chars().count())
            .max()
            .unwrap_or(0);
        // Names take about half their size per character; very long ones are cut by the page edge at 55 mm.
        let left = (names as f64 * TEXT_MM * 0.56 + 4.0).clamp(16.0, 55.0);
        let axes = Axes {
            x: Scale::linear(values().chain([0.0])),
            y: Scale::Linear { low: 0.0, high: 1.0 },
            left,
            top: 8.0,
            width: 102.0 - left,
            height,
        };
        let mut svg = Svg::new(120.0, height + 20.0, self.alt_text());
        svg.bold((2.0, 5.0), Align::Start, TITLE_MM, &self.title);
        self.draw_axis(&mut svg, &axes);
        for (i, row) in self.rows.iter().enumerate() {
            let y = axes.top + (i as f64 + 0.5) * ROW_MM;
            svg.line((axes.left, y), (axes.right(), y), HAIRLINE_MM / 2.0, 0.15);
            svg.text(
                (axes.left - 1.5, y + TEXT_MM * 0.35),
                Align::End,
                TEXT_MM,
                &row.name,
            );
            svg.text(
                (axes.right() + 1.5, y + TEXT_MM * 0.35),
                Align::Start,
                TEXT_MM,
                &row.note,
            );
            draw_dots(&mut svg, &axes, row, y);
        }
        svg.finish()
    }

    /// What the plot shows, with its numbers.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                format!(
                    "{} {}",
                    row.name,
                    row.values
                        .iter()
                        .map(|v| compact(*v))
                        .collect::<Vec<_>>()
                        .join(" / ")
                )
            })
            .collect();
        format!("{} ({}): {}", self.title, self.x_name, rows.join(", "))
    }

    fn draw_axis(&self, svg: &mut Svg, axes: &Axes) {
        let ticks = axes.x.ticks();
        for &tick in &ticks {
            let x = axes.at(tick, 0.0).0;
            svg.line((x, axes.top), (x, axes.bottom()), HAIRLINE_MM / 2.0, 0.18);
            svg.line((x, axes.bottom()), (x, axes.bottom() + 0.8), HAIRLINE_MM, 1.0);
            svg.text(
                (x, axes.bottom() + 3.5),
                Align::Middle,
                TEXT_MM,
                &tick_label(tick, &ticks),
            );
        }
        svg.axis_lines(&[(axes.left, axes.bottom()), (axes.right(), axes.bottom())]);
        svg.text(
            (axes.left + axes.width / 2.0, axes.bottom() + 7.3),
            Align::Middle,
            TEXT_MM,
            &self.x_name,
        );
        if self.rows.iter().any(|row| row.values.len() == 2) {
            for (x, name, colour, mark) in [
                (100.0, "left", LEFT, Mark::Circle),
                (110.0, "right", RIGHT, Mark::Square),
            ] {
                svg.mark("legend", mark, (x, 4.1), MARK_MM, colour, name);
                svg.text((x + 1.8, 5.0), Align::Start, TEXT_MM, name);
            }
        }
    }
}

/// The dots of a row; two are left and right.
fn draw_dots(svg: &mut Svg, axes: &Axes, row: &DotRow, y: f64) {
    let paired = row.values.len() == 2;
    for (value, (name, colour, mark)) in row.values.iter().zip([
        ("left", if paired { LEFT } else { NEUTRAL }, Mark::Circle),
        ("right", RIGHT, Mark::Square),
    ]) {
        if value.is_finite() {
            let x = axes.at(*value, 0.0).0;
            let side = if paired { name } else { "" };
            svg.mark(
                "point",
                mark,
                (x, y),
                MARK_MM,
                colour,
                &format!("{} {side} {}", row.name, compact(*value)),
            );
        }
    }
}
