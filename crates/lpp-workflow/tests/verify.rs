//! What `verify` says of a study whose records, files or folders are not what they should be.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use lpp_files::write_atomically;
use lpp_steps::{Artefact, Making, Provenance, Software};
use lpp_study::Study;
use lpp_workflow::Verification;

const SOFTWARE: Software = Software {
    program: "lpp-test",
    version: "0.0.0",
    commit: None,
};

/// A study whose files were made from each other.
struct Toy(tempfile::TempDir);

impl Toy {
    fn new() -> Self {
        let toy = Self(tempfile::tempdir().unwrap());
        toy.write("masks/own.nii.gz", "mask");
        toy.write("words_en.csv", "words");
        toy.make("scores/a_en.npy", &["masks/own.nii.gz", "words_en.csv"]);
        toy.write("scores/a_en.json", "{\"model\": \"a\"}");
        for table in ["results/t_en.csv", "figures/f_en.svg", "report/report.html"] {
            toy.make(table, &["scores/a_en.npy"]);
        }
        toy
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        write_atomically(&self.at(name), text.as_bytes()).unwrap();
    }

    fn make(&self, name: &str, inputs: &[&str]) {
        self.write(name, name);
        let artefact = Artefact::new(self.at(name)).inputs(inputs.iter().map(|input| self.at(input)));
        Making::of(SOFTWARE, artefact).unwrap().finish().unwrap();
    }

    fn record(&self, name: &str) -> PathBuf {
        Provenance::path_of(&self.at(name))
    }

    fn verified(&self) -> Verification {
        Verification::of(&Study::open(self.0.path()).unwrap()).unwrap()
    }

    fn differences(&self) -> String {
        self.verified().differences.join("\n")
    }
}

#[test]
fn a_sound_study_has_no_difference_and_lists_what_is_the_users_own() {
    let found = Toy::new().verified();
    assert_eq!(found.differences, Vec::<String>::new());
    assert_eq!(found.n_artefacts, 4);
    let own: Vec<&Path> = found.own_inputs.iter().map(PathBuf::as_path).collect();
    assert_eq!(own, [Path::new("masks/own.nii.gz"), Path::new("words_en.csv")]);
}

#[test]
fn a_record_that_cannot_be_read_is_a_difference_wherever_it_is() {
    let damages: [fn(&Path); 5] = [
        |record| fs::write(record, "").unwrap(),
        |record| fs::write(record, &fs::read(record).unwrap()[..200]).unwrap(),
        |record| fs::write(record, "{}").unwrap(),
        |record| fs::write(record, [0xff, 0xfe, 0]).unwrap(),
        |record| {
            fs::remove_file(record).unwrap();
            fs::create_dir(record).unwrap();
        },
    ];
    for name in [
        "scores/a_en.npy",
        "results/t_en.csv",
        "figures/f_en.svg",
        "report/report.html",
    ] {
        for (n, damage) in damages.iter().enumerate() {
            let toy = Toy::new();
            damage(&toy.record(name));
            let differences = toy.differences();
            // Scores without a record may be the user's own, and a folder is none.
            let own = name.starts_with("scores") && n == 4;
            assert_eq!(
                differences.contains(name),
                !own,
                "{name}, damage {n}: {differences}"
            );
        }
    }
}

#[test]
fn a_record_of_a_program_that_was_ended_is_a_difference() {
    let toy = Toy::new();
    let record = toy.record("scores/a_en.npy");
    let text = fs::read_to_string(&record).unwrap();
    let hash = lpp_files::sha256_of_bytes(b"scores/a_en.npy");
    assert!(text.contains(&hash));
    fs::write(&record, text.replace(&hash, "")).unwrap();
    assert!(
        toy.differences()
            .contains("scores/a_en.npy: lpp-test 0.0.0 was killed while making it")
    );
}

#[test]
fn what_programs_alone_make_needs_a_record() {
    for name in ["results/t_en.csv", "figures/f_en.svg", "report/report.html"] {
        let toy = Toy::new();
        fs::remove_file(toy.record(name)).unwrap();
        assert!(
            toy.differences().contains(&format!("{name}: no record")),
            "{}",
            toy.differences()
        );
    }
    for name in ["results/new.parquet", "figures/sub/new.png", "report/data.js"] {
        let toy = Toy::new();
        toy.write(name, "x");
        assert!(toy.differences().contains(name), "{}", toy.differences());
    }
}

