//! Glass brain: a map seen through the skull from four sides.

use std::fmt::Write;

use lpp_fmri::Mask;

use super::outline::outline;
use super::projection::{Projection, View};
use super::scale::{Scale, tick_label};
use super::svg::{Align, Svg};
use crate::theme::{HAIRLINE_MM, TEXT_MM, TITLE_MM, map_colour};
use lpp_analysis::number::compact;

/// Steps of the colour scale.
const LEVELS: usize = 32;
/// Page that the views have for themselves, mm: their widths together, their height, and the gap between two.
const VIEWS_MM: (f64, f64) = (134.0, 38.0);
const GAP_MM: f64 = 5.5;
/// Where the views stand, mm.
const BOTTOM_MM: f64 = 50.0;

/// A map of one value per voxel, drawn as maximum-intensity projections from the left, from behind, from the right
/// and from above.
///
/// The outline is that of the mask itself. Side views show their own hemisphere, midline included.
#[derive(Debug, Clone)]
pub struct GlassBrain<'a> {
    /// Title.
    pub title: String,
    /// Name of the value, with its unit.
    pub value_name: String,
    /// The mask.
    pub mask: &'a Mask,
    /// One value per voxel, in the order of masked arrays; NaN are not drawn.
    pub values: &'a [f64],
    /// Values up to this one are not drawn.
    pub threshold: f64,
}

impl GlassBrain<'_> {
    /// Draws the map: 180 mm wide.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let peak = self.peak();
        let mut svg = Svg::new(180.0, 60.0, self.alt_text());
        svg.bold((3.0, 5.0), Align::Start, TITLE_MM, &self.title);
        let views: Vec<(View, Projection)> = View::ALL
            .into_iter()
            .map(|view| (view, Projection::of(self.mask, self.values, view)))
            // A map of one hemisphere has nothing to show in the view of the other.
            .filter(|(_, projection)| projection.values.iter().any(|value| !value.is_nan()))
            .collect();
        let zoom = zoom_for(&views);
        let mut left = 7.0;
        for (view, projection) in &views {
            let panel = Panel {
                view: *view,
                projection,
                left,
                zoom,
            };
            panel.draw(&mut svg, self.threshold, peak);
            left += panel.width() + GAP_MM;
        }
        self.draw_bar(&mut svg, left + 1.0, peak);
        svg.finish()
    }

    /// What the map shows, with its peak.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let place = self
            .mask
            .world_coordinates()
            .into_iter()
            .zip(self.values)
            .filter(|(_, value)| value.is_finite())
            .max_by(|a, b| a.1.total_cmp(b.1));
        let peak = place.map_or_else(String::new, |([x, y, z], value)| {
            format!(", peak {} at ({x:.0}, {y:.0}, {z:.0}) mm", compact(*value))
        });
        format!(
            "{}: {} in maximum-intensity projections{peak}",
            self.title, self.value_name
        )
    }

    /// The largest value, at least a little above the threshold so that the scale has a length.
    fn peak(&self) -> f64 {
        let largest = self
            .values
            .iter()
            .copied()
            .filter(|v| v.is_finite())
            .fold(f64::NEG_INFINITY, f64::max);
        if largest > self.threshold {
            largest
        } else {
            self.threshold + 1e-3
        }
    }

    fn draw_bar(&self, svg: &mut Svg, left: f64, peak: f64) {
        let (top, height) = (14.5, 33.0);
        let step = height / LEVELS as f64;
        for level in 0..LEVELS {
            let y = top + height - (level + 1) as f64 * step;
            // A little taller than a step, against hairlines between them.
            svg.rect(
                (left, y),
                (3.0, step + 0.05),
                &map_colour((level as f64 + 0.5) / LEVELS as f64),
            );
        }
        let scale = Scale::Linear {
            low: self.threshold,
            high: peak,
        };
        let ticks = scale.ticks();
        for &tick in &ticks {
            let y = top + (1.0 - scale.position(tick)) * height;
            svg.line((left + 3.0, y), (left + 3.8, y), HAIRLINE_MM, 1.0);
            svg.text(
                (left + 4.5, y + TEXT_MM * 0.35),
                Align::Start,
                TEXT_MM,
                &tick_label(tick, &ticks),
            );
        }
        svg.text((left, 9.8), Align::Start, TEXT_MM, &self.value_name);
    }
}

