//! Models from a hub on the loopback, with the faults of real ones.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests panic where a test should fail"
)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use lpp_fetch::{
    Content, FetchError, Http, HttpParams, Hub, HubCache, HubSettings, ModelJob, PublishedModel, RepoId,
    RetryPolicy, Token, VerifyJob,
};
use lpp_files::Silent;
use lpp_testkit::{Answer, FakeHub, FakeRepo, TestServer, git_sha1, sha256};

const WEIGHTS: &[u8] = &[7; 200_000];

fn client() -> Http {
    let retry = RetryPolicy::default().with_tries(3).with_sleep(|_| {});
    let params = HttpParams {
        silence: Duration::from_secs(5),
        retry,
        ..HttpParams::default()
    };
    Http::new(params).unwrap()
}

fn hub(fake: &FakeHub, cache: &Path, token: Option<&str>) -> Hub {
    let settings = HubSettings {
        endpoint: fake.endpoint(),
        cache: HubCache::new(cache),
        token: token.and_then(Token::new),
        offline: false,
    };
    Hub::new(client(), settings)
}

fn offline(fake: &FakeHub, cache: &Path) -> Hub {
    let online = hub(fake, cache, None);
    let settings = HubSettings {
        offline: true,
        ..online.settings().clone()
    };
    Hub::new(client(), settings)
}

fn gpt2() -> FakeRepo {
    FakeRepo::new("openai-community/gpt2", 'a', &["main"])
        .file("config.json", "{}")
        .file("tokenizer.json", r#"{"version": "1.0"}"#)
        .file("model.safetensors", WEIGHTS)
        .file("pytorch_model.bin", "not wanted")
        .file("tf_model.h5", "not wanted")
        .file("README.md", "not wanted")
}

fn id(name: &str) -> RepoId {
    name.parse().unwrap()
}

fn fetch(hub: &Hub, repo: &str, revision: &str) -> Result<std::path::PathBuf, FetchError> {
    hub.fetch(&id(repo), revision, Content::Model, 2, &Silent)
}

#[test]
fn a_model_lies_in_the_cache_as_python_has_it() {
    let cache = tempfile::tempdir().unwrap();
    let fake = FakeHub::start(vec![gpt2()]);
    let folder = fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap();
    let repository = cache.path().join("models--openai-community--gpt2");
    assert_eq!(folder, repository.join("snapshots").join("a".repeat(40)));
    assert_eq!(
        fs::read_to_string(repository.join("refs/main")).unwrap(),
        "a".repeat(40)
    );
    let link = fs::read_link(folder.join("model.safetensors")).unwrap();
    assert_eq!(link, Path::new("../../blobs").join(sha256(WEIGHTS)));
    let small = fs::read_link(folder.join("config.json")).unwrap();
    assert_eq!(small, Path::new("../../blobs").join(git_sha1(b"{}")));
    assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), WEIGHTS);
    let names: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(names.len(), 3, "nothing that no program reads: {names:?}");
}

#[test]
fn what_is_in_the_cache_is_not_fetched_again() {
    let cache = tempfile::tempdir().unwrap();
    let fake = FakeHub::start(vec![gpt2()]);
    let job = ModelJob {
        model: PublishedModel::find("gpt2", None).unwrap(),
        content: Content::Model,
        n_threads: 2,
        refresh: false,
    };
    let first = job.run(&hub(&fake, cache.path(), None), &Silent).unwrap();
    let requests = fake.hub.log().len() + fake.storage.log().len();
    let second = job.run(&hub(&fake, cache.path(), None), &Silent).unwrap();
    assert_eq!(first, second);
    assert_eq!(
        fake.hub.log().len() + fake.storage.log().len(),
        requests,
        "no network at all"
    );
    let refreshed = ModelJob {
        refresh: true,
        ..job.clone()
    };
    refreshed.run(&hub(&fake, cache.path(), None), &Silent).unwrap();
    assert_eq!(
        fake.hub.log().len(),
        requests,
        "the commit is looked up and is the same"
    );
    assert_eq!(job.run(&offline(&fake, cache.path()), &Silent).unwrap(), first);
}

