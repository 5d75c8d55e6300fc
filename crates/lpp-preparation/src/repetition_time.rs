//! The repetition time of runs: values from files, flags and `lpp.toml` are compared.

use std::fs;
use std::path::{Path, PathBuf};

use lpp_files::{BidsName, FileError};
use lpp_fmri::surface::cifti_scans;
use lpp_fmri::{FmriError, ImageReader};
use lpp_steps::Provenance;
use lpp_study::{RunKind, Study, StudyConfig};
use serde_json::Value;

use crate::sidecar::in_sidecar;

/// Repetition times are equal if they differ by no more than this; headers store them in single precision or in whole
/// ms.
const TOLERANCE_S: f64 = 1e-3;
/// No run has a longer repetition time; a larger value must be in milliseconds.
const LONGEST_S: f64 = 60.0;

/// Name of an image's header in messages.
const HEADER: &str = "its header";

/// Values of the repetition time from sources other than the files, by descending priority.
///
/// ```no_run
/// use lpp_preparation::RepetitionTime;
/// use lpp_study::Study;
///
/// let said = RepetitionTime::of_study(&Study::open("study")?).or_flag(None);
/// // The header's value if neither a flag nor lpp.toml says one; an error if they contradict each other.
/// let tr_s = said.of_runs(&["bold.nii.gz".into()])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RepetitionTime {
    /// From a flag, in seconds.
    pub flag_s: Option<f64>,
    /// From `lpp.toml` or `runs.csv`, in seconds.
    pub study_s: Option<f64>,
}

/// A repetition time and its source.
#[derive(Debug, Clone)]
struct Said {
    seconds: f64,
    by: String,
}

impl RepetitionTime {
    /// The value in the `lpp.toml` of a study, else the one that all runs of its `runs.csv` have. A table that cannot be
    /// read is reported by whoever reads the runs.
    #[must_use]
    pub fn of_study(study: &Study) -> Self {
        let of_table = || {
            let table = study.load_runs().ok().flatten()?;
            let first = table.runs().first()?.tr_s?;
            let is_same = |tr_s: f64| (tr_s - first).abs() <= TOLERANCE_S;
            table
                .runs()
                .iter()
                .all(|run| run.tr_s.is_some_and(is_same))
                .then_some(first)
        };
        Self {
            flag_s: None,
            study_s: study.config().tr_s.or_else(of_table),
        }
    }

    /// The same with the value of a flag, if given.
    #[must_use]
    pub fn or_flag(self, flag_s: Option<f64>) -> Self {
        Self { flag_s, ..self }
    }

    /// The repetition time of runs: from the flag, else from `lpp.toml`, else from the runs, else the 2 s of the
    /// published study.
    ///
    /// For an image it is read from the header and from a JSON file next to it (`RepetitionTime`; also in folders
    /// above, as in BIDS). For an array of this project it is read from the provenance. There is a warning if an image
    /// gives no repetition time and no other source does.
    ///
    /// # Errors
    /// [`FileError::Malformed`](lpp_files::FileError::Malformed) naming the file and both numbers if two of them differ by more than a millisecond, or if one
    /// cannot be seconds; [`FmriError`] if a file cannot be read; [`FmriError::InvalidParameter`] for an impossible flag.
    pub fn of_runs(&self, runs: &[PathBuf]) -> Result<f64, FmriError> {
        Ok(self.agreed(runs)?.unwrap_or_else(|| assumed(runs)))
    }

