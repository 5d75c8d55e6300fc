//! The maps of all models of a study, packed, within a budget.

use std::path::PathBuf;

use lpp_analysis::{Brain, LayerMaps, LayerRule};

use super::layers::spread;
use super::pack;
use crate::ReportError;

/// Characters that all maps of a page may take: with viewer, figures and tables a study of 28 models stays below 15 MB.
const BUDGET: usize = 3_000_000;

/// All maps of a page.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct MapAtlas {
    /// Inter-subject correlation, if it is known.
    pub(crate) isc: Option<String>,
    /// The maps of each model.
    pub(crate) models: Vec<ModelMaps>,
    /// Largest score of all maps of best layers; 0 without any.
    pub(crate) largest: f64,
    /// Largest difference between mirrored voxels in them.
    pub(crate) largest_difference: f64,
}

/// The maps of one model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ModelMaps {
    /// Name of the model.
    pub(crate) model: String,
    /// Number of its layers.
    pub(crate) n_layers: usize,
    /// The best score over layers of each voxel; `None` where the page had no room.
    pub(crate) best: Option<String>,
    /// Single layers, those for which there was room.
    pub(crate) layers: Vec<(usize, String)>,
}

/// A model whose maps are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// Its name.
    pub(crate) model: String,
    /// Its score file.
    pub(crate) scores: PathBuf,
    /// The layer with the largest mean, if known.
    pub(crate) best_layer: Option<usize>,
}

impl MapAtlas {
    /// Packs the best-layer map of each source, in order while there is room, and then as many single layers of each as
    /// the rest of the budget holds.
    ///
    /// # Errors
    /// [`ReportError`] naming the score file that cannot be read or does not fit the mask.
    pub(crate) fn pack(sources: &[Source], brain: &Brain) -> Result<Self, ReportError> {
        Self::pack_within(sources, brain, BUDGET)
    }

    fn pack_within(sources: &[Source], brain: &Brain, budget: usize) -> Result<Self, ReportError> {
        let mirror = brain.mirror_images();
        let mut atlas = Self {
            isc: brain.isc().map(pack),
            models: Vec::with_capacity(sources.len()),
            largest: 0.0,
            largest_difference: 0.0,
        };
        let mut used = atlas.isc.as_ref().map_or(0, String::len);
        for source in sources {
            let LayerMaps { values, best, .. } = load(source, brain)?;
            let packed = pack(&best);
            let room = used + packed.len() <= budget;
            if room {
                used += packed.len();
                atlas.measure(&best, &mirror);
            }
            atlas.models.push(ModelMaps {
                model: source.model.clone(),
                n_layers: values.nrows(),
                best: room.then_some(packed),
                layers: Vec::new(),
            });
        }
        atlas.add_layers(sources, brain, budget - used.min(budget))?;
        Ok(atlas)
    }

    fn measure(&mut self, best: &[f64], mirror: &[Option<usize>]) {
        for (value, opposite) in best.iter().zip(mirror) {
            // NaN is never larger.
            self.largest = self.largest.max(*value);
            if let Some(opposite) = opposite {
                self.largest_difference = self.largest_difference.max((value - best[*opposite]).abs());
            }
        }
    }

    /// Single layers, as many of each model as fit if each takes what an average best-layer map does.
    fn add_layers(&mut self, sources: &[Source], brain: &Brain, budget: usize) -> Result<(), ReportError> {
        let sizes: Vec<usize> = self
            .models
            .iter()
            .filter_map(|maps| maps.best.as_ref().map(String::len))
            .collect();
        if sizes.is_empty() || sizes.len() < self.models.len() {
            return Ok(());
        }
        let mean = sizes.iter().sum::<usize>().div_ceil(sizes.len());
        let depths: Vec<usize> = self.models.iter().map(|maps| maps.n_layers).collect();
        let room = layers_each(&depths, budget / mean.max(1));
        let mut left = budget;
        for (source, maps) in sources.iter().zip(&mut self.models) {
            // A single layer is its own best map.
            if maps.n_layers < 2 || room == 0 {
                continue;
            }
            let values = load(source, brain)?.values;
            for layer in spread(maps.n_layers, room, source.best_layer) {
                let packed = pack(&values.row(layer).to_vec());
                // Layers may take more than best maps do: the budget holds in any case.
                if packed.len() <= left {
                    left -= packed.len();
                    maps.layers.push((layer, packed));
                }
            }
        }
        Ok(())
    }
}

/// The largest number of layers of each model so that all together are at most `total`.
fn layers_each(depths: &[usize], total: usize) -> usize {
    let deepest = depths.iter().max().copied().unwrap_or(0);
    let count = |room: usize| depths.iter().map(|depth| room.min(*depth)).sum::<usize>();
    (0..=deepest)
        .rev()
        .find(|room| count(*room) <= total)
        .unwrap_or(0)
}

fn load(source: &Source, brain: &Brain) -> Result<LayerMaps, ReportError> {
    Ok(LayerMaps::load(&source.scores, brain, LayerRule::All)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_for_layers_is_shared() {
        assert_eq!(layers_each(&[13, 25, 41], 79), 41);
        assert_eq!(layers_each(&[13, 25, 41], 78), 40);
        assert_eq!(layers_each(&[13, 25, 41], 33), 11);
        assert_eq!(layers_each(&[13, 25, 41], 2), 0);
        assert_eq!(layers_each(&[], 10), 0);
    }
}
