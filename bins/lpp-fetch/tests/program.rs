//! The program from flags to files, with servers on the loopback.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

#[path = "common/authors.rs"]
mod authors;
mod common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use authors::authors;
use common::{from_server, program};
use lpp_testkit::{
    Answer, FakeHub, FakeRepo, TestServer, assert_fails, assert_succeeds, assert_usage_error, fixture, sha256,
};

fn data(study: &Path, server: &TestServer) -> Command {
    let mut command = program();
    command
        .arg("data")
        .arg("--study")
        .arg(study)
        .args(["--base-url", &server.url("/bucket")]);
    command
}

/// A table of the annotation of 190,150 bytes.
const SMALL: &str = "annotation/EN/lppEN_coreference.csv";

#[test]
fn a_dry_run_lists_the_data_set_and_touches_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("new");
    let mut command = program();
    command
        .arg("data")
        .arg("--study")
        .arg(&study)
        .args(["--dry-run", "--lang", "en,fr,cn"]);
    let said = assert_succeeds(&mut command);
    // 1008 runs of 112 subjects and three tables of words.
    assert!(
        said.ends_with("1011 files, 77.3 GB, of which 77.3 GB to download\n"),
        "{}",
        &said[said.len() - 80..]
    );
    assert!(said.contains(
        "derivatives/sub-EN057/func/sub-EN057_task-lppEN_run-15_space-MNIColin27_desc-preproc_bold"
    ));
    assert!(!study.exists());
    let json = assert_succeeds(command.args(["--json", "--kind", "words"]));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["files"].as_array().unwrap().len(), 3);
    assert_eq!(json["files"][1]["bytes"], 1_041_287);
    assert_eq!(json["files"][1]["state"], "missing");
}

#[test]
fn wrong_bytes_and_pages_of_the_bucket_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let choice = ["--kind", "words"];
    let wrong = TestServer::start(|_, _| Answer::file(vec![b'x'; 1_041_287], "\"v1\""));
    let parts = [
        "lppEN_word_information.csv",
        "MD5",
        "expected e157ef21efb92a887656eeba8004e569",
    ];
    assert_fails(data(folder.path(), &wrong).args(choice), &parts);
    let path = wrong.log()[0].path.clone();
    assert_eq!(path, "/bucket/annotation/EN/lppEN_word_information.csv");
    let page = TestServer::start(|_, _| Answer::page("<html>log in</html>"));
    assert_fails(
        data(folder.path(), &page).args(choice),
        &["a web page (text/html"],
    );
    let gone = TestServer::start(|_, _| Answer::status(404));
    assert_fails(data(folder.path(), &gone).args(choice), &["404 (no such file)"]);
    let busy = TestServer::start(|_, _| Answer::status(503));
    assert_fails(data(folder.path(), &busy).args(choice), &["503"]);
    assert_eq!(busy.log().len(), 3);
    let left: Vec<_> = fs::read_dir(folder.path().join("annotation/EN"))
        .unwrap()
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_killed_download_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    // Contents whose MD5 is not the published one: what matters is which bytes are asked for.
    let body = vec![b'y'; 1_041_287];
    let server = TestServer::start(move |_, nth| {
        let file = Answer::file(body.clone(), "\"v1\"");
        if nth == 0 {
            file.paced(100_000, Duration::from_millis(100))
        } else {
            file
        }
    });
    let mut command = data(folder.path(), &server);
    command.args(["--kind", "words", "-q"]);
    let mut child = command.spawn().unwrap();
    let part = folder
        .path()
        .join("annotation/EN/lppEN_word_information.csv.part");
    let size = || fs::metadata(&part).map_or(0, |m| m.len());
    let begun = Instant::now();
    while size() < 150_000 && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    let there = size();
    assert!((150_000..1_041_287).contains(&there), "{there}");
    assert!(
        !part.with_extension("").exists(),
        "no half file under the final name"
    );
    let listed = assert_succeeds(data(folder.path(), &server).args(["--kind", "words", "--dry-run"]));
    assert!(listed.contains(&format!("({there} bytes there)")), "{listed}");
    assert_fails(&mut command, &["MD5"]);
    let log = server.requests("GET", "word_information");
    assert_eq!(log[1].header("range"), Some(format!("bytes={there}-").as_str()));
    assert_eq!(log[1].header("if-range"), Some("\"v1\""));
}

#[test]
fn choices_that_choose_nothing_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let with = |flags: &[&str]| {
        let mut command = program();
        command
            .args(["data", "--dry-run", "--study"])
            .arg(folder.path())
            .args(flags);
        command
    };
    assert_fails(
        &mut with(&["--subject", "EN999"]),
        &["EN999", "49 subjects from EN057 to EN115"],
    );
    assert_fails(&mut with(&["--run", "9"]), &["run \"9\"", "0 to 8"]);
    assert_usage_error(&mut with(&["--lang", "de"]));
    assert_usage_error(&mut with(&["--kind", "everything"]));
    let said = assert_succeeds(&mut with(&[
        "--subject",
        "EN059,sub-EN062",
        "--run",
        "0,8",
        "--kind",
        "derivatives",
    ]));
    assert!(said.contains("4 files"), "{said}");
}