#[test]
fn a_newer_commit_is_found_and_shares_what_did_not_change() {
    let cache = tempfile::tempdir().unwrap();
    let newer = {
        let mut repo = gpt2().file("config.json", r#"{"new": 1}"#);
        repo.commit = "b".repeat(40);
        repo
    };
    fetch(
        &hub(&FakeHub::start(vec![gpt2()]), cache.path(), None),
        "openai-community/gpt2",
        "main",
    )
    .unwrap();
    let fake = FakeHub::start(vec![newer]);
    let folder = fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap();
    assert!(folder.ends_with("b".repeat(40)));
    assert_eq!(
        fs::read_to_string(folder.join("config.json")).unwrap(),
        r#"{"new": 1}"#
    );
    assert!(
        fake.storage.log().is_empty(),
        "the weights were there under their hash"
    );
}

#[test]
fn shards_are_those_of_the_index() {
    let cache = tempfile::tempdir().unwrap();
    let repo = FakeRepo::new("facebook/opt-6.7b", 'c', &["main"])
        .file("config.json", "{}")
        .file("vocab.json", "{}")
        .file("merges.txt", "a b")
        .file(
            "pytorch_model.bin.index.json",
            r#"{"weight_map": {"x": "pytorch_model-00001-of-00002.bin",
            "y": "pytorch_model-00002-of-00002.bin", "z": "pytorch_model-00001-of-00002.bin"}}"#,
        )
        .file("pytorch_model-00001-of-00002.bin", "one")
        .file("pytorch_model-00002-of-00002.bin", "two")
        .file("pytorch_model-00003-of-00003.bin", "of another split");
    let fake = FakeHub::start(vec![repo]);
    let folder = fetch(&hub(&fake, cache.path(), None), "facebook/opt-6.7b", "main").unwrap();
    assert_eq!(
        fs::read_to_string(folder.join("pytorch_model-00002-of-00002.bin")).unwrap(),
        "two"
    );
    assert_eq!(fake.storage.log().len(), 2);
    // Without one shard the cache is not complete.
    let found = |cache: &Path| HubCache::new(cache).find(&id("facebook/opt-6.7b"), "main", Content::Model);
    assert!(found(cache.path()).is_ok());
    fs::remove_file(folder.join("pytorch_model-00002-of-00002.bin")).unwrap();
    assert!(found(cache.path()).unwrap_err().contains("00002-of-00002"));
}

#[test]
fn an_index_that_leads_elsewhere_is_refused() {
    let cache = tempfile::tempdir().unwrap();
    let repo = FakeRepo::new("evil/model", 'e', &["main"])
        .file("config.json", "{}")
        .file(
            "model.safetensors.index.json",
            r#"{"weight_map": {"x": "../../../secret"}}"#,
        );
    let fake = FakeHub::start(vec![repo]);
    let error = fetch(&hub(&fake, cache.path(), None), "evil/model", "main")
        .unwrap_err()
        .to_string();
    assert!(error.contains("not a plain file name"), "{error}");
}

#[test]
fn a_training_step_takes_the_tokenizer_of_the_finished_model() {
    let cache = tempfile::tempdir().unwrap();
    let fake = FakeHub::start(vec![
        FakeRepo::new("EleutherAI/pythia-6.9b", '1', &["main"])
            .file("config.json", "{}")
            .file("tokenizer.json", r#"{"version": "1.0"}"#)
            .file("model.safetensors", "final"),
        FakeRepo::new("EleutherAI/pythia-6.9b", '2', &["step1000"])
            .file("config.json", "{}")
            .file("pytorch_model.bin", "early"),
    ]);
    let job = ModelJob {
        model: PublishedModel::find("pythia-6.9b", Some("step1000")).unwrap(),
        content: Content::Model,
        n_threads: 1,
        refresh: false,
    };
    let located = job.run(&hub(&fake, cache.path(), None), &Silent).unwrap();
    assert_eq!(located.commit.as_deref(), Some("2".repeat(40).as_str()));
    assert_eq!(
        fs::read_to_string(located.folder.join("pytorch_model.bin")).unwrap(),
        "early"
    );
    assert!(
        located.tokenizer.ends_with("1".repeat(40)) && located.tokenizer.join("tokenizer.json").is_file()
    );
    assert!(fake.storage.requests("GET", &sha256(b"final")).is_empty());
}

#[test]
fn an_untrained_twin_needs_no_weights() {
    let cache = tempfile::tempdir().unwrap();
    let fake = FakeHub::start(vec![gpt2()]);
    let hub = hub(&fake, cache.path(), None);
    let repo = id("openai-community/gpt2");
    let folder = hub
        .fetch(&repo, "main", Content::WithoutWeights, 1, &Silent)
        .unwrap();
    assert!(folder.join("tokenizer.json").is_file() && !folder.join("model.safetensors").exists());
    assert!(
        hub.settings()
            .cache
            .find(&repo, "main", Content::WithoutWeights)
            .is_ok()
    );
    assert!(hub.settings().cache.find(&repo, "main", Content::Model).is_err());
}

#[test]
fn large_files_are_gone_on_with_where_the_connection_broke() {
    let cache = tempfile::tempdir().unwrap();
    let fake = FakeHub::with_faults(vec![gpt2()], |request, nth| {
        let cut = request.path.starts_with("/files/") && nth == 0;
        cut.then(|| Answer::file(WEIGHTS, "\"x\"").cut_after(70_000))
    });
    let folder = fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap();
    assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), WEIGHTS);
    let log = fake.storage.log();
    assert_eq!((log.len(), log[1].header("range")), (2, Some("bytes=70000-")));
}

