//! The program from flags to plan, and how it fails.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};

fn program(study: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-run"));
    command.args(arguments).arg("-q").arg("--study").arg(study);
    command
}

#[test]
fn the_papers_study_is_planned() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study");
    assert_eq!(
        assert_succeeds(&mut program(&study, &["init", "--paper"])),
        "",
        "quiet"
    );
    assert_fails(
        &mut program(&study, &["init", "--paper"]),
        &["lpp.toml", "already"],
    );
    let text = assert_succeeds(&mut program(&study, &["--dry-run", "--full", "--memory", "8G"]));
    for part in [
        "fit:gpt2-xl:en",
        "to   scores/Qwen2-7B_cn.npy",
        "lpp-extract --model Qwen1.5-14B --study . --lang en --stream-layers",
        "from activations/pythia-6.9b_step143000_en.safetensors",
    ] {
        assert!(text.contains(part), "{part}");
    }
    let json = assert_succeeds(&mut program(
        &study,
        &["--dry-run", "--json", "--lang", "fr", "--no-check"],
    ));
    let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
    let fit = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find(|step| step["id"] == "fit:Qwen2-7B:fr")
        .unwrap();
    assert_eq!(fit["state"], "todo");
    assert!(fit["cost"]["memory_bytes"].as_u64().unwrap() > 100 << 20);
    assert!(!json.contains(":en\""));
    assert!(!study.join("run").exists(), "a dry run writes nothing");
}

#[test]
fn what_is_missing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path();
    fs::write(
        study.join("lpp.toml"),
        "baselines = { en = [\"random_vector_3d_seed1\"] }",
    )
    .unwrap();
    assert_fails(
        &mut program(study, &["--no-fetch"]),
        &["cannot start", "is missing"],
    );
    assert_fails(
        &mut program(study, &["--only", "fit:gpt9"]),
        &["no step matches \"fit:gpt9\""],
    );
    assert_fails(
        &mut program(study, &["why", "scores/none.npy"]),
        &["scores/none.npy", "no such artefact"],
    );
    assert_fails(
        &mut program(&study.join("none"), &["--dry-run"]),
        &["none", "no such folder"],
    );
    fs::write(study.join("lpp.toml"), "alphas = \"many\"").unwrap();
    assert_fails(&mut program(study, &["--dry-run"]), &["alphas", "many"]);
    assert!(assert_succeeds(&mut program(study, &["verify"])).contains("0 artefacts"));
}

#[test]
fn the_study_is_named_before_or_after_a_subcommand() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().to_str().unwrap();
    for arguments in [["--study", study, "verify"], ["verify", "--study", study]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-run"));
        assert!(assert_succeeds(command.args(arguments)).contains("0 artefacts"));
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-run"));
    assert_fails(
        command.args(["--dry-run", "verify", "--study", study]),
        &["--dry-run"],
    );
}

#[test]
fn a_run_that_is_asked_to_end_ends_its_program() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path();
    let write = |name: &str, text: &str| {
        fs::create_dir_all(study.join(name).parent().unwrap()).unwrap();
        fs::write(study.join(name), text).unwrap();
    };
    write(
        "lpp.toml",
        "annotation_corrections = \"none\"\n[baselines]\nen = [\"glove\"]\n",
    );
    write("annotation/EN/lppEN_word_information.csv", "word\nthe\n");
    write("glove/vectors.txt", "the 1 2 3\n");
    write(
        "programs/lpp-glove",
        "#!/bin/sh\necho $$ > running\nexec sleep 600\n",
    );
    fs::set_permissions(
        study.join("programs/lpp-glove"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    let programs = study.join("programs");
    let programs = programs.to_str().unwrap();
    let mut command = program(study, &["--only", "glove", "--no-fetch", "--programs", programs]);
    let mut run = command.stderr(Stdio::piped()).spawn().unwrap();
    let running = study.join("running");
    // The file is there before its number.
    let process = loop {
        match fs::read_to_string(&running).unwrap_or_default().trim() {
            "" => assert!(run.try_wait().unwrap().is_none(), "ended too early"),
            number => break number.to_owned(),
        }
    };
    let asked = Command::new("kill").arg(run.id().to_string()).status().unwrap();
    assert!(asked.success());
    let ended = run.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(128 + 15), "{said}");
    assert!(
        said.contains("stopped by signal 15; ") && said.contains("glove"),
        "{said}"
    );
    assert!(!Path::new("/proc").join(process).exists());
}

#[test]
fn wrong_usage_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        ["--memory", "much"],
        ["--jobs", "0"],
        ["--memory", "0G"],
        ["why", "--full"],
    ] {
        assert_usage_error(&mut program(folder.path(), &arguments));
    }
}