#[test]
fn verify_reads_what_is_there_and_names_what_is_bad() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(SMALL);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, "broken").unwrap();
    let part = file.with_extension("csv.part");
    fs::write(&part, "x").unwrap();
    let mut command = program();
    let verify = command.arg("verify").arg(folder.path());
    assert_fails(verify, &["1 bad and 0 missing"]);
    let said = String::from_utf8(verify.output().unwrap().stdout).unwrap();
    assert!(
        said.contains("lppEN_coreference.csv: 6 bytes, expected 190150"),
        "{said}"
    );
    assert!(said.contains("unfinished:"), "{said}");
    fs::remove_file(&file).unwrap();
    assert_succeeds(verify);
    assert_fails(
        verify.args(["--lang", "en", "--kind", "words"]),
        &["0 bad and 1 missing"],
    );
}

#[test]
fn an_annotation_file_that_is_not_the_corpus_own_is_found() {
    let Some(data) = lpp_testkit::data_folder() else {
        return;
    };
    // The corpus' own file passes, one with a byte more does not.
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("annotation/EN");
    fs::create_dir_all(&target).unwrap();
    let name = "lppEN_word_information.csv";
    let mut file = fs::read(data.join("annotation/EN").join(name)).unwrap();
    fs::write(target.join(name), &file).unwrap();
    assert_succeeds(program().arg("verify").arg(folder.path()));
    file.push(b'\n');
    fs::write(target.join(name), &file).unwrap();
    assert_fails(program().arg("verify").arg(folder.path()), &["1 bad"]);
}

fn precomputed(study: &Path, server: &TestServer) -> Command {
    let mut command = program();
    command
        .arg("precomputed")
        .arg("--study")
        .arg(study)
        .args(["--lang", "fr", "--commit", "abc"]);
    from_server(&mut command, server);
    command
}

#[test]
fn precomputed_files_go_where_the_programs_look() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path();
    let server = authors(None);
    let said = assert_succeeds(&mut precomputed(study, &server));
    assert!(said.starts_with("19 files downloaded, 0 already there"), "{said}");
    for file in [
        "masks/mask_lpp_fr.nii.gz",
        "roi_masks/TP.nii.gz",
        "text/lpp_fr_text.zip",
        "isc/isc_fr.npy",
    ] {
        assert!(study.join(file).is_file(), "{file}");
        assert!(
            study.join(format!("{file}.json")).is_file(),
            "provenance of {file}"
        );
    }
    let array = lpp_files::npy::load_f64_matrix(&study.join("average_subject/fr/run-8.npy")).unwrap();
    let expected = lpp_fmri::load_matrix(&fixture("fmri/joblib/gzip.gz")).unwrap();
    assert_eq!(array, expected);
    // Again: nothing to do.
    let requests = server.log().len();
    assert!(
        assert_succeeds(&mut precomputed(study, &server)).starts_with("0 files downloaded, 19 already there")
    );
    assert_eq!(server.log().len(), requests + 1, "only the listing");
    // All of it is known to verify, and a change is found.
    let mut verify = program();
    verify.arg("verify").arg(study);
    // 19 files as they came, and 10 arrays made from them.
    let good = assert_succeeds(&mut verify);
    assert!(good.contains("29 files good"), "{good}");
    fs::write(study.join("roi_masks/TP.nii.gz"), "TQ").unwrap();
    assert_fails(&mut verify, &["1 bad"]);
    // And it is not overwritten unasked, since it may be a result of one's own.
    assert_fails(&mut precomputed(study, &server), &["TP.nii.gz", "--force"]);
    assert_succeeds(precomputed(study, &server).arg("--force"));
    assert_succeeds(&mut verify);
}

#[test]
fn a_precomputed_file_that_is_not_of_the_commit_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = authors(Some("roi_masks/BA44.nii.gz"));
    assert_fails(
        &mut precomputed(folder.path(), &server),
        &["BA44.nii.gz", "git SHA-1"],
    );
    assert!(!folder.path().join("roi_masks/BA44.nii.gz").exists());
}

#[test]
fn the_pinned_commit_must_have_the_known_files() {
    let folder = tempfile::tempdir().unwrap();
    let server = authors(None);
    let mut command = program();
    command
        .arg("precomputed")
        .arg("--study")
        .arg(folder.path())
        .args(["--lang", "fr"]);
    from_server(&mut command, &server);
    assert_fails(
        &mut command,
        &["AG_TPJ.nii.gz", "not the published file", "f47c2332"],
    );
    assert_fails(
        command.args(["--commit", "abc", "--lang", "cn"]),
        &["no mask_lpp_cn.nii.gz"],
    );
}

fn archive(content: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("glove.6B.50d.txt", zip::write::SimpleFileOptions::default())
        .unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap().into_inner()
}