#[test]
fn what_a_log_or_a_step_names_as_its_output_is_not_the_users_own() {
    let end = |status: &str| {
        format!(
            "{{\"time_s\":1.0,\"event\":\"end\",\"step\":\"fit:a:en\",\"status\":\"{status}\",\"wall_s\":1.0,\
             \"peak_memory_bytes\":1,\"outputs\":[\"scores/a_en.npy\"]}}\nhalf a li"
        )
    };
    for (status, differs) in [("exit 0", true), ("exit 1", false)] {
        let toy = Toy::new();
        fs::remove_file(toy.record("scores/a_en.npy")).unwrap();
        assert!(toy.verified().own_inputs.contains(&"scores/a_en.npy".into()));
        toy.write("run/log.jsonl", &end(status));
        assert_eq!(toy.differences().contains("scores/a_en.npy: no record"), differs);
    }

    // A download has no record of its own, its step has.
    let toy = Toy::new();
    toy.write("activations/got.safetensors", "abc");
    let sha256 = lpp_files::sha256_of_bytes(b"abc");
    let record = format!(
        "{{\"step\": \"fetch:model\", \"version\": \"0\", \"arguments\": [], \"inputs\": [], \"outputs\": \
         [{{\"path\": \"activations/got.safetensors\", \"bytes\": 3, \"sha256\": \"{sha256}\"}}]}}"
    );
    toy.write("run/done/fetch_model.json", &record);
    assert_eq!(toy.differences(), "");
    assert!(
        !toy.verified()
            .own_inputs
            .contains(&"activations/got.safetensors".into())
    );
    toy.write("activations/got.safetensors", "abd");
    assert!(
        toy.differences()
            .contains("changed after the step fetch:model made it")
    );
    for damaged in ["", &record[..40], "[]"] {
        toy.write("run/done/fetch_model.json", damaged);
        assert!(
            toy.differences()
                .contains("run/done/fetch_model.json: not a valid record"),
            "{}",
            toy.differences()
        );
    }
}

#[test]
fn links_loops_and_pipes_come_to_an_end_and_are_named() {
    let toy = Toy::new();
    let before = toy.verified();
    symlink(".", toy.at("a")).unwrap();
    symlink(".", toy.at("b")).unwrap();
    symlink("../results", toy.at("scores/loop")).unwrap();
    symlink("nowhere", toy.at("masks/dangling.nii.gz")).unwrap();
    symlink(toy.at("words_en.csv"), toy.at("activations_linked.csv")).unwrap();
    for pipe in [
        "results/x.json",
        "results/t_en.csv.json.pipe",
        "masks/pipe.nii.gz",
    ] {
        rustix::fs::mkfifoat(rustix::fs::CWD, toy.at(pipe), rustix::fs::Mode::RWXU).unwrap();
    }
    let found = toy.verified();
    assert_eq!(found.differences, before.differences);
    assert_eq!(
        (found.n_artefacts, &found.own_inputs),
        (before.n_artefacts, &before.own_inputs)
    );
    let names = |paths: &[PathBuf]| {
        paths
            .iter()
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>()
    };
    let mut links = names(&found.links);
    links.sort();
    assert_eq!(links, ["a", "activations_linked.csv", "b", "scores/loop"]);
    let mut odd = names(&found.odd_files);
    odd.sort();
    assert_eq!(
        odd,
        [
            "masks/dangling.nii.gz",
            "masks/pipe.nii.gz",
            "results/t_en.csv.json.pipe",
            "results/x.json"
        ]
    );
}

#[test]
fn inputs_and_outputs_that_became_something_else_are_differences() {
    let toy = Toy::new();
    fs::remove_file(toy.at("words_en.csv")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, toy.at("words_en.csv"), rustix::fs::Mode::RWXU).unwrap();
    assert!(
        toy.differences()
            .contains("scores/a_en.npy: made from a different words_en.csv")
    );
    let toy = Toy::new();
    toy.write("elsewhere.csv", "other words");
    fs::remove_file(toy.at("words_en.csv")).unwrap();
    symlink("elsewhere.csv", toy.at("words_en.csv")).unwrap();
    assert!(
        toy.differences()
            .contains("scores/a_en.npy: made from a different words_en.csv")
    );
    let toy = Toy::new();
    fs::remove_file(toy.at("words_en.csv")).unwrap();
    assert_eq!(toy.differences(), "");
    assert_eq!(toy.verified().missing_inputs.len(), 1);
}

