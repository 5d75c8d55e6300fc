//! One view of a glass brain, placed on the page: outline, depth lines, ticks.

use ndarray::Array2;

use super::contour::{Ring, contour, outline};
use super::projection::{Projection, View};
use super::scale::{Scale, tick_label};
use super::svg::{Align, Stroke, Svg};
use crate::theme::{LABEL_MM, TEXT_MM};

/// Page that the views have for themselves, mm: their widths together, their height, and the gap between two.
const VIEWS_MM: (f64, f64) = (140.0, 39.0);
const GAP_MM: f64 = 4.5;
/// Where the first view begins and where all stand, mm.
const LEFT_MM: f64 = 6.0;
const BOTTOM_MM: f64 = 51.5;
/// Height of a figure of glass brains, mm.
pub(crate) const GLASS_HEIGHT_MM: f64 = 62.0;

/// One view.
pub(crate) struct GlassPanel {
    pub(crate) view: View,
    pub(crate) projection: Projection,
    left: f64,
    zoom: f64,
}

/// Lays the views out side by side; also the page position behind the last.
///
/// A map of one hemisphere has nothing to show in the view of the other, which is left out.
pub(crate) fn lay_out(project: impl Fn(View) -> Projection) -> (Vec<GlassPanel>, f64) {
    let views: Vec<(View, Projection)> = View::ALL
        .into_iter()
        .map(|view| (view, project(view)))
        .filter(|(_, projection)| projection.values.iter().any(|value| !value.is_nan()))
        .collect();
    let zoom = zoom_for(&views);
    let mut left = LEFT_MM;
    let mut panels = Vec::new();
    for (view, projection) in views {
        let panel = GlassPanel {
            view,
            projection,
            left,
            zoom,
        };
        left += panel.width() + GAP_MM;
        panels.push(panel);
    }
    (panels, left)
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

impl GlassPanel {
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

    /// Rings on the page.
    pub(crate) fn rings(&self, rings: &[Ring]) -> Vec<Ring> {
        rings
            .iter()
            .map(|ring| ring.iter().map(|&(column, row)| self.at(column, row)).collect())
            .collect()
    }

    /// The brain's outline, lines of equal depth within, the view's name and its axis. To be drawn over the map.
    pub(crate) fn draw_frame(&self, svg: &mut Svg) {
        for ring in self.rings(&depth_lines(&self.projection.depth)) {
            let mut closed = ring.clone();
            closed.extend(ring.first());
            let stroke = Stroke {
                opacity: 0.22,
                ..Stroke::solid("currentColor", 0.15)
            };
            svg.polyline("depth", &closed, stroke);
        }
        svg.outlines("outline", &self.rings(&outline(&self.projection.inside())), 0.3);
        let middle = self.left + self.width() / 2.0;
        svg.text((middle, 10.0), Align::Middle, TEXT_MM, self.view.name());
        self.draw_axis(svg);
    }

    fn draw_axis(&self, svg: &mut Svg) {
        let y = BOTTOM_MM + 1.6;
        let (from, to) = (self.left, self.left + self.width());
        svg.axis_lines(&[(from, y), (to, y)]);
        for tick in [-50.0, 0.0, 50.0] {
            let column = (tick - self.projection.origin.0) / self.projection.step.0;
            let x = self.at(column, 0.0).0;
            if (from..=to).contains(&x) {
                svg.tick((x, y), (x, y + 0.8));
                svg.text(
                    (x, y + 3.3),
                    Align::Middle,
                    LABEL_MM,
                    &tick_label(tick, &[0.0, 50.0]),
                );
            }
        }
        let name = self.view.axis_name();
        svg.text((f64::midpoint(from, to), y + 6.5), Align::Middle, LABEL_MM, name);
        if self.view.shows_both_sides() {
            svg.text((from, y + 6.5), Align::Start, LABEL_MM, "L");
            svg.text((to, y + 6.5), Align::End, LABEL_MM, "R");
        }
    }
}

/// Two lines of equal depth, as on a hiker's map: they make the silhouette a body.
fn depth_lines(depth: &Array2<f64>) -> Vec<Ring> {
    let deepest = depth.iter().copied().fold(0.0, f64::max);
    let padded = padded(depth, 0.0);
    [0.45, 0.75]
        .into_iter()
        .flat_map(|share| contour(&padded, share * deepest))
        // Rings around single cells are the mask's roughness, not its shape.
        .filter(|ring| ring.len() > 24)
        .map(unpadded)
        .collect()
}

/// The field with a margin of one cell of `edge` on all sides.
pub(crate) fn padded(field: &Array2<f64>, edge: f64) -> Array2<f64> {
    let (rows, columns) = field.dim();
    let mut wide = Array2::from_elem((rows + 2, columns + 2), edge);
    wide.slice_mut(ndarray::s![1..=rows, 1..=columns]).assign(field);
    wide
}

/// A ring of a padded field in cells of the field itself.
pub(crate) fn unpadded(ring: Ring) -> Ring {
    ring.into_iter().map(|(x, y)| (x - 1.0, y - 1.0)).collect()
}

/// Ticks beside a bar of colours: its ends, and round values that stay clear of them.
pub(crate) fn bar_ticks(svg: &mut Svg, left: f64, top: f64, height: f64, scale: Scale, ends: &[f64]) {
    let y_of = |value: f64| top + (1.0 - scale.position(value)) * height;
    let round = scale.ticks();
    let clear = |tick: &f64| {
        ends.iter()
            .all(|end| (y_of(*tick) - y_of(*end)).abs() > TEXT_MM * 1.15)
    };
    let inner: Vec<f64> = round.iter().copied().filter(clear).collect();
    for (tick, text) in inner
        .iter()
        .map(|tick| (*tick, tick_label(*tick, &round)))
        .chain(ends.iter().map(|end| (*end, end_label(*end, &round))))
    {
        let y = y_of(tick);
        svg.tick((left, y), (left + 0.8, y));
        svg.text((left + 1.5, y + TEXT_MM * 0.36), Align::Start, TEXT_MM, &text);
    }
}

/// An end of the scale, with one digit more than the round values have if it needs it.
fn end_label(end: f64, round: &[f64]) -> String {
    let Some(decimals) = round.first().map(|tick| {
        let label = tick_label(*tick, round);
        label.split_once('.').map_or(0, |(_, digits)| digits.len())
    }) else {
        return tick_label(end, &[]);
    };
    if end == 0.0 {
        return format!("{:.decimals$}", 0.0);
    }
    format!("{end:.*}", decimals + 1).replace('-', "\u{2212}")
}
