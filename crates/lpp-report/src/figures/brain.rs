//! All figures that show the brain itself.

use lpp_analysis::{Brain, ModelScores, Region, Table};
use lpp_study::{Language, Study};

use super::isc::{isc_density, isc_map};
use super::maps::{BrainMap, mirror_difference};
use super::{Figure, Look};
use crate::ReportError;
use crate::maps::mirrors;
use crate::plot::{BrainRegion, RegionBrain};
use crate::surface::CorticalSurface;

/// What brain figures are drawn from.
pub(crate) struct BrainFigures<'a> {
    pub(crate) study: &'a Study,
    pub(crate) lang: Language,
    pub(crate) brain: &'a Brain,
    pub(crate) surface: &'a CorticalSurface,
    pub(crate) look: &'a Look,
}

impl BrainFigures<'_> {
    /// Reliability, the scores of the largest and the smallest model, the best and the worst model over random vectors, and
    /// the regions.
    pub(crate) fn all(
        &self,
        scaling: &Table,
        baselines: &Table,
        compared: &Table,
        slopes: &Table,
    ) -> Result<Vec<Figure>, ReportError> {
        let mut figures: Vec<Figure> = isc_density(self.brain, self.look).into_iter().collect();
        if let Some(map) = isc_map(self.brain) {
            figures.extend(self.both(&map)?);
        }
        let names = scaling.texts("model");
        let mut chosen: Vec<&String> = names.first().into_iter().chain(names.last()).collect();
        chosen.dedup();
        for name in chosen.into_iter().rev() {
            let model = self.load(name)?;
            figures.extend(self.both(&score_map(name, &model.best))?);
            figures.push(asymmetry_map(name, &model.best, self.brain).glass(self.brain, self.look.theme));
        }
        figures.extend(self.over_random(baselines, compared)?);
        figures.extend(self.slopes(slopes)?);
        figures.extend(self.regions()?);
        Ok(figures)
    }

    /// A map as a glass brain and on the cortex.
    fn both(&self, map: &BrainMap) -> Result<[Figure; 2], ReportError> {
        Ok([
            map.glass(self.brain, self.look.theme),
            map.cortex(self.brain, self.surface, self.look.theme)?,
        ])
    }

    fn load(&self, name: &str) -> Result<ModelScores, ReportError> {
        Ok(ModelScores::load(
            &self.study.scores(name, self.lang),
            self.brain,
        )?)
    }

    /// The best and the worst model minus the mean of the largest random embeddings, on the cortex (B3).
    ///
    /// `compared` is the table `baseline_maps`, which says which models and which embeddings those are.
    fn over_random(&self, baselines: &Table, compared: &Table) -> Result<Vec<Figure>, ReportError> {
        let Some(group) = compared.texts("over").into_iter().next() else {
            return Ok(Vec::new());
        };
        let members = baselines
            .texts("model")
            .into_iter()
            .zip(baselines.texts("group"))
            .filter(|(_, of)| *of == group);
        let mut random = Vec::new();
        for (name, _) in members {
            random.push(self.load(&name)?.best);
        }
        let Some(ground) = mean_map(&random) else {
            return Ok(Vec::new());
        };
        let mut maps = Vec::new();
        for (map, name) in compared.texts("map").into_iter().zip(compared.texts("model")) {
            let rank = map.split('_').next().unwrap_or_default().to_owned();
            let model = self.load(&name)?;
            let values: Vec<f64> = model
                .best
                .iter()
                .zip(&ground)
                .map(|(score, ground)| score - ground)
                .collect();
            maps.push((rank, name, values));
        }
        // One colour scale for both, so that they can be compared.
        let peak = maps
            .iter()
            .flat_map(|(_, _, values)| values)
            .copied()
            .filter(|value| value.is_finite())
            .fold(0.0, f64::max);
        maps.into_iter()
            .map(|(rank, name, values)| {
                let map = BrainMap {
                    id: format!("over_random_{rank}"),
                    title: format!("{name} ({rank}) over {}", group.replace('_', " ")),
                    value_name: "difference".to_owned(),
                    values,
                    threshold: 0.0,
                    signed: false,
                    contour: None,
                    peak: Some(peak),
                };
                map.cortex(self.brain, self.surface, self.look.theme)
            })
            .collect()
    }

    /// Growth of each voxel's score with model size where it is significant, or everywhere if that is nowhere (V1).
    fn slopes(&self, table: &Table) -> Result<Vec<Figure>, ReportError> {
        if table.n_rows() != self.brain.n_voxels() {
            return Ok(Vec::new());
        }
        let slopes = table.numbers("slope_per_ln_parameter");
        let shown = table.numbers("shown");
        let any = shown.iter().flatten().any(|shown| *shown > 0.0);
        let values: Vec<f64> = slopes
            .iter()
            .zip(&shown)
            .map(|(slope, shown)| match slope {
                Some(slope) if !any || shown.is_some_and(|shown| shown > 0.0) => *slope,
                _ => f64::NAN,
            })
            .collect();
        if values.iter().all(|value| value.is_nan()) {
            return Ok(Vec::new());
        }
        let condition = if any { ", voxels with p < 1e-7" } else { "" };
        let map = BrainMap {
            id: "voxel_slopes".to_owned(),
            title: format!("Growth of the brain score per ln(parameters){condition}"),
            value_name: "slope".to_owned(),
            values,
            threshold: 0.0,
            signed: true,
            contour: None,
            peak: None,
        };
        Ok(self.both(&map)?.into())
    }

    /// Where the regions of interest lie (R1).
    fn regions(&self) -> Result<Option<Figure>, ReportError> {
        let regions: Vec<BrainRegion> = Region::load_all(&self.study.roi_dir(), self.brain)?
            .into_iter()
            .map(|Region { name, left, right }| BrainRegion { name, left, right })
            .collect();
        if regions.is_empty() {
            return Ok(None);
        }
        let drawing = RegionBrain {
            title: "Regions of interest and their mirror images".to_owned(),
            mask: self.brain.mask(),
            regions: &regions,
        };
        Ok(Some(Figure {
            id: "rois_map".to_owned(),
            caption: "Regions of interest; their mirror images are paler.".to_owned(),
            alt: drawing.alt_text(),
            svg: drawing.to_svg(self.look.theme),
        }))
    }
}