#[test]
fn glove_is_taken_out_of_its_archive() {
    let folder = tempfile::tempdir().unwrap();
    let zip = archive(b"the 0.1 0.2\n");
    let hash = sha256(&zip);
    let server = TestServer::start(move |_, nth| {
        let file = Answer::file(zip.clone(), "\"v1\"");
        if nth == 0 { file.cut_after(60) } else { file }
    });
    let url = server.url("/glove.6B.zip");
    let glove = |dims: &str| {
        let mut command = program();
        command
            .arg("glove")
            .arg("--study")
            .arg(folder.path())
            .args(["--dims", dims]);
        command.args(["--url", &url, "--sha256", &hash]);
        command
    };
    assert_succeeds(&mut glove("50"));
    let target = folder.path().join("glove/glove.6B.50d.txt");
    assert_eq!(fs::read_to_string(&target).unwrap(), "the 0.1 0.2\n");
    assert!(!folder.path().join("glove/glove.6B.zip").exists());
    assert!(assert_succeeds(&mut glove("50")).contains("up to date"));
    assert_eq!(server.log().len(), 2);
    assert_fails(&mut glove("100"), &["no glove.6B.100d.txt in it"]);
    assert_usage_error(program().args(["glove", "--dims", "7"]));
    let published = assert_succeeds(program().args(["glove", "--dry-run", "--study", "nowhere"]));
    assert!(
        published.contains("862182613") && !Path::new("nowhere").exists(),
        "{published}"
    );
}

fn hub() -> FakeHub {
    let mut gated = FakeRepo::new("meta-llama/Llama-2-7b-hf", 'c', &["main"])
        .file("config.json", "{}")
        .file("tokenizer.json", "{}")
        .file("model.safetensors", "weights");
    gated.needs_token = Some("hf_secret".to_owned());
    let open = FakeRepo::new("openai-community/gpt2", 'a', &["main"])
        .file("config.json", "{}")
        .file("tokenizer.json", "{}")
        .file("model.safetensors", vec![1; 5000]);
    FakeHub::start(vec![gated, open])
}

fn model(hub: &FakeHub, home: &Path) -> Command {
    let mut command = program();
    command
        .arg("model")
        .env("HF_HOME", home)
        .env("HF_ENDPOINT", hub.endpoint());
    command
}

#[test]
fn models_go_into_the_cache() {
    let home = tempfile::tempdir().unwrap();
    let hub = hub();
    let listed = assert_succeeds(model(&hub, home.path()).args(["gpt2", "--dry-run"]));
    assert!(
        listed.contains("3 files, 5.0 kB, of which 5.0 kB to download"),
        "{listed}"
    );
    assert!(!home.path().join("hub").exists());
    let said = assert_succeeds(model(&hub, home.path()).arg("gpt2"));
    let folder = home
        .path()
        .join("hub/models--openai-community--gpt2/snapshots")
        .join("a".repeat(40));
    assert_eq!(said, format!("gpt2: {}\n", folder.display()));
    assert!(assert_succeeds(program().arg("verify").arg(home.path())).contains("files good"));
    // Offline it is found, and nobody is asked.
    let requests = hub.hub.log().len();
    assert_succeeds(model(&hub, home.path()).args(["gpt2", "--offline"]));
    assert_succeeds(model(&hub, home.path()).arg("gpt2").env("HF_HUB_OFFLINE", "1"));
    assert_eq!(hub.hub.log().len(), requests);
    let missing = ["gpt2-xl", "not in the cache", "--offline forbids"];
    assert_fails(model(&hub, home.path()).args(["gpt2-xl", "--offline"]), &missing);
}

#[test]
fn a_token_shows_nowhere_even_when_everything_is_told() {
    let home = tempfile::tempdir().unwrap();
    let hub = hub();
    assert_fails(
        model(&hub, home.path()).arg("Llama-2-7b-hf"),
        &["gated; accept its terms at", "HF_TOKEN"],
    );
    fs::write(home.path().join("token"), "hf_mistaken\n").unwrap();
    let refused = assert_fails(model(&hub, home.path()).arg("Llama-2-7b-hf"), &["has no access"]);
    assert!(!refused.contains("hf_mistaken"));
    let mut command = model(&hub, home.path());
    command
        .args(["Llama-2-7b-hf", "-vv", "--json"])
        .env("HF_TOKEN", "hf_secret")
        .env("RUST_LOG", "trace");
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        output.status.success() && said.contains("Llama-2-7b-hf"),
        "{said}"
    );
    assert!(
        !said.contains("hf_secret") && !said.contains("Signature"),
        "{said}"
    );
    assert!(
        hub.storage
            .log()
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[test]
fn names_that_are_nothing_are_refused_without_a_request() {
    let home = tempfile::tempdir().unwrap();
    let hub = hub();
    assert_fails(
        model(&hub, home.path()).arg("unheard-of"),
        &["unheard-of", "org/name"],
    );
    assert!(hub.hub.log().is_empty());
    assert_fails(
        model(&hub, home.path()).arg("org/nothing"),
        &["no such repository"],
    );
    assert_fails(
        model(&hub, home.path()).args(["gpt2", "--revision", "v9"]),
        &["no revision \"v9\""],
    );
    assert_usage_error(model(&hub, home.path()).args(["--tries", "0", "gpt2"]));
}
