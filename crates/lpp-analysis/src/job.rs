//! The analyses of a study, from its scores to the tables on the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;

use lpp_files::{FileHash, Progress, hash_file, sha256_of_bytes};
use lpp_steps::Software;
use lpp_study::{Language, ModelKind, Scores, Study};
use rayon::prelude::*;

use crate::individuals::Subject;
use crate::saved::Origin;
use crate::voxel_maps::VoxelMap;
use crate::{AnalysisError, IscSummary, ModelInfoTable, ParcelPair, Table};
use crate::{Brain, HemisphereRule, LayerRule, ModelScores, Region};
use crate::{
    baselines, canary, corrected, densities, individuals, lateralization, layers, parcels, regions, scaling,
    summary, training,
};

/// Which tables to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Analysis {
    /// Score against size and performance; the growth of each voxel.
    Scaling,
    /// Left against right.
    Lateralization,
    /// Score of each layer.
    Layers,
    /// Word vectors, random vectors, untrained models.
    Baselines,
    /// Regions of interest.
    Rois,
    /// Parcels of an atlas.
    Atlas,
    /// Trained against untrained models, checkpoints of a training.
    Training,
    /// Single subjects.
    Individuals,
    /// Corrected definitions and tests beside the paper's.
    Corrected,
    /// All of them.
    All,
}

/// What an analysis may need beside the scores, and how it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalysisOptions {
    /// The table of models, if not the study's `model_info_en.csv`.
    pub model_info: Option<PathBuf>,
    /// The label image, if not the study's `atlas/atlas.nii.gz`.
    pub atlas: Option<PathBuf>,
    /// The names of its labels, if not the study's `atlas/labels.xml` or `atlas/labels.csv`.
    pub atlas_labels: Option<PathBuf>,
    /// Which layers count.
    pub layers: LayerRule,
    /// Seed of the bootstraps: bands of regression lines, intervals of correlations.
    pub seed: u64,
}

impl Default for AnalysisOptions {
    fn default() -> Self {
        Self {
            model_info: None,
            atlas: None,
            atlas_labels: None,
            layers: LayerRule::default(),
            // Any will do; the paper's bands have none.
            seed: 1,
        }
    }
}

/// An analysis of one language of a study.
#[derive(Debug, Clone)]
pub struct AnalysisJob {
    /// The study.
    pub study: Study,
    /// The language.
    pub lang: Language,
    /// Which tables.
    pub analysis: Analysis,
    /// How left is told from right, where the mask allows it: [`Brain::rule`] is what holds, and what the provenance of the
    /// tables names.
    pub hemisphere: HemisphereRule,
    /// The inter-subject correlation, if not the study's own.
    pub isc: Option<PathBuf>,
    /// The mask, if not the study's own.
    pub mask: Option<PathBuf>,
    /// Recompute even if the output is up to date.
    pub force: bool,
    /// What else there is.
    pub options: AnalysisOptions,
}

/// What an analysis made.
#[derive(Debug, Clone)]
pub struct AnalysisReport {
    /// The tables.
    pub tables: Vec<Table>,
    /// The CSV file of each; the Parquet file lies beside it.
    pub files: Vec<PathBuf>,
    /// The maps, as images on the grid of the mask.
    pub maps: Vec<PathBuf>,
    /// Whether they were there already.
    pub up_to_date: bool,
}

impl AnalysisReport {
    /// All tables as one JSON object, rows by table name.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let rows = self
            .tables
            .iter()
            .map(|table| (table.name().to_owned(), table.json_rows()));
        serde_json::Value::Object(rows.collect())
    }

    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name() == name)
    }
}

/// The files that an analysis reads.
struct Files {
    scores: Vec<PathBuf>,
    mask: PathBuf,
    isc: Option<PathBuf>,
    model_info: Option<PathBuf>,
    regions: Vec<PathBuf>,
    atlas: Option<PathBuf>,
    labels: Option<PathBuf>,
    subjects: Vec<Subject>,
    /// What only the corrected definitions read.
    corrected: Vec<PathBuf>,
}

