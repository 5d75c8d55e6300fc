//! Cleaned runs and score maps of a study, written as BIDS derivatives.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{
    BidsName, FileError, Progress, TimedWord, WordTable, both_hemispheres, npy, sha256_of_file,
    write_atomically,
};
use lpp_fmri::BrainMask;
use lpp_fmri::surface::NewRows;
use lpp_preparation::RepetitionTime;
use lpp_steps::Software;
use lpp_study::{Language, ModelSource, RunKind, Scores, Study, start_times};
use serde_json::{Value, json};

use super::names::{Endings, label};
use super::subjects::{CleanedRun, Exported, subjects};
use crate::ImportError;

/// The version of BIDS whose rules the names follow.
const BIDS_VERSION: &str = "1.10.0";
/// The name of the software in the description of the data set.
const GENERATOR: &str = "lpp-rs";
/// Maps of statistics have no suffix in BIDS yet; readers that know none should pass over them.
const IGNORED: &str = "*_statmap.*";
/// Description of cleaned runs.
const CLEAN: &str = "clean";

/// Writes the cleaned runs and the scores of one language of a study as a data set in BIDS form.
#[derive(Debug, Clone)]
pub struct ExportJob {
    /// The study.
    pub study: Study,
    /// The language.
    pub lang: Language,
    /// The folder of the data set.
    pub folder: PathBuf,
    /// Whether runs are written, or scores alone.
    pub runs: bool,
    /// Write into a folder that has other files.
    pub force: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportReport {
    /// Subjects, the average one included.
    pub n_subjects: usize,
    /// Cleaned runs.
    pub n_runs: usize,
    /// Score maps.
    pub n_maps: usize,
}

impl ExportJob {
    /// Writes images, sidecars, words as events and the description of the data set. Everything is read before anything is
    /// written that would have the same name as another file.
    ///
    /// # Errors
    /// [`ImportError`] naming a folder with other files, a file that cannot be read, two sources of one name, or scores of
    /// another mask.
    pub fn run(&self, software: Software, progress: &dyn Progress) -> Result<ExportReport, ImportError> {
        self.check_folder()?;
        let mut subjects = subjects(&self.study, self.lang)?;
        if !self.runs {
            subjects.iter_mut().for_each(|subject| subject.runs.clear());
            subjects.retain(|subject| !subject.scores.is_empty());
        }
        if subjects.is_empty() {
            let expected = "scores (lpp-fit makes them) or cleaned runs (lpp-average, lpp-fit --subject)";
            let found = format!("nothing to write for the language {}", self.lang);
            return Err(FileError::malformed(self.study.root(), found, expected).into());
        }
        self.check_names(&subjects)?;
        let report = ExportReport {
            n_subjects: subjects.len(),
            n_runs: subjects.iter().map(|subject| subject.runs.len()).sum(),
            n_maps: subjects.iter().map(|subject| subject.scores.len()).sum(),
        };
        self.describe(software, &subjects)?;
        progress.start("writing BIDS derivatives", (report.n_runs + report.n_maps) as u64);
        for subject in &subjects {
            self.write_subject(subject, progress)?;
        }
        progress.finish();
        Ok(report)
    }

    /// The folder is new, empty or of an earlier export.
    fn check_folder(&self) -> Result<(), FileError> {
        let description = self.folder.join("dataset_description.json");
        let is_empty = fs::read_dir(&self.folder).map_or(true, |mut entries| entries.next().is_none());
        let text = lpp_files::read_input_text(&description).unwrap_or_default();
        let said: Value = lpp_files::json::from_str(&text).unwrap_or_default();
        let is_own = said["GeneratedBy"][0]["Name"] == GENERATOR;
        if is_empty || is_own || self.force {
            return Ok(());
        }
        let why = "it has files that lpp-import export did not write; give an empty folder".to_owned();
        Err(FileError::NotOurs {
            path: self.folder.clone(),
            why,
        })
    }

