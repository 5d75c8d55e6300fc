//! Names, missing inputs, files of the user and flags.

use super::*;

#[test]
fn no_name_leads_out_of_the_study() {
    let dir = tempfile::tempdir().unwrap();
    let study = dir.path().join("a/study");
    fs::create_dir_all(&study).unwrap();
    toy_study(&study);
    let activations = study.join("activations/toy_en.safetensors");
    fs::copy(activations, dir.path().join("a/evil_en.safetensors")).unwrap();
    let call = |flags: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command.arg("--study").arg(&study).args(flags);
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{flags:?}: {stderr}");
        assert!(stderr.contains("cannot be the name of a"), "{flags:?}: {stderr}");
    };
    for model in ["../../evil", "/evil", "..", "a/../evil", "evil/"] {
        call(&["--model", model]);
    }
    call(&["--model", "toy", "--subject", "../evil"]);
    call(&["--model", "toy", "--controls", "wordrate,../../evil"]);
    for config in [
        "[models]\nen = [\"../../evil\"]",
        "[baselines]\nen = [\"/evil\"]",
        "[subjects]\nen = [\"../evil\"]",
    ] {
        fs::write(study.join("lpp.toml"), config).unwrap();
        assert_fails(
            &mut fit(&study),
            &["lpp.toml", "evil", "line 2", "cannot be the name"],
        );
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    assert_eq!(fs::read_dir(dir.path().join("a")).unwrap().count(), 2);
    assert!(!study.join("scores").exists());
}

#[test]
fn a_model_of_an_organisation_has_one_file_in_both_spellings() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let activations = dir.path().join("activations");
    for name in ["org1--tiny", "org2--tiny"] {
        let copy = activations.join(format!("{name}_en.safetensors"));
        fs::copy(activations.join("toy_en.safetensors"), copy).unwrap();
    }
    let call = |model: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command
            .arg("--study")
            .arg(dir.path())
            .args(["--model", model, "--mask"]);
        command.arg(dir.path().join("mask.nii.gz"));
        assert_succeeds(&mut command)
    };
    assert!(call("org1/tiny").contains("scores/org1--tiny_en.npy: written"));
    assert!(call("org1--tiny").contains("scores/org1--tiny_en.npy: up to date"));
    assert!(call("org2/tiny").contains("scores/org2--tiny_en.npy: written"));
    let info = Scores::load_info(&dir.path().join("scores/org1--tiny_en.npy")).unwrap();
    assert_eq!(info.model, "org1/tiny");
}

#[test]
fn what_is_missing_comes_with_a_way_out() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let call = |flags: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command.arg("--study").arg(dir.path()).args(flags);
        command
    };
    for (flags, parts) in [
        (
            &["--model", "nix"][..],
            &["nix_en.safetensors", "lpp-extract --model nix", "there is toy"][..],
        ),
        (&["--model", "tyo"], &["tyo_en.safetensors", "did you mean toy?"]),
        (&["--model", "glove"], &["glove_en.safetensors", "lpp-glove"]),
        (&["--model", "random_vector_3d_seed1"], &["lpp-random"]),
        (
            &["--model", "toy"],
            &["mask_lpp_en.nii.gz", "lpp-mask", "lpp-fetch"],
        ),
        (
            &["--model", "toy", "--subject", "01"],
            &["sub-01", "lpp-resample"],
        ),
        (
            &["--model", "toy", "--all-subjects"],
            &["resampled/en", "lpp-resample"],
        ),
    ] {
        assert_fails(&mut call(flags), parts);
    }
    assert_fails(
        fit(dir.path()).args(["--controls", "wordrate"]),
        &["control_wordrate_en", "lpp-controls --controls wordrate"],
    );
    let run = dir.path().join("average_subject/en/run-2.npy");
    let scans = fs::read(&run).unwrap();
    fs::remove_file(&run).unwrap();
    assert_fails(&mut fit(dir.path()), &["run-2.npy", "lpp-average"]);
    fs::write(&run, scans).unwrap();
    fs::remove_file(dir.path().join("words_en.csv")).unwrap();
    assert_fails(&mut fit(dir.path()), &["words_en.csv", "lpp-extract"]);
    let mut nowhere = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
    nowhere
        .args(["--model", "toy", "--study"])
        .arg(dir.path().join("nowhere"));
    assert_fails(&mut nowhere, &["nowhere", "no such folder", "lpp-run init"]);
}