#[test]
fn what_python_began_is_finished() {
    let cache = tempfile::tempdir().unwrap();
    let fake = FakeHub::start(vec![gpt2()]);
    let blobs = cache.path().join("models--openai-community--gpt2/blobs");
    fs::create_dir_all(&blobs).unwrap();
    let part = blobs.join(format!("{}.incomplete", sha256(WEIGHTS)));
    fs::write(&part, &WEIGHTS[..12_345]).unwrap();
    fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap();
    assert_eq!(fake.storage.log()[0].header("range"), Some("bytes=12345-"));
    assert!(!part.exists());
}

#[test]
fn wrong_bytes_are_thrown_away_and_no_branch_points_to_them() {
    let cache = tempfile::tempdir().unwrap();
    let fake = FakeHub::with_faults(vec![gpt2()], |request, _| {
        let storage = request.path.starts_with("/files/");
        storage.then(|| Answer::file(vec![8; WEIGHTS.len()], "\"x\""))
    });
    let error = fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap_err();
    assert!(matches!(error, FetchError::Hash { .. }), "{error}");
    let repository = cache.path().join("models--openai-community--gpt2");
    assert!(!repository.join("blobs").join(sha256(WEIGHTS)).exists());
    assert!(!repository.join("refs/main").exists());
    let job = ModelJob {
        model: PublishedModel::find("gpt2", None).unwrap(),
        content: Content::Model,
        n_threads: 1,
        refresh: false,
    };
    let error = job
        .run(&offline(&fake, cache.path()), &Silent)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("not in the cache") && error.contains("HF_HUB_OFFLINE"),
        "{error}"
    );
}

#[test]
fn a_token_stays_with_the_hub() {
    let cache = tempfile::tempdir().unwrap();
    let mut repo = gpt2();
    repo.needs_token = Some("hf_secret".to_owned());
    let fake = FakeHub::start(vec![repo]);
    fetch(
        &hub(&fake, cache.path(), Some("hf_secret")),
        "openai-community/gpt2",
        "main",
    )
    .unwrap();
    let with_token = |server: &TestServer| {
        let log = server.log();
        (
            log.iter().filter(|r| r.header("authorization").is_some()).count(),
            log.len(),
        )
    };
    let (with, all) = with_token(&fake.hub);
    assert!(all > 0 && with == all, "{with} of {all} requests to the hub");
    assert_eq!(with_token(&fake.storage), (0, 1));
}

