//! Checks whether the files of a study still agree with their provenance.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lpp_steps::Provenance;
use lpp_study::Study;
use serde::Serialize;

use crate::WorkflowError;
use crate::hashes::Hashes;
use crate::log::outputs_made;
use crate::place::{place_of, relative};
use crate::record::{StepRecord, run_folder};
use crate::walk::Walk;

/// Folders in which programs alone write: each file has a record, or the record of a page names it.
const MADE_HERE: [&str; 3] = ["figures", "report", "results"];
/// Folders in which files may be the user's own: those without a record are listed.
const OWN_OR_MADE: [&str; 7] = [
    "activations",
    "average_subject",
    "controls",
    "isc",
    "masks",
    "roi_masks",
    "scores",
];
/// Other folders that programs read or write.
const READ: [&str; 10] = [
    "annotation",
    "competence",
    "derivatives",
    "glove",
    "individual_subjects",
    "items",
    "models",
    "resampled",
    "simulation",
    "text",
];
/// Own inputs that a text lists before it counts the rest.
const LISTED: usize = 20;

/// The differences between a study and its records.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Verification {
    /// Artefacts with a provenance record.
    pub n_artefacts: usize,
    /// Files that were hashed, inputs included.
    pub n_files: usize,
    /// Messages about files and inputs that differ from their records.
    pub differences: Vec<String>,
    /// Inputs that no longer exist, possibly on purpose.
    pub missing_inputs: Vec<PathBuf>,
    /// Scans, words, masks, activations and scores without a record: provided by the user.
    pub own_inputs: Vec<PathBuf>,
    /// Links. The target is hashed if it is a file, and searched if it is a folder that programs use.
    pub links: Vec<PathBuf>,
    /// Pipes, devices and links to nothing, which are passed over.
    pub odd_files: Vec<PathBuf>,
    /// Temporary files of killed programs.
    pub leftovers: Vec<PathBuf>,
}

impl Verification {
    /// Hashes all files and their inputs again. Nothing is written.
    ///
    /// # Errors
    /// [`WorkflowError`] naming the folder that cannot be read.
    pub fn of(study: &Study) -> Result<Self, WorkflowError> {
        // Where two of these are one folder, the name under which most is expected comes first.
        let used = [&MADE_HERE[..], &OWN_OR_MADE, &READ].concat();
        let walk = Walk::of(study.root(), &run_folder(study), &used)?;
        let mut check = Check {
            study,
            files: walk.files.iter().map(|file| relative(study, file)).collect(),
            recorded: BTreeSet::new(),
            hashes: Hashes::default(),
            found: Self::default(),
        };
        for link in &walk.circular {
            let link = relative(study, link);
            check.differs(format!(
                "{}: found a link to a folder that has the study in it, expected a folder of its own; its files were not checked",
                link.display()
            ));
        }
        for file in &walk.files {
            check.look_at(file);
        }
        check.records_of_steps();
        check.files_without_record(&outputs_made(study));
        let mut found = check.found;
        found.n_files = check.hashes.len();
        let names = |paths: Vec<PathBuf>| paths.iter().map(|path| relative(study, path)).collect();
        found.links = names(walk.links);
        found.odd_files = names(walk.odd);
        found.missing_inputs.sort();
        found.missing_inputs.dedup();
        Ok(found)
    }

    /// All of it as lines of text, the sum last.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let differences = self.differences.iter();
        let mut lines: Vec<String> = differences
            .map(|difference| format!("differs: {difference}"))
            .collect();
        let (own, others) = self.own_inputs.split_at(self.own_inputs.len().min(LISTED));
        let more = match others.len() {
            0 => None,
            n => Some(format!("and {n} more of your own inputs (--json lists them)")),
        };
        lines.extend(named("no longer exists", &self.missing_inputs));
        lines.extend(named("your own input, without a record", own));
        lines.extend(more);
        lines.extend(named("a link", &self.links));
        lines.extend(named("not a file, skipped", &self.odd_files));
        lines.extend(named("left by a killed program, can be deleted", &self.leftovers));
        lines.push(format!(
            "{} artefacts, {} files hashed: {} differences",
            self.n_artefacts,
            self.n_files,
            self.differences.len()
        ));
        lines
    }
}

/// A line for each path.
fn named(what: &str, paths: &[PathBuf]) -> impl Iterator<Item = String> {
    paths
        .iter()
        .map(move |path| format!("{what}: {}", path.display()))
}

/// A verification in progress.
struct Check<'a> {
    study: &'a Study,
    /// All files, from the study folder.
    files: BTreeSet<PathBuf>,
    /// Files named in a record of their own or of a step, and the records themselves.
    recorded: BTreeSet<PathBuf>,
    hashes: Hashes,
    found: Verification,
}