#[test]
fn files_of_the_user_are_not_overwritten() {
    for name in ["scores/toy_en.npy", "scores/toy_en.json", "scores/toy_en.nii.gz"] {
        let dir = tempfile::tempdir().unwrap();
        toy_study(dir.path());
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "precious").unwrap();
        assert_fails(
            &mut fit(dir.path()),
            &[name, "was not made by lpp-fit", "--force"],
        );
        assert_eq!(fs::read(&path).unwrap(), b"precious");
        assert_eq!(fs::read_dir(dir.path().join("scores")).unwrap().count(), 1);
        assert_succeeds(fit(dir.path()).arg("--force"));
        assert_ne!(fs::read(&path).unwrap(), b"precious");
        assert_succeeds(fit(dir.path()).args(["--precision", "f64"]));
    }
}

#[test]
fn a_name_without_the_ending_of_its_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    for name in ["scores.txt", "scores", "folder/", ".npy"] {
        let mut command = fit(dir.path());
        command.arg("-o").arg(dir.path().join(name));
        let output = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{name}: {stderr}");
        assert!(stderr.contains("a name that ends in .npy"), "{name}: {stderr}");
    }
}

#[test]
fn a_flag_replaces_a_bad_setting() {
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    for alphas in ["alphas = \"ten\"", "alphas = 10", "alphas = \"1,-1\""] {
        fs::write(dir.path().join("lpp.toml"), format!("trim_scans = 4\n{alphas}\n")).unwrap();
        assert_fails(&mut fit(dir.path()), &["lpp.toml", "line 2"]);
        assert_succeeds(fit(dir.path()).args(["--alphas", "1,10"]));
    }
}

#[test]
fn folders_that_are_not_utf8_are_as_good_as_others() {
    use std::os::unix::ffi::OsStrExt;
    let dir = tempfile::tempdir().unwrap();
    for name in [&b"n\xff"[..], b"\xc3\x28", b"it's $'here'"] {
        let study = dir.path().join(std::ffi::OsStr::from_bytes(name));
        fs::create_dir(&study).unwrap();
        toy_study(&study);
        assert!(assert_succeeds(&mut fit(&study)).contains("written"));
        assert!(assert_succeeds(&mut fit(&study)).contains("up to date"));
        let made = Provenance::load(&study.join("scores/toy_en.npy")).unwrap();
        assert!(
            made.inputs.iter().all(|input| input.path.exists()),
            "{:?}",
            made.inputs
        );
    }
}

#[test]
fn stdout_that_is_full_is_one_line() {
    for flags in [
        &["--completions", "bash"][..],
        &["--help"],
        &["--man"],
        &["--version"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fit"));
        command.args(flags);
        command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
        assert_fails(&mut command, &["cannot write to stdout"]);
    }
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let mut command = fit(dir.path());
    command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    assert_fails(&mut command, &["cannot write to stdout"]);
}

#[test]
fn help_is_plain_and_quiet_is_quiet() {
    let help = assert_succeeds(Command::new(env!("CARGO_BIN_EXE_lpp-fit")).arg("--help"));
    assert!(
        !help.contains('`') && help.contains("MODEL_LANG_nested.npy"),
        "{help}"
    );
    assert!(help.contains("--man") && help.contains("--completions"), "{help}");
    let dir = tempfile::tempdir().unwrap();
    toy_study(dir.path());
    let output = fit(dir.path()).arg("-q").output().unwrap();
    assert!(
        output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(),
        "{output:?}"
    );
    let json = assert_succeeds(fit(dir.path()).arg("--json"));
    let summary: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(summary["outputs"][0]["n_layers"], 2);
    let output = fit(dir.path()).arg("-v").output().unwrap();
    assert!(!output.stderr.is_empty());
}