    /// The same; `None` if no source gives one.
    ///
    /// # Errors
    /// As [`of_runs`](Self::of_runs).
    pub fn agreed(&self, runs: &[PathBuf]) -> Result<Option<f64>, FmriError> {
        let mut in_force = self.given()?;
        for run in runs {
            for said in said_by(run)? {
                if said.seconds > LONGEST_S {
                    let found = format!("a repetition time of {} in {}", seconds(said.seconds), said.by);
                    let expected = "seconds; are these milliseconds? Correct the unit";
                    return Err(FileError::malformed(run, found, expected).into());
                }
                let first = in_force.get_or_insert_with(|| Said {
                    by: format!("{} of {}", said.by, run.display()),
                    ..said.clone()
                });
                if (first.seconds - said.seconds).abs() > TOLERANCE_S {
                    let found = format!("a repetition time of {} in {}", seconds(said.seconds), said.by);
                    let expected = format!(
                        "{} as in {}; correct the one that is wrong",
                        seconds(first.seconds),
                        first.by
                    );
                    return Err(FileError::malformed(run, found, expected).into());
                }
            }
        }
        Ok(in_force.map(|said| said.seconds))
    }

    /// The value that the sidecar of a run gives, whose image is not opened.
    ///
    /// # Errors
    /// [`FileError`] naming the sidecar if it cannot be read, or its value is no number of seconds.
    pub fn of_sidecar(run: &Path) -> Result<Option<f64>, FileError> {
        Ok(said_by_sidecar(run)?.map(|said| said.seconds))
    }

    /// The value in the sidecar of an image, if the header gives none.
    ///
    /// # Errors
    /// As [`of_runs`](Self::of_runs); also if header and sidecar contradict each other.
    pub(crate) fn beside(image: &Path) -> Result<Option<f64>, FmriError> {
        let both = Self::default().agreed(&[image.to_owned()])?;
        Ok(both.filter(|_| !said_by(image).is_ok_and(|said| said.iter().any(|said| said.by == HEADER))))
    }

    /// The value that files are compared with.
    fn given(&self) -> Result<Option<Said>, FmriError> {
        if let Some(value) = self.flag_s.filter(|s| !(*s > 0.0 && *s < LONGEST_S)) {
            return Err(FmriError::InvalidParameter {
                name: "the repetition time (--tr)",
                value,
                expected: "a positive number of seconds, below 60",
            });
        }
        let said = |seconds: Option<f64>, by: &str| {
            seconds.map(|seconds| Said {
                seconds,
                by: by.to_owned(),
            })
        };
        Ok(said(self.flag_s, "--tr").or(said(self.study_s, "tr_s of lpp.toml or runs.csv")))
    }
}

/// The value of the published study, with a warning if there are images that should have given one.
fn assumed(runs: &[PathBuf]) -> f64 {
    let tr_s = StudyConfig::REFERENCE_TR_S;
    if let Some(run) = runs.iter().find(|run| RunKind::of(run).is_some()) {
        tracing::warn!(
            "{}: neither its header nor a sidecar gives the repetition time; {tr_s} s is assumed (set --tr, or tr_s \
             in lpp.toml)",
            run.display()
        );
    }
    tr_s
}

/// Seconds rounded for messages, because headers have single precision.
fn seconds(value: f64) -> String {
    format!("{} s", (value * 1e6).round() / 1e6)
}

/// All sources of a run's repetition time.
fn said_by(run: &Path) -> Result<Vec<Said>, FmriError> {
    if BidsName::of(run).is_array() {
        return Ok(said_by_record(run).into_iter().collect());
    }
    let in_header = match RunKind::of(run) {
        // The unit of a time step in a GIFTI file is told by nobody.
        Some(RunKind::Surface) => None,
        Some(RunKind::Cifti) => cifti_scans(run)?.1,
        _ => {
            let image = ImageReader::open(run)?;
            if image.is_3d() {
                return Ok(Vec::new());
            }
            image.repetition_time_s().map(as_written)
        }
    };
    let in_header = in_header.map(|seconds| Said {
        seconds,
        by: HEADER.to_owned(),
    });
    Ok(in_header.into_iter().chain(said_by_sidecar(run)?).collect())
}

