//! What the tests of the program share.

use std::process::Command;

use lpp_testkit::{Answer, TestServer, git_sha1};

/// The program without this machine's settings of hub, proxy and certificates.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lpp-fetch"));
    command
        .env_clear()
        .env("HOME", "/nonexistent")
        .args(["--first-pause", "0", "--tries", "3"]);
    command
}

/// Lets a command download from a fake repository.
pub(crate) fn from_server(command: &mut Command, server: &TestServer) {
    command.args([
        "--base-url",
        &server.url("/raw"),
        "--listing-url",
        &server.url("/tree"),
    ]);
}

/// A fake of a repository: a listing at `/tree` as GitHub gives it, and files below `/raw`. `changed` is a file whose contents
/// differ from the listing.
pub(crate) fn repository(files: Vec<(String, Vec<u8>)>, changed: Option<&str>) -> TestServer {
    let entries: Vec<String> = files
        .iter()
        .map(|(path, content)| {
            let sha = git_sha1(content);
            format!(
                r#"{{"path": "{path}", "type": "blob", "sha": "{sha}", "size": {}}}"#,
                content.len()
            )
        })
        .collect();
    let listing = format!(
        r#"{{"sha": "x", "tree": [{}], "truncated": false}}"#,
        entries.join(",")
    );
    let changed = changed.map(str::to_owned);
    TestServer::start(move |request, _| {
        if request.path == "/tree" {
            return Answer::json(listing.clone());
        }
        let found = files
            .iter()
            .find(|(path, _)| request.path == format!("/raw/{path}"));
        match found {
            None => Answer::status(404),
            Some((path, content)) if changed.as_deref() == Some(path) => {
                Answer::file(content.iter().map(|b| b ^ 1).collect::<Vec<u8>>(), "\"v2\"")
            }
            Some((_, content)) => Answer::file(content.clone(), "\"v1\""),
        }
    })
}
