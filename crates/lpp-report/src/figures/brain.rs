//! All figures that show the brain itself.

use lpp_analysis::{Brain, ModelScores, Region};
use lpp_fmri::BrainMask;
use lpp_study::{Language, Study};
use lpp_tables::{BaselineMaps, Scaling, VoxelSlopes};

use super::figure::{Figure, Look};
use super::gallery::{Gallery, without_values};
use super::maps::BrainMap;
use crate::ReportError;
use crate::plot::RegionBrain;
use crate::report_tables::ReportTables;
use crate::surface::CorticalSurface;
use crate::undrawn::Undrawn;

/// What brain figures are drawn from.
pub(crate) struct BrainFigures<'a> {
    pub(crate) study: &'a Study,
    pub(crate) lang: Language,
    pub(crate) brain: &'a Brain,
    /// `None` for scans on surfaces whose meshes are not known.
    pub(crate) surface: Option<&'a CorticalSurface>,
    pub(crate) tables: &'a ReportTables,
    pub(crate) look: &'a Look,
}

/// How a map is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drawn {
    Glass,
    Cortex,
    Both,
}

impl BrainFigures<'_> {
    /// Reliability, the scores of the largest and the smallest model, the best and the worst model over random vectors, the
    /// growth of each voxel, and the regions.
    ///
    /// # Errors
    /// [`ReportError`] naming a file that is broken.
    pub(crate) fn draw(&self, gallery: &mut Gallery) -> Result<(), ReportError> {
        self.map(gallery, "isc", self.isc(), Drawn::Both)?;
        let models = self.tables.all::<Scaling>()?;
        let ends = models.last().into_iter().chain(models.first());
        let mut chosen: Vec<&str> = ends.map(|row| row.id.model.as_str()).collect();
        chosen.dedup();
        for name in chosen {
            let best = self.load(name)?;
            let (score, asymmetry) = (score_map(name, &best), asymmetry_map(name, &best, self.brain));
            self.map(gallery, "", Ok(score), Drawn::Both)?;
            self.map(gallery, "", Ok(asymmetry), Drawn::Glass)?;
        }
        match self.over_random() {
            Ok(maps) => {
                for map in maps {
                    self.map(gallery, "", Ok(map), Drawn::Cortex)?;
                }
            }
            Err(undrawn) => gallery.add("over_random", Err(undrawn))?,
        }
        self.map(gallery, "voxel_slopes", self.slopes(), Drawn::Both)?;
        gallery.add("rois_map", self.regions())
    }

    /// Adds a map to the gallery; `id` is what it would be called if it is not drawn.
    fn map(
        &self,
        gallery: &mut Gallery,
        id: &str,
        map: Result<BrainMap, Undrawn>,
        drawn: Drawn,
    ) -> Result<(), ReportError> {
        let map = match map {
            Ok(map) => map,
            Err(undrawn) => return gallery.add(id, Err(undrawn)),
        };
        let theme = self.look.theme;
        if let Some(mask) = self.brain.mask().volume()
            && drawn != Drawn::Cortex
        {
            gallery.add(&map.id, Ok(map.glass(mask, theme)))?;
        }
        if drawn == Drawn::Glass && self.brain.mask().volume().is_some() {
            return Ok(());
        }
        let below = match self.brain.mask() {
            BrainMask::Surface(mask) => mask.places().volume_part(),
            BrainMask::Volume(_) => None,
        };
        let map = if below.is_some() { map.with_peak() } else { map };
        let figure = match self.surface {
            Some(surface) => Ok(map.cortex(self.brain, surface, theme)?),
            None => Err(without_mesh()),
        };
        gallery.add(&map.id, figure)?;
        if let Some((voxels, columns)) = below {
            let below = map.below_the_cortex(&columns);
            gallery.add(&below.id, Ok(below.glass(&voxels, theme)))?;
        }
        Ok(())
    }

    /// The best score over layers of each voxel.
    fn load(&self, name: &str) -> Result<Vec<f64>, ReportError> {
        let path = self.study.scores(name, self.lang);
        Ok(ModelScores::load(&path, self.brain)?.best)
    }

    /// The inter-subject correlation with the contour of its 75th percentile (F1).
    fn isc(&self) -> Result<BrainMap, Undrawn> {
        let isc = self
            .brain
            .isc()
            .ok_or_else(|| without_values("inter-subject correlation"))?;
        let threshold = self.tables.quantity("isc_percentile_75")?;
        Ok(BrainMap {
            contour: Some((threshold, "75th percentile".to_owned())),
            ..BrainMap::of("isc", "Inter-subject correlation", "correlation", isc.to_vec())
        })
    }

    /// The best and the worst model minus the mean of the largest random embeddings (B3), as the analysis mapped them.
    fn over_random(&self) -> Result<Vec<BrainMap>, Undrawn> {
        let rows = self.tables.filled::<BaselineMaps>()?;
        let mut maps = Vec::new();
        for row in &rows {
            let values = self.image(&row.map)?;
            let rank = row.map.split('_').next().unwrap_or_default();
            let title = format!("{} ({rank}) over {}", row.model, row.over.replace('_', " "));
            let id = format!("over_random_{rank}");
            maps.push(BrainMap::of(&id, &title, "difference", values));
        }
        // One colour scale for both, so that they can be compared.
        let values = maps.iter().flat_map(|map| &map.values).copied();
        let peak = values.filter(|value| value.is_finite()).fold(0.0, f64::max);
        for map in &mut maps {
            map.peak = Some(peak);
        }
        Ok(maps)
    }

    /// A map of the analysis.
    fn image(&self, name: &str) -> Result<Vec<f64>, ReportError> {
        let path = self.tables.map_path(name);
        if !path.exists() {
            let command = self.tables.command();
            return Err(ReportError::MissingResult { path, command });
        }
        Ok(self.brain.mask().load_map(&path)?)
    }

    /// Growth of each voxel's score with model size where it is significant, or everywhere if that is nowhere (V1).
    fn slopes(&self) -> Result<BrainMap, Undrawn> {
        let rows = self.tables.filled::<VoxelSlopes>()?;
        if rows.len() != self.brain.n_voxels() {
            return Err(Undrawn::Without(format!(
                "the table voxel_slopes has {} rows, the mask has {} voxels",
                rows.len(),
                self.brain.n_voxels()
            )));
        }
        let any = rows.iter().any(|row| row.shown);
        let slope = |row: &VoxelSlopes| {
            if row.shown || !any {
                row.slope_per_ln_parameter
            } else {
                f64::NAN
            }
        };
        let values: Vec<f64> = rows.iter().map(slope).collect();
        if values.iter().all(|value| value.is_nan()) {
            return Err(without_values("slopes of voxels"));
        }
        let condition = if any { ", voxels with p < 1e-7" } else { "" };
        let title = format!("Growth of the brain score per ln(parameters){condition}");
        Ok(BrainMap {
            signed: true,
            ..BrainMap::of("voxel_slopes", &title, "slope", values)
        })
    }

    /// Where the regions of interest lie (R1).
    fn regions(&self) -> Result<Figure, Undrawn> {
        let Some(mask) = self.brain.mask().volume() else {
            return Err(Undrawn::Without(
                "regions are drawn in a glass brain, of volumes only".to_owned(),
            ));
        };
        let regions = Region::load_all(&self.study.roi_dir(), self.brain).map_err(ReportError::from)?;
        if regions.is_empty() {
            return Err(without_values("regions of interest"));
        }
        let drawing = RegionBrain {
            title: "Regions of interest and their mirror images".to_owned(),
            mask,
            regions: &regions,
        };
        Ok(Figure {
            id: "rois_map".to_owned(),
            caption: "Regions of interest; their mirror images are paler.".to_owned(),
            alt: drawing.alt_text(),
            svg: drawing.to_svg(self.look.theme),
        })
    }
}

/// Why a map on surfaces is not drawn.
fn without_mesh() -> Undrawn {
    let why = "scans on surfaces are drawn on their own meshes: name their folder with --surface, or as surface under \
               [paths] in lpp.toml";
    Undrawn::Without(why.to_owned())
}

fn score_map(model: &str, best: &[f64]) -> BrainMap {
    let id = format!("map_{}", file_stem(model));
    BrainMap::of(
        &id,
        &format!("Brain score of {model}"),
        "correlation",
        best.to_vec(),
    )
}

/// Left minus right at mirrored voxels, shown on the left.
fn asymmetry_map(model: &str, best: &[f64], brain: &Brain) -> BrainMap {
    let id = format!("map_l_minus_r_{}", file_stem(model));
    let title = format!("Left minus mirrored right: brain score of {model}");
    BrainMap {
        signed: true,
        ..BrainMap::of(&id, &title, "difference", brain.mirror_difference(best))
    }
}

/// A model's name as part of a file name.
fn file_stem(model: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '_'
        }
    };
    model.chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_stay_in_their_folder() {
        assert_eq!(file_stem("org/../model 7b"), "org_.._model_7b");
    }
}
