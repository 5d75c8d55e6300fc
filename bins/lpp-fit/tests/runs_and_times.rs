//! Runs, their words, their times and their values: what does not belong together is refused or told.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lpp_files::{ActivationsWriter, LayerShape, TimedWord, WordTable, npy};
use lpp_fmri::surface::{load_hemispheres, save_gifti};
use lpp_fmri::{Grid, Mask};
use lpp_steps::{Artefact, Making, Software};
use lpp_study::{Language, Scores, Study};
use lpp_testkit::{assert_fails, assert_succeeds};
use ndarray::{Array2, Array3, Axis, s};

const N_WORDS: usize = 60;
/// Scans of 2 s of each run, all different.
const N_SCANS: [usize; 4] = [62, 64, 66, 68];

/// A pseudo-random number in −1..1 that depends on its place alone.
fn noise(a: usize, b: usize, c: usize) -> f32 {
    (((a * 7919 + b * 104_729 + c * 1_299_709) as f32) * 0.618).sin()
}

/// A study of four runs, one model of two layers, no mask.
struct Toy(tempfile::TempDir);

impl Toy {
    fn new() -> Self {
        let toy = Self(tempfile::tempdir().unwrap());
        toy.activations(|_, _, values| values, "words");
        toy.words(|onset_s| (onset_s, onset_s + 0.5));
        for run in 0..4 {
            npy::save(&toy.run(run), &scans(run)).unwrap();
        }
        // A mask of as many voxels as the scans have columns.
        let inside = Array3::from_shape_fn((37, 46, 38), |(i, j, k)| {
            j == 20 && k == 20 && (16..21).contains(&i)
        });
        let mask = Mask::new(Grid::working(), inside).unwrap();
        mask.save(&toy.path("masks/mask_lpp_en.nii.gz")).unwrap();
        toy
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn study(&self) -> Study {
        Study::open(self.0.path()).unwrap()
    }

    fn run(&self, run: usize) -> PathBuf {
        self.study().average_run(Language::English, run)
    }

    /// Activations changed by `change`, of run, layer and values.
    fn activations(&self, change: impl Fn(usize, usize, Array2<f32>) -> Array2<f32>, rows: &str) {
        let path = self.study().activations("toy", Language::English);
        let n_rows = |run: usize| if rows == "scans" { N_SCANS[run] } else { N_WORDS };
        let values = |run: usize, layer: usize| {
            let values = Array2::from_shape_fn((n_rows(run), 3), |(i, j)| noise(i + 100 * run, j, layer));
            change(run, layer, values)
        };
        let places = (0..4).flat_map(|run| [(run, 0), (run, 1)]);
        let shapes: Vec<LayerShape> = places
            .clone()
            .map(|(run, layer)| LayerShape {
                run,
                layer,
                n_words: n_rows(run),
                n_hidden: values(run, layer).ncols(),
            })
            .collect();
        let metadata = BTreeMap::from([("rows".to_owned(), rows.to_owned())]);
        let mut writer = ActivationsWriter::create(&path, &shapes, &metadata).unwrap();
        for (run, layer) in places {
            writer.write(run, layer, &values(run, layer)).unwrap();
        }
        writer.commit().unwrap();
    }

    /// Words at times that `change` gives: every 2 s until 8 s before the end of the run.
    fn words(&self, change: impl Fn(f64) -> (f64, f64)) {
        let words = (0..4).flat_map(|run| {
            let step = (2.0 * N_SCANS[run] as f64 - 8.0) / N_WORDS as f64;
            let change = &change;
            (0..N_WORDS).map(move |word_index| {
                let (onset_s, offset_s) = change(0.3 + step * word_index as f64);
                TimedWord {
                    run,
                    word_index,
                    word: "w".into(),
                    onset_s,
                    offset_s,
                }
            })
        });
        let path = self.study().words(Language::English);
        WordTable::new(words.collect(), &path)
            .unwrap()
            .save(&path)
            .unwrap();
    }

    /// A fit of the average subject at its place.
    fn fit(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command.current_dir(self.0.path());
        command
            .args(["--model", "toy", "--no-canary", "--force"])
            .args(more);
        command
    }

    /// A fit of other scans.
    fn fit_to(&self, files: &[PathBuf], output: &str) -> Command {
        let mut command = self.fit(&["-o", output, "--y"]);
        command.args(files);
        command
    }

    fn refused(&self, parts: &[&str]) {
        let error = assert_fails(&mut self.fit(&[]), parts);
        assert!(error.len() < 500, "{error}");
        assert!(!self.path("scores").exists());
    }

    /// What was said in warnings by a fit that ended well, and its scores.
    fn fitted(&self, more: &[&str]) -> (String, Array2<f32>) {
        warnings(&mut self.fit(more), &self.path("scores/toy_en.npy"))
    }
}

fn scans(run: usize) -> Array2<f32> {
    Array2::from_shape_fn((N_SCANS[run], 5), |(i, j)| noise(i, j, run + 5))
}

fn warnings(command: &mut Command, scores: &Path) -> (String, Array2<f32>) {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    // The warnings about the penalty grid are expected: with noise, the chosen penalty lies at an edge.
    let lines = said.lines().filter(|line| line.starts_with("warning"));
    let lines: Vec<&str> = lines
        .filter(|line| !line.contains("penalty of the grid"))
        .collect();
    (lines.join("\n"), Scores::load(scores).unwrap().values)
}

#[test]
fn runs_are_as_many_as_those_of_the_words_without_a_gap() {
    let toy = Toy::new();
    npy::save(&toy.run(4), &scans(1).mapv(|v| v * 2.0)).unwrap();
    toy.refused(&["5 runs of scans (run-0.npy to run-4.npy)", "4 as of the words"]);
    fs::remove_file(toy.run(4)).unwrap();
    fs::remove_file(toy.run(3)).unwrap();
    toy.refused(&["3 runs of scans", "4 as of the words"]);
    npy::save(&toy.run(4), &scans(3)).unwrap();
    toy.refused(&["average_subject/en", "run-4.npy instead of run-3.npy"]);
    fs::rename(toy.run(4), toy.run(3)).unwrap();
    npy::save(&toy.path("average_subject/en/run-03.npy"), &scans(3)).unwrap();
    toy.refused(&["average_subject/en", "run-3.npy"]);
    fs::remove_file(toy.path("average_subject/en/run-03.npy")).unwrap();
    fs::copy(toy.run(1), toy.run(2)).unwrap();
    toy.refused(&["run-1.npy", "run-2.npy", "the same bytes"]);
}

#[test]
fn labels_decide_the_order_of_scans() {
    let toy = Toy::new();
    let (said, expected) = toy.fitted(&[]);
    assert_eq!(said, "");
    for names in [
        ["run-0.npy", "run-1.npy", "run-2.npy", "run-3.npy"],
        ["run-8.npy", "run-9.npy", "run-10.npy", "run-11.npy"],
        ["y8.npy", "y9.npy", "y10.npy", "y11.npy"],
        [
            "sub-1_run-008_bold.npy",
            "sub-1_run-9_bold.npy",
            "sub-1_run-010_bold.npy",
            "sub-1_run-11_bold.npy",
        ],
    ] {
        let mut files: Vec<PathBuf> = names.iter().map(|name| toy.path(&format!("in/{name}"))).collect();
        for (run, file) in files.iter().enumerate() {
            npy::save(file, &scans(run)).unwrap();
        }
        // As a shell lists them, or worse.
        files.sort();
        files.swap(0, 1);
        let (said, found) = warnings(&mut toy.fit_to(&files, "o.npy"), &toy.path("o.npy"));
        assert!(said.contains("sorted by their labels"), "{said}");
        assert_eq!(found, expected, "{names:?}");
        fs::remove_dir_all(toy.path("in")).unwrap();
    }
    for (files, parts) in [
        (
            ["run-0.npy", "run-1.npy", "run-2.npy", "run-4.npy"],
            ["run 3 too", "place"],
        ),
        (
            ["run-0.npy", "run-1.npy", "run-2.npy", "run-02.npy"],
            ["run-02.npy", "one run"],
        ),
        (
            ["run-0.npy", "run-1.npy", "run-2.npy", "run-2.npy"],
            ["run-2.npy", "one file"],
        ),
        (
            [
                "run-0_space-A.npy",
                "run-1_space-A.npy",
                "run-2_space-A.npy",
                "run-3_space-B.npy",
            ],
            ["space-B", "space-A"],
        ),
        (
            [
                "sub-1_run-0.npy",
                "sub-1_run-1.npy",
                "sub-2_run-2.npy",
                "sub-1_run-3.npy",
            ],
            ["sub-2", "sub-1"],
        ),
    ] {
        for (run, name) in files.iter().enumerate() {
            npy::save(&toy.path(name), &scans(run)).unwrap();
        }
        assert_fails(&mut toy.fit_to(&files.map(PathBuf::from), "p.npy"), &parts);
    }
}

#[test]
fn words_and_scans_must_be_able_to_belong_together() {
    let toy = Toy::new();
    let (said, expected) = toy.fitted(&[]);
    assert_eq!(said, "");
    fs::remove_dir_all(toy.path("scores")).unwrap();
    for (change, parts) in [
        (
            &(|t| 1e3 * t) as &dyn Fn(f64) -> f64,
            ["run 0", "124 s", "milliseconds"],
        ),
        (&|t| t / 60.0, ["run 0", "60 of 60 words", "minutes"]),
        (&|t| 44_100.0 * t, ["run 0", "62 scans of 2 s", "44.1 kHz"]),
        (&|t| t + 80.0, ["run 0", "after the last scan", "124 s"]),
        (&|t| t - 40.0, ["run 0", "before the first scan", "-23 s"]),
    ] {
        toy.words(|t| (change(t), change(t) + 0.5));
        toy.refused(&[&["words_en.csv"], &parts[..]].concat());
    }
    toy.words(|t| (t / 2.0, t / 2.0 + 0.2));
    let (said, _) = toy.fitted(&[]);
    assert!(
        said.contains("the last word of run 0") && said.contains("in scans?"),
        "{said}"
    );
    toy.words(|t| (t, t - 0.1));
    let (said, _) = toy.fitted(&[]);
    assert!(
        said.contains("words_en.csv") && said.contains("words of run 0 that end before they begin"),
        "{said}"
    );
    fs::remove_dir_all(toy.path("scores")).unwrap();
    // Scans cut at their end, at their start, and those of another run.
    toy.words(|t| (t, t + 0.5));
    let cut = |keep: &dyn Fn(Array2<f32>) -> Array2<f32>| {
        (0..4).for_each(|run| npy::save(&toy.run(run), &keep(scans(run))).unwrap());
    };
    cut(&|scans| scans.slice(s![..-12, ..]).to_owned());
    toy.refused(&["words of run 0 after the last scan", "100 s"]);
    cut(&|scans| scans.slice(s![10.., ..]).to_owned());
    toy.refused(&["words of run 0 after the last scan", "104 s"]);
    (0..4).for_each(|run| npy::save(&toy.run(run), &scans(run)).unwrap());
    assert_eq!(toy.fitted(&[]).1, expected);
}

#[test]
fn repetition_times_are_compared() {
    let toy = Toy::new();
    let (_, two) = toy.fitted(&[]);
    let software = Software {
        program: "lpp-average",
        version: "0",
        commit: None,
    };
    let recorded = |run: usize, tr_s: f64| {
        let artefact = Artefact::new(toy.run(run)).with("tr_s", tr_s);
        Making::of(software, artefact).unwrap().finish().unwrap();
    };
    (0..4).for_each(|run| recorded(run, 2.2));
    let (_, found) = toy.fitted(&[]);
    assert_ne!(found, two, "the record of the scans counts");
    let record: serde_json::Value =
        serde_json::from_slice(&fs::read(toy.path("scores/toy_en.npy.json")).unwrap()).unwrap();
    assert_eq!(record["parameters"]["tr_s"], 2.2);
    fs::write(toy.path("lpp.toml"), "tr_s = 2.0\n").unwrap();
    assert_fails(
        &mut toy.fit(&[]),
        &["run-0.npy", "2.2 s", "2 s as in tr_s of lpp.toml"],
    );
    assert_eq!(toy.fitted(&["--tr", "2.2"]).1, found, "a flag wins over lpp.toml");
    assert_fails(&mut toy.fit(&["--tr", "1.9"]), &["2.2 s", "1.9 s as in --tr"]);
    recorded(2, 2.0);
    assert_fails(&mut toy.fit(&["--tr", "2.2"]), &["run-2.npy", "2 s", "2.2 s"]);
    fs::write(toy.path("lpp.toml"), "tr_s = 2000.0\n").unwrap();
    assert_fails(&mut toy.fit(&[]), &["lpp.toml", "tr_s", "seconds"]);
}

/// The values with one more column.
fn with_column(values: &Array2<f32>, column: impl Fn(usize) -> f32) -> Array2<f32> {
    Array2::from_shape_fn((values.nrows(), values.ncols() + 1), |(i, j)| {
        if j < values.ncols() {
            values[[i, j]]
        } else {
            column(i)
        }
    })
}

#[test]
fn a_constant_feature_is_none() {
    let toy = Toy::new();
    let (_, expected) = toy.fitted(&[]);
    let same = |found: &Array2<f32>| {
        // An empty column changes no sum but their order.
        found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5)
    };
    toy.activations(|_, _, values| with_column(&values, |_| 0.0), "words");
    let (said, found) = toy.fitted(&[]);
    assert!(
        said.contains("toy_en.safetensors") && said.contains("1 in layer 0, the most of 2 layers"),
        "{said}"
    );
    assert!(same(&found));
    let absent = |run, layer, values: Array2<f32>| {
        with_column(&values, |i| {
            if (run, layer) == (2, 1) {
                0.0
            } else {
                noise(i, run, 9)
            }
        })
    };
    toy.activations(absent, "words");
    let (said, found) = toy.fitted(&[]);
    assert!(
        said.contains("1 in layer 1") && found.iter().all(|r| r.is_finite()),
        "{said}"
    );
    // Features of scans, constant at other values.
    toy.activations(|_, _, values| values, "scans");
    let (said, expected) = toy.fitted(&[]);
    assert_eq!(said, "");
    for constant in [76.71, -1e20, 1e-30] {
        toy.activations(|_, _, values| with_column(&values, |_| constant), "scans");
        let (said, found) = toy.fitted(&[]);
        assert!(
            said.contains("constant") && found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5),
            "{said}"
        );
    }
}

