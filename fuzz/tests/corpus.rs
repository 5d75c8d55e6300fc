//! Every target over its files and some mutations of them, as a plain test.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lpp_fuzz::{CountingAllocator, Mutator, Outcome, Seeds, check, targets};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Inputs of each target: a few seconds altogether.
const INPUTS: usize = 400;

// One test, since the allocator counts for the whole process.
#[test]
fn readers_stand_damage() {
    let mut wrong = Vec::new();
    for target in targets() {
        let folder = tempfile::tempdir().unwrap();
        (target.beside)(folder.path()).unwrap();
        let seeds = Seeds::of(&target);
        assert_ne!(seeds.files().len(), 0, "{}", target.name);
        let mut mutator = Mutator::new(20_240_607);
        let damaged = (0..INPUTS).map(|_| mutator.damaged(&seeds));
        let inputs = seeds.files().map(<[u8]>::to_vec).chain(damaged);
        let mut n_read = 0;
        for (n, input) in inputs.enumerate() {
            match check(&target, folder.path(), &input) {
                Ok(Outcome::Read) if n < seeds.files().len() => n_read += 1,
                Ok(_) => {}
                Err(failure) => wrong.push(format!("{}, input {n}: {failure}", target.name)),
            }
        }
        // A target whose undamaged files are refused would test little.
        if n_read == 0 {
            wrong.push(format!("{} reads none of its undamaged files", target.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_target_has_a_name_of_its_own() {
    let mut names: Vec<_> = targets().iter().map(|target| target.name).collect();
    names.sort_unstable();
    let n_targets = names.len();
    names.dedup();
    assert_eq!(names.len(), n_targets, "a target is chosen by its name");
}

#[test]
fn a_seed_gives_the_same_damage() {
    let targets = targets();
    let target = targets.iter().find(|target| target.name == "joblib").unwrap();
    let seeds = Seeds::of(target);
    let draw = |seed: u64| {
        let mut mutator = Mutator::new(seed);
        (0..20).map(|_| mutator.damaged(&seeds)).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
}
