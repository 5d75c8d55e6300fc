//! One file and many, from a server that goes wrong in every way we know.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lpp_fetch::{Batch, Digest, FetchError, Http, HttpParams, RemoteFile, RetryPolicy};
use lpp_files::Silent;
use lpp_testkit::{Answer, Request, TestServer, sha256};

/// Pauses that were asked for instead of slept.
type Pauses = Arc<Mutex<Vec<u64>>>;

/// A client of few tries that writes its pauses down.
fn client(tries: u32) -> (Http, Pauses) {
    let pauses = Pauses::default();
    let written = Arc::clone(&pauses);
    let retry = RetryPolicy::default()
        .with_tries(tries)
        .with_sleep(move |pause| written.lock().unwrap().push(pause.as_secs()));
    let params = HttpParams {
        connect: Duration::from_secs(5),
        silence: Duration::from_millis(300),
        most_unstated: 200_000,
        retry,
    };
    (Http::new(params).unwrap(), pauses)
}

fn content(seed: u8) -> Vec<u8> {
    (0..300_000u32)
        .map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[0] ^ seed)
        .collect()
}

/// The file `/f` of a server, checked by size and hash.
fn checked(server: &TestServer, folder: &Path, content: &[u8]) -> RemoteFile {
    RemoteFile {
        url: server.url("/f"),
        target: folder.join("deep/f.bin"),
        bytes: Some(content.len() as u64),
        digest: Some(Digest::Sha256(sha256(content))),
    }
}

fn unchecked(server: &TestServer, folder: &Path) -> RemoteFile {
    RemoteFile {
        bytes: None,
        digest: None,
        ..checked(server, folder, b"")
    }
}

fn fetch(http: &Http, file: &RemoteFile) -> Result<Vec<u8>, FetchError> {
    let batch = Batch {
        files: vec![file.clone()],
        n_threads: 1,
        force: false,
    };
    batch.run(http, &Silent)?;
    Ok(fs::read(&file.target).unwrap())
}

/// All files below a folder.
fn files_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_in(&path));
        } else {
            found.push(path);
        }
    }
    found
}

fn range_start(request: &Request) -> Option<usize> {
    request
        .header("range")?
        .strip_prefix("bytes=")?
        .strip_suffix('-')?
        .parse()
        .ok()
}

fn server(answers: impl Fn(usize) -> Answer + Send + Sync + 'static) -> TestServer {
    TestServer::start(move |_, nth| answers(nth))
}

#[test]
fn a_cut_connection_is_gone_on_with_where_it_broke() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(0);
    let sent = body.clone();
    let server = server(move |nth| {
        let file = Answer::file(sent.clone(), "\"v1\"");
        if nth < 2 { file.cut_after(100_000) } else { file }
    });
    // Two tries are enough, since each brings something.
    let (http, pauses) = client(2);
    assert_eq!(
        fetch(&http, &checked(&server, folder.path(), &body)).unwrap(),
        body
    );
    let log = server.requests("GET", "/f");
    let starts: Vec<_> = log.iter().map(range_start).collect();
    assert_eq!(starts, [None, Some(100_000), Some(200_000)]);
    assert_eq!(log[1].header("if-range"), Some("\"v1\""));
    assert_eq!(pauses.lock().unwrap().len(), 2);
    assert_eq!(
        files_in(folder.path()),
        [folder.path().join("deep/f.bin")],
        "nothing is left over"
    );
}

#[test]
fn a_part_of_an_earlier_process_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(0);
    let sent = body.clone();
    let server = server(move |_| Answer::file(sent.clone(), "\"v1\""));
    let file = unchecked(&server, folder.path());
    fs::create_dir_all(file.target.parent().unwrap()).unwrap();
    fs::write(folder.path().join("deep/f.bin.part"), &body[..1234]).unwrap();
    fs::write(folder.path().join("deep/f.bin.part.etag"), "\"v1\"").unwrap();
    assert_eq!(fetch(&client(1).0, &file).unwrap(), body);
    assert_eq!(range_start(&server.log()[0]), Some(1234));
}

#[test]
fn a_file_that_changed_in_between_is_not_glued() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = (content(0), content(1));
    let sent = (old.clone(), new.clone());
    let server = server(move |nth| match nth {
        0 => Answer::file(sent.0.clone(), "\"v1\"").cut_after(50_000),
        _ => Answer::file(sent.1.clone(), "\"v2\""),
    });
    // Neither size nor hash would tell.
    assert_eq!(
        fetch(&client(2).0, &unchecked(&server, folder.path())).unwrap(),
        new
    );
    let log = server.log();
    assert_eq!((log.len(), log[1].header("if-range")), (2, Some("\"v1\"")));
}

#[test]
fn a_part_that_nothing_identifies_is_fetched_again() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(0);
    let sent = body.clone();
    let server = server(move |nth| {
        let file = Answer::file(sent.clone(), "W/\"weak\"");
        if nth == 0 { file.cut_after(50_000) } else { file }
    });
    assert_eq!(
        fetch(&client(2).0, &unchecked(&server, folder.path())).unwrap(),
        body
    );
    assert_eq!(range_start(&server.log()[1]), None);
}