impl Files {
    /// Every file that decides the tables, but for the sidecars of the scores, see [`Files::sidecar_facts`].
    fn hashes(&self) -> Result<Vec<FileHash>, AnalysisError> {
        let average = (!self.scores.is_empty()).then_some(&self.mask);
        let single = [&self.isc, &self.model_info, &self.atlas, &self.labels];
        let mut paths: Vec<PathBuf> = average.into_iter().cloned().collect();
        paths.extend(single.into_iter().flatten().cloned());
        paths.extend(self.regions.iter().cloned());
        paths.extend(self.all_scores().cloned());
        paths.extend(self.subjects.iter().map(|subject| subject.mask.clone()));
        paths.extend(self.corrected.iter().cloned());
        Ok(paths
            .into_par_iter()
            .map(|path| hash_file(&path))
            .collect::<Result<_, _>>()?)
    }

    fn all_scores(&self) -> impl Iterator<Item = &PathBuf> {
        let subjects = self.subjects.iter().flat_map(|subject| &subject.scores);
        self.scores.iter().chain(subjects)
    }

    /// What the sidecars say of the models, as a hash. How long a fit took stands there too, but decides nothing.
    fn sidecar_facts(&self) -> Result<String, AnalysisError> {
        let mut facts = String::new();
        for path in self.all_scores() {
            let mut info = Scores::load_info(path)?;
            info.wall_s.clear();
            // Names and numbers can always be JSON.
            facts += &serde_json::to_string(&info).unwrap_or_default();
        }
        Ok(sha256_of_bytes(facts.as_bytes()))
    }
}

impl AnalysisJob {
    /// The analysis with the paper's hemispheres and the study's own files.
    #[must_use]
    pub fn new(study: Study, lang: Language, analysis: Analysis) -> Self {
        Self {
            study,
            lang,
            analysis,
            hemisphere: HemisphereRule::default(),
            isc: None,
            mask: None,
            force: false,
            options: AnalysisOptions::default(),
        }
    }

