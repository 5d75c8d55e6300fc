//! An artefact that a program is making: whether it is up to date, whether it may be written, and its record.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use lpp_files::{
    FileError, FileHash, claim_output, forget_claim, hash_file, keep_claim, sha256_unless_known, unchanged,
};

use crate::provenance::FORM;
use crate::{Artefact, Provenance, Software, command, peak_memory_bytes};

/// One artefact with the hashes of its inputs, for the program that makes it.
///
/// Most programs call [`run_if_stale`](crate::run_if_stale), which does all of this. Programs that write some artefacts
/// while they are working on others call it step by step.
///
/// ```no_run
/// # fn main() -> Result<(), lpp_files::FileError> {
/// use lpp_steps::{Artefact, Making, Software};
///
/// let software = Software { program: "lpp-fit", version: "0.1.0", commit: None };
/// let artefact = Artefact::new("scores/gpt2_en.npy")
///     .input("activations/gpt2_en.safetensors")
///     .with("trim_scans", 10);
/// let making = Making::of(software, artefact)?;
/// if !making.is_done(false)? {
///     // ... compute and write scores/gpt2_en.npy ...
///     making.finish()?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Making {
    software: Software,
    artefact: Artefact,
    inputs: Vec<FileHash>,
    started: Instant,
}

impl Making {
    /// Hashes the inputs of `artefact`.
    ///
    /// # Errors
    /// [`FileError::Read`] if one cannot be read.
    pub fn of(software: Software, artefact: Artefact) -> Result<Self, FileError> {
        let inputs = artefact.inputs.iter().map(|path| hash_file(path));
        Ok(Self {
            inputs: inputs.collect::<Result<_, _>>()?,
            ..Self::unread(software, artefact)
        })
    }

    /// The same with inputs that are already hashed, since many artefacts may share inputs. `started` is the start of
    /// the work.
    #[must_use]
    pub fn with_inputs(
        software: Software,
        artefact: Artefact,
        inputs: Vec<FileHash>,
        started: Instant,
    ) -> Self {
        Self {
            inputs,
            started,
            ..Self::unread(software, artefact)
        }
    }

    /// The same before the inputs are hashed: enough to [`claim`](Self::claim) the artefact.
    #[must_use]
    pub fn unread(software: Software, artefact: Artefact) -> Self {
        Self {
            software,
            artefact,
            inputs: Vec::new(),
            started: Instant::now(),
        }
    }

    /// The inputs and their hashes.
    #[must_use]
    pub fn inputs(&self) -> &[FileHash] {
        &self.inputs
    }

    /// Whether the artefact exists, is complete, and was made from the same inputs and parameters, by this version or
    /// one whose files [count](crate::counts_as_current) as its own.
    ///
    /// The contents of the inputs are compared, not their names. An output that older versions did not write may be
    /// missing ([`Artefact::added_later`]).
    #[must_use]
    pub fn is_current(&self) -> bool {
        let path = &self.artefact.path;
        self.artefact.was_never_written(path) || self.agrees(|made| made.program() == self.software.program)
    }

    /// The same for an artefact that several programs can make: it may have been made by any of them, in this version.
    #[must_use]
    pub fn is_current_of_any_program(&self) -> bool {
        self.agrees(|_| true)
    }

    /// Whether there is nothing to do: the artefact is [current](Making::is_current), and `force` is not set.
    ///
    /// If there is something to do, the artefact may be written from here on. A file of its name without a record of
    /// this program belongs to somebody else and is refused, unless `force` is set. A program killed between the
    /// artefact and its record leaves a record without a hash, so that the next run recognises the file as its own.
    ///
    /// # Errors
    /// [`FileError::NotOurs`] if the file was not made by this program.
    pub fn is_done(&self, force: bool) -> Result<bool, FileError> {
        if !force && self.is_current() {
            return Ok(true);
        }
        self.claim(force)?;
        Ok(false)
    }

