//! Hands the commit of the source to the programs, where git knows it.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let head = git(&["rev-parse", "--git-path", "logs/HEAD"]);
    if let Some(log) = head.filter(|path| std::path::Path::new(path).exists()) {
        // The log of HEAD changes with every commit and checkout.
        println!("cargo::rerun-if-changed={log}");
    }
    if let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) {
        println!("cargo::rustc-env=LPP_COMMIT={commit}");
    }
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(args)
        .output()
        .ok()
        .filter(|o| o.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
