//! The program from flags to files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command;

use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};

fn simulate(study: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-simulate"));
    command.args(["--study".as_ref(), study.as_os_str()]);
    command
}

/// A study of the least size.
fn small(study: &Path) -> Command {
    let mut command = simulate(study);
    command.args([
        "--seed",
        "5",
        "--words-per-run",
        "60",
        "--models",
        "gpt2:4,llama:8",
    ]);
    command
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("simulation/truth.json.json") {
                let name = path.strip_prefix(folder).unwrap().display().to_string();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn the_same_seed_makes_the_same_study() {
    let dir = tempfile::tempdir().unwrap();
    let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
    assert!(assert_succeeds(&mut small(&a)).contains("written"));
    assert_succeeds(&mut small(&b));
    let made = files(&a);
    assert!(made == files(&b));
    for expected in [
        "lpp.toml",
        "annotation/EN/lppEN_word_information.csv",
        "text/lpp_en_text/text_en_run9.txt",
        "models/sim-gpt2-4/model.safetensors",
        "models/sim-llama-8/tokenizer.json",
        "masks/mask_lpp_en.nii.gz",
        "isc/isc_en.npy",
        "average_subject/en/run-8.npy",
        "simulation/truth.json",
    ] {
        assert!(made.iter().any(|(name, _)| name == expected), "{expected}");
    }
    assert!(assert_succeeds(&mut small(&a)).contains("up to date"));
    assert!(assert_succeeds(small(&a).arg("--force")).contains("written"));
}

#[test]
fn what_is_no_simulation_is_left_alone() {
    for name in [
        "lpp.toml",
        "masks/mask_lpp_en.nii.gz",
        "notes.txt",
        "simulation/truth.json",
    ] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "precious").unwrap();
        let before = files(dir.path());
        let first = name.split('/').next().unwrap();
        for force in [false, true] {
            let mut command = small(dir.path());
            command.args(force.then_some("--force"));
            assert_fails(&mut command, &["not made by a simulation", first, "--study"]);
            let mut here = small(Path::new("."));
            here.current_dir(dir.path());
            assert_fails(&mut here, &["not made by a simulation", first]);
        }
        assert!(files(dir.path()) == before, "{name}");
    }
    // An empty folder will do, and one in which a simulation was killed.
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(".hidden"), "").unwrap();
    assert_succeeds(&mut small(dir.path()));
    fs::remove_file(dir.path().join("simulation/truth.json")).unwrap();
    fs::remove_file(dir.path().join("isc/isc_en.npy")).unwrap();
    assert!(assert_succeeds(&mut small(dir.path())).contains("written"));
}

#[test]
fn scans_of_a_real_study_are_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (study, demo) = (dir.path().join("real"), dir.path().join("demo"));
    assert_succeeds(&mut small(&demo));
    let words = "run,word_index,word,onset_s,offset_s\n0,0,fox,1.0,1.3\n1,0,owl,1.0,1.3\n2,0,oak,2.5,2.8\n";
    fs::create_dir_all(study.join("average_subject/en")).unwrap();
    fs::write(study.join("words_en.csv"), words).unwrap();
    let scans = study.join("average_subject/en/run-1.npy");
    fs::write(&scans, "precious").unwrap();
    let mut subject = Command::new(env!("CARGO_BIN_EXE_lpp-simulate"));
    subject
        .args(["subject", "--n-scans", "30,31,32", "--study"])
        .arg(&study);
    subject.arg("--mask").arg(demo.join("masks/mask_lpp_en.nii.gz"));
    subject.arg("--isc").arg(demo.join("isc/isc_en.npy"));
    assert_fails(
        &mut subject,
        &["run-1.npy", "was not made by lpp-simulate", "--force"],
    );
    assert_eq!(fs::read(&scans).unwrap(), b"precious");
    assert!(!study.join("isc").exists());
    assert_succeeds(subject.arg("--force"));
    assert_ne!(fs::read(&scans).unwrap(), b"precious");
}

/// Names of simulated models in a text, `sim-gpt2-12`.
fn simulated_models(text: &str) -> Vec<String> {
    let ends = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    let words = text.match_indices("sim-").map(|(place, _)| &text[place..]);
    let names = words.map(|rest| rest.split(ends).next().unwrap_or_default().to_owned());
    names
        .filter(|name| name.ends_with(|c: char| c.is_ascii_digit()))
        .collect()
}