    /// Checks that the artefact may be written, like [`Making::is_done`], without checking whether it is current.
    ///
    /// # Errors
    /// [`FileError::NotOurs`] if the file was not made by this program.
    pub fn claim(&self, force: bool) -> Result<(), FileError> {
        if !force && let Some(why) = self.not_ours() {
            return Err(FileError::NotOurs {
                path: self.artefact.path.clone(),
                why,
            });
        }
        if let Some(folder) = self.artefact.path.parent()
            && !folder.as_os_str().is_empty()
            && !folder.exists()
        {
            tell_once(folder);
        }
        self.register()
    }

    /// Records immediately that this program is making the artefact, for programs that make other files before it.
    ///
    /// # Errors
    /// As [`Making::claim`]; [`FileError::Write`] if the file cannot be written.
    pub fn claim_now(&self, force: bool) -> Result<(), FileError> {
        self.claim(force)?;
        keep_claim(&self.artefact.path)
    }

    /// Why an existing file of the artefact's name was not made by this program, if there is one.
    fn not_ours(&self) -> Option<String> {
        // A link that leads nowhere is a file of the user as well.
        fs::symlink_metadata(&self.artefact.path).ok()?;
        let own = self.software.program;
        match Provenance::load(&self.artefact.path) {
            Ok(made) if made.program() == own => None,
            Ok(made) => Some(format!("it was made by {}, not by {own}", made.program())),
            Err(_) => Some(format!("it exists and was not made by {own}")),
        }
    }

    /// Registers the record to be written just before the artefact. An existing record of the same program is
    /// sufficient.
    fn register(&self) -> Result<(), FileError> {
        let record = self.unfinished();
        let there = Provenance::load(&self.artefact.path);
        if there.is_ok_and(|there| there.software == record.software) {
            forget_claim(&self.artefact.path);
        } else {
            claim_output(
                &self.artefact.path,
                Provenance::path_of(&self.artefact.path),
                record.to_json()?,
            );
        }
        Ok(())
    }

    /// The record of an artefact before it is written; it never counts as up to date.
    fn unfinished(&self) -> Provenance {
        Provenance {
            form: FORM,
            software: self.software_name(),
            commit: self.software.commit.map(str::to_owned),
            command: command(),
            parameters: self.artefact.parameters.clone(),
            inputs: self.inputs.clone(),
            output: FileHash {
                path: self.artefact.path.clone(),
                bytes: 0,
                sha256: String::new(),
            },
            companions: Vec::new(),
            wall_s: 0.0,
            peak_memory_bytes: 0,
        }
    }

    fn agrees(&self, program: impl Fn(&Provenance) -> bool) -> bool {
        let Ok(made) = Provenance::load(&self.artefact.path) else {
            return false;
        };
        let hashes = |files: &[FileHash]| files.iter().map(|f| f.sha256.clone()).collect::<Vec<_>>();
        program(&made)
            && made.is_of_version(self.software.version)
            && made.parameters == self.artefact.parameters
            && hashes(&made.inputs) == hashes(&self.inputs)
            && sha256_unless_known(&self.artefact.path).is_ok_and(|hash| hash == made.output.sha256)
    }

    /// Writes the provenance next to the finished artefact, if the inputs have not changed since they were hashed. If
    /// one was replaced meanwhile, it is unknown which contents the program read.
    ///
    /// # Errors
    /// [`FileError::Read`] if the artefact or an input does not exist, [`FileError::Malformed`] if an input has
    /// changed, [`FileError::Write`] if the record cannot be written.
    pub fn finish(self) -> Result<Provenance, FileError> {
        self.finish_with(&[])
    }

    /// The same for a step that wrote further files, whose hashes are in the record of the artefact.
    ///
    /// # Errors
    /// As [`finish`](Self::finish).
    pub fn finish_with(self, companions: &[PathBuf]) -> Result<Provenance, FileError> {
        unchanged(&self.inputs)?;
        self.record(companions)
    }

