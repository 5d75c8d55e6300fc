//! Reliability of the voxels (result F1).

use lpp_analysis::Brain;
use lpp_stats::Density;

use super::maps::BrainMap;
use super::{Figure, Look};
use crate::plot::{DensityCurve, DensityPlot, Panel, Sheet};
use crate::theme::{NEUTRAL, SINGLE_MM};

/// The map of the inter-subject correlation with the contour of its 75th percentile; `None` if it is not known.
pub(crate) fn isc_map(brain: &Brain) -> Option<BrainMap> {
    let (isc, reliable) = (brain.isc()?, brain.reliable()?);
    Some(BrainMap {
        id: "isc".to_owned(),
        title: "Inter-subject correlation".to_owned(),
        value_name: "correlation".to_owned(),
        values: isc.to_vec(),
        threshold: 0.0,
        signed: false,
        contour: Some((reliable.threshold, "75th percentile".to_owned())),
        peak: None,
    })
}

/// Its density over the voxels, the 75th percentile marked.
pub(crate) fn isc_density(brain: &Brain, look: &Look) -> Option<Figure> {
    let (isc, reliable) = (brain.isc()?, brain.reliable()?);
    let known: Vec<f64> = isc.iter().copied().filter(|value| value.is_finite()).collect();
    let density = Density::estimate(&known).ok()?;
    let plot = DensityPlot {
        title: "Inter-subject correlation".to_owned(),
        x_name: "correlation".to_owned(),
        curves: vec![DensityCurve {
            name: "all voxels".to_owned(),
            x: density.x,
            density: density.density,
            colour: NEUTRAL.to_owned(),
            dashed: false,
            explained: false,
        }],
        threshold: Some((reliable.threshold, format!("75 % at {:.2}", reliable.threshold))),
        filled: true,
    };
    let sheet = Sheet {
        width_mm: SINGLE_MM,
        panel_mm: 58.0,
        ..Sheet::single(Panel::Density(plot))
    };
    let caption = "Density of the inter-subject correlation over voxels; reliable voxels lie above its 75th percentile.";
    Some(look.figure("isc_density", caption, &sheet))
}