    /// No two sources may have one name.
    fn check_names(&self, subjects: &[Exported]) -> Result<(), FileError> {
        let mut seen: BTreeMap<PathBuf, &PathBuf> = BTreeMap::new();
        for subject in subjects {
            let of_runs = subject.runs.iter().map(|run| (self.bold(run), &run.array));
            let of_scores = subject.scores.iter().map(|path| (self.map(subject, path), path));
            for (name, source) in of_runs.chain(of_scores) {
                if let Some(first) = seen.insert(name.clone(), source) {
                    let name = name
                        .file_name()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned();
                    let found = format!("the name {name}, as of {}", first.display());
                    return Err(FileError::malformed(
                        source,
                        found,
                        "sources whose names differ in letters, digits and labels",
                    ));
                }
            }
        }
        Ok(())
    }

    fn bold(&self, run: &CleanedRun) -> PathBuf {
        let kind = self.study.kind();
        run.name
            .on(kind)
            .path(&self.folder, CLEAN, Endings::of(kind).scans)
    }

    fn map(&self, subject: &Exported, scores: &Path) -> PathBuf {
        let kind = self.study.kind();
        let name = subject.name.on(kind);
        name.path(&self.folder, &self.desc_of(scores), Endings::of(kind).scores)
    }

    /// The label of a model: `gpt2` of `scores/gpt2_en.npy`.
    fn desc_of(&self, scores: &Path) -> String {
        let stem = scores.file_stem().unwrap_or_default().to_string_lossy();
        label(stem.strip_suffix(&format!("_{}", self.lang)).unwrap_or(&stem))
    }

    /// The files at the top of the data set.
    fn describe(&self, software: Software, subjects: &[Exported]) -> Result<(), FileError> {
        let name = ModelSource::name_of(&self.study);
        let about = json!({
            "Name": format!("Brain scores of language models: {name} ({})", self.lang),
            "BIDSVersion": BIDS_VERSION,
            "DatasetType": "derivative",
            "GeneratedBy": [{"Name": GENERATOR, "Version": software.version}],
        });
        let maps = match self.study.kind() {
            RunKind::Volume => "volume l is layer l; 0 outside the mask, NaN without a score",
            RunKind::Surface | RunKind::Cifti => "map l is layer l; NaN outside the mask and without a score",
        };
        let readme = format!(
            "# {name}\n\nWritten by lpp-import export of lpp-rs {}. `desc-{CLEAN}` are cleaned runs, NaN where a scan was \
             scrubbed, 0 outside the mask. `statmap` are scores of models: {maps}. `descriptions.tsv` lists the models.\n",
            software.version
        );
        let unnamed = Endings::of(self.study.kind()).unnamed.iter();
        let ignored = unnamed.fold(format!("{IGNORED}\n"), |text, pattern| text + pattern + "\n");
        let mut descriptions: BTreeMap<String, String> = BTreeMap::new();
        for path in subjects.iter().flat_map(|subject| &subject.scores) {
            let model = Scores::load_info(path)?.model;
            descriptions.insert(self.desc_of(path), format!("scores of {model}"));
        }
        if subjects.iter().any(|subject| !subject.runs.is_empty()) {
            descriptions.insert(
                CLEAN.to_owned(),
                "cleaned and standardised time courses".to_owned(),
            );
            descriptions.insert("brain".to_owned(), "mask of the brain".to_owned());
        }
        let rows = descriptions
            .iter()
            .map(|(desc, about)| format!("{desc}\t{about}\n"));
        let table = std::iter::once("desc_id\tdescription\n".to_owned()).chain(rows);
        for (name, text) in [
            ("dataset_description.json", pretty(&about)),
            ("README.md", readme),
            ("descriptions.tsv", table.collect()),
            (".bidsignore", ignored),
        ] {
            write_atomically(&self.folder.join(name), text.as_bytes())?;
        }
        Ok(())
    }

    fn write_subject(&self, subject: &Exported, progress: &dyn Progress) -> Result<(), ImportError> {
        let mask = BrainMask::load(&subject.mask)?;
        if !subject.runs.is_empty() {
            let arrays: Vec<PathBuf> = subject.runs.iter().map(|run| run.array.clone()).collect();
            let tr_s = RepetitionTime::of_study(&self.study).of_runs(&arrays)?;
            let (words, starts) = (self.words()?, start_times(&self.study, self.lang)?);
            for run in &subject.runs {
                let start_s = starts.get(run.story).copied().flatten();
                self.write_run(run, &mask, tr_s, start_s)?;
                if let Some(words) = &words {
                    let path = run.name.without_space().path(&self.folder, "", "events.tsv");
                    write_atomically(&path, &events(words, run.story))?;
                }
                progress.advance(1);
            }
        }
        for scores in &subject.scores {
            self.write_map(subject, scores, &mask)?;
            progress.advance(1);
        }
        Ok(())
    }