    /// The same for one of many artefacts of the same inputs, which the program checks once with
    /// [`unchanged`](lpp_files::unchanged).
    ///
    /// # Errors
    /// [`FileError::Read`] if the artefact does not exist, [`FileError::Write`] if the record cannot be written.
    pub fn finish_one_of_many(self) -> Result<Provenance, FileError> {
        self.record(&[])
    }

    fn record(self, companions: &[PathBuf]) -> Result<Provenance, FileError> {
        let provenance = Provenance {
            output: hash_file(&self.artefact.path)?,
            companions: companions
                .iter()
                .map(|file| hash_file(file))
                .collect::<Result<_, _>>()?,
            wall_s: self.started.elapsed().as_secs_f64(),
            peak_memory_bytes: peak_memory_bytes(),
            ..self.unfinished()
        };
        provenance.save()?;
        tracing::debug!(
            "{}: {} bytes in {:.2} s, from {} files",
            self.artefact.path.display(),
            provenance.output.bytes,
            provenance.wall_s,
            provenance.inputs.len()
        );
        forget_claim(&self.artefact.path);
        Ok(provenance)
    }

    fn software_name(&self) -> String {
        format!("{} {}", self.software.program, self.software.version)
    }
}

/// Says that a folder is made, once for all files of a program.
fn tell_once(folder: &Path) {
    static TOLD: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
    if told.insert(folder.to_owned()) {
        tracing::info!("{}: a new folder", folder.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_files::write_atomically;
    use std::path::Path;

    const SOFTWARE: Software = Software {
        program: "lpp-test",
        version: "1.2.3",
        commit: None,
    };

    #[test]
    fn a_file_of_the_first_version_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        fs::write(&out, "result").unwrap();
        let made_by = |program, version| {
            let software = Software {
                program,
                version,
                commit: None,
            };
            Making::of(software, Artefact::new(&out).with("alpha", 1)).unwrap()
        };
        for (program, kept) in [("lpp-fit", true), ("lpp-analyze", false)] {
            made_by(program, "0.1.0").finish().unwrap();
            assert_eq!(made_by(program, "0.2.0").is_current(), kept, "{program}");
            // What a later version made is made again, whatever it is.
            made_by(program, "0.3.0").finish().unwrap();
            assert!(!made_by(program, "0.2.0").is_current(), "{program}");
        }
    }

    fn step(folder: &Path, alpha: f64) -> Making {
        let artefact = Artefact::new(folder.join("out")).input(folder.join("in"));
        Making::of(SOFTWARE, artefact.with("alpha", alpha)).unwrap()
    }

    #[test]
    fn a_step_is_current_until_input_parameter_or_output_changes() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        fs::write(folder.join("in"), "abc").unwrap();
        assert!(!step(folder, 1.0).is_current(), "nothing made yet");
        fs::write(folder.join("out"), "result").unwrap();
        assert!(!step(folder, 1.0).is_current(), "no provenance yet");
        let made = step(folder, 1.0).finish().unwrap();
        // SHA-256 of "abc": FIPS 180-2, appendix B.1.
        assert_eq!(
            made.inputs[0].sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert!(step(folder, 1.0).is_current());
        let made = Provenance {
            command: ["/opt/lpp-test", "--threads", "4", "--study", "."]
                .map(str::to_owned)
                .to_vec(),
            ..made
        };
        assert_eq!(made.command_line(), "lpp-test --study .");
        assert!(!step(folder, 2.0).is_current(), "other parameter");
        let other = Software {
            program: "lpp-other",
            ..SOFTWARE
        };
        let by_other = Making {
            software: other,
            ..step(folder, 1.0)
        };
        assert!(!by_other.is_current() && by_other.is_current_of_any_program());
        fs::write(folder.join("out"), "resul").unwrap();
        assert!(!step(folder, 1.0).is_current(), "truncated output");
        fs::write(folder.join("out"), "result").unwrap();
        fs::write(folder.join("in"), "abd").unwrap();
        assert!(!step(folder, 1.0).is_current(), "other input");
    }

    #[test]
    fn what_this_program_has_not_made_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        let (input, out) = (folder.join("in"), folder.join("out"));
        fs::write(&input, "abc").unwrap();
        assert!(!step(folder, 1.0).is_done(false).unwrap(), "nothing there yet");
        let refused = |step: Making| step.is_done(false).unwrap_err().to_string();
        fs::write(&out, "the user's").unwrap();
        let error = refused(step(folder, 1.0));
        assert!(
            error.contains("out: it exists and was not made by lpp-test"),
            "{error}"
        );
        assert!(error.contains("--force"), "{error}");
        assert!(!step(folder, 1.0).is_done(true).unwrap(), "overwritten on demand");
        step(folder, 1.0).finish().unwrap();
        assert!(step(folder, 1.0).is_done(false).unwrap());
        assert!(
            !step(folder, 2.0).is_done(false).unwrap(),
            "its own file is made again"
        );
        let other = Making {
            software: Software {
                program: "lpp-other",
                ..SOFTWARE
            },
            ..step(folder, 1.0)
        };
        let error = refused(other);
        assert!(
            error.contains("it was made by lpp-test, not by lpp-other"),
            "{error}"
        );
        fs::write(Provenance::path_of(&out), "{\"name\": \"a file of the user\"}").unwrap();
        refused(step(folder, 1.0));
        fs::remove_file(&out).unwrap();
        std::os::unix::fs::symlink(folder.join("nowhere"), &out).unwrap();
        refused(step(folder, 1.0));
    }

    #[test]
    fn a_file_whose_record_was_not_written_any_more_is_known_again() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        fs::write(folder.join("in"), "abc").unwrap();
        let killed = step(folder, 1.0);
        assert!(!killed.is_done(false).unwrap());
        assert!(
            !Provenance::path_of(&folder.join("out")).exists(),
            "nothing before its time"
        );
        write_atomically(&folder.join("out"), b"result").unwrap();
        drop(killed);
        assert!(!step(folder, 1.0).is_current());
        assert!(!step(folder, 1.0).is_done(false).unwrap());
    }

    #[test]
    fn names_that_are_not_utf8_are_recorded() {
        use std::os::unix::ffi::OsStrExt;
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(std::ffi::OsStr::from_bytes(b"n\xff"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("in"), "abc").unwrap();
        fs::write(folder.join("out"), "result").unwrap();
        let made = step(&folder, 1.0).finish().unwrap();
        assert_eq!(Provenance::load(&folder.join("out")).unwrap(), made);
        assert_eq!(made.inputs[0].path, folder.join("in"));
        assert!(step(&folder, 1.0).is_current());
    }

    #[test]
    fn an_input_that_changes_meanwhile_leaves_no_record() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        let changes: [fn(&Path); 3] = [
            |input| fs::write(input, "abd").unwrap(),
            |input| {
                fs::write(input.with_extension("new"), "abe").unwrap();
                fs::rename(input.with_extension("new"), input).unwrap();
            },
            |input| fs::write(input, "").unwrap(),
        ];
        for change in changes {
            fs::write(folder.join("in"), "abc").unwrap();
            let step = step(folder, 1.0);
            fs::write(folder.join("out"), "result").unwrap();
            change(&folder.join("in"));
            let error = step.finish().unwrap_err().to_string();
            assert!(error.contains("/in: found different contents"), "{error}");
            assert!(Provenance::load(&folder.join("out")).is_err());
        }
    }

    #[test]
    fn a_missing_input_is_named() {
        let artefact = Artefact::new("out").input("no/such/file");
        let error = Making::of(SOFTWARE, artefact).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read no/such/file; there is no folder no"
        );
    }
}
