//! `lpp-import`: other people's data in a study.

use std::path::PathBuf;

use lpp_files::both_hemispheres;

use crate::Artefact;

/// The words of one language, from files of any form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportWordsStep {
    /// The files.
    pub files: Vec<PathBuf>,
    /// The language.
    pub lang: String,
    /// The format of the files: `auto`, `csv` and so on.
    pub format: String,
    /// The unit of times, if it is given.
    pub unit: Option<String>,
    /// The tier or column of the words, if it is given.
    pub tier: Option<String>,
    /// What tells the run: `name`, or a column.
    pub run_of: String,
    /// Whether segments are divided into words.
    pub spread: bool,
    /// The stories of the runs table, if there is one.
    pub stories: Option<Vec<String>>,
    /// The table of words.
    pub output: PathBuf,
}

impl ImportWordsStep {
    /// The table of words.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.output)
            .inputs(&self.files)
            .with("lang", &self.lang)
            .with("format", &self.format)
            .with("unit", &self.unit)
            .with("tier", &self.tier)
            .with("run_of", &self.run_of)
            .with("spread", self.spread)
            .with("stories", &self.stories)
    }
}

/// The runs of a folder in BIDS form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRunsStep {
    /// The folder.
    pub folder: PathBuf,
    /// Hash of the table, which tells all that names, headers and sidecars say.
    pub content: String,
    /// Stories that were left out for all subjects, as some subject lacks them.
    pub left_out: Vec<String>,
    /// The runs table.
    pub output: PathBuf,
}

impl ImportRunsStep {
    /// The runs table.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.output)
            .with("folder", &self.folder)
            .with("content", &self.content)
            .if_known("left_out", (!self.left_out.is_empty()).then_some(&self.left_out))
    }
}

/// Features of one language, from files of other programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFeaturesStep {
    /// The files.
    pub files: Vec<PathBuf>,
    /// The name of the features.
    pub name: String,
    /// The language.
    pub lang: String,
    /// What the rows are: `words` or `scans`.
    pub rows: String,
    /// The axis of the layers, if there is one.
    pub layer_axis: Option<usize>,
    /// The stories of the runs table, if there is one.
    pub stories: Option<Vec<String>>,
    /// The activations.
    pub output: PathBuf,
}

impl ImportFeaturesStep {
    /// The activations.
    #[must_use]
    pub fn artefact(&self) -> Artefact {
        Artefact::new(&self.output)
            .inputs(&self.files)
            .with("name", &self.name)
            .with("lang", &self.lang)
            .with("rows", &self.rows)
            .with("layer_axis", self.layer_axis)
            .with("stories", &self.stories)
    }
}

/// A label image, or labels of surfaces, with a table of its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportAtlasStep {
    /// The label image.
    pub image: PathBuf,
    /// The names of its labels, if the file itself gives none.
    pub labels: Option<PathBuf>,
    /// The image in the study.
    pub output: PathBuf,
    /// The table in the study.
    pub table: PathBuf,
}

impl ImportAtlasStep {
    /// The image and the table.
    #[must_use]
    pub fn artefacts(&self) -> Vec<Artefact> {
        let images = both_hemispheres(&self.output).into_iter();
        let images = images.map(|output| Artefact::new(output).input(&self.image));
        let table = Artefact::new(&self.table).input(&self.image).inputs(&self.labels);
        images.chain([table]).collect()
    }
}
