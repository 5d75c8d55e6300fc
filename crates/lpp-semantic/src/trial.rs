//! One kind and one seed: the intact study, the damaged one, and the verdict.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

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

/// What the programs make of an intact study, or why it is of no use; empty until somebody has carried it through.
type Intact = Arc<OnceLock<Result<(Figures, Vec<Warning>), String>>>;

/// The result of a trial.
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// The command that the verdict is about.
    pub(crate) command: String,
}

impl Outcome {
    fn wrong(command: &str, what: String) -> Self {
        Self {
            verdict: Verdict::Wrong(what),
            command: command.to_owned(),
        }
    }
}

/// Where trials run.
pub(crate) struct Lab {
    programs: PathBuf,
    work: PathBuf,
    keep: bool,
    /// Intact studies are carried through once for all kinds: by scene and seed.
    intact: Mutex<HashMap<(&'static str, u64), Intact>>,
}

impl Lab {
    pub(crate) fn new(programs: PathBuf, work: PathBuf, keep: bool) -> Self {
        Self {
            programs,
            work,
            keep,
            intact: Mutex::default(),
        }
    }

    /// Damages the study of a seed and judges what the programs make of it.
    pub(crate) fn trial(&self, kind: &Kind, seed: u64) -> Outcome {
        let intact = self.intact(kind.scene, seed);
        let (figures, warnings) = match intact.get() {
            Some(Ok(found)) => found,
            Some(Err(why)) => return Outcome::wrong(kind.scene.name, why.clone()),
            None => {
                return Outcome::wrong(
                    kind.scene.name,
                    "the intact study was not carried through".to_owned(),
                );
            }
        };
        if let Some(warning) = warnings.iter().find(|w| kind.answer.is_vacuous(&w.line)) {
            let what = format!("the intact study is told the same: {}", warning.line);
            return Outcome::wrong(&warning.command, what);
        }
        let mut study = (kind.scene.make)(seed);
        (kind.damage)(&mut study, &mut ChaCha8Rng::seed_from_u64(seed ^ hash(kind.name)));
        let damaged = match self.carry(kind.scene, &study, &format!("{}-{seed}", kind.name)) {
            Ok(damaged) => damaged,
            Err(error) => return Outcome::wrong("", format!("{error:#}")),
        };
        if let Some(changed) = damaged.changed {
            return Outcome::wrong(&damaged.last, format!("an input was changed: {changed}"));
        }
        let expected = kind
            .expect
            .map_or_else(|| figures.clone(), |expect| expect(figures, &study));
        let compared = |figures: Figures| {
            if kind.in_part {
                figures.only(|name| expected.get(name).is_some())
            } else {
                figures
            }
        };
        let outcome = damaged.outcome.map(compared);
        Outcome {
            verdict: kind.answer.judge(outcome, &damaged.warnings, &expected),
            command: damaged.last,
        }
    }

    /// The intact study of a scene and seed, carried through by whoever needs it first.
    fn intact(&self, scene: &Scene, seed: u64) -> Intact {
        let cell = match self.intact.lock() {
            Ok(mut all) => Arc::clone(all.entry((scene.name, seed)).or_default()),
            Err(_) => Arc::default(),
        };
        cell.get_or_init(|| {
            let place = format!("intact-{}-{seed}", scene.name.replace([' ', ','], "-"));
            let carried = self
                .carry(scene, &(scene.make)(seed), &place)
                .map_err(|e| format!("{e:#}"))?;
            match carried.outcome {
                Ok(figures) if !figures.is_empty() => Ok((figures, carried.warnings)),
                Ok(_) => Err(format!("{}: the intact study gives no number", carried.last)),
                Err(stop) => Err(format!("the intact study: {stop:?}")),
            }
        });
        cell
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
fn hash(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    })
}
