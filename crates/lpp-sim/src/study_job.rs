//! A complete synthetic study, from text to scans.

use std::fmt::Write as _;
use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use lpp_files::{AtomicFile, FileError, Progress, TimedWord, WordTable, npy, write_atomically};
use lpp_steps::{Making, Provenance, SimulateStudyStep, Software};
use lpp_study::{
    AnnotationCorrections, ConfiguredFit, FeatureSource, Language, Plant, Study, StudyConfig, Truth,
};

use crate::SimError;
use crate::bids::{self, BidsFolder, BidsSettings, coarse_mask};
use crate::bold::BoldSimulator;
use crate::brain::{PlantedBrain, simulated_mask};
use crate::checkpoint::{ModelSpec, write_checkpoint};
use crate::group::GroupScans;
use crate::isc::write_isc;
use crate::latent::WordLatents;
use crate::noise::Noise;
use crate::plant;
use crate::random::{normal, stream};
use crate::story::{StoryRun, tell_story, vocabulary};
use crate::truth::truth_of;

/// Time that scans continue after the last word, in seconds; the peak of its response is then over.
const TAIL_S: f64 = 10.0;
/// Numbers per word in the simulated GloVe file, and the noise added to each.
const GLOVE_DIMS: usize = 16;
const GLOVE_NOISE: f32 = 0.5;

/// A synthetic study with planted effects: all inputs of the programs of lpp-rs.
///
/// The brain mask is symmetric and brain-shaped on the 4 mm grid, or coarser if scans of subjects are written. The story
/// comes from a small grammar. Every word has a hidden vector to which language regions respond. Each model contains the
/// first dimensions of these vectors; larger models contain more of them. The plant says how the left side differs from the
/// right. The same settings give the same files.
#[derive(Debug, Clone, PartialEq)]
pub struct StudySimulation {
    /// The study folder; created if it does not exist.
    pub root: PathBuf,
    /// Seed of all random numbers.
    pub seed: u64,
    /// Language under which the (English) story is stored.
    pub lang: Language,
    /// Smallest number of words per run.
    pub words_per_run: usize,
    /// The models.
    pub models: Vec<ModelSpec>,
    /// Width of the random baselines in the configuration.
    pub baseline_dims: usize,
    /// Number of runs.
    pub n_runs: usize,
    /// Repetition time in seconds.
    pub tr_s: f64,
    /// What is planted in the brain. With a group, cleaned scans of its subjects are written, and `lpp-average` makes the
    /// average and the inter-subject correlation.
    pub plant: Plant,
    /// Scans of subjects in an fMRIPrep folder, in place of a study with the scans of an average subject.
    pub bids: Option<BidsSettings>,
}

impl StudySimulation {
    /// Number of runs, as in the data set.
    pub const DEFAULT_RUNS: usize = 9;

    /// Makes the study, unless it exists with the same settings. Returns whether it was made.
    ///
    /// The folder must be empty or contain a study simulated by this program, complete or partial, because a real study
    /// would lose its configuration, mask and scans. Hidden files are ignored.
    ///
    /// # Errors
    /// [`SimError::NotASimulation`] if the folder contains anything else, even with `force`; [`SimError::Setting`] if a
    /// setting is out of range; [`SimError::File`] if a file cannot be written.
    pub fn run(&self, software: Software, force: bool, progress: &dyn Progress) -> Result<bool, SimError> {
        self.check()?;
        let step = SimulateStudyStep {
            truth: Truth::path(&self.root),
            seed: self.seed,
            lang: self.lang,
            words_per_run: self.words_per_run,
            models: self.models.iter().map(ModelSpec::name).collect(),
            baseline_dims: self.baseline_dims,
            n_runs: Some(self.n_runs).filter(|n| *n != Self::DEFAULT_RUNS),
            tr_s: Some(self.tr_s).filter(|tr_s| (tr_s - StudyConfig::REFERENCE_TR_S).abs() > 0.0),
            plant: self.plant,
            n_subjects: self.bids.map(|bids| bids.n_subjects),
            test_story: self.bids.and_then(|bids| bids.test_story),
        };
        let making = Making::of(software, step.artefact())?;
        if !force && making.is_current() {
            return Ok(false);
        }
        self.refuse_others(software)?;
        // A simulation that is killed leaves this record, so that the next one knows the folder for its own.
        making.claim_now(true)?;
        self.make(progress)?;
        making.finish()?;
        Ok(true)
    }

