//! Maps of one value per voxel: glass brains and the cortex.

use lpp_analysis::Brain;
use lpp_stats::Hemispheres;

use super::Figure;
use crate::ReportError;
use crate::plot::{GlassBrain, SurfaceMap};
use crate::surface::CorticalSurface;
use crate::theme::Theme;

/// A map of one value per voxel that is to be drawn.
pub(crate) struct BrainMap {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) value_name: String,
    pub(crate) values: Vec<f64>,
    pub(crate) threshold: f64,
    pub(crate) signed: bool,
    /// A value whose contour is drawn in glass brains, and what it is.
    pub(crate) contour: Option<(f64, String)>,
    /// End of the colour scale, where several maps share one.
    pub(crate) peak: Option<f64>,
}

impl BrainMap {
    /// The map as a glass brain.
    pub(crate) fn glass(&self, brain: &Brain, theme: Theme) -> Figure {
        let title = match &self.contour {
            Some((value, name)) => format!("{}; contour: {name}, {value:.2}", self.title),
            None => self.title.clone(),
        };
        let drawing = GlassBrain {
            title: title.clone(),
            value_name: self.value_name.clone(),
            mask: brain.mask(),
            values: &self.values,
            threshold: self.threshold,
            signed: self.signed,
            peak: self.peak,
            contour: self.contour.as_ref().map(|(value, _)| *value),
        };
        let extreme = if self.signed {
            "Projections of the value farthest from zero"
        } else {
            "Maximum-intensity projections"
        };
        let caption = format!(
            "{title}. {extreme}; the outline is that of the mask, thin lines are lines of equal depth."
        );
        Figure {
            id: self.id.clone(),
            caption,
            alt: drawing.alt_text(),
            svg: drawing.to_svg(theme),
        }
    }

    /// The map on the cortex.
    pub(crate) fn cortex(
        &self,
        brain: &Brain,
        surface: &CorticalSurface,
        theme: Theme,
    ) -> Result<Figure, ReportError> {
        let values = surface.sample(brain.mask(), &self.values)?;
        let drawing = SurfaceMap {
            title: self.title.clone(),
            value_name: self.value_name.clone(),
            surface,
            values: &values,
            threshold: self.threshold,
            signed: self.signed,
            peak: self.peak,
        };
        Ok(Figure {
            id: format!("{}_surface", self.id),
            caption: format!(
                "{}, on the {}: means along the normals of its vertices.",
                self.title, surface.origin
            ),
            alt: drawing.alt_text(),
            svg: drawing.to_svg(theme)?,
        })
    }
}

/// Left minus mirrored right, shown on the left: the asymmetry of a map.
///
/// `mirror` gives for each voxel the voxel at the opposite x. Only left voxels have a value.
pub(crate) fn mirror_difference(values: &[f64], by_x: &Hemispheres, mirror: &[Option<usize>]) -> Vec<f64> {
    let mut difference = vec![f64::NAN; values.len()];
    for &voxel in by_x.left().indices() {
        if let Some(opposite) = mirror[voxel] {
            difference[voxel] = values[voxel] - values[opposite];
        }
    }
    difference
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_left_voxels_with_a_mirror_have_a_difference() {
        let by_x = Hemispheres::by_world_x(&[-4.0, 0.0, 4.0]);
        let difference = mirror_difference(&[0.5, 0.1, 0.2], &by_x, &[Some(2), Some(1), Some(0)]);
        assert!((difference[0] - 0.3).abs() < 1e-15);
        assert!(difference[1].is_nan() && difference[2].is_nan());
    }
}