/// NIfTI-1 headers hold single precision, in which 0.8 s is 0.800000011920929: the shortest decimal number with that value was
/// meant.
fn as_written(seconds: f64) -> f64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the comparison tells whether it was single precision"
    )]
    let single = seconds as f32;
    if f64::from(single).total_cmp(&seconds).is_eq() {
        single.to_string().parse().unwrap_or(seconds)
    } else {
        seconds
    }
}

/// The value used by the program that made an array, if the record belongs to the array.
fn said_by_record(array: &Path) -> Option<Said> {
    let record = Provenance::load(array).ok()?;
    let bytes = fs::metadata(array).ok()?.len();
    let seconds = record.parameters.get("tr_s").and_then(Value::as_f64)?;
    (record.output.bytes == bytes && seconds > 0.0).then(|| Said {
        seconds,
        by: Provenance::path_of(array).display().to_string(),
    })
}

fn said_by_sidecar(run: &Path) -> Result<Option<Said>, FileError> {
    let Some((path, value)) = in_sidecar(run, "RepetitionTime")? else {
        return Ok(None);
    };
    let Some(seconds) = value.as_f64().filter(|seconds| *seconds > 0.0) else {
        let found = format!("RepetitionTime {value}");
        return Err(FileError::malformed(&path, found, "a positive number of seconds"));
    };
    Ok(Some(Said {
        seconds,
        by: path.display().to_string(),
    }))
}

#[cfg(test)]
#[allow(
    clippy::cloned_ref_to_slice_refs,
    clippy::float_cmp,
    reason = "lists of one run, and numbers that come back as they were written"
)]
mod tests {
    use super::*;
    use lpp_fmri::{Grid, Image, diagonal_affine};
    use lpp_steps::{Artefact, Making};
    use ndarray::ArrayD;

    /// Unit codes of `nifti1.h`.
    const SECONDS: u8 = 8;
    const MILLISECONDS: u8 = 16;
    const MICROSECONDS: u8 = 24;
    const HERTZ: u8 = 32;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        /// An image whose header has this step and unit.
        fn image(&self, name: &str, step: f64, unit: u8) -> PathBuf {
            let path = self.0.path().join(name);
            let grid = Grid::new([2; 3], diagonal_affine([4.0; 3], [0.0; 3])).unwrap();
            let image = Image::new(grid, ArrayD::<f32>::zeros(vec![2, 2, 2, 3])).unwrap();
            image.with_time_step(step).save(&path).unwrap();
            let mut bytes = fs::read(&path).unwrap();
            bytes[123] = 2 | unit;
            fs::write(&path, bytes).unwrap();
            path
        }

