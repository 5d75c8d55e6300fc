//! `lpp-fetch items`, with a server on the loopback.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

mod common;

use std::path::Path;
use std::process::Command;

use common::{from_server, program, repository};
use lpp_testkit::{TestServer, assert_fails, assert_succeeds};

/// So many sets of one pair, and files that are none.
fn zorro(n_sets: usize) -> Vec<(String, Vec<u8>)> {
    let set = |index: usize| {
        let content = format!("the dogs is {index} .\nthe dogs are {index} .\n");
        (
            format!("sentences/babyberta/set_{index}.txt"),
            content.into_bytes(),
        )
    };
    let others = [
        "README.md",
        "sentences/babyberta/older/set.txt",
        "sentences/notes.txt",
    ];
    let others = others.map(|path| (path.to_owned(), b"other".to_vec()));
    (0..n_sets).map(set).chain(others).collect()
}

fn items(battery: &str, study: &Path, server: &TestServer) -> Command {
    let mut command = program();
    command.args(["items", battery, "--study"]).arg(study);
    from_server(&mut command, server);
    command
}

#[test]
fn the_sets_of_a_battery_come_into_the_study_with_records() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path();
    let server = repository(zorro(23), None);
    let listed = assert_succeeds(items("zorro", study, &server).arg("--dry-run"));
    assert!(listed.contains("items/zorro/set_22.txt"), "{listed}");
    assert!(!study.join("items").exists());
    let said = assert_succeeds(&mut items("zorro", study, &server));
    assert!(said.starts_with("23 files downloaded"), "{said}");
    let record = std::fs::read_to_string(study.join("items/zorro/set_0.txt.json")).unwrap();
    assert!(
        record.contains("phueb/Zorro") && record.contains("3b62dae0615d"),
        "{record}"
    );
    let good = assert_succeeds(program().arg("verify").arg(study));
    assert!(good.contains("23 files good"), "{good}");
    // A file of one's own stays.
    let path = study.join("items/zorro/set_3.txt");
    std::fs::write(&path, "mine").unwrap();
    assert_fails(&mut items("zorro", study, &server), &["set_3.txt", "--force"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn missing_and_changed_sets_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = repository(zorro(22), None);
    assert_fails(
        &mut items("zorro", folder.path(), &server),
        &["22 .txt files", "expected 23"],
    );
    let server = repository(zorro(23), Some("sentences/babyberta/set_5.txt"));
    assert_fails(
        &mut items("zorro", folder.path(), &server),
        &["set_5.txt", "git SHA-1"],
    );
    assert!(!folder.path().join("items/zorro/set_5.txt").exists());
}

#[test]
fn batteries_without_a_licence_are_refused_with_their_page() {
    for (battery, page) in [
        ("hellaswag", "github.com/rowanz/hellaswag"),
        ("arc", "allenai.org/data/arc"),
        ("dyck", "blimp or zorro"),
    ] {
        let output = program().args(["items", battery]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(page), "{said}");
    }
}