impl Check<'_> {
    fn differs(&mut self, what: String) {
        self.found.differences.push(what);
    }

    fn look_at(&mut self, file: &Path) {
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with(".lpp-") {
            self.found.leftovers.push(relative(self.study, file));
        } else if let Some(artefact) = name.strip_suffix(".json") {
            self.record(file, &file.with_file_name(artefact));
        }
    }

    /// A JSON file that may be the record of `artefact`.
    fn record(&mut self, file: &Path, artefact: &Path) {
        let name = relative(self.study, artefact);
        match Provenance::load(artefact) {
            Ok(made) => {
                self.recorded.insert(relative(self.study, file));
                self.recorded.insert(name);
                self.artefact(artefact, &made);
            }
            // Beside a file of its name it can be nothing else than a record; other JSON, a model's config.json say, is none.
            Err(_) if self.files.contains(&name) => {
                let (file, name) = (relative(self.study, file), name.display());
                self.differs(format!(
                    "{}: not a valid record of {name}; remake {name}",
                    file.display()
                ));
                self.recorded.insert(file);
                self.recorded.insert(relative(self.study, artefact));
            }
            Err(_) => {}
        }
    }

    fn artefact(&mut self, artefact: &Path, made: &Provenance) {
        self.found.n_artefacts += 1;
        let name = relative(self.study, artefact).display().to_string();
        if made.output.sha256.is_empty() {
            self.differs(format!(
                "{name}: {} was killed while making it; run it again",
                made.software
            ));
        } else if !artefact.exists() {
            self.differs(format!("{name}: missing, but its record exists"));
        } else if !self.hashes.agree(artefact, &made.output) {
            self.differs(format!("{name}: changed after {} made it", made.software));
        }
        for companion in &made.companions {
            let place = place_of(self.study, &companion.path).unwrap_or_else(|| companion.path.clone());
            let path = relative(self.study, &place);
            if !self.hashes.agree(&place, companion) {
                let file = path.display();
                self.differs(format!(
                    "{file}: differs from what {} wrote next to {name}",
                    made.software
                ));
            }
            self.recorded.insert(path);
        }
        for input in &made.inputs {
            match place_of(self.study, &input.path) {
                None => self.found.missing_inputs.push(input.path.clone()),
                Some(place) if !self.hashes.agree(&place, input) => {
                    let input = relative(self.study, &place);
                    self.differs(format!("{name}: made from a different {}", input.display()));
                }
                Some(_) => {}
            }
        }
    }

    /// The completion records of steps whose outputs have no records of their own, for example downloads.
    fn records_of_steps(&mut self) {
        for (file, record) in StepRecord::all(self.study) {
            let Some(record) = record else {
                let file = relative(self.study, &file);
                self.differs(format!(
                    "{}: not a valid record of a step; run lpp-run again",
                    file.display()
                ));
                continue;
            };
            for output in record.outputs {
                if !self.recorded.insert(output.path.clone()) {
                    continue; // its own record was looked at
                }
                let place = self.study.root().join(&output.path);
                if !place.exists() {
                    self.found.missing_inputs.push(output.path);
                } else if !self.hashes.agree(&place, &output) {
                    self.differs(format!(
                        "{}: changed after the step {} made it",
                        output.path.display(),
                        record.step
                    ));
                }
            }
        }
    }

    /// Files that have no record: of programs, then they should have one, or the user's own.
    fn files_without_record(&mut self, logged: &BTreeSet<PathBuf>) {
        for file in self.files.difference(&self.recorded).cloned().collect::<Vec<_>>() {
            let folder = file
                .components()
                .next()
                .map(|part| part.as_os_str().to_string_lossy());
            let folder = folder.unwrap_or_default();
            let temporary = file
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if temporary || self.is_sidecar(&file) {
                continue;
            }
            if MADE_HERE.contains(&&*folder) || logged.contains(&file) {
                self.differs(format!(
                    "{}: no record of how it was made; remake it",
                    file.display()
                ));
            } else if OWN_OR_MADE.contains(&&*folder) || is_words(&file) {
                self.found.own_inputs.push(file);
            }
        }
    }

    /// Whether a JSON file is the sidecar of an array or image, such as scores or scans.
    fn is_sidecar(&self, file: &Path) -> bool {
        let is_json = file.extension().is_some_and(|ending| ending == "json");
        let twin = |ending: &&str| self.files.contains(&file.with_extension(ending));
        is_json && ["npy", "nii.gz", "nii"].iter().any(twin)
    }
}

/// The table of words at the top of a study.
fn is_words(file: &Path) -> bool {
    let name = file.to_string_lossy();
    name.starts_with("words_") && name.ends_with(".csv")
}
