//! What analyses are computed from: the files of a study, each read when a part first asks for it.

use std::cell::OnceCell;
use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{FileError, FileHash, Progress, both_hemispheres, hash_file};
use lpp_fmri::surface::{MESH_SIDES, cortex_of_side};
use lpp_fmri::{FmriError, Parcel};
use lpp_study::{
    BESIDE_SCORES, Language, ModelKind, RunKind, Scores, Study, Truth, VOXELWISE_ISC, beside_isc,
    beside_scores,
};
use rayon::prelude::*;

use crate::competence_files::{BatteryFile, checkpoint_table};
use crate::need::Need;
use crate::parcel_files::{load_parcels, pairs_of};
use crate::sidecars;
use crate::subject::Subject;
use crate::{
    AnalysisError, AnalysisOptions, Brain, HemisphereRule, ModelInfoTable, ModelScores, ParcelPair, Region,
};

/// A study as it is to be read, whatever is computed of it: the same as in the job.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) study: &'a Study,
    pub(crate) lang: Language,
    pub(crate) hemisphere: HemisphereRule,
    pub(crate) isc: Option<&'a PathBuf>,
    pub(crate) mask: Option<&'a PathBuf>,
    pub(crate) options: &'a AnalysisOptions,
}

/// The files that an analysis reads.
pub(crate) struct Files {
    pub(crate) scores: Vec<PathBuf>,
    pub(crate) mask: PathBuf,
    pub(crate) isc: Option<PathBuf>,
    model_info: Option<PathBuf>,
    regions: Vec<PathBuf>,
    atlas: Option<PathBuf>,
    labels: Option<PathBuf>,
    pub(crate) subjects: Vec<Subject>,
    beside: Vec<PathBuf>,
    /// What was planted, if the study is synthetic.
    pub(crate) truth: Option<PathBuf>,
    variants: Vec<(String, Vec<PathBuf>)>,
    /// The cortical meshes of scans on surfaces, left and right.
    meshes: Option<[PathBuf; 2]>,
    /// Tables of lpp-score.
    pub(crate) competence: Vec<BatteryFile>,
    /// The user's table of checkpoints.
    pub(crate) checkpoints: Option<PathBuf>,
}

impl Files {
    /// The files of a study that the parts need.
    pub(crate) fn of(source: &Source<'_>, needs: &[Need]) -> Result<Self, AnalysisError> {
        let (study, lang, options) = (source.study, source.lang, source.options);
        let root = study.root();
        let needed = |need| needs.contains(&need);
        // A file of the study counts only if it is there; a path that was given must be.
        let own = |given: Option<&PathBuf>, places: &[PathBuf]| {
            let there = || places.iter().find(|path| path.exists()).cloned();
            given.cloned().or_else(there)
        };
        let average = needed(Need::AverageSubject);
        let scores = if average {
            Scores::list(&study.scores_dir(), lang)?
        } else {
            Vec::new()
        };
        let isc = own(source.isc, &[study.isc(lang)]).filter(|_| average);
        let (mut atlas, mut labels) = (None, None);
        if needed(Need::Atlas) {
            let folder = root.join("atlas");
            let images = [
                "atlas.nii.gz",
                "atlas.nii",
                "atlas.dlabel.nii",
                "atlas_hemi-L.label.gii",
            ];
            let images = images.map(|name| folder.join(name));
            let tables = ["labels.xml", "labels.csv"].map(|name| folder.join(name));
            atlas = own(options.atlas.as_ref(), &images);
            labels = own(options.atlas_labels.as_ref(), &tables).filter(|_| atlas.is_some());
        }
        let folder = study
            .surface()
            .filter(|_| study.kind() != RunKind::Volume && average);
        let meshes = folder.map(|folder| {
            let [left, right] = MESH_SIDES.map(|side| cortex_of_side(&folder, side));
            Ok::<_, FmriError>([left?, right?])
        });
        Ok(Self {
            meshes: meshes.transpose()?,
            beside: if needed(Need::Beside) {
                beside(&scores, isc.as_deref())
            } else {
                Vec::new()
            },
            truth: Some(Truth::path(root)).filter(|path| needed(Need::Beside) && path.exists()),
            competence: if needed(Need::Competence) {
                BatteryFile::list(study, lang)?
            } else {
                Vec::new()
            },
            checkpoints: checkpoint_table(study).filter(|_| needed(Need::Competence)),
            variants: if needed(Need::Variants) {
                variants(&study.scores_dir(), lang)?
            } else {
                Vec::new()
            },
            scores,
            mask: source.mask.cloned().unwrap_or_else(|| study.mask(lang)),
            isc,
            model_info: own(
                options.model_info.as_ref(),
                &[root.join(format!("model_info_{lang}.csv"))],
            ),
            regions: if needed(Need::Regions) {
                Region::files(&study.roi_dir())?
            } else {
                Vec::new()
            },
            atlas,
            labels,
            subjects: if needed(Need::Subjects) {
                Subject::all(study, lang)?
            } else {
                Vec::new()
            },
        })
    }