    fn refuse_others(&self, software: Software) -> Result<(), SimError> {
        if is_simulation(&self.root, software) {
            return Ok(());
        }
        let names = match fs::read_dir(&self.root) {
            Ok(entries) => entries.flatten().map(|entry| entry.file_name()),
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
            Err(source) => {
                let path = self.root.clone();
                return Err(FileError::Read { path, source }.into());
            }
        };
        let visible = names.filter(|name| !name.as_encoded_bytes().starts_with(b"."));
        // The first in order, so that the message is the same each time.
        match visible.min() {
            Some(first) => Err(SimError::NotASimulation {
                path: self.root.clone(),
                found: first.to_string_lossy().into_owned(),
            }),
            None => Ok(()),
        }
    }

    fn check(&self) -> Result<(), SimError> {
        let setting = |name, found: usize, expected| SimError::Setting {
            name,
            found: found.to_string(),
            expected,
        };
        if !(60..=20_000).contains(&self.words_per_run) {
            return Err(setting(
                "the number of words per run",
                self.words_per_run,
                "60 to 20000",
            ));
        }
        if self.models.is_empty() {
            return Err(setting("the number of models", 0, "at least one"));
        }
        if !(1..=1000).contains(&self.n_runs) {
            return Err(setting("the number of runs", self.n_runs, "1 to 1000"));
        }
        if !(0.1..=10.0).contains(&self.tr_s) {
            return Err(SimError::Setting {
                name: "the repetition time",
                found: self.tr_s.to_string(),
                expected: "0.1 to 10 s",
            });
        }
        plant::check(&self.plant)?;
        if let Some(bids) = self.bids {
            if !(1..=99).contains(&bids.n_subjects) {
                return Err(setting("the number of subjects", bids.n_subjects, "1 to 99"));
            }
            if let Some(story) = bids.test_story.filter(|story| !(1..=self.n_runs).contains(story)) {
                return Err(setting("the test story", story, "the number of a run"));
            }
        }
        Ok(())
    }

    fn make(&self, progress: &dyn Progress) -> Result<(), SimError> {
        let n_averaged = self.plant.group.map_or(self.n_runs, |group| group.n_subjects);
        let n_scanned = self.bids.map_or(n_averaged, |bids| bids.n_subjects);
        progress.start("simulating", (n_scanned + self.models.len()) as u64);
        if self.bids.is_none() {
            write_atomically(&self.root.join("lpp.toml"), self.config().to_toml().as_bytes())?;
        }
        let study = Study::planned(&self.root);
        let mut latents = WordLatents::new(self.seed);
        let story = tell_story(self.seed, self.n_runs, self.words_per_run);
        self.write_story(&study, &story)?;
        write_glove(&self.glove_path(), self.seed, &mut latents)?;
        for &model in &self.models {
            write_checkpoint(model, self.seed, &mut latents, &study.model_dir(&model.name()))?;
            progress.advance(1);
        }
        let mask = if self.bids.is_some() || self.plant.group.is_some() {
            coarse_mask()?
        } else {
            simulated_mask()?
        };
        let mut brain = PlantedBrain::of(&mask, &self.plant);
        let words = word_table(&story, &study.annotation(self.lang))?;
        let n_scans: Vec<usize> = story.iter().map(|run| scans_of(run, self.tr_s)).collect();
        let bold = BoldSimulator::new(self.seed, &words, &n_scans, self.tr_s, &brain, &mut latents)?;
        let bold = bold.with_noise(Noise::of(self.seed, &self.plant, &mask)?);
        match (self.bids, self.plant.group) {
            (Some(settings), _) => BidsFolder {
                root: bids::folder(&self.root),
                seed: self.seed,
                tr_s: self.tr_s,
                settings,
                mask: &mask,
                words: &words,
                bold: &bold,
            }
            .write(progress)?,
            (None, Some(group)) => {
                let scans = GroupScans::of(self.seed, group, &mask, &brain.responses);
                mask.save(&study.mask(self.lang))?;
                scans.write(&study, self.lang, &bold, progress)?;
                brain.responses = scans.responses;
            }
            (None, None) => {
                mask.save(&study.mask(self.lang))?;
                write_isc(&study.isc(self.lang), self.seed, &brain.responses, &n_scans)?;
                for run in 0..self.n_runs {
                    npy::save(&study.average_run(self.lang, run), &bold.run(run)?)?;
                    progress.advance(1);
                }
            }
        }
        // The truth comes last: where it stands, the study is complete.
        truth_of(self.seed, self.plant, &mask, &brain, &self.models)?.save(&self.root)?;
        progress.finish();
        Ok(())
    }

