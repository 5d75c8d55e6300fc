//! The paths of the files of a study.

use std::path::{Path, PathBuf};

use lpp_files::{BidsName, EntityChoice, FileError, name_makers, natural_path_order};

use crate::names::file_stem;

use crate::{Language, RunKind, RunsTable, StudyConfig, StudyGrid, maker_of};

/// The configuration of a study folder.
const CONFIG: &str = "lpp.toml";

/// A study folder and its configuration.
///
/// The methods give the path of each file; they do not check whether it exists.
#[derive(Debug, Clone)]
pub struct Study {
    root: PathBuf,
    config: StudyConfig,
    /// The folder's name of the subject that takes the place of the average subject.
    subject: Option<String>,
    /// What the scans are measured on, and the space of surfaces.
    kind: RunKind,
    space: String,
}

impl Study {
    /// Opens the study in `root` and reads `lpp.toml` if it exists; otherwise the values of the paper are used.
    ///
    /// # Errors
    /// [`FileError::Malformed`] if `root` is not a folder or its `lpp.toml` is invalid.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, FileError> {
        Self::open_without(root, &[])
    }

    /// The same, ignoring the top-level settings `replaced`, which a program gets from elsewhere; their values in
    /// `lpp.toml` are not even checked.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_without(root: impl Into<PathBuf>, replaced: &[&str]) -> Result<Self, FileError> {
        name_makers(maker_of);
        let root = root.into();
        if !root.is_dir() {
            let expected = "a study folder (lpp-run init writes the lpp.toml of one)";
            return Err(FileError::malformed(&root, "no such folder", expected));
        }
        let file = root.join(CONFIG);
        let config = if file.exists() {
            StudyConfig::load_without(&file, replaced)?
        } else {
            StudyConfig::default()
        };
        let study = Self {
            config,
            ..Self::planned(root)
        };
        // A table that cannot be read is reported by whoever reads the runs.
        let runs = study.load_runs().ok().flatten();
        let Some(first) = runs.as_ref().and_then(|table| table.runs().first()) else {
            return Ok(study);
        };
        Ok(Self {
            kind: first.kind,
            space: first.space.clone(),
            ..study
        })
    }

    /// A new study in `root`, with the configuration of the paper; nothing is read or written.
    #[must_use]
    pub fn planned(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            config: StudyConfig::default(),
            subject: None,
            kind: RunKind::Volume,
            space: String::new(),
        }
    }

    /// Opens the study in `root`; if there is no such folder yet, it is [`planned`](Self::planned), and the first file that
    /// is written makes it.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_or_planned(root: impl Into<PathBuf>) -> Result<Self, FileError> {
        let root = root.into();
        if root.exists() {
            Self::open(root)
        } else {
            name_makers(maker_of);
            Ok(Self::planned(root))
        }
    }

    /// The file of the configuration.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.root.join(CONFIG)
    }

    /// The same study with different choices among spaces, tasks, sessions and so on, if given.
    #[must_use]
    pub fn choosing(mut self, only: Vec<EntityChoice>) -> Self {
        if !only.is_empty() {
            self.config.corpus.only = only;
        }
        self
    }

    /// The study of one subject, given with or without `sub-`: its mask, scores, regions, tables, figures and report take
    /// the place of those of the average subject.
    #[must_use]
    pub fn of_subject(mut self, name: &str) -> Self {
        self.subject = Some(format!("sub-{}", name.strip_prefix("sub-").unwrap_or(name)));
        self
    }

    /// A folder of the average subject, or of the subject in its place.
    fn of_whom(&self, folder: &str) -> PathBuf {
        let folder = self.root.join(folder);
        match &self.subject {
            Some(subject) => folder.join(subject),
            None => folder,
        }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &StudyConfig {
        &self.config
    }

    /// What the scans are measured on: the kind of the runs in `runs.csv`, else volumes.
    #[must_use]
    pub fn kind(&self) -> RunKind {
        self.kind
    }

    /// The table of the runs of all subjects, which a study need not have: `runs.csv`.
    #[must_use]
    pub fn runs_table(&self) -> PathBuf {
        self.root.join("runs.csv")
    }

    /// The runs of all subjects, if there is a table of them.
    ///
    /// # Errors
    /// As [`RunsTable::load`].
    pub fn load_runs(&self) -> Result<Option<RunsTable>, FileError> {
        let file = self.runs_table();
        file.exists().then(|| RunsTable::load(&file)).transpose()
    }

    /// The grid of the scans: the one in `lpp.toml`; otherwise that of the scans themselves if the study has a table of
    /// runs, and that of the published study if not. Scans on surfaces are never resampled.
    #[must_use]
    pub fn grid(&self) -> StudyGrid {
        match &self.config.grid {
            _ if self.kind != RunKind::Volume => StudyGrid::Native,
            Some(grid) => grid.clone(),
            None if self.runs_table().exists() => StudyGrid::Native,
            None => StudyGrid::Paper,
        }
    }

    /// Folder of the word annotations, with one folder per language.
    #[must_use]
    pub fn annotation_dir(&self) -> PathBuf {
        self.configured(self.config.paths.annotation.as_deref(), "annotation")
    }

    /// The word annotation: `annotation/EN/lppEN_word_information.csv`.
    #[must_use]
    pub fn annotation(&self, lang: Language) -> PathBuf {
        let folder = lang.folder();
        self.annotation_dir()
            .join(&folder)
            .join(format!("lpp{folder}_word_information.csv"))
    }

    /// The text: what `lpp.toml` names under `[corpus]`, or the first of `text/lpp_en_text.zip`, the folders
    /// `text/lpp_en_text` and `text/en`, and `text/en.txt` that exists. If none does, it is the archive.
    #[must_use]
    pub fn text(&self, lang: Language) -> PathBuf {
        if let Some(text) = &self.config.corpus.text {
            return self.root.join(text.replace("{lang}", lang.code()));
        }
        let texts = self.configured(self.config.paths.text.as_deref(), "text");
        let archive = texts.join(format!("lpp_{lang}_text.zip"));
        let folders = [format!("lpp_{lang}_text"), lang.to_string()].map(|name| texts.join(name));
        let file = texts.join(format!("{lang}.txt"));
        if archive.exists() {
            return archive;
        }
        let folder = folders.into_iter().find(|folder| folder.is_dir());
        folder
            .or_else(|| file.exists().then_some(file))
            .unwrap_or(archive)
    }

    /// Folder of a model's checkpoint: `models/gpt2`; for `org/name` it is `models/org--name`, or `models/org/name` if
    /// only that exists.
    #[must_use]
    pub fn model_dir(&self, model: &str) -> PathBuf {
        let models = self.configured(self.config.paths.models.as_deref(), "models");
        let stem = file_stem(model);
        let folder = models.join(&stem);
        match stem.split_once("--") {
            Some((organisation, name)) if !folder.is_dir() => {
                let inner = models.join(organisation).join(name);
                if inner.is_dir() { inner } else { folder }
            }
            _ => folder,
        }
    }

    /// The file of GloVe vectors: the configured one, the only file in `glove`, or `glove/glove.6B.300d.txt`.
    #[must_use]
    pub fn glove(&self) -> PathBuf {
        if let Some(path) = &self.config.paths.glove {
            return self.root.join(path);
        }
        let folder = self.root.join("glove");
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        // Hidden files are somebody's temporary ones.
        let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
        let visible = entries.filter(|entry| !is_hidden(&entry.file_name()));
        let mut files: Vec<PathBuf> = visible
            .map(|entry| folder.join(entry.file_name()))
            .filter(|path| path.is_file())
            .collect();
        match (files.pop(), files.is_empty()) {
            (Some(only), true) => only,
            _ => folder.join("glove.6B.300d.txt"),
        }
    }

    /// The folder of cortical meshes, if `lpp.toml` names one.
    #[must_use]
    pub fn surface(&self) -> Option<PathBuf> {
        let folder = self.config.paths.surface.as_ref()?;
        Some(self.root.join(folder))
    }

    /// The brain mask: `masks/mask_lpp_en.nii.gz`; of vertices `masks/mask_lpp_en_space-fsLR.dscalar.nii`.
    #[must_use]
    pub fn mask(&self, lang: Language) -> PathBuf {
        match &self.subject {
            Some(subject) => self.subject_mask(subject),
            None => self.mask_named(&format!("mask_lpp_{lang}")),
        }
    }

    /// Masks of vertices are CIFTI files, which hold both hemispheres; their name tells the space of the meshes.
    fn mask_named(&self, stem: &str) -> PathBuf {
        let name = match (self.kind, self.space.as_str()) {
            (RunKind::Volume, _) => format!("{stem}.nii.gz"),
            (_, "") => format!("{stem}.dscalar.nii"),
            (_, space) => format!("{stem}_space-{space}.dscalar.nii"),
        };
        self.root.join("masks").join(name)
    }

    /// Folder of the region masks.
    #[must_use]
    pub fn roi_dir(&self) -> PathBuf {
        self.of_whom("roi_masks")
    }

    /// A region mask of the left hemisphere: `roi_masks/TP.nii.gz`.
    #[must_use]
    pub fn roi_mask(&self, roi: &str) -> PathBuf {
        self.roi_dir().join(format!("{roi}.nii.gz"))
    }

    /// A run of the average subject, from 0: `average_subject/en/run-0.npy`, (`n_scans`, `n_voxels`).
    #[must_use]
    pub fn average_run(&self, lang: Language, run: usize) -> PathBuf {
        if let Some(subject) = &self.subject {
            return self.subject_run(subject, lang, run);
        }
        self.root
            .join("average_subject")
            .join(lang.code())
            .join(format!("run-{run}.npy"))
    }

    /// The existing runs of the average subject, from `run-0.npy` on.
    ///
    /// # Errors
    /// [`FileError::Malformed`] naming the folder if there are none, if a number is missing, or if one occurs twice.
    pub fn average_runs(&self, lang: Language) -> Result<Vec<PathBuf>, FileError> {
        let first = self.average_run(lang, 0);
        let folder = first.parent().unwrap_or(&self.root);
        let entries = std::fs::read_dir(folder).map_err(FileError::read(&first))?;
        let mut runs: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        runs.retain(|path| {
            let name = BidsName::of(path);
            name.is_array() && name.entity("run").is_some()
        });
        runs.sort_by(|a, b| natural_path_order(a, b));
        let wrong = (0..)
            .zip(&runs)
            .find(|(run, path)| **path != self.average_run(lang, *run));
        match wrong {
            Some((run, path)) => {
                let found = format!(
                    "{} arrays, {} instead of run-{run}.npy",
                    runs.len(),
                    file_name(path)
                );
                Err(FileError::malformed(
                    folder,
                    found,
                    "run-0.npy, run-1.npy and so on without a gap (lpp-average makes them)",
                ))
            }
            None if runs.is_empty() => Err(FileError::malformed(
                folder,
                "no run",
                "run-0.npy, run-1.npy and so on",
            )),
            None => Ok(runs),
        }
    }

    /// The inter-subject correlation: `isc/isc_en.npy`, (`n_trials`, `n_voxels`).
    #[must_use]
    pub fn isc(&self, lang: Language) -> PathBuf {
        self.of_whom("isc").join(format!("isc_{lang}.npy"))
    }

    /// Activations of a model: `activations/gpt2_en.safetensors`.
    #[must_use]
    pub fn activations(&self, model: &str, lang: Language) -> PathBuf {
        self.root
            .join("activations")
            .join(format!("{}_{lang}.safetensors", file_stem(model)))
    }

    /// The table of words, with the rows of activations: `words_en.csv`.
    #[must_use]
    pub fn words(&self, lang: Language) -> PathBuf {
        self.root.join(format!("words_{lang}.csv"))
    }

    /// Path of the table of words for activations at `activations`: in the study if the activations are at their
    /// default path (`None`), otherwise next to the activations.
    #[must_use]
    pub fn words_of(&self, activations: Option<&Path>, lang: Language) -> PathBuf {
        let place = self.words(lang);
        match (activations, place.file_name()) {
            (Some(file), Some(name)) => file.with_file_name(name),
            _ => place,
        }
    }

    /// Folder of the scores.
    #[must_use]
    pub fn scores_dir(&self) -> PathBuf {
        self.of_whom("scores")
    }

    /// Brain scores of a model: `scores/gpt2_en.npy`, (`n_layers`, `n_voxels`).
    #[must_use]
    pub fn scores(&self, model: &str, lang: Language) -> PathBuf {
        self.scores_dir().join(format!("{}_{lang}.npy", file_stem(model)))
    }

    /// Map of the best score over layers, on the places of the mask: `scores/gpt2_en.nii.gz`.
    #[must_use]
    pub fn score_map(&self, model: &str, lang: Language) -> PathBuf {
        map_of(&self.scores(model, lang), self.kind)
    }

    /// The brain mask of one subject, by the name of its folder: `masks/sub-EN057.nii.gz`.
    #[must_use]
    pub fn subject_mask(&self, subject: &str) -> PathBuf {
        self.mask_named(&file_stem(subject))
    }

    /// A cleaned run of one subject, from 0: `individual_subjects/en/sub-EN057/run-0.npy`, (`n_scans`, `n_voxels`).
    #[must_use]
    pub fn subject_run(&self, subject: &str, lang: Language, run: usize) -> PathBuf {
        self.root
            .join("individual_subjects")
            .join(lang.code())
            .join(file_stem(subject))
            .join(format!("run-{run}.npy"))
    }

    /// Brain scores of a model in one subject: `scores/sub-EN057/gpt2_en.npy`, (`n_layers`, `n_voxels`).
    #[must_use]
    pub fn subject_scores(&self, subject: &str, model: &str, lang: Language) -> PathBuf {
        self.root
            .join("scores")
            .join(file_stem(subject))
            .join(format!("{}_{lang}.npy", file_stem(model)))
    }

    /// The map of these scores: `scores/sub-EN057/gpt2_en.nii.gz`.
    #[must_use]
    pub fn subject_score_map(&self, subject: &str, model: &str, lang: Language) -> PathBuf {
        map_of(&self.subject_scores(subject, model, lang), self.kind)
    }

    /// What a model makes of a battery of items, or of the text of the study: `competence/gpt2_en/blimp.csv`.
    #[must_use]
    pub fn competence(&self, model: &str, lang: Language, battery: &str) -> PathBuf {
        self.root
            .join("competence")
            .join(format!("{}_{lang}", file_stem(model)))
            .join(format!("{}.csv", file_stem(battery)))
    }

    /// A table of the analysis without its ending: `results/scaling_en`.
    #[must_use]
    pub fn table(&self, name: &str, lang: Language) -> PathBuf {
        // A map of a model carries the model's name.
        self.of_whom("results")
            .join(format!("{}_{lang}", file_stem(name)))
    }

    /// A map of the analysis: `results/voxel_slopes_en.nii.gz`; of two hemispheres, the left file.
    #[must_use]
    pub fn result_map(&self, name: &str, lang: Language) -> PathBuf {
        let mut file = self.table(name, lang).into_os_string();
        file.push(self.kind.map_ending());
        file.into()
    }

    /// Folder of the figures.
    #[must_use]
    pub fn figures_dir(&self) -> PathBuf {
        self.of_whom("figures")
    }

    /// The report: `report/report.html`.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        let of_whom = self
            .subject
            .as_ref()
            .map_or_else(String::new, |subject| format!("_{subject}"));
        self.root.join("report").join(format!("report{of_whom}.html"))
    }

    fn configured(&self, path: Option<&Path>, default: &str) -> PathBuf {
        // An absolute path replaces the root in `join`.
        self.root.join(path.unwrap_or(Path::new(default)))
    }
}

