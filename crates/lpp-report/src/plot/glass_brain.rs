//! Glass brain: a map seen through the skull from four sides.

use lpp_fmri::Mask;
use ndarray::Array2;

use super::colour_bar::ColourBar;
use super::contour::{Ring, contour};
use super::glass_panel::{GLASS_HEIGHT_MM, GlassPanel, lay_out, padded, unpadded};
use super::map_scale::{LEVELS, MapScale};
use super::projection::{Extreme, Projection};
use super::svg::Svg;
use crate::theme::{DOUBLE_MM, TITLE_MM, Theme};
use lpp_tables::number::compact;

/// A map of one value per voxel, drawn as maximum-intensity projections from the left, from behind, from the right
/// and from above.
///
/// Colours are areas between contours of the projection, interpolated between voxels. The outline and the lines of equal
/// depth are those of the mask itself. Side views show their own hemisphere, midline included.
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
    /// Values up to this one are not drawn; of a signed map, those not farther from zero.
    pub threshold: f64,
    /// Whether negative values count: then each view shows the values farthest from zero.
    pub signed: bool,
    /// End of the colour scale; the largest value if it is not given.
    pub peak: Option<f64>,
    /// A value whose contour is drawn.
    pub contour: Option<f64>,
}

impl GlassBrain<'_> {
    /// Draws the map: 180 mm wide.
    #[must_use]
    pub fn to_svg(&self, theme: Theme) -> String {
        let scale = self.scale();
        let mut svg = Svg::new(theme, DOUBLE_MM, GLASS_HEIGHT_MM, self.alt_text());
        svg.title((3.0, 5.0), TITLE_MM, &self.title, DOUBLE_MM - 6.0);
        let extreme = if self.signed {
            Extreme::Strongest
        } else {
            Extreme::Highest
        };
        let (panels, left) = lay_out(|view| Projection::of(self.mask, self.values, view, extreme));
        for panel in &panels {
            self.draw_map(&mut svg, panel, scale);
            panel.draw_frame(&mut svg);
        }
        ColourBar {
            scale,
            name: &self.value_name,
            contour: self.contour,
        }
        .draw(&mut svg, left + 0.5, 15.0, 34.0);
        svg.finish()
    }

    /// What the map shows, with its peak.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let size = |value: f64| if self.signed { value.abs() } else { value };
        let place = self
            .mask
            .world_coordinates()
            .into_iter()
            .zip(self.values)
            .filter(|(_, value)| value.is_finite())
            .max_by(|a, b| size(*a.1).total_cmp(&size(*b.1)));
        let peak = place.map_or_else(String::new, |([x, y, z], value)| {
            format!(", peak {} at ({x:.0}, {y:.0}, {z:.0}) mm", compact(*value))
        });
        let contour = self
            .contour
            .map_or_else(String::new, |value| format!(", contour at {}", compact(value)));
        format!(
            "{}: {} in maximum-intensity projections{peak}{contour}",
            self.title, self.value_name
        )
    }

    fn scale(&self) -> MapScale {
        MapScale::of(self.values, self.threshold, self.signed, self.peak)
    }

    fn draw_map(&self, svg: &mut Svg, panel: &GlassPanel, scale: MapScale) {
        let values = &panel.projection.values;
        let known = padded(&values.mapv(|value| f64::from(u8::from(!value.is_nan()))), 0.0);
        let shape: Vec<Ring> = contour(&known, 0.5).into_iter().map(unpadded).collect();
        if shape.is_empty() {
            return;
        }
        let id = format!("clip-{:016x}-{}", self.fingerprint(), panel.view.name());
        svg.clip(&id, &panel.rings(&shape));
        // Where a signed map changes sign it is zero: no gap between the colours.
        if self.signed && self.threshold <= 0.0 {
            let colour = scale.colour(svg.theme(), 0, 1.0).to_string();
            svg.areas("level", &panel.rings(&shape), &colour, 1.0);
        }
        let field = filled(&padded(values, f64::NAN));
        for sign in if self.signed {
            [1.0, -1.0].as_slice()
        } else {
            &[1.0]
        } {
            let signed = field.mapv(|value| value * sign);
            for step in 0..LEVELS {
                let rings = rings_above(&signed, scale.level(step));
                if !rings.is_empty() {
                    let colour = scale.colour(svg.theme(), step, *sign).to_string();
                    svg.areas("level", &panel.rings(&rings), &colour, 1.0);
                }
            }
        }
        if let Some(level) = self.contour {
            svg.outlines("contour", &panel.rings(&rings_above(&field, level)), 0.25);
        }
        svg.unclip();
    }

    /// A number that tells the maps of a page apart (FNV-1a), for the names of their clip paths.
    fn fingerprint(&self) -> u64 {
        let bytes = self
            .title
            .bytes()
            .chain(self.values.iter().flat_map(|value| value.to_le_bytes()));
        bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }
}

/// Rings around what is at least `level` in a field with a margin of one cell, in cells of the field without it; samples
/// that are not known are NaN.
fn rings_above(field: &Array2<f64>, level: f64) -> Vec<Ring> {
    let lowest = field
        .iter()
        .copied()
        .filter(|value| value.is_finite())
        .fold(level, f64::min);
    // Below the level and below all that is known, and around everything, so that every ring closes.
    let floor = lowest - 1.0;
    let closed = field.mapv(|value| if value.is_nan() { floor } else { value });
    let rings = contour(&padded(&closed, floor), level);
    rings.into_iter().map(unpadded).map(unpadded).collect()
}

/// The values, and around them a border of one cell with the mean of its known neighbours: contours then run up to the
/// edge of what is known, where the drawing is clipped.
fn filled(values: &Array2<f64>) -> Array2<f64> {
    let (rows, columns) = values.dim();
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let value = values[[row, column]];
        if !value.is_nan() {
            return value;
        }
        let around = values.slice(ndarray::s![
            row.saturating_sub(1)..(row + 2).min(rows),
            column.saturating_sub(1)..(column + 2).min(columns)
        ]);
        let known: Vec<f64> = around.iter().copied().filter(|value| !value.is_nan()).collect();
        known.iter().sum::<f64>() / known.len() as f64
    })
}
