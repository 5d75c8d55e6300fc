//! Where regions of interest lie: their shapes in a glass brain.

use lpp_analysis::Region;
use lpp_fmri::Mask;

use super::contour::{Ring, contour};
use super::glass_panel::{GLASS_HEIGHT_MM, GlassPanel, lay_out, padded, unpadded};
use super::legend::{Entry, Legend, Symbol};
use super::projection::{Extreme, Projection, View};
use super::svg::Svg;
use crate::theme::{DOUBLE_MM, TITLE_MM, Theme, series_colour};

/// Regions of interest, each in a colour, their mirror images paler.
#[derive(Debug, Clone)]
pub struct RegionBrain<'a> {
    /// Title.
    pub title: String,
    /// The mask.
    pub mask: &'a Mask,
    /// The regions.
    pub regions: &'a [Region],
}

impl RegionBrain<'_> {
    /// Draws the regions: 180 mm wide.
    #[must_use]
    pub fn to_svg(&self, theme: Theme) -> String {
        let entries = self.regions.iter().enumerate().map(|(i, region)| Entry {
            symbol: Symbol::Patch(series_colour(i).to_owned()),
            name: region.name.clone(),
        });
        let legend = Legend::new(entries.collect(), DOUBLE_MM - 6.0);
        let height = GLASS_HEIGHT_MM + legend.height();
        let mut svg = Svg::new(theme, DOUBLE_MM, height, self.alt_text());
        svg.title((3.0, 5.0), TITLE_MM, &self.title, DOUBLE_MM - 6.0);
        let (panels, _) = lay_out(|view| self.projection(view, None));
        for panel in &panels {
            for (i, region) in self.regions.iter().enumerate() {
                for (side, opacity) in [(&region.right, 0.35), (&region.left, 0.75)] {
                    let rings = self.shape(panel, side.indices());
                    if !rings.is_empty() {
                        svg.areas("region", &rings, series_colour(i), opacity);
                    }
                }
            }
            panel.draw_frame(&mut svg);
        }
        legend.draw(&mut svg, 6.0, GLASS_HEIGHT_MM);
        svg.finish()
    }

    /// Names and sizes of the regions.
    #[must_use]
    pub fn alt_text(&self) -> String {
        let regions: Vec<String> = self
            .regions
            .iter()
            .map(|region| {
                let (left, right) = (region.left.len(), region.right.len());
                format!("{} ({left} voxels left, {right} right)", region.name)
            })
            .collect();
        format!("{}: {}", self.title, regions.join(", "))
    }

    /// The projection of a set of voxels, or of the whole mask.
    fn projection(&self, view: View, voxels: Option<&[usize]>) -> Projection {
        let mut values = vec![if voxels.is_some() { f64::NAN } else { 1.0 }; self.mask.n_voxels()];
        for &voxel in voxels.unwrap_or_default() {
            if let Some(value) = values.get_mut(voxel) {
                *value = 1.0;
            }
        }
        Projection::of(self.mask, &values, view, Extreme::Highest)
    }

    fn shape(&self, panel: &GlassPanel, voxels: &[usize]) -> Vec<Ring> {
        let values = self.projection(panel.view, Some(voxels)).values;
        let there = values.mapv(|value| f64::from(u8::from(!value.is_nan())));
        let rings: Vec<Ring> = contour(&padded(&there, 0.0), 0.5)
            .into_iter()
            .map(unpadded)
            .collect();
        panel.rings(&rings)
    }
}
