//! Maps of one value per voxel: glass brains and the cortex.

use lpp_analysis::Brain;
use lpp_fmri::Mask;

use super::figure::Figure;
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
    /// A map of positive values, from zero to the largest.
    pub(crate) fn of(id: &str, title: &str, value_name: &str, values: Vec<f64>) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            value_name: value_name.to_owned(),
            values,
            threshold: 0.0,
            signed: false,
            contour: None,
            peak: None,
        }
    }

    /// The same with one colour scale for all of its parts.
    pub(crate) fn with_peak(mut self) -> Self {
        let whole = self.values.iter().filter(|value| value.is_finite());
        let peak = whole.fold(0.0, |peak: f64, value| {
            peak.max(if self.signed { value.abs() } else { *value })
        });
        self.peak.get_or_insert(peak);
        self
    }

    /// The map of the voxels at `columns`, those of grayordinates.
    pub(crate) fn below_the_cortex(&self, columns: &[usize]) -> Self {
        Self {
            id: format!("{}_subcortex", self.id),
            title: format!("{}, structures below the cortex", self.title),
            value_name: self.value_name.clone(),
            values: columns.iter().map(|&column| self.values[column]).collect(),
            contour: self.contour.clone(),
            ..*self
        }
    }

    /// The map as a glass brain.
    pub(crate) fn glass(&self, mask: &Mask, theme: Theme) -> Figure {
        let title = match &self.contour {
            Some((value, name)) => format!("{}; contour: {name}, {value:.2}", self.title),
            None => self.title.clone(),
        };
        let drawing = GlassBrain {
            title: title.clone(),
            value_name: self.value_name.clone(),
            mask,
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
                "{}, on the {}{}",
                self.title,
                surface.origin,
                match brain.mask().volume() {
                    Some(_) => ": means along the normals of its vertices.",
                    None => ".",
                }
            ),
            alt: drawing.alt_text(),
            svg: drawing.to_svg(theme)?,
        })
    }
}
