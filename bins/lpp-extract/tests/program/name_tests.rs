//! Two models never share a file, and a name of none is refused.

use super::*;

/// A copy of a study's model under another place, with other weights.
fn other_model(study: &Path, target: &Path, seed: u8) {
    fs::create_dir_all(target).unwrap();
    for entry in study.join("models/toy").read_dir().unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, target.join(path.file_name().unwrap())).unwrap();
    }
    let weights = target.join("model.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    // Bits of the mantissa of every weight, so that all layers change a little.
    for place in (8 + usize::try_from(header).unwrap()..bytes.len()).step_by(4) {
        bytes[place + 2] ^= seed;
    }
    fs::write(&weights, bytes).unwrap();
}

#[test]
fn two_organisations_never_share_a_file() {
    let study = toy_study();
    let home = tempfile::tempdir().unwrap();
    let repos = [("org1/tiny", '1', 1), ("org2/tiny", '2', 2)].map(|(id, digit, seed)| {
        let folder = tempfile::tempdir().unwrap();
        other_model(study.path(), &folder.path().join("models/toy"), seed);
        on_a_hub(folder.path(), id, digit, &["main"])
    });
    let hub = FakeHub::start(repos.into());
    // A folder of the study that is called as the last part of their names is another model.
    other_model(study.path(), &study.path().join("models/tiny"), 4);
    let run = |model: &str| {
        let mut command = program();
        command.args(["--model", model, "--study"]).arg(study.path());
        hub.serve(&mut command, home.path());
        assert_succeeds(&mut command)
    };
    let file = |name: &str| study.path().join(format!("activations/{name}_en.safetensors"));
    assert!(run("org1/tiny").contains("activations/org1--tiny_en.safetensors: written"));
    let first = fs::read(file("org1--tiny")).unwrap();
    assert!(run("org2/tiny").contains("activations/org2--tiny_en.safetensors: written"));
    assert!(run("tiny").contains("activations/tiny_en.safetensors: written"));
    assert!(run("org1--tiny").contains("activations/org1--tiny_en.safetensors: up to date"));
    assert!(first == fs::read(file("org1--tiny")).unwrap());
    let last = |name: &str| Activations::open(&file(name)).unwrap().layer(0, 3).unwrap();
    let [one, two, own] = ["org1--tiny", "org2--tiny", "tiny"].map(last);
    assert!(one != two && one != own && two != own);
    let source = |name: &str| Activations::open(&file(name)).unwrap().metadata()["source"].clone();
    assert_eq!(source("org1--tiny"), "org1/tiny@main");
    assert_eq!(source("tiny"), "models/tiny");
}

#[test]
fn two_folders_of_one_name_are_told_apart() {
    let study = toy_study();
    let places = tempfile::tempdir().unwrap();
    for (seed, name) in [(1, "a/tiny"), (2, "b/tiny")] {
        other_model(study.path(), &places.path().join(name), seed);
    }
    let run = |folder: &str, flags: &[&str]| {
        let mut command = program();
        command.arg("--study").arg(study.path()).args(flags);
        command.arg("--model-dir").arg(places.path().join(folder));
        command
    };
    let file = study.path().join("activations/tiny_en.safetensors");
    assert_succeeds(&mut run("a/tiny", &[]));
    let first = fs::read(&file).unwrap();
    assert_fails(
        &mut run("b/tiny", &[]),
        &["tiny_en.safetensors", "a/tiny", "b/tiny", "--model", "--force"],
    );
    assert!(first == fs::read(&file).unwrap());
    assert!(assert_succeeds(&mut run("a/tiny", &[])).contains("up to date"));
    // The same folder with other weights is the same model, made anew.
    other_model(study.path(), &places.path().join("a/tiny"), 8);
    assert!(assert_succeeds(&mut run("a/tiny", &[])).contains("written"));
    let said = assert_succeeds(&mut run("b/tiny", &["--model", "b/tiny"]));
    assert!(
        said.contains("activations/b--tiny_en.safetensors: written"),
        "{said}"
    );
    assert!(assert_succeeds(&mut run("b/tiny", &["--force"])).contains("tiny_en.safetensors: written"));
    // A snapshot of the hub's cache is called by its repository, not by its commit.
    let snapshot = "hub/models--org--tiny/snapshots/0123456789abcdef";
    other_model(study.path(), &places.path().join(snapshot), 3);
    let said = assert_succeeds(&mut run(snapshot, &[]));
    assert!(
        said.contains("activations/org--tiny_en.safetensors: written"),
        "{said}"
    );
}

#[test]
fn a_name_of_no_model_is_refused_with_its_program() {
    let study = toy_study();
    for (name, part) in [
        ("glove", "lpp-glove"),
        ("control_wordrate", "lpp-controls"),
        ("random_vector_3d_seed1", "lpp-random"),
        ("gpt2_untrained_seed1", "--model gpt2 --seed 1"),
    ] {
        let mut command = program();
        command
            .args(["--offline", "--model", name, "--study"])
            .arg(study.path());
        assert_fails(&mut command, &[name, part]);
    }
    for name in ["../../evil", "/etc", "a/b/c", ".."] {
        let mut command = program();
        command
            .args(["--offline", "--model", name, "--study"])
            .arg(study.path());
        assert_usage_error(&mut command);
    }
}