#[test]
fn a_server_that_ignores_ranges_is_put_up_with() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(0);
    let sent = body.clone();
    let server = server(move |nth| {
        let file = Answer::file(sent.clone(), "\"v1\"").ignoring_range();
        if nth == 0 { file.cut_after(50_000) } else { file }
    });
    assert_eq!(
        fetch(&client(2).0, &checked(&server, folder.path(), &body)).unwrap(),
        body
    );
    assert_eq!(range_start(&server.log()[1]), Some(50_000));
}

#[test]
fn a_range_that_was_not_asked_for_is_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(0);
    let sent = body.clone();
    let server = server(move |nth| match nth {
        0 => Answer::file(sent.clone(), "\"v1\"").cut_after(50_000),
        1 => Answer::status(206).header("Content-Range", "bytes 7-299999/300000"),
        _ => Answer::file(sent.clone(), "\"v1\""),
    });
    assert_eq!(
        fetch(&client(3).0, &checked(&server, folder.path(), &body)).unwrap(),
        body
    );
    assert_eq!(range_start(&server.log()[2]), None);
}

#[test]
fn wrong_bytes_never_get_the_final_name() {
    let folder = tempfile::tempdir().unwrap();
    let (right, wrong) = (content(0), content(1));
    let server = server(move |_| Answer::file(wrong.clone(), "\"v1\""));
    let error = fetch(&client(3).0, &checked(&server, folder.path(), &right)).unwrap_err();
    assert!(matches!(error, FetchError::Hash { .. }), "{error}");
    assert!(error.to_string().contains(&sha256(&right)), "{error}");
    assert_eq!(server.log().len(), 2, "once more from the start, then no more");
    assert!(files_in(folder.path()).is_empty());
}

#[test]
fn a_damaged_part_is_healed_by_a_second_download() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(0);
    let sent = body.clone();
    let server = server(move |_| Answer::file(sent.clone(), "\"v1\""));
    let file = checked(&server, folder.path(), &body);
    fs::create_dir_all(file.target.parent().unwrap()).unwrap();
    fs::write(folder.path().join("deep/f.bin.part"), vec![0; 1234]).unwrap();
    assert_eq!(fetch(&client(1).0, &file).unwrap(), body);
    let starts: Vec<_> = server.log().iter().map(range_start).collect();
    assert_eq!(starts, [Some(1234), None]);
}

#[test]
fn a_part_longer_than_the_file_is_thrown_away() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(0);
    let sent = body.clone();
    let server = server(move |_| Answer::file(sent.clone(), "\"v1\""));
    let file = checked(&server, folder.path(), &body);
    fs::create_dir_all(file.target.parent().unwrap()).unwrap();
    fs::write(folder.path().join("deep/f.bin.part"), vec![0; 300_001]).unwrap();
    assert_eq!(fetch(&client(1).0, &file).unwrap(), body);
}

#[test]
fn a_web_page_is_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let page = server(|_| Answer::page("<html>Please log in</html>"));
    for file in [
        checked(&page, folder.path(), &content(0)),
        unchecked(&page, folder.path()),
    ] {
        let error = fetch(&client(2).0, &file).unwrap_err();
        assert!(matches!(error, FetchError::WebPage { .. }), "{error}");
        assert!(!file.target.exists());
    }
    let body = content(0);
    let sent = body.clone();
    let busy = server(move |nth| match nth {
        0 => Answer::page("<html>We are busy</html>"),
        _ => Answer::file(sent.clone(), "\"v1\""),
    });
    assert_eq!(
        fetch(&client(2).0, &unchecked(&busy, folder.path())).unwrap(),
        body
    );
}

#[test]
fn another_size_is_told_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(|_| Answer::file(vec![1; 999], "\"v1\""));
    let error = fetch(&client(2).0, &checked(&server, folder.path(), &content(0))).unwrap_err();
    assert!(
        error.to_string().contains("has 999 bytes, expected 300000"),
        "{error}"
    );
}

#[test]
fn a_silent_server_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(0);
    let sent = body.clone();
    let server = server(move |nth| {
        let file = Answer::file(sent.clone(), "\"v1\"");
        match nth {
            0 => file.after(Duration::from_millis(900)),
            1 => file.paced(70_000, Duration::from_millis(900)),
            _ => file,
        }
    });
    let (http, pauses) = client(3);
    assert_eq!(
        fetch(&http, &checked(&server, folder.path(), &body)).unwrap(),
        body
    );
    assert_eq!(pauses.lock().unwrap().len(), 2);
    assert!(
        range_start(&server.log()[2]).is_some_and(|start| start >= 70_000),
        "what came was kept"
    );
    let dead = TestServer::start(|_, _| Answer::status(200).after(Duration::from_millis(900)));
    let mut file = checked(&dead, folder.path(), b"x");
    file.target = folder.path().join("other");
    let error = fetch(&client(1).0, &file).unwrap_err().to_string();
    assert!(error.contains("no answer in time"), "{error}");
}