#[test]
fn examples_name_models_of_the_demo() {
    let demo: Vec<String> = lpp_sim::ModelSpec::DEMO
        .iter()
        .map(|spec| spec.parse::<lpp_sim::ModelSpec>().unwrap().name())
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut texts = vec![root.join("README.md")];
    for entry in fs::read_dir(root.join("docs")).unwrap() {
        texts.push(entry.unwrap().path());
    }
    for program in fs::read_dir(root.join("bins")).unwrap() {
        let sources = program.unwrap().path().join("src");
        texts.extend(fs::read_dir(sources).unwrap().map(|entry| entry.unwrap().path()));
    }
    texts.retain(|path| path.extension().is_some_and(|e| e == "md" || e == "rs"));
    let mut n_found = 0;
    for path in texts {
        for name in simulated_models(&fs::read_to_string(&path).unwrap()) {
            n_found += 1;
            assert!(
                demo.contains(&name),
                "{}: {name} is not in {demo:?}",
                path.display()
            );
        }
    }
    assert!(n_found > 3, "examples were looked for in the wrong place");
}

#[test]
fn wrong_calls_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert_usage_error(simulate(dir.path()).args(["--models", "bert:8"]));
    assert_usage_error(simulate(dir.path()).args(["--lang", "german"]));
    assert_usage_error(simulate(dir.path()).args(["--gain-sd", "0.2"]));
    assert_usage_error(simulate(dir.path()).args(["--asymmetry", "left"]));
    for (flags, part) in [
        (["--bids", "--subjects", "0"].as_slice(), "subjects is 0"),
        (&["--subjects", "2"], "subjects is 2"),
        (
            &["--asymmetry", "growth", "--ceiling-left", "0.1"],
            "--asymmetry ceiling",
        ),
        (&["--noise-shared", "1"], "--noise-shared is 1"),
        (&["--bids", "--test-story", "10"], "test story is 10"),
        (&["--runs", "0"], "runs is 0"),
        (&["--tr", "1500"], "repetition time is 1500"),
    ] {
        assert_fails(simulate(dir.path()).args(flags), &[part]);
    }
    assert_fails(
        simulate(dir.path()).args(["--words-per-run", "5"]),
        &["words per run is 5", "60 to 20000"],
    );
    let mut compare = Command::new(env!("CARGO_BIN_EXE_lpp-simulate"));
    assert_fails(
        compare.args(["compare", "--study"]).arg(dir.path()),
        &["truth.json"],
    );
}

#[test]
fn a_subject_needs_files_that_fit() {
    let dir = tempfile::tempdir().unwrap();
    let study = dir.path();
    assert_succeeds(&mut small(study));
    let subject = |words: &str, isc: &str, n_scans: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-simulate"));
        command.arg("subject").arg("--study").arg(study);
        command
            .arg("--words")
            .arg(study.join(words))
            .arg("--isc")
            .arg(study.join(isc));
        command.args(["--n-scans", n_scans]);
        command
    };
    let words = "run,word_index,word,onset_s,offset_s\n0,0,fox,1.0,1.3\n1,0,owl,1.0,1.3\n2,0,oak,2.5,2.8\n";
    fs::write(study.join("words.csv"), words).unwrap();
    fs::write(study.join("empty.csv"), "").unwrap();
    let isc = "isc/isc_en.npy";
    assert!(assert_succeeds(&mut subject("words.csv", isc, "30,31,32")).contains("written"));
    assert!(assert_succeeds(&mut subject("words.csv", isc, "30,31,32")).contains("up to date"));
    assert_fails(&mut subject("words.csv", isc, "30,31"), &["number of runs"]);
    assert_fails(&mut subject("none.csv", isc, "30,31,32"), &["none.csv"]);
    assert_fails(
        &mut subject("empty.csv", isc, "30,31,32"),
        &["empty.csv", "no words"],
    );
    assert_fails(
        &mut subject("words.csv", "average_subject/en/none.npy", "30,31,32"),
        &["none.npy"],
    );
    let array = fs::read(study.join(isc)).unwrap();
    fs::write(study.join("cut.npy"), &array[..array.len() / 2]).unwrap();
    assert_fails(&mut subject("words.csv", "cut.npy", "30,31,32"), &["cut.npy"]);
    fs::write(study.join("cut.gz"), [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1]).unwrap();
    assert_fails(&mut subject("words.csv", "cut.gz", "30,31,32"), &["cut.gz"]);
    lpp_files::npy::save(&study.join("narrow.npy"), &ndarray::Array2::<f32>::zeros((10, 7))).unwrap();
    assert_fails(
        &mut subject("words.csv", "narrow.npy", "30,31,32"),
        &["narrow.npy", "7 voxels"],
    );
}