        fn json(&self, name: &str, text: &str) {
            let path = self.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    fn refused(said: RepetitionTime, runs: &[PathBuf], parts: &[&str]) {
        let error = said.of_runs(runs).unwrap_err().to_string();
        assert!(
            parts.iter().all(|part| error.contains(part)) && error.len() < 500,
            "{error}"
        );
    }

    const NOTHING: RepetitionTime = RepetitionTime {
        flag_s: None,
        study_s: None,
    };

    #[test]
    fn headers_say_it_in_their_unit() {
        let folder = Folder::new();
        for (step, unit, expected) in [
            (1.5, SECONDS, 1.5),
            (1.0, SECONDS, 1.0),
            (1490.0, MILLISECONDS, 1.49),
            (720_000.0, MICROSECONDS, 0.72),
            (0.8, 0, 0.8),
            // These say nothing.
            (1.0, 0, 2.0),
            (0.0, 0, 2.0),
            (0.0, SECONDS, 2.0),
            (3.0, HERTZ, 2.0),
        ] {
            let image = folder.image("bold.nii", step, unit);
            let found = NOTHING.of_runs(&[image]).unwrap();
            // Milliseconds are multiplied.
            assert!((found - expected).abs() < 1e-12, "{step} in {unit}: {found}");
        }
        let image = folder.image("bold.nii", 2000.0, SECONDS);
        refused(NOTHING, &[image], &["bold.nii", "2000 s", "milliseconds"]);
    }

    #[test]
    fn contradictions_name_both_numbers() {
        let folder = Folder::new();
        let image = folder.image("bold.nii", 1.5, SECONDS);
        let flag = NOTHING.or_flag(Some(2.0));
        let study = RepetitionTime {
            flag_s: None,
            study_s: Some(2.0),
        };
        refused(
            flag,
            &[image.clone()],
            &["bold.nii", "1.5 s in its header", "2 s as in --tr"],
        );
        refused(
            study,
            &[image.clone()],
            &["1.5 s in its header", "2 s as in tr_s of lpp.toml"],
        );
        let other = folder.image("other.nii", 1.502, SECONDS);
        refused(
            NOTHING,
            &[image.clone(), other],
            &["other.nii", "1.502 s", "1.5 s", "bold.nii"],
        );
        let near = folder.image("near.nii", 1.5009, SECONDS);
        assert!((NOTHING.of_runs(&[image.clone(), near]).unwrap() - 1.5).abs() < 1e-6);
        folder.json("bold.json", r#"{"RepetitionTime": 1.4}"#);
        refused(
            NOTHING,
            &[image.clone()],
            &["1.4 s in", "bold.json", "1.5 s as in its header"],
        );
        folder.json("bold.json", r#"{"RepetitionTime": 1.5, "Other": 1}"#);
        let agreeing = RepetitionTime {
            flag_s: Some(1.5),
            study_s: Some(2.0),
        };
        assert_eq!(agreeing.of_runs(&[image.clone()]).unwrap(), 1.5, "a flag wins");
        for wrong in [-1.0, 0.0, f64::NAN, 1500.0] {
            refused(NOTHING.or_flag(Some(wrong)), &[image.clone()], &["--tr"]);
        }
        folder.json("bold.json", r#"{"RepetitionTime": "1.5 s"}"#);
        refused(
            NOTHING,
            &[image.clone()],
            &["bold.json", "1.5 s", "number of seconds"],
        );
        folder.json("bold.json", "{");
        refused(NOTHING, &[image], &["bold.json", "no JSON"]);
    }

    #[test]
    fn sidecars_are_inherited() {
        for (place, says) in [
            ("ds/sub-1/func/sub-1_task-x_run-1_bold.json", true),
            ("ds/sub-1/func/sub-1_task-x_bold.json", true),
            ("ds/sub-1/sub-1_task-x_bold.json", true),
            ("ds/task-x_bold.json", true),
            ("ds/bold.json", true),
            ("ds/task-y_bold.json", false),
            ("ds/task-x_events.json", false),
            ("ds/sub-1/func/sub-1_task-x_run-1_space-T1w_bold.json", false),
        ] {
            let folder = Folder::new();
            let image = folder.image("ds/sub-1/func/sub-1_task-x_run-1_bold.nii", 0.0, 0);
            folder.json(place, r#"{"RepetitionTime": 0.9}"#);
            let found = NOTHING.of_runs(&[image]).unwrap();
            assert_eq!(found, if says { 0.9 } else { 2.0 }, "{place}");
        }
    }

    #[test]
    fn an_array_says_what_its_record_says() {
        let folder = Folder::new();
        let array = folder.0.path().join("run-0.npy");
        fs::write(&array, "values").unwrap();
        let software = lpp_steps::Software {
            program: "lpp-test",
            version: "0",
            commit: None,
        };
        let record = Making::unread(software, Artefact::new(&array).with("tr_s", 1.5));
        record.finish().unwrap();
        assert_eq!(NOTHING.of_runs(&[array.clone()]).unwrap(), 1.5);
        refused(
            NOTHING.or_flag(Some(2.0)),
            &[array.clone()],
            &["run-0.npy.json", "1.5 s", "2 s"],
        );
        fs::write(&array, "other values").unwrap();
        assert_eq!(
            NOTHING.of_runs(&[array]).unwrap(),
            2.0,
            "the record is of another array"
        );
    }
}