    /// Reads the scores, makes the tables and maps, writes them to `results/` with their provenance.
    ///
    /// Tables that were made by this version from the same files are read back instead, unless
    /// `force` is set. A study without inter-subject correlation, baselines, regions, atlas, untrained models or
    /// subjects is analysed as far as it goes: what is not known is an empty cell or a table without rows. Only
    /// the analysis of single subjects does without scores of the average subject.
    ///
    /// # Errors
    /// [`AnalysisError`] naming the file that is missing, broken or does not fit the mask.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<AnalysisReport, AnalysisError> {
        let files = self.files()?;
        let origin = Origin::new(software, self.parameters(&files)?, files.hashes()?);
        if let Some(report) = self.finished(&origin) {
            return Ok(report);
        }
        for name in self.table_names() {
            origin.claim_table(&self.study.table(name, self.lang), self.force)?;
        }
        let info = match &files.model_info {
            Some(path) => ModelInfoTable::load(path)?,
            None => ModelInfoTable::default(),
        };
        let mut made = Made::default();
        if self.analysis != Analysis::Individuals {
            self.average_subject(&files, &info, progress, &origin, &mut made)?;
        }
        if self.wants(Analysis::Individuals) {
            let tables = individuals::tables(&files.subjects, self.hemisphere, self.options.layers, &info)?;
            made.tables.extend(tables);
        }
        let mut csv_files = Vec::new();
        for table in &made.tables {
            csv_files.push(origin.save_table(table, &self.study.table(table.name(), self.lang))?);
        }
        Ok(AnalysisReport {
            tables: made.tables,
            files: csv_files,
            maps: made.maps,
            up_to_date: false,
        })
    }

    /// What is made of the scores of the average subject. The maps are written at once.
    fn average_subject(
        &self,
        files: &Files,
        info: &ModelInfoTable,
        progress: &dyn Progress,
        origin: &Origin,
        made: &mut Made,
    ) -> Result<(), AnalysisError> {
        let brain = Brain::load(&files.mask, files.isc.as_deref(), self.hemisphere)?;
        progress.start("reading scores", files.scores.len() as u64);
        let mut models = files
            .scores
            .par_iter()
            .map(|path| {
                let model = ModelScores::of_layers(path, &brain, self.options.layers);
                progress.advance(1);
                model
            })
            .collect::<Result<Vec<_>, _>>()?;
        progress.finish();
        // The canary is no model and no baseline: it has a table of its own.
        let canaries: Vec<ModelScores> = models
            .extract_if(.., |model| model.info.kind == ModelKind::Canary)
            .collect();
        info.apply(&mut models);
        models.sort_by(|a, b| (a.info.n_parameters, a.name()).cmp(&(b.info.n_parameters, b.name())));
        if brain.reliable().is_none() {
            tracing::warn!(
                "no inter-subject correlation ({}): the best layers and models are chosen by the mean over all voxels, \
                 the paper's by the mean over reliable ones",
                self.study.isc(self.lang).display()
            );
        }
        let (tables, maps) = self.tables(&brain, &models, info, files)?;
        for map in &maps {
            let path = self.map_path(&map.name);
            origin.claim(&path, self.force)?;
            map.save(&brain, &path)?;
            origin.stamp(&path)?;
            made.maps.push(path);
        }
        made.tables.extend(tables);
        if self.wants(Analysis::Layers) {
            made.tables.push(canary::table(&canaries)?);
        }
        Ok(())
    }

    fn map_path(&self, name: &str) -> PathBuf {
        let stem = self.study.table(name, self.lang);
        let mut file = stem.into_os_string();
        file.push(".nii.gz");
        file.into()
    }

    fn files(&self) -> Result<Files, AnalysisError> {
        let root = self.study.root();
        // A file of the study counts only if it is there; a path that was given must be.
        let own = |given: &Option<PathBuf>, places: &[PathBuf]| {
            let there = || places.iter().find(|path| path.exists()).cloned();
            given.clone().or_else(there)
        };
        let average = self.analysis != Analysis::Individuals;
        let scores = if average {
            Scores::list(&self.study.scores_dir(), self.lang)?
        } else {
            Vec::new()
        };
        let (mut atlas, mut labels) = (None, None);
        if self.wants(Analysis::Atlas) {
            let folder = root.join("atlas");
            atlas = own(
                &self.options.atlas,
                &[folder.join("atlas.nii.gz"), folder.join("atlas.nii")],
            );
            let tables = [folder.join("labels.xml"), folder.join("labels.csv")];
            labels = own(&self.options.atlas_labels, &tables).filter(|_| atlas.is_some());
        }
        let corrected = if self.wants(Analysis::Corrected) {
            corrected::files(&self.study, self.lang, &scores)?
        } else {
            Vec::new()
        };
        Ok(Files {
            corrected,
            scores,
            mask: self.mask.clone().unwrap_or_else(|| self.study.mask(self.lang)),
            isc: own(&self.isc, &[self.study.isc(self.lang)]).filter(|_| average),
            model_info: own(
                &self.options.model_info,
                &[root.join(format!("model_info_{}.csv", self.lang))],
            ),
            regions: if self.wants(Analysis::Rois) || self.wants(Analysis::Corrected) {
                Region::files(&self.study.roi_dir())?
            } else {
                Vec::new()
            },
            atlas,
            labels,
            subjects: if self.wants(Analysis::Individuals) {
                Subject::all(&self.study, self.lang)?
            } else {
                Vec::new()
            },
        })
    }

    fn wants(&self, analysis: Analysis) -> bool {
        self.analysis == analysis || self.analysis == Analysis::All
    }

    /// The results on the disk, if all of them were made by this version from these inputs.
    fn finished(&self, origin: &Origin) -> Option<AnalysisReport> {
        if self.force {
            return None;
        }
        let mut report = AnalysisReport {
            tables: Vec::new(),
            files: Vec::new(),
            maps: Vec::new(),
            up_to_date: true,
        };
        for name in self.table_names() {
            let (table, csv) = origin.load_table(name, &self.study.table(name, self.lang))?;
            if name.ends_with("_maps") {
                let maps: Vec<PathBuf> = table
                    .texts("map")
                    .iter()
                    .map(|name| self.map_path(name))
                    .collect();
                maps.iter().all(|map| origin.made(map)).then_some(())?;
                report.maps.extend(maps);
            }
            report.tables.push(table);
            report.files.push(csv);
        }
        Some(report)
    }

    /// Names of the tables that the job makes, in order.
    fn table_names(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        if self.analysis != Analysis::Individuals {
            names.push("summary");
            if self.isc.is_some() || self.study.isc(self.lang).exists() {
                names.extend(["isc", "isc_density"]);
            }
        }
        for (analysis, made) in [
            (Analysis::Scaling, scaling::TABLES.as_slice()),
            (Analysis::Lateralization, &lateralization::TABLES),
            (Analysis::Layers, &layers::TABLES),
            (Analysis::Baselines, &baselines::TABLES),
            (Analysis::Rois, &regions::TABLES),
            (Analysis::Atlas, &parcels::TABLES),
            (Analysis::Training, &training::TABLES),
            (Analysis::Individuals, &individuals::TABLES),
            (Analysis::Corrected, &corrected::TABLES),
        ] {
            if self.wants(analysis) {
                names.extend(made);
            }
        }
        names
    }

    fn parameters(&self, files: &Files) -> Result<BTreeMap<String, serde_json::Value>, AnalysisError> {
        let mut parameters: BTreeMap<String, serde_json::Value> = [
            ("hemisphere".to_owned(), self.rule(files)?.to_string().into()),
            ("layers".to_owned(), self.options.layers.to_string().into()),
            ("seed".to_owned(), self.options.seed.into()),
            // How the best layers and models are chosen: tables of another rule are made again.
            ("best_by".to_owned(), "reliable voxels".into()),
            ("sidecars_sha256".to_owned(), files.sidecar_facts()?.into()),
        ]
        .into();
        for subject in &files.subjects {
            let rule = Brain::of_subject(&subject.mask, self.hemisphere)?.rule();
            if rule != self.hemisphere {
                parameters.insert(format!("hemisphere_{}", subject.name), rule.to_string().into());
            }
        }
        Ok(parameters)
    }

    /// How left is told from right in the mask of the average subject.
    fn rule(&self, files: &Files) -> Result<HemisphereRule, AnalysisError> {
        if self.analysis == Analysis::Individuals {
            return Ok(self.hemisphere);
        }
        Ok(Brain::load(&files.mask, None, self.hemisphere)?.rule())
    }

    fn tables(
        &self,
        brain: &Brain,
        models: &[ModelScores],
        info: &ModelInfoTable,
        files: &Files,
    ) -> Result<(Vec<Table>, Vec<VoxelMap>), AnalysisError> {
        let everything: Vec<&ModelScores> = models.iter().collect();
        let trained: Vec<&ModelScores> = models.iter().filter(|model| model.is_trained()).collect();
        let seed = self.options.seed;
        let regions = if self.wants(Analysis::Rois) || self.wants(Analysis::Corrected) {
            Region::load_all(&self.study.roi_dir(), brain)?
        } else {
            Vec::new()
        };
        let mut maps = Vec::new();
        let mut tables = vec![summary::table(brain, models, &regions)?];
        if let Some(isc) = IscSummary::of(brain)? {
            tables.push(isc.table()?);
            tables.push(densities::isc_table(brain)?);
        }
        if self.wants(Analysis::Scaling) {
            let made = scaling::tables(brain, &trained, info, seed)?;
            tables.extend(made.0);
            maps.extend(made.1);
        }
        if self.wants(Analysis::Lateralization) {
            tables.extend(lateralization::tables(brain, &everything, seed)?);
        }
        if self.wants(Analysis::Layers) {
            tables.extend(layers::tables(&everything, info)?);
        }
        if self.wants(Analysis::Baselines) {
            let made = baselines::tables(brain, &everything)?;
            tables.extend(made.0);
            maps.extend(made.1);
        }
        if self.wants(Analysis::Rois) {
            tables.extend(regions::tables(brain, &regions, &everything, seed)?);
        }
        if self.wants(Analysis::Atlas) {
            let pairs: Vec<ParcelPair> = match &files.atlas {
                Some(atlas) => parcels::load_pairs(atlas, files.labels.as_deref(), brain)?,
                None => Vec::new(),
            };
            tables.extend(parcels::tables(brain, &pairs, &trained)?);
        }
        if self.wants(Analysis::Training) {
            tables.extend(training::tables(brain, &everything)?);
        }
        if self.wants(Analysis::Corrected) {
            let isc = files.isc.as_deref();
            let sample = corrected::load(&self.study, self.lang, brain, isc, models, regions)?;
            tables.extend(corrected::tables(&sample)?);
        }
        Ok((tables, maps))
    }
}

/// What a job has made so far.
#[derive(Default)]
struct Made {
    tables: Vec<Table>,
    maps: Vec<PathBuf>,
}