/// The map beside an array of scores.
///
/// ```
/// use lpp_study::{RunKind, map_of};
/// let map = map_of("scores/gpt2_en.npy".as_ref(), RunKind::Cifti);
/// assert_eq!(map, std::path::Path::new("scores/gpt2_en.dscalar.nii"));
/// ```
#[must_use]
pub fn map_of(scores: &Path, kind: RunKind) -> PathBuf {
    let mut file = scores.with_extension("").into_os_string();
    file.push(kind.map_ending());
    file.into()
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_organisations_never_share_a_file() {
        let study = Study::planned("study");
        let lang = Language::English;
        let files = |model: &str| {
            [
                study.activations(model, lang),
                study.scores(model, lang),
                study.score_map(model, lang),
                study.subject_scores("sub-EN001", model, lang),
                study.model_dir(model),
            ]
        };
        for (one, other) in [("a/tiny", "b/tiny"), ("a/tiny", "tiny"), ("someone/gpt2", "gpt2")] {
            let pairs = files(one).into_iter().zip(files(other));
            assert!(
                pairs.into_iter().all(|(one, other)| one != other),
                "{one} {other}"
            );
        }
        assert_eq!(files("a/tiny"), files("a--tiny"));
        assert_eq!(files("openai-community/gpt2"), files("gpt2"));
        assert!(files("a/tiny")[0].ends_with("activations/a--tiny_en.safetensors"));
        for file in files("../../evil") {
            let text = file.display().to_string();
            assert!(!text.contains("..") && file.starts_with("study"), "{text}");
        }
    }

    #[test]
    fn a_subject_takes_the_place_of_the_average() {
        let lang = Language::English;
        let (study, of_one) = (Study::planned("s"), Study::planned("s").of_subject("01"));
        assert_eq!(of_one.mask(lang), study.subject_mask("sub-01"));
        assert_eq!(
            of_one.scores("m", lang),
            study.subject_scores("sub-01", "m", lang)
        );
        assert_eq!(
            of_one.subject_scores("sub-01", "m", lang),
            of_one.scores("m", lang)
        );
        assert_eq!(of_one.average_run(lang, 2), study.subject_run("sub-01", lang, 2));
        assert!(
            of_one
                .table("summary", lang)
                .ends_with("results/sub-01/summary_en")
        );
        assert!(of_one.report().ends_with("report/report_sub-01.html"));
        assert_eq!(of_one.activations("m", lang), study.activations("m", lang));
    }

    #[test]
    fn a_folder_of_another_model_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::planned(folder.path());
        let models = folder.path().join("models");
        std::fs::create_dir_all(models.join("tiny")).unwrap();
        assert_eq!(study.model_dir("tiny"), models.join("tiny"));
        assert_eq!(study.model_dir("org/tiny"), models.join("org--tiny"));
        std::fs::create_dir_all(models.join("org/tiny")).unwrap();
        assert_eq!(study.model_dir("org--tiny"), models.join("org/tiny"));
        std::fs::create_dir_all(models.join("org--tiny")).unwrap();
        assert_eq!(study.model_dir("org/tiny"), models.join("org--tiny"));
    }
}