/// Millimetres of page per millimetre of brain such that all four views would fit.
fn zoom_for(views: &[(View, Projection)]) -> f64 {
    let sizes = views.iter().map(|(_, projection)| projection.size_mm());
    let (width, height) = sizes.fold((0.0, 0.0_f64), |(width, height), size| {
        (width + size.0, height.max(size.1))
    });
    // One of three views is a third of what there is room for, not more: maps of one study compare by size.
    let width = width * View::ALL.len() as f64 / views.len().max(1) as f64;
    if width > 0.0 && height > 0.0 {
        (VIEWS_MM.0 / width).min(VIEWS_MM.1 / height)
    } else {
        1.0
    }
}

/// One view, placed on the page.
struct Panel<'a> {
    view: View,
    projection: &'a Projection,
    left: f64,
    zoom: f64,
}

impl Panel<'_> {
    fn width(&self) -> f64 {
        self.projection.values.ncols() as f64 * self.projection.step.0 * self.zoom
    }

    /// Page position of a point in units of cells.
    fn at(&self, column: f64, row: f64) -> (f64, f64) {
        let (step_u, step_v) = self.projection.step;
        let x = (column + 0.5) * step_u * self.zoom;
        let x = if self.view.mirrored() { self.width() - x } else { x };
        (self.left + x, BOTTOM_MM - (row + 0.5) * step_v * self.zoom)
    }

    fn draw(&self, svg: &mut Svg, threshold: f64, peak: f64) {
        self.draw_cells(svg, threshold, peak);
        let rings: Vec<Vec<(f64, f64)>> = outline(&self.projection.inside)
            .into_iter()
            .map(|ring| {
                ring.into_iter()
                    .map(|(column, row)| self.at(column, row))
                    .collect()
            })
            .collect();
        svg.outlines("outline", &rings, 0.3);
        let middle = self.left + self.width() / 2.0;
        svg.text((middle, 9.8), Align::Middle, TEXT_MM, self.view.name());
        self.draw_axis(svg);
    }

    /// Cells of one colour are one path, of one rectangle per run of cells.
    fn draw_cells(&self, svg: &mut Svg, threshold: f64, peak: f64) {
        let mut paths = vec![String::new(); LEVELS];
        for (row, values) in self.projection.values.rows().into_iter().enumerate() {
            let levels: Vec<Option<usize>> = values.iter().map(|v| level(*v, threshold, peak)).collect();
            let mut column = 0;
            for run in levels.chunk_by(|a, b| a == b) {
                if let Some(level) = run[0] {
                    let from = self.at(column as f64 - 0.5, row as f64 - 0.5);
                    let to = self.at((column + run.len()) as f64 - 0.5, row as f64 + 0.5);
                    let _ = write!(
                        paths[level],
                        "M{:.2} {:.2}H{:.2}V{:.2}H{:.2}Z",
                        from.0, from.1, to.0, to.1, from.0
                    );
                }
                column += run.len();
            }
        }
        for (level, path) in paths.iter().enumerate().filter(|(_, path)| !path.is_empty()) {
            svg.cells(path, &map_colour((level as f64 + 0.5) / LEVELS as f64));
        }
    }

    fn draw_axis(&self, svg: &mut Svg) {
        let y = BOTTOM_MM + 2.0;
        let (from, to) = (self.left, self.left + self.width());
        svg.line((from, y), (to, y), HAIRLINE_MM, 1.0);
        for tick in [-50.0, 0.0, 50.0] {
            let column = (tick - self.projection.origin.0) / self.projection.step.0;
            let x = self.at(column, 0.0).0;
            if (from..=to).contains(&x) {
                svg.line((x, y), (x, y + 0.8), HAIRLINE_MM, 1.0);
                svg.text((x, y + 3.3), Align::Middle, 2.1, &tick_label(tick, &[0.0, 50.0]));
            }
        }
        svg.text(
            (f64::midpoint(from, to), y + 6.5),
            Align::Middle,
            2.1,
            self.view.axis_name(),
        );
    }
}

/// Step of the colour scale of a value; `None` if it is not drawn.
fn level(value: f64, threshold: f64, peak: f64) -> Option<usize> {
    if value.is_nan() || value <= threshold {
        return None;
    }
    let position = (value - threshold) / (peak - threshold) * LEVELS as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 < position <= LEVELS"
    )]
    let level = position as usize;
    Some(level.min(LEVELS - 1))
}