    fn config(&self) -> StudyConfig {
        let random = |kind| {
            let source = FeatureSource::Random {
                kind,
                n_dims: self.baseline_dims as u64,
                seed: 1,
            };
            source.to_string()
        };
        let baselines = vec!["glove".to_owned(), random("vector"), random("embedding")];
        StudyConfig {
            languages: vec![self.lang],
            tr_s: Some(self.tr_s),
            annotation_corrections: AnnotationCorrections::None,
            models: [(self.lang, self.models.iter().map(ModelSpec::name).collect())].into(),
            baselines: [(self.lang, baselines)].into(),
            fit: ConfiguredFit {
                nested_layer: true,
                ..ConfiguredFit::default()
            },
            ..StudyConfig::default()
        }
    }

    fn glove_path(&self) -> PathBuf {
        self.root
            .join("glove")
            .join(format!("glove.sim.{GLOVE_DIMS}d.txt"))
    }

    /// Writes the text, one plain file per run, and the annotation in the published format, unless the words are events.
    fn write_story(&self, study: &Study, story: &[StoryRun]) -> Result<(), SimError> {
        let lang = self.lang;
        // `Study::text` names the folder of plain files only once it is there.
        let texts = study.text(lang);
        let (folder, name) = match self.bids {
            Some(_) => (lang.to_string(), "story-".to_owned()),
            None => (format!("lpp_{lang}_text"), format!("text_{lang}_run")),
        };
        for (run, told) in story.iter().enumerate() {
            let path = texts
                .with_file_name(&folder)
                .join(format!("{name}{}.txt", run + 1));
            write_atomically(&path, told.text.as_bytes())?;
        }
        if self.bids.is_none() {
            write_annotation(&study.annotation(lang), story)?;
        }
        Ok(())
    }
}

/// Whether the study in `root` was simulated by this program, completely or partially.
pub(crate) fn is_simulation(root: &Path, software: Software) -> bool {
    Provenance::load(&Truth::path(root)).is_ok_and(|made| made.program() == software.program)
}

/// Writes the columns of the published English file that programs read.
fn write_annotation(path: &Path, story: &[StoryRun]) -> Result<(), FileError> {
    let failed = |source| FileError::Write {
        path: path.to_owned(),
        source,
    };
    let mut writer = csv::Writer::from_writer(AtomicFile::create(path)?);
    let mut write = |row: [String; 5]| {
        writer
            .write_record(row)
            .map_err(|e| failed(std::io::Error::other(e)))
    };
    write(["", "word", "onset", "offset", "section"].map(str::to_owned))?;
    let rows = story
        .iter()
        .enumerate()
        .flat_map(|(run, told)| told.words.iter().map(move |w| (run, w)));
    for (label, (run, word)) in rows.enumerate() {
        let section = (run + 1).to_string();
        write([
            label.to_string(),
            word.word.clone(),
            word.onset_s.to_string(),
            word.offset_s.to_string(),
            section,
        ])?;
    }
    writer.into_inner().map_err(|e| failed(e.into_error()))?.commit()
}

/// Word vectors in the text format of GloVe: the first hidden dimensions and noise.
fn write_glove(path: &Path, seed: u64, latents: &mut WordLatents) -> Result<(), SimError> {
    let mut rng = stream(seed, "glove");
    let mut file = AtomicFile::create(path)?;
    for word in vocabulary() {
        let mut line = word.clone();
        for value in latents.of(&word).iter().take(GLOVE_DIMS) {
            // Writing to a string cannot fail.
            let _ = write!(line, " {:.5}", value + GLOVE_NOISE * normal(&mut rng));
        }
        writeln!(file, "{line}").map_err(|source| FileError::Write {
            path: path.to_owned(),
            source,
        })?;
    }
    Ok(file.commit()?)
}

fn scans_of(run: &StoryRun, tr_s: f64) -> usize {
    let end = run.words.last().map_or(0.0, |word| word.offset_s);
    ((end + TAIL_S) / tr_s).ceil() as usize
}

fn word_table(story: &[StoryRun], origin: &Path) -> Result<WordTable, FileError> {
    let rows = story.iter().enumerate().flat_map(|(run, told)| {
        told.words
            .iter()
            .enumerate()
            .map(move |(word_index, word)| TimedWord {
                run,
                word_index,
                word: word.word.clone(),
                onset_s: word.onset_s,
                offset_s: word.offset_s,
            })
    });
    WordTable::new(rows.collect(), origin)
}
