//! Weights of all layers that are kept, to be applied to other words and scans.

use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{FileError, Progress, hash_file};
use lpp_fmri::BrainMask;
use lpp_steps::{Choice, Making, Software, TargetSet};
use lpp_study::{KeptFile, KeptLayer, KeptModel, ModelSource};

use crate::features::LayerFeatures;
use crate::group::lone;
use crate::target_set::load_mask;
use crate::weights::Weights;
use crate::{EncodingError, FitJob};

/// Metadata of activations that say what their columns are.
pub(crate) const OF_COLUMNS: [&str; 8] = [
    "kind",
    "rows",
    "family",
    "n_parameters",
    "n_hidden",
    "seed",
    "dropout",
    "tokenizer_sha256",
];
/// Metadata that say from which text, or from which copy of the weights, the columns were computed.
pub(crate) const OF_CONTEXT: [&str; 5] = ["window", "stride", "context", "source", "revision"];

/// One fit of each layer to all runs, and its weights in a folder beside the scores.
///
/// The penalty is the one with the best validation score, a mean over the folds of the fit (over the first one if only the
/// first run validates). One layer is in memory at a time. The folder has a file of weights a layer, the mask, and the
/// description ([`KeptModel`]) that a fit with [`FitStep::apply`](lpp_steps::FitStep::apply) reads.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelJob {
    /// The fit, whose step says that the model is kept.
    pub fit: FitJob,
}

/// A kept model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelOutcome {
    /// Its description.
    pub path: PathBuf,
    /// Whether it was already up to date.
    pub up_to_date: bool,
    /// Number of layers.
    pub n_layers: usize,
}

impl ModelJob {
    /// Fits and writes the model of each set, unless it is up to date.
    ///
    /// # Errors
    /// [`EncodingError`] naming the file that cannot be read or written, or the layer that cannot be fitted.
    pub fn run(
        &self,
        software: Software,
        progress: &dyn Progress,
    ) -> Result<Vec<ModelOutcome>, EncodingError> {
        let step = &self.fit.step;
        let mut outcomes = Vec::new();
        for (set, artefact) in step
            .targets
            .iter()
            .filter_map(|set| Some((set, step.model_artefact(set)?)))
        {
            let path = artefact.path.clone();
            let making = Making::of(software, artefact)?;
            let up_to_date = making.is_done(self.fit.force)?;
            if !up_to_date {
                let files = self.keep(set, &path, progress)?;
                making.finish_with(&files)?;
            }
            outcomes.push(ModelOutcome {
                up_to_date,
                n_layers: KeptModel::load(&path)?.layers.len(),
                path,
            });
        }
        Ok(outcomes)
    }

    /// Writes the layers, the mask, and the description of them last. Returns the files that it describes.
    fn keep(
        &self,
        set: &TargetSet,
        path: &Path,
        progress: &dyn Progress,
    ) -> Result<Vec<PathBuf>, EncodingError> {
        let step = &self.fit.step;
        let (group, heard, y) = lone(step, set, false)?;
        let mask = load_mask(set, heard.n_voxels)?;
        let features = self.fit.features(&heard.n_scans())?;
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(FileError::write(folder))?;
        let mut kept = self.description(set, &features);
        kept.n_voxels = heard.n_voxels;
        if let Some(mask) = mask {
            let name = mask_name(&mask);
            mask.save(&folder.join(&name))?;
            kept.mask = Some(kept_file(folder, &name)?);
        }
        let n_layers = features.activations().n_layers();
        progress.start(&format!("weights of {}", step.model), n_layers as u64);
        for layer in 0..n_layers {
            let x = features.layer(layer, &group.pieces)?;
            let weights = Weights::fit(&group.model, &x, &y, step.arithmetic);
            let weights = weights.map_err(|source| self.fit.failed(layer, source))?;
            let name = format!("layer-{layer}.safetensors");
            weights.save(&folder.join(&name))?;
            kept.layers.push(KeptLayer {
                weights: kept_file(folder, &name)?,
                n_features: weights.shape().0,
                alpha: weights.alpha(),
                validation_mean: weights.validation_mean(),
            });
            progress.advance(1);
        }
        progress.finish();
        kept.save(path)?;
        let files = kept.layers.iter().map(|layer| &layer.weights).chain(&kept.mask);
        Ok(files.map(|kept| folder.join(&kept.file)).collect())
    }

    fn description(&self, set: &TargetSet, features: &LayerFeatures) -> KeptModel {
        let step = &self.fit.step;
        let source = ModelSource {
            study: step.keep_model.clone().unwrap_or_default(),
            lang: step.lang,
            subject: set.subject.clone(),
            words_sha256: features.words_sha256().map(str::to_owned),
        };
        let said = features.activations().metadata().iter();
        let of_features = |(key, _): &(&String, &String)| {
            let mut known = OF_COLUMNS.iter().chain(&OF_CONTEXT);
            known.any(|known| known == key)
        };
        let said = said.filter(of_features);
        let mut kept = KeptModel::new(source, &step.model, self.fit.terms(features));
        kept.features = said.map(|(key, value)| (key.clone(), value.clone())).collect();
        kept.tr_s = self.fit.tr_s();
        kept.trim_scans = step.trim_scans;
        step.arithmetic.name().clone_into(&mut kept.precision);
        kept
    }
}

/// The name of a mask beside the weights, which tells the space of its meshes.
fn mask_name(mask: &BrainMask) -> String {
    match mask {
        BrainMask::Volume(_) => "mask.nii.gz".to_owned(),
        BrainMask::Surface(mask) => {
            let space = mask.space().map(|space| format!("_space-{space}"));
            format!("mask{}.dscalar.nii", space.unwrap_or_default())
        }
    }
}

fn kept_file(folder: &Path, name: &str) -> Result<KeptFile, FileError> {
    Ok(KeptFile {
        file: name.to_owned(),
        sha256: hash_file(&folder.join(name))?.sha256,
    })
}
