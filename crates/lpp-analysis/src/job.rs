//! The analyses of a study, from its scores to the tables on the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use lpp_study::{
    FileHash, Language, Progress, Provenance, Scores, Software, Step, Study, StudyError, peak_memory_bytes,
    sha256_of_file, write_atomically,
};

use crate::{AnalysisError, IscSummary, Table};
use crate::{
    Brain, HemisphereRule, ModelScores, Region, baselines, corrected, lateralization, layers, regions,
    scaling, summary,
};

/// Which tables to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Analysis {
    /// Score against size.
    Scaling,
    /// Left against right.
    Lateralization,
    /// Score of each layer.
    Layers,
    /// Word vectors, random vectors, untrained models.
    Baselines,
    /// Regions of interest.
    Rois,
    /// Corrected definitions and tests beside the paper's.
    Corrected,
    /// All of them.
    All,
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
    /// How left is told from right.
    pub hemisphere: HemisphereRule,
    /// The inter-subject correlation, if not the study's own.
    pub isc: Option<PathBuf>,
    /// The mask, if not the study's own.
    pub mask: Option<PathBuf>,
    /// Compute again what is up to date.
    pub force: bool,
}

/// What an analysis made.
#[derive(Debug, Clone)]
pub struct AnalysisReport {
    /// The tables.
    pub tables: Vec<Table>,
    /// The CSV file of each; the Parquet file lies beside it.
    pub files: Vec<PathBuf>,
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
}

