//! The program from flags to files.
#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use lpp_files::{Activations, WordTable, npy};
use lpp_fmri::surface::save_gifti;
use lpp_fmri::{Grid, Image, diagonal_affine};
use lpp_study::RunsTable;
use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};
use ndarray::{Array2, Array3, ArrayD};
use tempfile::TempDir;

fn program(study: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-import"));
    command
        .args(arguments)
        .arg("--study")
        .arg(study)
        .current_dir(study);
    command
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn image(folder: &Path, name: &str, n_scans: usize) {
    let grid = Grid::new([2; 3], diagonal_affine([3.0; 3], [-1.5; 3])).unwrap();
    let values = ArrayD::<f32>::zeros(vec![2, 2, 2, n_scans]);
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    Image::new(grid, values)
        .unwrap()
        .with_time_step(1.5)
        .save(&path)
        .unwrap();
}

/// Events of a run: three words that tell session and run.
fn events(run: usize) -> String {
    let rows = [
        (0.5, "sound", "n/a"),
        (1.0, "word", "ein"),
        (1.5, "word", "Tag"),
        (2.25, "word", "im"),
    ];
    let rows = rows.map(|(onset, kind, word)| format!("{onset}\t0.25\t{kind}\t{word}\n"));
    format!(
        "onset\tduration\ttrial_type\tword\n{}4\t0.5\tword\trun{run}\n",
        rows.concat()
    )
}

/// Two subjects with run-1 to run-12 in two sessions and two spaces, as fMRIPrep leaves them, and the raw data set.
fn fmriprep() -> TempDir {
    let study = tempfile::tempdir().unwrap();
    let folder = study.path().join("derivatives");
    write(
        &folder,
        "dataset_description.json",
        r#"{"Name": "x", "SourceDatasets": [{"URL": "../raw"}]}"#,
    );
    write(
        &folder,
        "task-tale_bold.json",
        r#"{"RepetitionTime": 1.5, "StartTime": 0.75}"#,
    );
    for subject in ["01", "02"] {
        for run in 1..=12 {
            let session = 1 + (run - 1) / 6;
            let place =
                format!("sub-{subject}/ses-{session}/func/sub-{subject}_ses-{session}_task-tale_run-{run}");
            for space in ["T1w", "MNI152NLin2009cAsym"] {
                image(
                    &folder,
                    &format!("{place}_space-{space}_desc-preproc_bold.nii"),
                    20 + run,
                );
                write(
                    &folder,
                    &format!("{place}_space-{space}_desc-brain_mask.nii.gz"),
                    "",
                );
                write(&folder, &format!("{place}_space-{space}_boldref.nii.gz"), "");
            }
            write(
                &folder,
                &format!("{place}_desc-confounds_timeseries.tsv"),
                "csf\n0\n",
            );
            write(study.path(), &format!("raw/{place}_events.tsv"), &events(run));
        }
    }
    study
}

/// The import of a folder of derivatives in one of its spaces, with the words of its events.
const BIDS: [&str; 8] = [
    "bids",
    "derivatives",
    "--space",
    "T1w",
    "--lang",
    "de",
    "--words",
    "events",
];

#[test]
fn an_fmriprep_folder_becomes_a_table_of_runs_and_words() {
    let study = fmriprep();
    let folder = study.path();
    assert_fails(
        &mut program(folder, &["bids", "derivatives"]),
        &["2 spaces (space-MNI152NLin2009cAsym, space-T1w)", "--space"],
    );
    let listed = assert_succeeds(&mut program(
        folder,
        &["bids", "derivatives", "--space", "T1w", "--dry-run"],
    ));
    assert_eq!(listed.lines().count(), 24, "{listed}");
    assert!(!folder.join("runs.csv").exists());
    let arguments = BIDS;
    let said = assert_succeeds(&mut program(folder, &arguments));
    assert!(
        said.contains("24 runs, 2 subjects, 12 stories, 24 with confounds, 24 with masks"),
        "{said}"
    );
    let table = RunsTable::load(&folder.join("runs.csv")).unwrap();
    let first: Vec<_> = table
        .of_subject("01")
        .map(|run| (run.run.as_str(), run.n_scans))
        .collect();
    assert_eq!((first[1], first[9]), (("2", Some(22)), ("10", Some(30))));
    let run = &table.runs()[0];
    assert_eq!(
        (run.tr_s, run.start_s, run.space.as_str()),
        (Some(1.5), Some(0.75), "T1w")
    );
    assert!(
        run.mask
            .as_ref()
            .unwrap()
            .ends_with("sub-01_ses-1_task-tale_run-1_space-T1w_desc-brain_mask.nii.gz")
    );
    let words = WordTable::load(&folder.join("words_de.csv")).unwrap();
    assert_eq!(
        (
            words.n_runs(),
            words.run(9)[3].word.as_str(),
            words.run(9)[3].onset_s
        ),
        (12, "run10", 4.0)
    );
    let again = assert_succeeds(&mut program(folder, &arguments));
    assert_eq!(again.matches("up to date").count(), 2, "{again}");
    // Relative paths: the folder can move.
    assert!(
        fs::read_to_string(folder.join("runs.csv"))
            .unwrap()
            .contains(",derivatives/sub-01/")
    );
}

#[test]
fn a_run_that_a_subject_lacks_is_named_or_left_out() {
    let study = fmriprep();
    let folder = study.path();
    let run = "derivatives/sub-02/ses-2/func/sub-02_ses-2_task-tale_run-8_space-T1w_desc-preproc_bold.nii";
    fs::remove_file(folder.join(run)).unwrap();
    let arguments = ["bids", "derivatives", "--space", "T1w"];
    assert_fails(
        &mut program(folder, &arguments),
        &["ses-2_run-8 never in sub-02", "--allow-missing"],
    );
    let said = assert_succeeds(&mut program(
        folder,
        &[&arguments[..], &["--allow-missing"]].concat(),
    ));
    assert!(
        said.contains("lacks them: ses-2_run-8") && said.contains("22 runs"),
        "{said}"
    );
    let alone = assert_succeeds(&mut program(
        folder,
        &[&arguments[..], &["--subject", "02", "--session", "1"]].concat(),
    ));
    assert!(alone.contains("6 runs, 1 subject"), "{alone}");
}

type Damage = fn(&Path);

#[test]
fn what_images_and_sidecars_contradict_is_refused() {
    let arguments = BIDS;
    let cases: [(Damage, &str); 6] = [
        (
            |folder| {
                write(
                    folder,
                    "derivatives/task-tale_bold.json",
                    r#"{"RepetitionTime": 2}"#,
                );
            },
            "1.5 s",
        ),
        (
            |folder| {
                write(
                    folder,
                    "derivatives/task-tale_bold.json",
                    r#"{"StartTime": "early"}"#,
                );
            },
            "StartTime",
        ),
        (
            |folder| {
                let name = "sub-01/ses-1/func/sub-01_ses-1_task-tale_run-1_space-T1w_desc-preproc_bold.nii";
                write(&folder.join("derivatives"), name, "");
            },
            "run-1_space-T1w_desc-preproc_bold.nii",
        ),
        (
            |folder| {
                write(
                    folder,
                    "raw/sub-02/ses-1/func/sub-02_ses-1_task-tale_run-3_events.tsv",
                    &events(4),
                );
            },
            "\"run4\" at 4 s",
        ),
        (
            |folder| {
                fs::remove_file(folder.join("raw/sub-01/ses-1/func/sub-01_ses-1_task-tale_run-5_events.tsv"))
                    .unwrap();
            },
            "no events of sub-01, ses-1, task-tale, run-5",
        ),
        (
            |folder| {
                let name = "sub-01/ses-1/func/sub-01_ses-1_task-tale_run-01_space-T1w_desc-preproc_bold.nii";
                image(&folder.join("derivatives"), name, 9);
            },
            "the same run as in",
        ),
    ];
    for (damage, said) in cases {
        let study = fmriprep();
        damage(study.path());
        assert_fails(&mut program(study.path(), &arguments), &[said]);
    }
}

#[test]
fn both_hemispheres_of_a_run_must_be_there() {
    let study = tempfile::tempdir().unwrap();
    let folder = study.path();
    let file = |side: &str| format!("d/sub-1/func/sub-1_task-t_hemi-{side}_space-fsaverage5_bold.func.gii");
    let save = |side: &str, n_scans: usize| {
        let values = Array2::from_elem((n_scans, 5), 0.5_f32);
        save_gifti(&folder.join(file(side)), "CortexLeft", &values, &[]).unwrap();
    };
    save("L", 7);
    assert_fails(
        &mut program(folder, &["bids", "d"]),
        &["hemi-L alone", "hemi-R too"],
    );
    save("R", 6);
    assert_fails(&mut program(folder, &["bids", "d"]), &["hemi-R", "7 scans as in"]);
    save("R", 7);
    let said = assert_succeeds(&mut program(folder, &["bids", "d"]));
    assert!(
        said.contains("surface, space-fsaverage5, 7 scans") && said.contains("1 run,"),
        "{said}"
    );
    let table = RunsTable::load(&folder.join("runs.csv")).unwrap();
    assert!(table.runs()[0].files()[1].ends_with(file("R")));
}

#[test]
fn words_of_several_tiers_are_a_choice_and_segments_are_told() {
    let study = tempfile::tempdir().unwrap();
    let folder = study.path();
    let tier = |name: &str| format!("\"IntervalTier\"\n\"{name}\"\n0\n2\n2\n0\n0.5\n\"\"\n0.5\n2\n\"Tag\"\n");
    let grid = format!(
        "File type = \"ooTextFile\"\n\"TextGrid\"\n0\n2\n<exists>\n2\n{}{}",
        tier("words"),
        tier("phones")
    );
    write(folder, "tale_1.TextGrid", &grid);
    assert_fails(
        &mut program(folder, &["words", "tale_1.TextGrid", "--lang", "de"]),
        &["\"words\", \"phones\"", "--tier"],
    );
    let said = assert_succeeds(&mut program(
        folder,
        &["words", "tale_1.TextGrid", "--lang", "de", "--tier", "words"],
    ));
    assert!(
        said.contains("1 words from 0.5 s to 2 s") && said.contains("1 rows without a word"),
        "{said}"
    );
    write(folder, "tale_1.srt", "1\n00:00:01,000 --> 00:00:03,000\nso gut\n");
    let json = [
        "words",
        "tale_1.srt",
        "--lang",
        "de",
        "--spread",
        "--force",
        "--json",
    ];
    let said = assert_succeeds(&mut program(folder, &json));
    assert!(
        said.contains("\"n_words\": 2") && said.contains("\"unit\": \"s\""),
        "{said}"
    );
    assert_usage_error(&mut program(folder, &["words", "tale_1.srt", "--lang", "../de"]));
    assert_usage_error(&mut program(folder, &["words", "--lang", "de"]));
}

#[test]
fn features_must_have_a_row_per_word() {
    let study = tempfile::tempdir().unwrap();
    let folder = study.path();
    write(
        folder,
        "words_de.csv",
        "run,word_index,word,onset_s,offset_s\n0,0,ein,0.1,0.2\n0,1,Tag,0.2,0.4\n1,0,so,1,2\n",
    );
    npy::save(&folder.join("own_1.npy"), &Array2::from_elem((2, 3), 0.5_f64)).unwrap();
    npy::save(&folder.join("own_2.npy"), &Array2::from_elem((2, 3), 1.5_f64)).unwrap();
    let arguments = [
        "features",
        "own_1.npy",
        "own_2.npy",
        "--name",
        "own",
        "--rows",
        "words",
        "--lang",
        "de",
    ];
    assert_fails(
        &mut program(folder, &arguments),
        &["own_2.npy: found 2 rows in run 1, expected 1 words as in"],
    );
    npy::save(&folder.join("own_2.npy"), &Array2::from_elem((1, 3), 1.5_f64)).unwrap();
    let said = assert_succeeds(&mut program(folder, &arguments));
    assert!(
        said.contains("own_de.safetensors: written, 2 runs, 1 layer, 3 rows"),
        "{said}"
    );
    let written = Activations::open(&folder.join("activations/own_de.safetensors")).unwrap();
    assert_eq!(
        (
            written.layer(1, 0).unwrap()[[0, 2]],
            written.metadata()["rows"].as_str()
        ),
        (1.5, "words")
    );
    let words = WordTable::load(&folder.join("words_de.csv")).unwrap();
    assert_eq!(written.metadata()[WordTable::HASH_KEY], words.sha256());
}

#[test]
fn an_atlas_comes_with_sides() {
    let study = tempfile::tempdir().unwrap();
    let folder = study.path();
    let grid = Grid::new([4, 2, 2], diagonal_affine([2.0; 3], [-3.0, 0.0, 0.0])).unwrap();
    let labels = Array3::from_shape_fn((4, 2, 2), |(i, _, _)| [2_i32, 0, 0, 7][i]);
    Image::new(grid, labels.into_dyn())
        .unwrap()
        .save(&folder.join("p.nii.gz"))
        .unwrap();
    write(folder, "p.tsv", "index\tname\n2\tA left\n7\tA right\n");
    let said = assert_succeeds(&mut program(folder, &["atlas", "p.nii.gz", "--labels", "p.tsv"]));
    assert!(
        said.contains("1 labels on the left, 1 on the right, 0 on both sides"),
        "{said}"
    );
    assert!(
        fs::read_to_string(folder.join("atlas/labels.csv"))
            .unwrap()
            .contains("\n7,A right,right,4\n")
    );
}
