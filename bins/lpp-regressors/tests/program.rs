//! The program from flags to files, and how it fails.

#![allow(clippy::unwrap_used, reason = "a test may stop where it fails")]
#![allow(clippy::too_many_lines, reason = "a table of cases")]

use std::path::Path;
use std::process::Command;

use lpp_testkit::{Tolerance, assert_close, assert_fails, assert_succeeds, assert_usage_error, load_npy};
use ndarray::{Array1, Array2, Array3};
use ndarray_npy::write_npy;
use tempfile::TempDir;

/// A folder with the words of two runs, of which the second has 3 words, and activations for that one.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write(
            "words.csv",
            "run,onset_s,offset_s\n0,0.1,0.5\n1,0.2,0.4\n1,1.5,1.5\n1,3.0,3.25\n",
        );
        write_npy(folder.path("a.npy"), &Array2::<f32>::from_elem((3, 4), 0.5)).unwrap();
        folder
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn program(&self, events: &str, activations: &str, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-regressors"));
        command.current_dir(self.0.path());
        command.args([
            "--events",
            events,
            "--activations",
            activations,
            "--tr",
            "2",
            "-o",
            "x.npy",
        ]);
        if !more.contains(&"--n-scans") {
            command.args(["--n-scans", "12"]);
        }
        command.args(more);
        command
    }
}

#[test]
fn the_features_of_nilearn_come_out() {
    let fixture = |name: &str| lpp_testkit::fixture("fmri/regressor").join(format!("study_{name}.npy"));
    let folder = Folder::new();
    let (onsets, offsets): (Array1<f64>, Array1<f64>) =
        (load_npy(fixture("onsets")), load_npy(fixture("offsets")));
    let rows: Vec<String> = onsets
        .iter()
        .zip(&offsets)
        .map(|(on, off)| format!("{on},{off}"))
        .collect();
    folder.write("events.csv", format!("onset,offset\n{}\n", rows.join("\n")));
    let activations = fixture("act");
    let activations = activations.to_str().unwrap();
    assert_succeeds(&mut folder.program("events.csv", activations, &["--n-scans", "60"]));
    let features: Array2<f64> = load_npy(folder.path("x.npy"));
    let expected: Array2<f64> = load_npy(fixture("features"));
    for (found, expected) in features.columns().into_iter().zip(expected.columns()) {
        let largest = expected.fold(0.0, |m: f64, v| m.max(v.abs()));
        // nilearn's running sums over the fine grid lose some 1e-14 of the column's size.
        assert_close(&found, &expected, Tolerance::absolute(1e-12 * largest));
    }
}

#[test]
fn a_finished_output_is_left_alone_until_forced_or_changed() {
    let folder = Folder::new();
    let says = |more: &[&str]| assert_succeeds(&mut folder.program("words.csv", "a.npy", more));
    assert!(says(&["--run", "1"]).contains("x.npy: written"));
    assert!(says(&["--run", "1"]).contains("x.npy: up to date"));
    assert!(says(&["--run", "1", "--force"]).contains("x.npy: written"));
    assert!(says(&["--run", "1", "--hrf", "spm"]).contains("x.npy: written"));
    assert_eq!(load_npy::<f64, ndarray::Ix2>(folder.path("x.npy")).dim(), (12, 4));
}

#[test]
fn durations_serve_instead_of_offsets() {
    let folder = Folder::new();
    folder.write(
        "durations.csv",
        "duration,word,onset\n0.25,a,0.25\n0,b,1.5\n0.25,c,3\n",
    );
    folder.write("offsets.csv", "onset_s,offset_s\n0.25,0.5\n1.5,1.5\n3,3.25\n");
    assert_succeeds(&mut folder.program("durations.csv", "a.npy", &[]));
    let first: Array2<f64> = load_npy(folder.path("x.npy"));
    assert_succeeds(&mut folder.program("offsets.csv", "a.npy", &[]));
    assert_close(
        &load_npy::<f64, ndarray::Ix2>(folder.path("x.npy")),
        &first,
        Tolerance::exact(),
    );
}

