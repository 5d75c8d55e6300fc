//! One row a name: bars or dots, of one value or of left and right, with stars at the end.

use super::rect::Rect;
use super::scale::{Scale, tick_label};
use super::svg::{Align, Svg};
use crate::font::{Weight, fitted, text_width};
use crate::theme::{HAIRLINE_MM, LEFT, MARK_MM, Mark, NEUTRAL, RIGHT, TEXT_MM, TITLE_MM};
use lpp_tables::number::compact;

const HEADER_MM: f64 = 9.0;
const FOOTER_MM: f64 = 9.4;

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Name, at the left.
    pub name: String,
    /// One value, or left and right; what is not finite is not drawn.
    pub values: Vec<f64>,
    /// Written at the end of the row: a p-value, stars.
    pub note: String,
}

impl Row {
    /// A row without a note.
    #[must_use]
    pub fn new(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self {
            name: name.into(),
            values,
            note: String::new(),
        }
    }
}

/// How values are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowStyle {
    /// Bars from zero.
    Bars,
    /// Dots.
    Dots,
}

/// A plot of rows; two values a row are left and right. Its height follows from their number.
///
/// ```
/// use lpp_report::plot::{Row, RowPlot, RowStyle};
/// let figure = RowPlot {
///     title: "Slope by region".into(),
///     value_name: "slope per ln(parameters)".into(),
///     rows: vec![Row { note: "***".into(), ..Row::new("pSTS", vec![0.02, 0.01]) }],
///     style: RowStyle::Bars,
///     show_names: true,
/// };
/// assert!(figure.alt_text().contains("pSTS 0.02000 / 0.01000 ***"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct RowPlot {
    /// Title.
    pub title: String,
    /// Name of the value, with its unit.
    pub value_name: String,
    /// The rows, from the top.
    pub rows: Vec<Row>,
    /// Bars or dots.
    pub style: RowStyle,
    /// Whether names stand at the left; a second panel over the same rows needs none.
    pub show_names: bool,
}