    /// Every file that decides the tables, but for the sidecars of the scores, see [`Files::sidecar_facts`].
    pub(crate) fn hashes(&self) -> Result<Vec<FileHash>, AnalysisError> {
        let average = (!self.scores.is_empty()).then_some(&self.mask);
        let single = [
            &self.isc,
            &self.model_info,
            &self.atlas,
            &self.labels,
            &self.truth,
        ];
        let mut paths: Vec<PathBuf> = average.into_iter().cloned().collect();
        paths.extend(
            single
                .into_iter()
                .flatten()
                .flat_map(|path| both_hemispheres(path)),
        );
        paths.extend(self.regions.iter().cloned());
        paths.extend(self.meshes.iter().flatten().cloned());
        paths.extend(self.all_scores().cloned());
        paths.extend(self.subjects.iter().map(|subject| subject.mask.clone()));
        paths.extend(self.beside.iter().cloned());
        paths.extend(self.competence.iter().map(|file| file.path.clone()));
        paths.extend(self.checkpoints.clone());
        for (_, scores) in &self.variants {
            paths.extend(scores.iter().cloned());
            paths.extend(beside(scores, None));
        }
        Ok(paths
            .into_par_iter()
            .map(|path| hash_file(&path))
            .collect::<Result<_, _>>()?)
    }

    fn all_scores(&self) -> impl Iterator<Item = &PathBuf> {
        let subjects = self.subjects.iter().flat_map(|subject| &subject.scores);
        self.scores.iter().chain(subjects)
    }

    /// What the sidecars say of the models, as a hash.
    pub(crate) fn sidecar_facts(&self) -> Result<String, AnalysisError> {
        sidecars::facts(self.all_scores())
    }
}

/// Nested scores, joint fits, nulls and runs beside scores, with their sidecars, which tell nothing that changes from run to
/// run; split-half correlations beside the inter-subject correlation.
/// The scores of each variant: folders `variant-NAME`, made by `lpp-fit --variant NAME`.
fn variants(folder: &Path, lang: Language) -> Result<Vec<(String, Vec<PathBuf>)>, AnalysisError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(FileError::read(folder))? {
        let path = entry.map_err(FileError::read(folder))?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(name) = name.as_deref().and_then(|name| name.strip_prefix("variant-")) else {
            continue;
        };
        // A variant may be of another language.
        if let Ok(scores) = Scores::list(&path, lang) {
            found.push((name.to_owned(), scores));
        }
    }
    found.sort();
    Ok(found)
}

fn beside(scores: &[PathBuf], isc: Option<&Path>) -> Vec<PathBuf> {
    let of_isc = isc
        .into_iter()
        .flat_map(|isc| VOXELWISE_ISC.map(|what| beside_isc(isc, what)));
    let beside = |path: &PathBuf| BESIDE_SCORES.map(|what| beside_scores(path, what));
    scores
        .iter()
        .flat_map(beside)
        .flat_map(|path| [path.with_extension("json"), path])
        .chain(of_isc)
        .filter(|path| path.exists())
        .collect()
}

/// The average subject.
pub(crate) struct Average {
    pub(crate) brain: Brain,
    /// Models, baselines, checkpoints and controls, by size.
    pub(crate) models: Vec<ModelScores>,
    /// Features that only know time: neither models nor baselines.
    pub(crate) canaries: Vec<ModelScores>,
    /// Models whose features were projected to equally many, by size.
    pub(crate) projected: Vec<ModelScores>,
}

impl Average {
    /// The models that regressions on size are made of.
    pub(crate) fn trained(&self) -> Vec<&ModelScores> {
        self.models.iter().filter(|model| model.is_trained()).collect()
    }

    /// What trained models must beat.
    pub(crate) fn baselines(&self) -> Vec<&ModelScores> {
        self.models.iter().filter(|model| model.is_baseline()).collect()
    }
}