#[test]
fn what_programs_use_is_checked_behind_links_to_hidden_and_other_folders() {
    let outside = tempfile::tempdir().unwrap();
    for hidden in ["results", "report", "figures", "scores"] {
        for target in [
            PathBuf::from(format!(".{hidden}")),
            outside.path().join(hidden),
            "mine".into(),
        ] {
            let toy = Toy::new();
            let sound = toy.verified();
            let _ = fs::remove_dir_all(toy.0.path().join(&target));
            fs::create_dir_all(toy.0.path().join(&target).parent().unwrap()).unwrap();
            let moved = |from: &Path, to: &Path| {
                fs::create_dir_all(to).unwrap();
                for entry in fs::read_dir(from).unwrap() {
                    let entry = entry.unwrap();
                    fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
                }
                fs::remove_dir_all(from).unwrap();
            };
            moved(&toy.at(hidden), &toy.0.path().join(&target));
            symlink(&target, toy.at(hidden)).unwrap();
            let found = toy.verified();
            assert_eq!(
                (found.n_artefacts, &found.own_inputs, found.links.len()),
                (sound.n_artefacts, &sound.own_inputs, 1),
                "{hidden}"
            );
            assert_eq!(found.differences, Vec::<String>::new());
            assert_eq!(found.missing_inputs, Vec::<PathBuf>::new());
            for entry in fs::read_dir(toy.at(hidden)).unwrap() {
                let path = entry.unwrap().path();
                let name = path.strip_prefix(toy.0.path()).unwrap().display().to_string();
                if path.extension().is_none_or(|ending| ending != "json") {
                    fs::write(&path, "changed").unwrap();
                    assert!(
                        toy.differences().contains(&format!("{name}: changed after")),
                        "{name}"
                    );
                }
            }
        }
    }
}

#[test]
fn links_inside_of_what_programs_use_are_followed_once_and_never_to_the_study_itself() {
    let toy = Toy::new();
    fs::create_dir(toy.at(".hidden")).unwrap();
    fs::write(toy.at(".hidden/t_en.csv"), "x").unwrap();
    symlink("../.hidden", toy.at("results/more")).unwrap();
    symlink("../../.hidden", toy.at(".hidden/loop")).unwrap();
    assert_eq!(
        toy.differences(),
        "results/more/t_en.csv: no record of how it was made; remake it"
    );
    for up in [".", ".."] {
        let toy = Toy::new();
        fs::remove_dir_all(toy.at("figures")).unwrap();
        symlink(up, toy.at("figures")).unwrap();
        assert!(
            toy.differences()
                .contains("figures: found a link to a folder that has the study in it"),
            "{}",
            toy.differences()
        );
    }
}

#[test]
fn an_output_of_a_step_that_the_walk_does_not_meet_is_checked() {
    let toy = Toy::new();
    fs::create_dir(toy.at(".own")).unwrap();
    fs::write(toy.at(".own/got.safetensors"), "abd").unwrap();
    let output = |name: &str| {
        let sha256 = lpp_files::sha256_of_bytes(b"abc");
        format!("{{\"path\": \"{name}\", \"bytes\": 3, \"sha256\": \"{sha256}\"}}")
    };
    let outputs = [output(".own/got.safetensors"), output(".own/gone")].join(", ");
    let record = format!(
        "{{\"step\": \"fetch:model\", \"version\": \"0\", \"arguments\": [], \"inputs\": [], \"outputs\": [{outputs}]}}"
    );
    toy.write("run/done/fetch_model.json", &record);
    let found = toy.verified();
    assert_eq!(
        found.differences,
        [".own/got.safetensors: changed after the step fetch:model made it"]
    );
    assert_eq!(found.missing_inputs, [PathBuf::from(".own/gone")]);
}

#[test]
fn a_record_that_names_a_file_without_end_is_a_difference_at_once() {
    let start = std::time::Instant::now();
    let toy = Toy::new();
    let record = toy.record("results/t_en.csv");
    let text = fs::read_to_string(&record).unwrap();
    let mut made: serde_json::Value = serde_json::from_str(&text).unwrap();
    fs::File::create(toy.at("sparse"))
        .unwrap()
        .set_len(1 << 40)
        .unwrap();
    let input = |path: &str| serde_json::json!({ "path": path, "bytes": 1, "sha256": "0" });
    made["inputs"] = ["/proc/self/pagemap", "/dev/zero", "sparse"]
        .map(input)
        .to_vec()
        .into();
    fs::write(&record, made.to_string()).unwrap();
    let differences = toy.differences();
    for name in ["/proc/self/pagemap", "/dev/zero", "sparse"] {
        assert!(
            differences.contains(&format!("made from a different {name}")),
            "{differences}"
        );
    }
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn a_name_makes_no_line_of_its_own() {
    let toy = Toy::new();
    toy.write("results/x\n0 differences\n.csv", "x");
    let found = toy.verified();
    assert_eq!(found.lines().len(), 1 + found.own_inputs.len() + 1, "{found:?}");
}