/// Means per voxel; `None` of no maps.
fn mean_map(maps: &[Vec<f64>]) -> Option<Vec<f64>> {
    let first = maps.first()?;
    let mean = |voxel: usize| maps.iter().map(|map| map[voxel]).sum::<f64>() / maps.len() as f64;
    Some((0..first.len()).map(mean).collect())
}

fn score_map(model: &str, best: &[f64]) -> BrainMap {
    BrainMap {
        id: format!("map_{}", file_stem(model)),
        title: format!("Brain score of {model}"),
        value_name: "correlation".to_owned(),
        values: best.to_vec(),
        threshold: 0.0,
        signed: false,
        contour: None,
        peak: None,
    }
}

/// Left minus right at mirrored voxels, shown on the left.
fn asymmetry_map(model: &str, best: &[f64], brain: &Brain) -> BrainMap {
    BrainMap {
        id: format!("map_l_minus_r_{}", file_stem(model)),
        title: format!("Left minus mirrored right: brain score of {model}"),
        value_name: "difference".to_owned(),
        values: mirror_difference(best, brain.sides().by_x(), &mirrors(brain.mask())),
        threshold: 0.0,
        signed: true,
        contour: None,
        peak: None,
    }
}

/// A model's name as part of a file name.
fn file_stem(model: &str) -> String {
    model
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_stay_in_their_folder() {
        assert_eq!(file_stem("org/../model 7b"), "org_.._model_7b");
    }
}
