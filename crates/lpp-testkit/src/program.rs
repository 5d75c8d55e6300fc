//! How a program must end.

use std::process::{Command, Output};

/// Runs a program that must succeed; returns what it wrote to stdout.
///
/// # Panics
/// If it fails.
pub fn assert_succeeds(command: &mut Command) -> String {
    let output = output_of(command);
    assert!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a program that must fail with exit status 1 and one line on stderr that begins with `error: ` and contains
/// every one of `parts`; returns the line.
///
/// # Panics
/// If it ends in any other way.
pub fn assert_fails(command: &mut Command, parts: &[&str]) -> String {
    let output = output_of(command);
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {stderr}");
    let errors: Vec<&str> = stderr
        .lines()
        .filter(|line| line.starts_with("error: "))
        .collect();
    assert_eq!(
        errors.len(),
        1,
        "{command:?} must give one line of error: {stderr}"
    );
    assert!(
        stderr.trim_end().ends_with(errors[0]),
        "{command:?}: the error is the last line: {stderr}"
    );
    assert!(!stderr.contains("panicked"), "{stderr}");
    for part in parts {
        assert!(
            errors[0].contains(part),
            "{command:?}: {part:?} is not in: {}",
            errors[0]
        );
    }
    errors[0].to_owned()
}

/// Runs a program that was called wrongly and must say so with exit status 2.
///
/// # Panics
/// If it ends in any other way.
pub fn assert_usage_error(command: &mut Command) {
    let output = output_of(command);
    assert_eq!(
        output.status.code(),
        Some(2),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn output_of(command: &mut Command) -> Output {
    command
        .output()
        .unwrap_or_else(|e| panic!("cannot run {command:?}: {e}"))
}