#[test]
fn times_that_cannot_belong_to_the_scans_are_refused_or_told() {
    let folder = Folder::new();
    write_npy(folder.path("ones.npy"), &Array2::<f64>::ones((30, 1))).unwrap();
    let said = |name: &str, n_scans: &str, tr: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-regressors"));
        command
            .current_dir(folder.0.path())
            .args(["--activations", "ones.npy", "--force", "-o", "y.npy"]);
        let output = command
            .args(["--events", name, "--n-scans", n_scans, "--tr", tr])
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let events = |change: &dyn Fn(f64) -> (f64, f64)| {
        let rows = (0..30).map(|i| change(3.0 + 2.5 * f64::from(i)));
        let rows: Vec<String> = rows.map(|(on, off)| format!("{on},{off}")).collect();
        folder.write("e.csv", format!("onset,offset\n{}\n", rows.join("\n")));
    };
    events(&|t| (t, t + 0.4));
    assert_eq!(said("e.csv", "40", "2"), (Some(0), String::new()));
    for (change, n_scans, status, parts) in [
        (
            &(|t| (1e3 * t, 1e3 * t + 400.0)) as &dyn Fn(f64) -> (f64, f64),
            "40",
            1,
            ["e.csv", "75500 s", "milliseconds"],
        ),
        (
            &|t| (t / 60.0, (t + 0.4) / 60.0),
            "40",
            0,
            ["e.csv", "the last word", "before the end"],
        ),
        (
            &|t| (t / 3600.0, (t + 0.4) / 3600.0),
            "40",
            1,
            ["e.csv", "30 of 30 words", "minutes or hours"],
        ),
        (
            &|t| (t + 80.0, t + 80.4),
            "40",
            1,
            ["e.csv", "30 of 30 words", "80 s, the end of 40 scans of 2 s"],
        ),
        (
            &|t| (t + 20.0, t + 20.4),
            "40",
            0,
            ["warning", "7 of 30 words", "80 s"],
        ),
        (&|t| (t, t + 0.4), "20", 1, ["e.csv", "15 of 30 words", "40 s"]),
        (
            &|t| (t, t + 0.4),
            "60",
            0,
            ["warning", "before the end of the run", "120 s"],
        ),
        (
            &|t| (t - 90.0, t - 89.0),
            "40",
            1,
            ["e.csv", "before the first scan", "-87 s"],
        ),
        (
            &|t| (t, t - 0.5),
            "40",
            0,
            ["warning", "30 of 30 words", "row 1 from 3 s to 2.5 s"],
        ),
    ] {
        events(change);
        let (code, text) = said("e.csv", n_scans, "2");
        assert!(
            code == Some(status) && parts.iter().all(|part| text.contains(part)),
            "{text}"
        );
    }
    // A file that says two ends for one word, or names the run's row wrongly.
    for (text, parts) in [
        (
            "onset,duration,offset\n1,0.5,1.5\n3,0.5,100\n",
            ["row 2", "100", "3.5"],
        ),
        (
            "onset_s,offset_s,duration_s\n1,1.5,0.5\n3,2,1\n",
            ["row 2", "offset 2", "4"],
        ),
        (
            "run,onset,offset\n0,1,2\n1,1,2\n1,x,2\n",
            ["row 3", "\"x\"", "onset"],
        ),
    ] {
        folder.write("e.csv", text);
        let more: &[&str] = if text.starts_with("run") {
            &["--run", "1"]
        } else {
            &[]
        };
        assert_fails(&mut folder.program("e.csv", "a.npy", more), &parts);
    }
    let mut onto_input = folder.program("words.csv", "a.npy", &["--run", "1", "--force"]);
    onto_input.args(["-o", "a.npy"]);
    assert!(!onto_input.output().unwrap().status.success());
}