#[test]
fn what_does_not_pass_is_not_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(|_| Answer::status(404));
    let (http, pauses) = client(5);
    let error = fetch(&http, &checked(&server, folder.path(), b"x")).unwrap_err();
    assert!(error.to_string().contains("404 (no such file)"), "{error}");
    assert_eq!((server.log().len(), pauses.lock().unwrap().len()), (1, 0));
}

#[test]
fn busy_servers_are_waited_for_as_long_as_they_ask() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(0);
    let sent = body.clone();
    let server = server(move |nth| match nth {
        0 => Answer::status(429).header("Retry-After", "7"),
        1 => Answer::status(503),
        2 => Answer::status(500),
        _ => Answer::file(sent.clone(), "\"v1\""),
    });
    let (http, pauses) = client(5);
    assert_eq!(
        fetch(&http, &checked(&server, folder.path(), &body)).unwrap(),
        body
    );
    assert_eq!(*pauses.lock().unwrap(), [7, 2, 4]);
}

#[test]
fn a_server_that_stays_busy_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(|_| Answer::status(503));
    let error = fetch(&client(3).0, &checked(&server, folder.path(), b"x")).unwrap_err();
    assert!(
        error.to_string().contains("503 (the server has a problem"),
        "{error}"
    );
    assert_eq!(server.log().len(), 3);
}

#[test]
fn nobody_at_the_address_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(|_| Answer::status(200));
    let mut file = checked(&server, folder.path(), b"x");
    drop(server);
    let error = fetch(&client(2).0, &file).unwrap_err().to_string();
    assert!(
        error.contains("no connection") && error.contains("after 2 tries"),
        "{error}"
    );
    file.url = "ftp://host/f".into();
    assert!(
        fetch(&client(2).0, &file)
            .unwrap_err()
            .to_string()
            .contains("expected http")
    );
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(0);
    let sent = body.clone();
    let server = TestServer::start(move |request, _| match request.path.as_str() {
        "/2" | "/4" => Answer::status(404),
        _ => Answer::file(sent.clone(), "\"v1\""),
    });
    let files: Vec<RemoteFile> = (0..8)
        .map(|k| RemoteFile {
            url: server.url(&format!("/{k}")),
            target: folder.path().join(format!("f{k}")),
            ..checked(&server, folder.path(), &body)
        })
        .collect();
    let batch = Batch {
        files,
        n_threads: 3,
        force: false,
    };
    let (http, _) = client(2);
    let error = batch.run(&http, &Silent).unwrap_err().to_string();
    assert!(
        error.starts_with("2 of 8 files failed") && error.contains("/2"),
        "{error}"
    );
    assert_eq!(files_in(folder.path()).len(), 6);
    let before = server.log().len();
    assert!(batch.run(&http, &Silent).is_err());
    assert_eq!(
        server.log().len() - before,
        2,
        "only what is missing is asked for again"
    );
}

#[test]
fn a_download_that_does_not_fit_is_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(|_| Answer::status(200));
    let mut file = checked(&server, folder.path(), b"x");
    file.bytes = Some(1 << 60);
    let error = fetch(&client(1).0, &file).unwrap_err();
    assert!(matches!(error, FetchError::NoSpace { .. }), "{error}");
    assert!(server.log().is_empty() && files_in(folder.path()).is_empty());
}

/// An answer with its length unsaid: it ends with the connection.
fn of_unstated_length(body: Vec<u8>) -> Answer {
    Answer::file(body, "\"v1\"").without_length()
}

#[test]
fn a_file_of_unstated_size_has_a_cap() {
    let folder = tempfile::tempdir().unwrap();
    let small = server(|_| of_unstated_length(content(0)[..100_000].to_vec()));
    let file = unchecked(&small, folder.path());
    assert_eq!(fetch(&client(1).0, &file).unwrap(), content(0)[..100_000]);
    let large = server(|_| of_unstated_length(content(0)));
    let mut file = unchecked(&large, folder.path());
    file.target = folder.path().join("other");
    let error = fetch(&client(3).0, &file).unwrap_err().to_string();
    assert!(error.contains("more than 200000 bytes"), "{error}");
    assert_eq!(large.log().len(), 1, "asking again would not help");
    assert_eq!(files_in(folder.path()), [folder.path().join("deep/f.bin")]);
}

#[test]
fn a_stated_size_beyond_the_disk_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server =
        server(|_| Answer::file("abc", "\"v1\"").header("Content-Length", (1_u64 << 62).to_string()));
    let error = fetch(&client(3).0, &unchecked(&server, folder.path())).unwrap_err();
    assert!(matches!(error, FetchError::NoSpace { .. }), "{error}");
}

#[test]
fn a_server_that_drips_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let body = content(0);
    let sent = body.clone();
    let server = server(move |_| Answer::file(sent.clone(), "\"v1\"").paced(10, Duration::from_millis(50)));
    let error = fetch(&client(2).0, &checked(&server, folder.path(), &body))
        .unwrap_err()
        .to_string();
    assert!(error.contains("less than 1024 bytes a second"), "{error}");
    assert_eq!(server.log().len(), 2);
}