#[test]
fn values_that_are_not_finite_are_named() {
    for (value, said, rows, row) in [
        (f32::NAN, "NaN", "words", "word 3"),
        (f32::INFINITY, "inf", "words", "word 3"),
        (f32::NEG_INFINITY, "-inf", "scans", "scan 3"),
        (f32::NAN, "NaN", "scans", "scan 3"),
    ] {
        let toy = Toy::new();
        let spoilt = |run, layer, mut values: Array2<f32>| {
            if (run, layer) == (2, 1) {
                values[[3, 1]] = value;
            }
            values
        };
        toy.activations(spoilt, rows);
        toy.refused(&["toy_en.safetensors", said, "run 2, layer 1", row, "feature 1"]);
    }
}

#[test]
fn features_of_scans_need_no_words() {
    let toy = Toy::new();
    toy.activations(|_, _, values| values, "scans");
    fs::remove_file(toy.path("words_en.csv")).unwrap();
    let said = assert_succeeds(&mut toy.fit(&["--nested-layer", "--nulls", "9"]));
    assert!(said.contains("written"), "{said}");
    // With words beside them that do not fit, too.
    toy.words(|t| (1e3 * t, 1e3 * t + 1.0));
    assert_eq!(toy.fitted(&[]).0, "");
    toy.activations(|_, _, values| values, "words");
    fs::remove_file(toy.path("words_en.csv")).unwrap();
    assert_fails(&mut toy.fit(&[]), &["words_en.csv"]);
}

