//! The frame of a plot: two axes with ticks, labels, and a faint grid.

use super::scale::{Scale, tick_label};
use super::svg::{Align, Svg};
use crate::theme::{HAIRLINE_MM, TEXT_MM, TITLE_MM};
use lpp_analysis::number::magnitude;

/// A rectangle on the page that two scales map into.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axes {
    pub(crate) x: Scale,
    pub(crate) y: Scale,
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Axes {
    /// Where a pair of values lies, in mm.
    pub(crate) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.left + self.x.position(x) * self.width,
            self.top + (1.0 - self.y.position(y)) * self.height,
        )
    }

    pub(crate) fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub(crate) fn right(&self) -> f64 {
        self.left + self.width
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
    pub(crate) fn draw(&self, svg: &mut Svg, title: &str, x_name: &str, y_name: &str) {
        self.draw_y(svg, y_name);
        self.draw_x(svg, x_name);
        svg.axis_lines(&[
            (self.left, self.top),
            (self.left, self.bottom()),
            (self.right(), self.bottom()),
        ]);
        svg.bold((self.left, self.top - 2.6), Align::Start, TITLE_MM, title);
    }

    fn draw_y(&self, svg: &mut Svg, name: &str) {
        let ticks = self.y.ticks();
        for &tick in &ticks {
            let y = self.top + (1.0 - self.y.position(tick)) * self.height;
            svg.line((self.left, y), (self.right(), y), HAIRLINE_MM / 2.0, 0.18);
            svg.line((self.left - 0.8, y), (self.left, y), HAIRLINE_MM, 1.0);
            svg.text(
                (self.left - 1.3, y + TEXT_MM * 0.35),
                Align::End,
                TEXT_MM,
                &tick_label(tick, &ticks),
            );
        }
        svg.upright_text((self.left - 11.5, self.top + self.height / 2.0), TEXT_MM, name);
    }

    fn draw_x(&self, svg: &mut Svg, name: &str) {
        let ticks = self.x.ticks();
        for &tick in &ticks {
            let x = self.left + self.x.position(tick) * self.width;
            svg.line((x, self.bottom()), (x, self.bottom() + 0.8), HAIRLINE_MM, 1.0);
            let label = match self.x {
                Scale::Log { .. } => magnitude(tick),
                Scale::Linear { .. } => tick_label(tick, &ticks),
            };
            svg.text((x, self.bottom() + 3.5), Align::Middle, TEXT_MM, &label);
        }
        svg.text(
            (self.left + self.width / 2.0, self.bottom() + 7.3),
            Align::Middle,
            TEXT_MM,
            name,
        );
    }
}
