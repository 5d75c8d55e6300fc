//! The frame of a plot: two axes with ticks, labels, and a faint grid.

use super::rect::Rect;
use super::scale::{Scale, tick_label};
use super::svg::{Align, Svg};
use crate::font::{Weight, fitted, text_width};
use crate::theme::{HAIRLINE_MM, TEXT_MM, TITLE_MM};
use lpp_tables::number::magnitude;

/// Height of the title's line and of the line of numbers below it, mm.
const HEADER_MM: f64 = 9.4;
/// Height of the tick labels and the name of the horizontal axis, mm.
const FOOTER_MM: f64 = 9.2;
/// Least distance between two tick labels, mm.
const TICK_GAP_MM: f64 = 1.2;

/// A rectangle on the page that two scales map into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axes {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) frame: Rect,
    /// All that belongs to the plot, titles and labels too.
    area: Rect,
}

/// What is written around a frame.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Captions<'a> {
    pub(crate) title: &'a str,
    /// Numbers below the title.
    pub(crate) note: &'a str,
    pub(crate) x_name: &'a str,
    pub(crate) y_name: &'a str,
}

impl Axes {
    /// A frame in `area` that leaves room for the captions.
    pub(crate) fn within(area: Rect, x: Scale, y: Scale) -> Self {
        let ticks = y.ticks();
        let widest = ticks
            .iter()
            .map(|&tick| text_width(&label(y, tick, &ticks), TEXT_MM, Weight::Regular))
            .fold(0.0, f64::max);
        let frame = Rect {
            left: area.left + widest + 6.4,
            top: area.top + HEADER_MM,
            // The last tick label may stand half outside the frame.
            right: area.right - 3.0,
            bottom: area.bottom - FOOTER_MM,
        };
        Self { x, y, frame, area }
    }

    /// Where a pair of values lies, in mm.
    pub(crate) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.frame.left + self.x.position(x) * self.frame.width(),
            self.frame.top + (1.0 - self.y.position(y)) * self.frame.height(),
        )
    }

    /// Points of a curve, without those that are not finite.
    pub(crate) fn curve(&self, x: &[f64], y: &[f64]) -> Vec<(f64, f64)> {
        x.iter()
            .zip(y)
            .map(|(&x, &y)| self.at(x, y))
            .filter(|(x, y)| x.is_finite() && y.is_finite())
            .collect()
    }

    /// Draws axes, ticks, grid, names and title.
    pub(crate) fn draw(&self, svg: &mut Svg, captions: Captions<'_>) {
        self.draw_y(svg, captions.y_name);
        self.draw_x(svg, captions.x_name);
        let frame = self.frame;
        svg.axis_lines(&[
            (frame.left, frame.top),
            (frame.left, frame.bottom),
            (frame.right, frame.bottom),
        ]);
        let (left, top) = (self.area.left + 1.0, self.area.top);
        let most = self.area.right - left;
        svg.title((left, top + 3.4), TITLE_MM, captions.title, most);
        let note = fitted(captions.note, TEXT_MM, Weight::Regular, most);
        svg.text((left, top + 7.1), Align::Start, TEXT_MM, &note);
    }

    fn draw_y(&self, svg: &mut Svg, name: &str) {
        let frame = self.frame;
        let ticks = self.y.ticks();
        for &tick in &ticks {
            let y = self.at(0.0, tick).1;
            svg.line((frame.left, y), (frame.right, y), HAIRLINE_MM / 2.0, 0.18);
            svg.tick((frame.left - 0.8, y), (frame.left, y));
            let at = (frame.left - 1.3, y + TEXT_MM * 0.35);
            svg.text(at, Align::End, TEXT_MM, &label(self.y, tick, &ticks));
        }
        // A panel of a sheet may be lower than the name of its axis is long.
        let most = self.area.bottom - frame.top;
        let name = fitted(name, TEXT_MM, Weight::Regular, most);
        let half = text_width(&name, TEXT_MM, Weight::Regular) / 2.0;
        let middle = f64::midpoint(frame.top, frame.bottom).clamp(frame.top, self.area.bottom - half);
        svg.upright_text((self.area.left + 2.6, middle), TEXT_MM, &name);
    }

    fn draw_x(&self, svg: &mut Svg, name: &str) {
        let frame = self.frame;
        let all = self.x.ticks();
        let ticks = self.spaced(&all);
        for &tick in &ticks {
            let x = self.at(tick, 0.0).0;
            svg.tick((x, frame.bottom), (x, frame.bottom + 0.8));
            svg.text(
                (x, frame.bottom + 3.6),
                Align::Middle,
                TEXT_MM,
                &label(self.x, tick, &all),
            );
        }
        let name = fitted(name, TEXT_MM, Weight::Regular, self.area.width());
        let half = text_width(&name, TEXT_MM, Weight::Regular) / 2.0;
        let middle =
            f64::midpoint(frame.left, frame.right).clamp(self.area.left + half, self.area.right - half);
        svg.text((middle, frame.bottom + 7.4), Align::Middle, TEXT_MM, &name);
    }

    /// Every tick, or every second, third, … such that their labels stay apart.
    fn spaced(&self, ticks: &[f64]) -> Vec<f64> {
        let half = |tick: f64| text_width(&label(self.x, tick, ticks), TEXT_MM, Weight::Regular) / 2.0;
        let apart = |pair: &[f64]| {
            let gap = self.at(pair[1], 0.0).0 - self.at(pair[0], 0.0).0;
            gap >= half(pair[0]) + half(pair[1]) + TICK_GAP_MM
        };
        (1..=ticks.len().max(1))
            .map(|stride| ticks.iter().copied().step_by(stride).collect::<Vec<f64>>())
            .find(|kept| kept.windows(2).all(apart))
            .unwrap_or_default()
    }
}

fn label(scale: Scale, tick: f64, ticks: &[f64]) -> String {
    match scale {
        Scale::Log { .. } if tick >= 1000.0 => magnitude(tick),
        Scale::Log { .. } => tick_label(tick, &[]),
        Scale::Linear { .. } if tick.abs() >= 10_000.0 => magnitude(tick).replace('-', "\u{2212}"),
        Scale::Linear { .. } => tick_label(tick, ticks),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn crowded_tick_labels_are_thinned_out() {
        let scale = Scale::Log {
            low: 9e7,
            high: 1.5e10,
        };
        let wide = Axes::within(
            Rect::new(0.0, 0.0, 120.0, 60.0),
            scale,
            Scale::Linear { low: 0.0, high: 1.0 },
        );
        let narrow = Axes::within(
            Rect::new(0.0, 0.0, 26.0, 60.0),
            scale,
            Scale::Linear { low: 0.0, high: 1.0 },
        );
        let ticks = scale.ticks();
        assert_eq!(wide.spaced(&ticks).len(), ticks.len());
        assert!(!narrow.spaced(&ticks).is_empty() && narrow.spaced(&ticks).len() <= ticks.len());
    }
}