impl AnalysisJob {
    /// Reads the scores, makes the tables, writes them to `results/` with their provenance.
    ///
    /// Tables that were made by this version from the same files are read back instead, unless
    /// `force` is set. A study without inter-subject correlation, baselines or regions is analysed as far as it
    /// goes: what is not known is an empty cell or a table without rows.
    ///
    /// # Errors
    /// [`AnalysisError`] naming the file that is missing, broken or does not fit the mask.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<AnalysisReport, AnalysisError> {
        let started = Instant::now();
        let scores = Scores::list(&self.study.scores_dir(), self.lang)?;
        let inputs = self.hash_inputs(software, &scores)?;
        if let Some(report) = self.finished(software, &inputs) {
            return Ok(report);
        }
        let brain = Brain::load(&self.mask_path(), self.isc_path().as_deref(), self.hemisphere)?;
        progress.start("reading scores", scores.len() as u64);
        let mut models = Vec::new();
        for path in &scores {
            models.push(ModelScores::load(path, &brain)?);
            progress.advance(1);
        }
        progress.finish();
        models.sort_by(|a, b| (a.info.n_parameters, a.name()).cmp(&(b.info.n_parameters, b.name())));
        let tables = self.tables(&brain, &models)?;
        let files = self.save(&tables, software, &inputs, started)?;
        Ok(AnalysisReport {
            tables,
            files,
            up_to_date: false,
        })
    }

    fn mask_path(&self) -> PathBuf {
        self.mask.clone().unwrap_or_else(|| self.study.mask(self.lang))
    }

    /// The study's own inter-subject correlation counts only if it is there; a path that was given must be.
    fn isc_path(&self) -> Option<PathBuf> {
        self.isc
            .clone()
            .or_else(|| Some(self.study.isc(self.lang)).filter(|path| path.exists()))
    }

    fn wants(&self, analysis: Analysis) -> bool {
        self.analysis == analysis || self.analysis == Analysis::All
    }

    /// Every file that decides the tables; the sidecars too, since sizes and families come from them.
    fn hash_inputs(&self, software: Software, scores: &[PathBuf]) -> Result<Vec<FileHash>, AnalysisError> {
        let mut step =
            Step::new(software, self.study.table("summary", self.lang)).input(&self.mask_path())?;
        if let Some(isc) = self.isc_path() {
            step = step.input(&isc)?;
        }
        for path in scores {
            step = step.input(path)?.input(&path.with_extension("json"))?;
        }
        if self.wants(Analysis::Corrected) {
            for path in corrected::files(&self.study, self.lang, scores)? {
                step = step.input(&path)?;
            }
        }
        if self.wants(Analysis::Rois) || self.wants(Analysis::Corrected) {
            for path in Region::files(&self.study.roi_dir())? {
                step = step.input(&path)?;
            }
        }
        Ok(step.inputs().to_vec())
    }

    /// The tables on the disk, if all of them were made by this version from these inputs.
    fn finished(&self, software: Software, inputs: &[FileHash]) -> Option<AnalysisReport> {
        if self.force {
            return None;
        }
        let mut report = AnalysisReport {
            tables: Vec::new(),
            files: Vec::new(),
            up_to_date: true,
        };
        for name in self.table_names() {
            let stem = self.study.table(name, self.lang);
            let csv = stem.with_extension("csv");
            for file in [stem.with_extension("parquet"), csv.clone()] {
                let made = Provenance::load(&file).ok()?;
                let same = made.software == name_of(software)
                    && made.parameters == self.parameters()
                    && made
                        .inputs
                        .iter()
                        .map(|f| &f.sha256)
                        .eq(inputs.iter().map(|f| &f.sha256))
                    && sha256_of_file(&file).is_ok_and(|hash| hash == made.output.sha256);
                same.then_some(())?;
            }
            report.tables.push(Table::load(&csv, name).ok()?);
            report.files.push(csv);
        }
        Some(report)
    }

    /// Names of the tables that the job makes, in order.
    fn table_names(&self) -> Vec<&'static str> {
        let mut names = vec!["summary"];
        if self.isc_path().is_some() {
            names.push("isc");
        }
        for (analysis, made) in [
            (Analysis::Scaling, scaling::TABLES.as_slice()),
            (Analysis::Lateralization, &lateralization::TABLES),
            (Analysis::Layers, &layers::TABLES),
            (Analysis::Baselines, &baselines::TABLES),
            (Analysis::Rois, &regions::TABLES),
            (Analysis::Corrected, &corrected::TABLES),
        ] {
            if self.wants(analysis) {
                names.extend(made);
            }
        }
        names
    }

    fn parameters(&self) -> BTreeMap<String, serde_json::Value> {
        [("hemisphere".to_owned(), self.hemisphere.to_string().into())].into()
    }

    fn tables(&self, brain: &Brain, models: &[ModelScores]) -> Result<Vec<Table>, AnalysisError> {
        let everything: Vec<&ModelScores> = models.iter().collect();
        let trained: Vec<&ModelScores> = models.iter().filter(|model| model.is_trained()).collect();
        let regions = if self.wants(Analysis::Rois) || self.wants(Analysis::Corrected) {
            Region::load_all(&self.study.roi_dir(), brain)?
        } else {
            Vec::new()
        };
        let mut tables = vec![summary::table(brain, models, &regions)?];
        if let Some(isc) = IscSummary::of(brain)? {
            tables.push(isc.table()?);
        }
        if self.wants(Analysis::Scaling) {
            tables.extend(scaling::tables(brain, &trained)?);
        }
        if self.wants(Analysis::Lateralization) {
            tables.extend(lateralization::tables(brain, &everything)?);
        }
        if self.wants(Analysis::Layers) {
            tables.extend(layers::tables(&everything)?);
        }
        if self.wants(Analysis::Baselines) {
            tables.extend(baselines::tables(brain, &everything)?);
        }
        if self.wants(Analysis::Rois) {
            tables.extend(regions::tables(&regions, &everything)?);
        }
        if self.wants(Analysis::Corrected) {
            let isc = self.isc_path();
            let sample = corrected::load(&self.study, self.lang, brain, isc.as_deref(), models, regions)?;
            tables.extend(corrected::tables(&sample)?);
        }
        Ok(tables)
    }

    /// Writes each table and its provenance; the inputs were hashed once for all of them.
    fn save(
        &self,
        tables: &[Table],
        software: Software,
        inputs: &[FileHash],
        started: Instant,
    ) -> Result<Vec<PathBuf>, AnalysisError> {
        let mut files = Vec::new();
        for table in tables {
            let stem = self.study.table(table.name(), self.lang);
            table.save(&stem)?;
            let csv = stem.with_extension("csv");
            for file in [stem.with_extension("parquet"), csv.clone()] {
                let provenance = Provenance {
                    software: name_of(software),
                    commit: software.commit.map(str::to_owned),
                    command: std::env::args().collect(),
                    parameters: self.parameters(),
                    inputs: inputs.to_vec(),
                    output: hash_of(file)?,
                    wall_s: started.elapsed().as_secs_f64(),
                    peak_memory_bytes: peak_memory_bytes(),
                };
                let path = Provenance::path_of(&provenance.output.path);
                let text = serde_json::to_string_pretty(&provenance).map_err(|e| StudyError::Write {
                    path: path.clone(),
                    source: e.into(),
                })?;
                write_atomically(&path, text.as_bytes())?;
            }
            files.push(csv);
        }
        Ok(files)
    }
}

fn name_of(software: Software) -> String {
    format!("{} {}", software.program, software.version)
}

fn hash_of(path: PathBuf) -> Result<FileHash, AnalysisError> {
    let sha256 = sha256_of_file(&path)?;
    let bytes = std::fs::metadata(&path)
        .map_err(|source| StudyError::Read {
            path: path.clone(),
            source,
        })?
        .len();
    Ok(FileHash { path, bytes, sha256 })
}
