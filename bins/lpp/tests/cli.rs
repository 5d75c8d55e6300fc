//! `lpp` finds the other programs.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, its helpers included"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, MutexGuard};

use lpp_testkit::{assert_fails, assert_succeeds, assert_usage_error};

/// One test at a time: a program that is being written cannot be started, not even if the child of another test holds the file.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A copy of the program in a folder, so that nothing lies beside it but what a test puts there.
fn lpp(folder: &Path) -> Command {
    let own = folder.join("lpp");
    fs::copy(env!("CARGO_BIN_EXE_lpp"), &own).unwrap();
    let mut command = Command::new(own);
    command.env("PATH", folder.join("path"));
    command
}

fn script(path: &Path, said: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\necho {said} \"$@\"\nexit 7\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn flags_and_status_are_those_of_the_program() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    script(&folder.path().join("path/lpp-fit"), "from PATH");
    let run = || {
        lpp(folder.path())
            .args(["fit", "--man", "-q", "a b"])
            .output()
            .unwrap()
    };
    let output = run();
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "from PATH --man -q a b\n"
    );
    script(&folder.path().join("lpp-fit"), "beside");
    assert_eq!(String::from_utf8_lossy(&run().stdout), "beside --man -q a b\n");
}

#[test]
fn a_missing_program_is_an_error_that_says_where_it_was_looked_for() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    assert_fails(
        lpp(folder.path()).args(["fit", "--study", "s"]),
        &["no program lpp-fit beside lpp or in PATH"],
    );
}

#[test]
fn without_a_program_all_are_listed_and_an_unknown_one_is_a_usage_error() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let listed = assert_succeeds(&mut lpp(folder.path()));
    assert!(listed.contains("  fit         Brain scores: "), "{listed}");
    assert_usage_error(lpp(folder.path()).arg("fitt"));
}

#[test]
fn shells_offer_the_programs() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let script = assert_succeeds(lpp(folder.path()).args(["--completions", shell]));
        assert!(script.contains("resample"), "{shell}");
    }
}
