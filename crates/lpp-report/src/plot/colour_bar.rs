//! The bar that tells which colour is which value.

use super::glass_panel::bar_ticks;
use super::map_scale::{LEVELS, MapScale};
use super::rect::Rect;
use super::scale::Scale;
use super::svg::{Align, Svg};
use crate::font::{Weight, fitted, text_width};
use crate::theme::{HAIRLINE_MM, TEXT_MM};

/// Width of the bar, mm.
const WIDTH_MM: f64 = 3.0;
/// Room for the name, mm.
const NAME_MM: f64 = 24.0;

/// A vertical bar of colours with its ticks.
pub(crate) struct ColourBar<'a> {
    pub(crate) scale: MapScale,
    /// Name of the value.
    pub(crate) name: &'a str,
    /// A value that is marked by a line across.
    pub(crate) contour: Option<f64>,
}

impl ColourBar<'_> {
    pub(crate) fn draw(&self, svg: &mut Svg, left: f64, top: f64, height: f64) {
        let MapScale {
            threshold,
            peak,
            signed,
        } = self.scale;
        let low = if signed { -peak } else { threshold };
        let axis = Scale::Linear { low, high: peak };
        let y_of = |value: f64| top + (1.0 - axis.position(value)) * height;
        for sign in if signed { [1.0, -1.0].as_slice() } else { &[1.0] } {
            for step in 0..LEVELS {
                let (from, to) = (self.scale.level(step), self.scale.level(step + 1));
                let (a, b) = (y_of(sign * from), y_of(sign * to));
                // A little taller than a step, against hairlines between them.
                let area = Rect::new(left, a.min(b), WIDTH_MM, (a - b).abs() + 0.05);
                let colour = self.scale.colour(svg.theme(), step, *sign).to_string();
                svg.rect("bar-step", area, &colour, "");
            }
        }
        bar_ticks(svg, left + WIDTH_MM, top, height, axis, &[low, peak]);
        if let Some(value) = self.contour {
            let y = y_of(value);
            svg.line((left, y), (left + WIDTH_MM, y), 2.0 * HAIRLINE_MM, 1.0);
        }
        let name = fitted(self.name, TEXT_MM, Weight::Regular, NAME_MM);
        // The name stands over the bar and its ticks, and may reach back over the gap before them.
        let width = text_width(&name, TEXT_MM, Weight::Regular);
        let most = crate::theme::DOUBLE_MM - 1.5 - width;
        svg.text((left.min(most), top - 2.6), Align::Start, TEXT_MM, &name);
    }
}