/// What the parts of a job compute from.
pub(crate) struct Inputs<'a> {
    pub(crate) source: Source<'a>,
    pub(crate) files: &'a Files,
    pub(crate) info: ModelInfoTable,
    progress: &'a dyn Progress,
    average: OnceCell<Average>,
    regions: OnceCell<Vec<Region>>,
}

impl<'a> Inputs<'a> {
    /// Reads the table of models.
    pub(crate) fn new(
        source: Source<'a>,
        files: &'a Files,
        progress: &'a dyn Progress,
    ) -> Result<Self, AnalysisError> {
        let info = files
            .model_info
            .as_deref()
            .map(ModelInfoTable::load)
            .transpose()?;
        Ok(Self {
            source,
            files,
            info: info.unwrap_or_default(),
            progress,
            average: OnceCell::new(),
            regions: OnceCell::new(),
        })
    }

    /// Seed of the bootstrap.
    pub(crate) fn seed(&self) -> u64 {
        self.source.options.seed
    }

    /// The average subject.
    pub(crate) fn average(&self) -> Result<&Average, AnalysisError> {
        once(&self.average, || self.load_average())
    }

    /// The models of each variant of the fits, trained ones by size, under its name.
    pub(crate) fn variants(&self) -> Result<Vec<(String, Vec<ModelScores>)>, AnalysisError> {
        let brain = &self.average()?.brain;
        let load = |path: &PathBuf| ModelScores::of_layers(path, brain, self.source.options.layers);
        let variant = |(name, scores): &(String, Vec<PathBuf>)| {
            let mut models = scores.iter().map(load).collect::<Result<Vec<_>, _>>()?;
            self.info.apply(&mut models);
            models.sort_by(|a, b| (a.info.n_parameters, a.name()).cmp(&(b.info.n_parameters, b.name())));
            Ok((name.clone(), models))
        };
        self.files.variants.iter().map(variant).collect()
    }

    /// The regions of interest, if a part of the job needs them.
    pub(crate) fn regions(&self) -> Result<&[Region], AnalysisError> {
        let load = || match self.files.regions.as_slice() {
            [] => Ok(Vec::new()),
            _ => Region::load_all(&self.source.study.roi_dir(), &self.average()?.brain),
        };
        Ok(once(&self.regions, load)?)
    }

    /// The parcels of the atlas, and their pairs; none without one, unless grayordinates have structures.
    pub(crate) fn parcels(&self) -> Result<(Vec<Parcel>, Vec<ParcelPair>), AnalysisError> {
        let (files, brain) = (self.files, &self.average()?.brain);
        let parcels = load_parcels(files.atlas.as_deref(), files.labels.as_deref(), brain)?;
        let named_in = files
            .labels
            .as_ref()
            .or(files.atlas.as_ref())
            .unwrap_or(&files.mask);
        let pairs = pairs_of(&parcels, named_in, brain)?;
        Ok((parcels, pairs))
    }

    fn load_average(&self) -> Result<Average, AnalysisError> {
        let (source, files, progress) = (self.source, self.files, self.progress);
        let brain = Brain::load(&files.mask, files.isc.as_deref(), source.hemisphere)?;
        let brain = match &files.meshes {
            Some(meshes) => brain.on_meshes(meshes)?,
            None => brain,
        };
        progress.start("reading scores", files.scores.len() as u64);
        let mut models = files
            .scores
            .par_iter()
            .map(|path| {
                let model = ModelScores::of_layers(path, &brain, source.options.layers);
                progress.advance(1);
                model
            })
            .collect::<Result<Vec<_>, _>>()?;
        progress.finish();
        let canaries = models
            .extract_if(.., |model| model.info.kind == ModelKind::Canary)
            .collect();
        self.info.apply(&mut models);
        models.sort_by(|a, b| (a.info.n_parameters, a.name()).cmp(&(b.info.n_parameters, b.name())));
        if brain.reliable().is_none() {
            tracing::warn!(
                "no inter-subject correlation ({}): the best layers and models are chosen by the mean over all voxels; the paper uses reliable voxels",
                source.study.isc(source.lang).display()
            );
        }
        let projected = models.extract_if(.., |model| model.is_projected()).collect();
        Ok(Average {
            brain,
            models,
            canaries,
            projected,
        })
    }
}

/// The value of a cell, which is made if it is asked for the first time.
fn once<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T, AnalysisError>) -> Result<&T, AnalysisError> {
    if let Some(made) = cell.get() {
        return Ok(made);
    }
    let made = make()?;
    Ok(cell.get_or_init(|| made))
}