#[test]
fn scores_replace_no_input() {
    let toy = Toy::new();
    let files: Vec<PathBuf> = (0..4).map(|run| toy.run(run)).collect();
    for output in [
        "average_subject/en/run-2.npy",
        "./average_subject/../average_subject/en/run-0.npy",
    ] {
        let before = fs::read(toy.path(output)).unwrap();
        assert_fails(
            &mut toy.fit_to(&files, output),
            &["run-", "input", "nothing was written"],
        );
        assert_eq!(fs::read(toy.path(output)).unwrap(), before);
    }
}

/// Runs of one subject as pairs of surfaces: vertex 1 of the left one never varies. The scans are those of the average.
fn surfaces(toy: &Toy) {
    let mut rows = "subject,run,kind,space,path,tr_s\n".to_owned();
    fs::create_dir(toy.path("func")).unwrap();
    for run in 0..4 {
        let scans = scans(run).mapv(|value| 100.0 + value);
        let mut left = scans.slice(s![.., ..3]).to_owned();
        left.column_mut(1).fill(7.0);
        let right = scans.slice(s![.., 2..]).to_owned();
        let name = |side: char| format!("func/sub-01_run-{}_hemi-{side}_bold.func.gii", run + 1);
        save_gifti(&toy.path(&name('L')), "CortexLeft", &left, &[]).unwrap();
        save_gifti(&toy.path(&name('R')), "CortexRight", &right, &[]).unwrap();
        rows.extend([
            "01,".to_owned(),
            (run + 1).to_string(),
            format!(",surface,fsLR,{},2\n", name('L')),
        ]);
    }
    fs::write(toy.path("runs.csv"), rows).unwrap();
}