impl RowPlot {
    /// What the plot shows, with its numbers.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|row| {
                let values: Vec<String> = row.values.iter().map(|value| compact(*value)).collect();
                format!("{} {} {}", row.name, values.join(" / "), row.note)
                    .trim_end()
                    .to_owned()
            })
            .collect();
        format!("{} ({}): {}", self.title, self.value_name, rows.join(", "))
    }

    pub(crate) fn paired(&self) -> bool {
        self.rows.iter().any(|row| row.values.len() == 2)
    }

    fn row_mm(&self) -> f64 {
        match (self.style, self.paired()) {
            (RowStyle::Bars, true) => 5.4,
            _ => 4.0,
        }
    }

    /// Height that the plot needs, mm.
    pub(crate) fn height(&self) -> f64 {
        self.rows.len().max(1) as f64 * self.row_mm() + HEADER_MM + FOOTER_MM
    }

    pub(crate) fn draw(&self, svg: &mut Svg, area: Rect) {
        let widest = |texts: &dyn Fn(&Row) -> String| {
            self.rows
                .iter()
                .map(|row| text_width(&texts(row), TEXT_MM, Weight::Regular))
                .fold(0.0, f64::max)
        };
        let names = if self.show_names {
            widest(&|row| row.name.clone()).min(area.width() * 0.58)
        } else {
            0.0
        };
        let notes = widest(&|row| row.note.clone()).min(area.width() * 0.3);
        let frame = Rect {
            left: area.left + names + 3.0,
            top: area.top + HEADER_MM,
            right: area.right - notes - 3.5,
            bottom: area.top + HEADER_MM + self.rows.len().max(1) as f64 * self.row_mm(),
        };
        let values = self.rows.iter().flat_map(|row| row.values.iter().copied());
        let scale = match self.style {
            RowStyle::Bars => Scale::linear(values.chain([0.0])),
            RowStyle::Dots => Scale::linear(values),
        };
        self.draw_axis(svg, area, frame, scale);
        for (i, row) in self.rows.iter().enumerate() {
            let y = frame.top + (i as f64 + 0.5) * self.row_mm();
            svg.line((frame.left, y), (frame.right, y), HAIRLINE_MM / 2.0, 0.12);
            let baseline = y + TEXT_MM * 0.36;
            if self.show_names {
                let name = fitted(&row.name, TEXT_MM, Weight::Regular, names + 0.01);
                svg.text((frame.left - 1.5, baseline), Align::End, TEXT_MM, &name);
            }
            let note = fitted(&row.note, TEXT_MM, Weight::Regular, notes + 0.01);
            svg.text((frame.right + 1.5, baseline), Align::Start, TEXT_MM, &note);
            self.draw_values(svg, row, frame, scale, y);
        }
    }

    fn draw_axis(&self, svg: &mut Svg, area: Rect, frame: Rect, scale: Scale) {
        svg.title(
            (area.left + 1.0, area.top + 4.6),
            TITLE_MM,
            &self.title,
            area.width() - 1.0,
        );
        let ticks = scale.ticks();
        let at = |tick: f64| frame.left + scale.position(tick) * frame.width();
        // The labels of a narrow panel: every second tick, or every third.
        let half = |tick: f64| text_width(&tick_label(tick, &ticks), TEXT_MM, Weight::Regular) / 2.0;
        let stride = (1..=ticks.len().max(1))
            .find(|&stride| {
                let kept: Vec<f64> = ticks.iter().copied().step_by(stride).collect();
                kept.windows(2)
                    .all(|pair| at(pair[1]) - at(pair[0]) >= half(pair[0]) + half(pair[1]) + 1.2)
            })
            .unwrap_or(1);
        for (i, &tick) in ticks.iter().enumerate() {
            let x = at(tick);
            svg.line((x, frame.top), (x, frame.bottom), HAIRLINE_MM / 2.0, 0.18);
            svg.tick((x, frame.bottom), (x, frame.bottom + 0.8));
            if i % stride == 0 {
                svg.text(
                    (x, frame.bottom + 3.6),
                    Align::Middle,
                    TEXT_MM,
                    &tick_label(tick, &ticks),
                );
            }
        }
        svg.axis_lines(&[(frame.left, frame.bottom), (frame.right, frame.bottom)]);
        if scale.position(0.0) > 0.0 && scale.position(0.0) < 1.0 {
            svg.line((at(0.0), frame.top), (at(0.0), frame.bottom), HAIRLINE_MM, 0.8);
        }
        let name = fitted(&self.value_name, TEXT_MM, Weight::Regular, area.width());
        let half = text_width(&name, TEXT_MM, Weight::Regular) / 2.0;
        let middle = f64::midpoint(frame.left, frame.right).clamp(area.left + half, area.right - half);
        svg.text((middle, frame.bottom + 7.4), Align::Middle, TEXT_MM, &name);
    }

    fn draw_values(&self, svg: &mut Svg, row: &Row, frame: Rect, scale: Scale, y: f64) {
        let paired = row.values.len() == 2;
        let looks = [
            ("left", if paired { LEFT } else { NEUTRAL }, Mark::Circle),
            ("right", RIGHT, Mark::Square),
        ];
        for (i, (value, (side, colour, mark))) in row.values.iter().zip(looks).enumerate() {
            if !value.is_finite() {
                continue;
            }
            let side = if paired { side } else { "" };
            let tooltip = format!("{} {side} {}", row.name, compact(*value));
            let x = frame.left + scale.position(*value) * frame.width();
            match self.style {
                RowStyle::Dots => svg.mark("point", mark, (x, y), MARK_MM, colour, &tooltip),
                RowStyle::Bars => {
                    let zero = frame.left + scale.position(0.0) * frame.width();
                    let thick = if paired { 2.0 } else { 2.4 };
                    let top = match (paired, i) {
                        (true, 0) => y - thick,
                        (true, _) => y,
                        (false, _) => y - thick / 2.0,
                    };
                    let bar = Rect::new(x.min(zero), top, (x - zero).abs(), thick);
                    svg.rect("bar", bar, colour, &tooltip);
                }
            }
        }
    }
}