    /// The words, if the study has a table of them.
    fn words(&self) -> Result<Option<WordTable>, FileError> {
        let path = self.study.words(self.lang);
        path.exists().then(|| WordTable::load(&path)).transpose()
    }

    /// The scans with their sidecar, and the mask of the session.
    fn write_run(
        &self,
        run: &CleanedRun,
        mask: &BrainMask,
        tr_s: f64,
        start_s: Option<f64>,
    ) -> Result<(), ImportError> {
        let scans = npy::load_f32_matrix(&run.array)?;
        check_voxels(&run.array, scans.ncols(), mask)?;
        let path = self.bold(run);
        mask.save_rows(&path, &scans, NewRows::Scans { tr_s })?;
        let mut about = json!({
            "RepetitionTime": tr_s,
            "TaskName": run.name.task,
            "SkullStripped": true,
            "Description": "Cleaned time courses, standardised; 0 outside the mask.",
        });
        if let Some(start_s) = start_s {
            about["StartTime"] = start_s.into();
        }
        save_sidecars(&path, &about)?;
        let ending = Endings::of(self.study.kind()).mask;
        let path = run.name.without_run().path(&self.folder, "brain", ending);
        if !path.exists() || self.force {
            mask.save(&path)?;
            save_sidecars(&path, &json!({"Type": "Brain"}))?;
        }
        Ok(())
    }

    /// All layers of a model as volumes, or as maps of vertices.
    fn write_map(&self, subject: &Exported, scores: &Path, mask: &BrainMask) -> Result<(), ImportError> {
        let Scores { values, info } = Scores::load(scores)?;
        check_voxels(scores, values.ncols(), mask)?;
        let found = sha256_of_file(&subject.mask)?;
        if info.mask_sha256.as_ref().is_some_and(|own| *own != found) {
            let expected = format!(
                "scores with the mask {}; fit again (lpp-fit)",
                subject.mask.display()
            );
            return Err(FileError::malformed(scores, "scores with another mask", expected).into());
        }
        let path = self.map(subject, scores);
        let layers: Vec<String> = (0..values.nrows())
            .map(|layer| format!("layer {layer}"))
            .collect();
        mask.save_rows(&path, &values, NewRows::Maps(&layers))?;
        let map = if mask.volume().is_some() { "volume" } else { "map" };
        let about = json!({
            "Description": format!("Scores of {}: {map} l is layer l, from 0.", info.model),
            "SourceSHA256": sha256_of_file(scores)?,
            "Fit": info,
        });
        Ok(save_sidecars(&path, &about)?)
    }
}

fn check_voxels(path: &Path, n_voxels: usize, mask: &BrainMask) -> Result<(), FileError> {
    if n_voxels == mask.n_voxels() {
        return Ok(());
    }
    let expected = format!("{} as in the mask", mask.n_voxels());
    Err(FileError::malformed(path, format!("{n_voxels} voxels"), expected))
}

/// The words of a story as events of BIDS: tab-separated, in seconds.
fn events(words: &WordTable, story: usize) -> Vec<u8> {
    let row = |word: &TimedWord| {
        // Nanoseconds: the difference of two decimal numbers has more digits than they. The offset has all of them.
        let duration = ((word.offset_s - word.onset_s) * 1e9).round() / 1e9;
        let text = word.word.replace(['\t', '\n', '\r'], " ");
        format!("{}\t{duration}\t{}\t{text}\n", word.onset_s, word.offset_s)
    };
    let rows = words.run(story).iter().map(row);
    let head = "onset\tduration\toffset\tword\n".to_owned();
    std::iter::once(head).chain(rows).collect::<String>().into_bytes()
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// Writes `x.json` of `x.nii.gz`, and that of each of two hemispheres.
fn save_sidecars(image: &Path, about: &Value) -> Result<(), FileError> {
    for file in both_hemispheres(image) {
        let path = file.with_file_name(format!("{}.json", BidsName::of(&file).stem()));
        write_atomically(&path, pretty(about).as_bytes())?;
    }
    Ok(())
}