#[test]
fn runs_on_surfaces_are_fitted_and_mapped_vertex_by_vertex() {
    let toy = Toy::new();
    surfaces(&toy);
    assert_succeeds(&mut toy.fit(&["--subject", "01"]));
    let scores = Scores::load(&toy.path("scores/sub-01/toy_en.npy")).unwrap();
    assert_eq!(scores.values.dim(), (2, 5));
    let maps = ["L", "R"].map(|side| toy.path(&format!("scores/sub-01/toy_en_hemi-{side}.func.gii")));
    let (map, _) = load_hemispheres(&maps[0], &maps[1]).unwrap();
    assert!(map[[0, 1]].is_nan());
    let at_vertices: Vec<f32> = [0, 2, 3, 4, 5].map(|vertex| map[[0, vertex]]).to_vec();
    let best = scores
        .values
        .fold_axis(Axis(0), f32::NAN, |best, score| best.max(*score));
    assert_eq!(at_vertices, best.to_vec());
    // The same arrays without any surface.
    let runs: Vec<PathBuf> = (0..4)
        .map(|run| toy.path(&format!("individual_subjects/en/sub-01/run-{run}.npy")))
        .collect();
    let mask = toy.path("masks/sub-01_space-fsLR.dscalar.nii");
    let mut fit = toy.fit_to(&runs, "plain.npy");
    assert_succeeds(fit.arg("--mask").arg(mask));
    assert_eq!(
        Scores::load(&toy.path("plain.npy")).unwrap().values,
        scores.values
    );
    assert!(toy.path("plain.dscalar.nii").exists());
}

