//! A map on the cortex: both hemispheres, from outside and from the midline.

use super::colour_bar::ColourBar;
use super::map_scale::MapScale;
use super::rect::Rect;
use super::svg::{Align, Svg};
use crate::ReportError;
use crate::surface::{Camera, CorticalSurface, Hemisphere, Scene, Side, render};
use crate::theme::{DOUBLE_MM, TEXT_MM, TITLE_MM, Theme};
use lpp_tables::number::compact;

/// Pixels a millimetre of page: 254 dpi, enough for surfaces without fine detail.
const PIXELS_PER_MM: f64 = 10.0;
const HEIGHT_MM: f64 = 46.0;
/// Room for the views, mm: their widths together and their height.
const VIEWS_MM: (f64, f64) = (150.0, 32.0);
const GAP_MM: f64 = 2.5;
const TOP_MM: f64 = 12.0;
/// How much darker the bottom of a fold is than its crown.
const FOLD_SHADE: f64 = 0.28;

/// A map of one value per vertex of both hemispheres, each from its outside (lateral) and from the midline (medial).
#[derive(Debug, Clone)]
pub struct SurfaceMap<'a> {
    /// Title.
    pub title: String,
    /// Name of the value, with its unit.
    pub value_name: String,
    /// The cortex.
    pub surface: &'a CorticalSurface,
    /// Values of the vertices of the left and the right hemisphere; NaN are drawn as tissue.
    pub values: &'a [Vec<f64>; 2],
    /// Values up to this one are drawn as tissue; of a signed map, those not farther from zero.
    pub threshold: f64,
    /// Whether negative values count.
    pub signed: bool,
    /// End of the colour scale; the largest value if it is not given.
    pub peak: Option<f64>,
}

/// One picture: a hemisphere and where it is seen from.
struct View<'a> {
    name: &'static str,
    hemisphere: &'a Hemisphere,
    values: &'a [f64],
    side: Side,
    /// Extent across and up, mm of the world.
    low: (f64, f64),
    high: (f64, f64),
}

impl SurfaceMap<'_> {
    /// Draws the map: 180 mm wide. The surfaces are embedded pixels, the rest is vectors.
    ///
    /// # Errors
    /// [`ReportError::Render`] if the surface has no extent that could be drawn.
    pub fn to_svg(&self, theme: Theme) -> Result<String, ReportError> {
        let scale = self.scale();
        let mut svg = Svg::new(theme, DOUBLE_MM, HEIGHT_MM, self.alt_text());
        svg.title((3.0, 5.0), TITLE_MM, &self.title, DOUBLE_MM - 6.0);
        let views = self.views();
        let (width, height) = views.iter().fold((0.0, 0.0_f64), |(width, height), view| {
            (width + view.size().0, height.max(view.size().1))
        });
        let zoom = (VIEWS_MM.0 / width).min(VIEWS_MM.1 / height);
        let mut left = 3.0;
        for view in &views {
            let size = (view.size().0 * zoom, VIEWS_MM.1);
            let area = Rect::new(left, TOP_MM, size.0, size.1);
            svg.image("surface", area, &view.render(theme, scale, area, zoom)?);
            svg.text((left + size.0 / 2.0, 10.0), Align::Middle, TEXT_MM, view.name);
            left += size.0 + GAP_MM;
        }
        ColourBar {
            scale,
            name: &self.value_name,
            contour: None,
        }
        .draw(&mut svg, left + 1.0, TOP_MM + 2.4, VIEWS_MM.1 - 4.0);
        Ok(svg.finish())
    }

    /// What the map shows, with each hemisphere's peak.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let peak = |values: &[f64]| {
            let largest = values
                .iter()
                .copied()
                .filter(|value| value.is_finite())
                .fold(f64::NAN, f64::max);
            if largest.is_nan() {
                "unknown".to_owned()
            } else {
                compact(largest)
            }
        };
        format!(
            "{}: {} on the {}, both hemispheres, lateral and medial; highest {} left, {} right",
            self.title,
            self.value_name,
            self.surface.origin,
            peak(&self.values[0]),
            peak(&self.values[1])
        )
    }

    fn scale(&self) -> MapScale {
        MapScale::of(&self.values.concat(), self.threshold, self.signed, self.peak)
    }

    fn views(&self) -> Vec<View<'_>> {
        let (left, right) = (&self.surface.left, &self.surface.right);
        [
            ("left, lateral", left, 0, Side::FromLeft),
            ("left, medial", left, 0, Side::FromRight),
            ("right, medial", right, 1, Side::FromLeft),
            ("right, lateral", right, 1, Side::FromRight),
        ]
        .into_iter()
        .map(|(name, hemisphere, number, side)| View::new(name, hemisphere, &self.values[number], side))
        .collect()
    }
}

impl<'a> View<'a> {
    fn new(name: &'static str, hemisphere: &'a Hemisphere, values: &'a [f64], side: Side) -> Self {
        let (mut low, mut high) = ((f64::MAX, f64::MAX), (f64::MIN, f64::MIN));
        for vertex in hemisphere.drawn.vertices() {
            let [u, v, _] = side.turn(*vertex);
            low = (low.0.min(u), low.1.min(v));
            high = (high.0.max(u), high.1.max(v));
        }
        Self {
            name,
            hemisphere,
            values,
            side,
            low,
            high,
        }
    }

    /// Width and height, mm of the world; a flat mesh still has some.
    fn size(&self) -> (f64, f64) {
        (
            (self.high.0 - self.low.0).max(1.0),
            (self.high.1 - self.low.1).max(1.0),
        )
    }

    fn render(&self, theme: Theme, scale: MapScale, area: Rect, zoom: f64) -> Result<Vec<u8>, ReportError> {
        let pixels = |mm: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a view is at most as large as the page"
            )]
            let pixels = (mm * PIXELS_PER_MM).round() as u32;
            pixels.max(1)
        };
        let brightness: Vec<f64> = self
            .hemisphere
            .folds
            .iter()
            .map(|depth| brightness(*depth))
            .collect();
        let scene = Scene {
            mesh: &self.hemisphere.drawn,
            values: self.values,
            brightness: &brightness,
            tissue: theme.tissue(),
            colour: &|value| scale.colour_of(theme, value),
        };
        let camera = Camera {
            side: self.side,
            size_mm: (area.width() / zoom, area.height() / zoom),
            centre: (
                f64::midpoint(self.low.0, self.high.0),
                f64::midpoint(self.low.1, self.high.1),
            ),
        };
        render(&scene, camera, pixels(area.width()), pixels(area.height()))
    }
}

/// Sulci (positive depth) are darker than gyri; the step between them is smooth.
fn brightness(depth: f64) -> f64 {
    if depth.is_nan() {
        return 1.0;
    }
    1.0 - FOLD_SHADE * f64::midpoint(1.0, (depth / 3.0).tanh())
}
