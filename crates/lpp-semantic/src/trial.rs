//! One kind and one seed: the intact study, the damaged one, and the verdict.

use std::fs;
use std::path::{Path, PathBuf};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::answer::Verdict;
use crate::bench::{Bench, Stop, Warning};
use crate::figures::Figures;
use crate::kind::{Kind, Scene};
use crate::study::Study;

/// What became of a study.
struct Carried {
    outcome: Result<Figures, Stop>,
    warnings: Vec<Warning>,
    /// The last command.
    last: String,
    /// An input that is not what it was.
    changed: Option<String>,
}

/// The result of a trial.
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// The command that the verdict is about.
    pub(crate) command: String,
}

/// Where trials run.
pub(crate) struct Lab {
    pub(crate) programs: PathBuf,
    pub(crate) work: PathBuf,
    pub(crate) keep: bool,
}

impl Lab {
    /// Damages the study of a seed and judges what the programs make of it.
    pub(crate) fn trial(&self, kind: &Kind, seed: u64) -> Outcome {
        let wrong = |command: &str, what: String| Outcome {
            verdict: Verdict::Wrong(what),
            command: command.to_owned(),
        };
        let intact = match self.carry(
            kind.scene,
            &(kind.scene.make)(seed),
            &format!("{}-{seed}-intact", kind.name),
        ) {
            Ok(intact) => intact,
            Err(error) => return wrong("", format!("{error:#}")),
        };
        let expected = match intact.outcome {
            Ok(figures) if !figures.is_empty() => figures,
            Ok(_) => return wrong(&intact.last, "the intact study gives no number".to_owned()),
            Err(stop) => return wrong(&intact.last, format!("the intact study: {stop:?}")),
        };
        if let Some(warning) = intact.warnings.iter().find(|w| kind.answer.is_vacuous(&w.line)) {
            return wrong(
                &warning.command,
                format!("the intact study is told the same: {}", warning.line),
            );
        }
        let mut study = (kind.scene.make)(seed);
        (kind.damage)(&mut study, &mut ChaCha8Rng::seed_from_u64(seed ^ hash(kind.name)));
        let damaged = match self.carry(kind.scene, &study, &format!("{}-{seed}", kind.name)) {
            Ok(damaged) => damaged,
            Err(error) => return wrong("", format!("{error:#}")),
        };
        if let Some(changed) = damaged.changed {
            return wrong(&damaged.last, format!("an input was changed: {changed}"));
        }
        let expected = kind
            .expect
            .map_or_else(|| expected.clone(), |expect| expect(&expected, &study));
        let compared = |figures: Figures| {
            if kind.in_part {
                figures.only(|name| expected.get(name).is_some())
            } else {
                figures
            }
        };
        Outcome {
            verdict: kind
                .answer
                .judge(damaged.outcome.map(compared), &damaged.warnings, &expected),
            command: damaged.last,
        }
    }

    /// Writes a study, runs the programs of its scene, and looks whether its files are as they were.
    fn carry(&self, scene: &Scene, study: &Study, name: &str) -> anyhow::Result<Carried> {
        let place = self.work.join(name);
        let folder = place.join(study.given("folder").first().map_or("study", String::as_str));
        fs::create_dir_all(&folder)?;
        let written = study.files.write(&folder)?;
        let mut bench = Bench::new(&self.programs, &folder, &study.flags);
        let outcome = (scene.run)(&mut bench, study);
        let changed = written
            .into_iter()
            .find(|(path, bytes)| differs(&folder.join(path), bytes));
        if !self.keep {
            fs::remove_dir_all(&place)?;
        }
        Ok(Carried {
            outcome,
            warnings: bench.warnings,
            last: bench.last,
            changed: changed.map(|(path, _)| path),
        })
    }
}

fn differs(path: &Path, bytes: &[u8]) -> bool {
    fs::read(path).map_or(true, |now| now != bytes)
}

/// A number from a name, the same on every machine (FNV-1a).
pub(crate) fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    })
}