#[test]
fn surfaces_that_do_not_belong_together_are_named() {
    let toy = Toy::new();
    surfaces(&toy);
    let table = fs::read_to_string(toy.path("runs.csv")).unwrap();
    let right = toy.path("func/sub-01_run-2_hemi-R_bold.func.gii");
    let refused = |parts: &[&str]| assert_fails(&mut toy.fit(&["--subject", "01"]), parts);
    let scans = scans(1);
    save_gifti(&right, "CortexRight", &scans.slice(s![..60, 2..]).to_owned(), &[]).unwrap();
    refused(&["run-2_hemi-R", "found 60 scans, expected 64"]);
    save_gifti(&right, "CortexRight", &scans.slice(s![.., 3..]).to_owned(), &[]).unwrap();
    refused(&[
        "run-2_hemi-L",
        "2 of 2 vertices of CIFTI_STRUCTURE_CORTEX_RIGHT",
        "3 of 3",
    ]);
    save_gifti(&right, "CortexLeft", &scans.slice(s![.., 2..]).to_owned(), &[]).unwrap();
    refused(&["run-2_hemi-R", "values of CortexLeft", "exchanged"]);
    fs::remove_file(&right).unwrap();
    refused(&["run-2_hemi-R"]);
    fs::write(toy.path("runs.csv"), table.replacen("fsLR", "fsaverage5", 1)).unwrap();
    refused(&["runs.csv", "surface (fsaverage5) and surface (fsLR)"]);
}