#[test]
fn a_token_that_left_its_host_does_not_come_back() {
    let cache = tempfile::tempdir().unwrap();
    let home = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let back = std::sync::Arc::clone(&home);
    let other = TestServer::start(move |_, _| Answer::redirect(&format!("{}/back", back.get().unwrap())));
    let away = other.url("/away");
    let first = TestServer::start(move |request, _| match request.path.as_str() {
        "/back" => Answer::json(format!(r#"{{"sha": "{}", "siblings": []}}"#, "a".repeat(40))),
        _ => Answer::redirect(&away),
    });
    home.set(first.url("")).unwrap();
    let settings = HubSettings {
        endpoint: first.url(""),
        cache: HubCache::new(cache.path()),
        token: Token::new("hf_secret"),
        offline: false,
    };
    Hub::new(client(), settings)
        .list(&id("org/name"), "main")
        .unwrap();
    assert!(
        first.requests("GET", "/api/")[0]
            .header("authorization")
            .is_some()
    );
    assert!(other.log()[0].header("authorization").is_none());
    assert!(
        first.requests("GET", "/back")[0]
            .header("authorization")
            .is_none()
    );
}

#[test]
fn refusals_say_what_to_do_and_no_token() {
    let cache = tempfile::tempdir().unwrap();
    let mut gated = gpt2();
    gated.needs_token = Some("hf_right".to_owned());
    let fake = FakeHub::start(vec![
        gated,
        FakeRepo::new("org/empty", 'd', &["main"]).file("README.md", "x"),
    ]);
    let says = |token: Option<&str>, repo: &str, revision: &str| {
        let error = fetch(&hub(&fake, cache.path(), token), repo, revision).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("hf_wrong"), "{text}");
        assert_eq!(error.to_string().lines().count(), 1);
        error.to_string()
    };
    let gated = says(None, "openai-community/gpt2", "main");
    assert!(
        gated.contains("gated; accept its terms") && gated.contains("HF_TOKEN"),
        "{gated}"
    );
    let forbidden = says(Some("hf_wrong"), "openai-community/gpt2", "main");
    assert!(
        forbidden.contains("the account of HF_TOKEN has no access"),
        "{forbidden}"
    );
    assert!(says(None, "org/nothing", "main").contains("no such repository"));
    assert!(says(None, "openai-community/gpt2", "step7").contains("no revision \"step7\""));
    assert!(says(None, "org/empty", "main").contains("no weights at revision"));
}

#[test]
fn statuses_of_the_listing_are_told_apart() {
    let cache = tempfile::tempdir().unwrap();
    let says = |answer: Answer, token: Option<&str>| {
        let fake = FakeHub::with_faults(vec![], move |_, _| Some(answer.clone()));
        fetch(&hub(&fake, cache.path(), token), "org/name", "main")
            .unwrap_err()
            .to_string()
    };
    assert!(says(Answer::status(429), None).contains("too many requests for the hub (429)"));
    assert!(says(Answer::status(401), Some("hf_old")).contains("rejects HF_TOKEN"));
    assert!(says(Answer::status(503), None).contains("503"));
    assert!(says(Answer::page("<html>log in</html>"), None).contains("a web page"));
    assert!(says(Answer::json("{}"), None).contains("no listing of a repository"));
    assert!(says(Answer::json(r#"{"sha": "../..", "siblings": []}"#), None).contains("40 hexadecimal"));
}

#[test]
fn a_file_that_vanished_between_listing_and_download_is_named() {
    let cache = tempfile::tempdir().unwrap();
    let fake = FakeHub::with_faults(vec![gpt2()], |request, _| {
        let gone = request.path.ends_with("/tokenizer.json");
        gone.then(|| Answer::status(404).header("X-Error-Code", "EntryNotFound"))
    });
    let error = fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap_err();
    assert!(error.to_string().contains("no file tokenizer.json"), "{error}");
}

#[test]
fn too_many_requests_are_waited_out() {
    let cache = tempfile::tempdir().unwrap();
    let fake = FakeHub::with_faults(vec![gpt2()], |_, nth| {
        (nth == 0).then(|| Answer::status(429).header("Retry-After", "1"))
    });
    fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap();
}

#[test]
fn a_repository_that_moved_is_followed() {
    let cache = tempfile::tempdir().unwrap();
    let mut repo = gpt2();
    repo.id = "google-bert/bert-base-chinese".to_owned();
    let fake = FakeHub::with_faults(vec![repo], |request, _| {
        let (old, new) = ("/bert-base-chinese/", "/google-bert/bert-base-chinese/");
        let moved = request.path.contains(old) && !request.path.contains(new);
        moved.then(|| Answer::redirect(&request.path.replace(old, new)))
    });
    let folder = fetch(&hub(&fake, cache.path(), None), "bert-base-chinese", "main").unwrap();
    assert!(folder.starts_with(cache.path().join("models--bert-base-chinese")));
    assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), WEIGHTS);
}

#[test]
fn verify_finds_what_rotted_in_the_cache() {
    let cache = tempfile::tempdir().unwrap();
    let fake = FakeHub::start(vec![gpt2()]);
    fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap();
    let verify = || {
        let job = VerifyJob {
            folder: cache.path().to_owned(),
            annotation: cache.path().join("annotation"),
            required: None,
            n_threads: 2,
            program: "lpp-fetch".to_owned(),
        };
        job.run(&Silent).unwrap()
    };
    let good = verify();
    assert_eq!((good.n_good, good.bad.len()), (3, 0));
    let blob = cache
        .path()
        .join("models--openai-community--gpt2/blobs")
        .join(sha256(WEIGHTS));
    let mut rotten = WEIGHTS.to_vec();
    rotten[100] ^= 1;
    fs::write(&blob, rotten).unwrap();
    let report = verify();
    assert_eq!((report.n_good, report.bad.len()), (2, 1));
    assert!(report.bad[0].path == blob && report.bad[0].problem.contains("SHA-256"));
    fs::remove_file(&blob).unwrap();
    assert!(verify().bad[0].problem.contains("a broken link"));
}

/// A mirror that gives every file itself, with the ETag that `etag` makes of its name.
fn mirror(etag: impl Fn(&str) -> String + Send + Sync + 'static) -> FakeHub {
    let files = gpt2().files;
    FakeHub::with_faults(vec![gpt2()], move |request, _| {
        let name = request.path.split("/resolve/").nth(1)?.rsplit('/').next()?;
        Some(Answer::file(files.get(name)?.clone(), &etag(name)))
    })
}

#[test]
fn etags_that_are_no_hashes_are_not_taken_for_contents() {
    for etag in [
        |_: &str| "\"same\"".to_owned(),
        |_: &str| "W/\"6543-10\"".to_owned(),
        |name: &str| format!("\"{}\"", name.len()),
    ] {
        let cache = tempfile::tempdir().unwrap();
        let folder = fetch(
            &hub(&mirror(etag), cache.path(), None),
            "openai-community/gpt2",
            "main",
        )
        .unwrap();
        for (name, content) in gpt2().files {
            if folder.join(&name).exists() {
                assert_eq!(fs::read(folder.join(&name)).unwrap(), content, "{name}");
            }
        }
        assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), WEIGHTS);
    }
}

