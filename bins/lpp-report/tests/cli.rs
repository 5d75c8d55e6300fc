//! How `lpp-report` ends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use lpp_testkit::{assert_fails, assert_usage_error};

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-report"));
    command.env_remove("RUST_BACKTRACE");
    command
}

#[test]
fn a_study_without_tables_names_the_command() {
    let folder = tempfile::tempdir().unwrap();
    assert_fails(
        program().arg("--study").arg(folder.path()),
        &["summary_en.csv", "lpp-analyze all"],
    );
    assert_fails(program().args(["--study", "no/such/study"]), &["no/such/study"]);
}

#[test]
fn an_empty_table_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("results")).unwrap();
    std::fs::write(folder.path().join("results/summary_en.csv"), "").unwrap();
    assert_fails(
        program().arg("--study").arg(folder.path()),
        &["summary_en.csv", "an empty file"],
    );
}

#[test]
fn wrong_usage_is_status_2() {
    assert_usage_error(program().arg("--no-such-flag"));
    assert_usage_error(program().args(["--lang", "klingon"]));
}