#[test]
fn bad_events_are_explained() {
    let folder = Folder::new();
    let fails = |text: &str, more: &[&str], parts: &[&str]| {
        folder.write("e.csv", text);
        assert_fails(
            &mut folder.program("e.csv", "a.npy", more),
            &[&["e.csv"], parts].concat(),
        );
    };
    assert_fails(
        &mut folder.program("none.csv", "a.npy", &[]),
        &["none.csv", "No such file"],
    );
    fails("", &[], &["no row"]);
    fails("onset,offset\n", &[], &["no row"]);
    fails(
        "onset,word\n1,a\n",
        &[],
        &["the columns onset, word", "a column offset or duration"],
    );
    fails("offset,word\n1,a\n", &[], &["a column onset"]);
    // Which of two columns is meant, nobody can tell.
    fails("onset,onset,offset\n1,2,3\n", &[], &["two columns \"onset\""]);
    fails("Onset,ONSET,offset\n1,2,3\n", &[], &["two columns \"onset\""]);
    fails(
        "onset,onset_s,offset\n1,2,3\n",
        &[],
        &["one of onset_s and onset"],
    );
    fails(
        "onset,offset\n1,2\nsoon,3\n",
        &[],
        &["\"soon\" in column onset, row 2"],
    );
    fails("onset,offset\nNaN,3\n", &[], &["a finite number"]);
    fails("onset,offset\n1,2,3\n", &[], &["record"]);
    fails(
        "run,onset,offset\n0,1,2\n1,1,2\n",
        &[],
        &["the runs 0, 1", "--run"],
    );
    fails(
        "section,onset,offset\n1,1,2\n2,1,2\n",
        &[],
        &["the runs 1, 2", "--run"],
    );
    fails("run,onset,offset\n0,1,2\n", &["--run", "7"], &["a run 7"]);
    fails("onset,offset\n1,2\n", &["--run", "7"], &["a column run"]);
    folder.write("e.csv", "onset,offset\n1,2\n");
    assert_fails(
        &mut folder.program("e.csv", "a.npy", &[]),
        &["a.npy", "one row for each of the 1 words"],
    );
    assert!(!Path::new(&folder.path("x.npy")).exists());
}

#[test]
fn bad_activations_are_explained() {
    let folder = Folder::new();
    let fails = |name: &str, parts: &[&str]| {
        let mut command = folder.program("words.csv", name, &["--run", "1"]);
        assert_fails(&mut command, &[&[name], parts].concat());
    };
    fails("none.npy", &["No such file"]);
    write_npy(folder.path("short.npy"), &Array2::<f64>::zeros((2, 4))).unwrap();
    fails("short.npy", &["shape [2, 4]", "one row for each of the 3 words"]);
    write_npy(folder.path("deep.npy"), &Array3::<f64>::zeros((3, 4, 1))).unwrap();
    fails("deep.npy", &["shape [3, 4, 1]"]);
    write_npy(folder.path("whole.npy"), &Array2::<i64>::zeros((3, 4))).unwrap();
    fails("whole.npy", &["int64", "float32 or float64"]);
    write_npy(
        folder.path("nan.npy"),
        &Array2::<f32>::from_elem((3, 4), f32::NAN),
    )
    .unwrap();
    fails("nan.npy", &["word 0, feature 0 is NaN"]);
    let bytes = std::fs::read(folder.path("a.npy")).unwrap();
    folder.write("cut.npy", &bytes[..bytes.len() - 3]);
    fails("cut.npy", &[]);
    folder.write("empty.npy", "");
    fails("empty.npy", &[]);
    for (more, part) in [
        (["--n-scans", "1"], "1 scans"),
        (["--n-scans", "9999999"], "9999999 scans"),
    ] {
        let mut command = folder.program("words.csv", "a.npy", &["--run", "1", more[0], more[1]]);
        assert_fails(&mut command, &[part]);
    }
}

#[test]
fn wrong_usage_is_told_apart() {
    let folder = Folder::new();
    assert_usage_error(&mut folder.program("words.csv", "a.npy", &["--hrf", "fir"]));
    assert_usage_error(&mut folder.program("words.csv", "a.npy", &["--n-scans", "many"]));
    assert_usage_error(&mut Command::new(env!("CARGO_BIN_EXE_lpp-regressors")));
}