#[test]
fn a_size_other_than_the_listing_says_is_refused() {
    for content in ["{}  ", "{", ""] {
        let cache = tempfile::tempdir().unwrap();
        let fake = FakeHub::with_faults(vec![gpt2()], move |request, _| {
            let is_config = request.path.contains("/resolve/") && request.path.ends_with("/config.json");
            is_config.then(|| Answer::file(content, "\"config.json\""))
        });
        let error = fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("config.json") && text.contains("expected 2"),
            "{text}"
        );
    }
}

#[test]
fn a_file_of_the_cache_that_was_cut_is_fetched_again() {
    let cache = tempfile::tempdir().unwrap();
    let fake = FakeHub::start(vec![gpt2()]);
    let folder = fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap();
    for name in ["model.safetensors", "config.json", "tokenizer.json"] {
        let whole = fs::read(folder.join(name)).unwrap();
        fs::write(folder.join(name), &whole[..1]).unwrap();
        fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap();
        assert_eq!(fs::read(folder.join(name)).unwrap(), whole, "{name}");
    }
}

#[test]
fn a_mirror_without_head_will_do() {
    for status in [405, 501] {
        let cache = tempfile::tempdir().unwrap();
        let fake = FakeHub::with_faults(vec![gpt2()], move |request, _| {
            (request.method == "HEAD").then(|| Answer::status(status))
        });
        let folder = fetch(&hub(&fake, cache.path(), None), "openai-community/gpt2", "main").unwrap();
        assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), WEIGHTS);
    }
}

#[test]
fn a_refusal_without_a_token_speaks_of_the_token() {
    let text = |token: Option<&str>, answer: fn() -> Answer| {
        let cache = tempfile::tempdir().unwrap();
        let fake = FakeHub::with_faults(vec![], move |_, _| Some(answer()));
        let error = fetch(&hub(&fake, cache.path(), token), "org/tiny", "main").unwrap_err();
        error.to_string()
    };
    let forbidden = || Answer::status(403);
    let gated = || Answer::status(403).header("X-Error-Code", "GatedRepo");
    assert!(text(None, forbidden).contains("none is set"));
    assert!(text(None, gated).contains("set HF_TOKEN"));
    assert!(text(Some("hf_x"), forbidden).contains("account of HF_TOKEN"));
}
