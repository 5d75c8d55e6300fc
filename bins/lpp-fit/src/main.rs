//! `lpp-fit`: brain scores of all layers of a model.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use lpp_cli::{CommonArgs, Program, ScanArgs, StudyArgs};
use lpp_encoding::{CanaryJob, FitJob, FitOutcome, IndividualJob, JointJob, NullJob, NullKind, TargetSet};
use lpp_files::{Progress, recorded_text};
use lpp_fmri::{RepetitionTime, check_pairs, resampled_runs, resampled_runs_of};
use lpp_ridge::{AlphaGrid, AlphaSearch, InnerValidation};
use lpp_study::{FeatureName, Language, Study};
use lpp_text::Control;
use serde::Serialize;

/// Predicts every voxel of the average subject, or of individual subjects, from each layer of a model, by nested
/// cross-validated ridge regression, and writes the held-out correlations: an array (layers, voxels), its sidecar, and
/// a map.
///
/// An individual subject has its own mask and is smoothed by 4 mm; both are made of its resampled runs when they are not
/// up to date. All subjects share the factorisation of each layer.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  lpp-fit --study demo-study --model sim-gpt2-12 --lang en"
)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a program")]
struct Args {
    /// Name of the model or baseline: gpt2, ORG/NAME, glove, `control_wordrate`, `gpt2_untrained_seed1`
    #[arg(long, value_name = "NAME")]
    model: FeatureName,
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    scans: ScanArgs,
    /// Fit this subject in place of the average one, EN057 say; may be repeated
    #[arg(long, value_name = "SUBJECT", value_parser = lpp_cli::subject, conflicts_with_all = ["all_subjects", "y", "mask", "output"])]
    subject: Vec<String>,
    /// Fit every subject that has resampled runs
    #[arg(long, conflicts_with_all = ["y", "mask", "output"])]
    all_subjects: bool,
    /// Activations of the words [default: the study's]
    #[arg(long, value_name = "SAFETENSORS")]
    activations: Option<PathBuf>,
    /// The words and their times [default: the study's]
    #[arg(long, value_name = "CSV")]
    words: Option<PathBuf>,
    /// Repetition time in s [default: the study's, or what the scans say; all that say one must agree]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    tr: Option<f64>,
    /// Scans (scans, voxels) of each run; labels such as run-2 decide their order [default: the study's average subject]
    #[arg(long, value_name = "NPY", num_args = 1..)]
    y: Vec<PathBuf>,
    /// The brain mask [default: the study's]
    #[arg(long, value_name = "NII")]
    mask: Option<PathBuf>,
    /// Where the scores go; the map goes beside them [default: the study's scores folder]
    #[arg(short, long, value_name = "NPY", value_parser = lpp_cli::output_file(&[".npy"]))]
    output: Option<PathBuf>,
    /// Penalties: logspace:FIRST:LAST:COUNT (powers of ten) or a list like 1,10,100 [default: the study's]
    #[arg(long, value_name = "GRID")]
    alphas: Option<AlphaGrid>,
    /// How penalties are searched
    #[arg(long, value_enum, default_value_t = Search::Screened)]
    alpha_search: Search,
    /// Training runs that validate the penalty
    #[arg(long, value_enum, default_value_t = Inner::First)]
    inner: Inner,
    /// Arithmetic of the products over voxels
    #[arg(long, value_enum, default_value_t = Precision::F32)]
    precision: Precision,
    /// Also choose the layer of each voxel and fold on inner data and score it on outer data; written to `MODEL_LANG_nested.npy`
    #[arg(long)]
    nested_layer: bool,
    /// Also fit one layer beside these controls by banded ridge; written to `MODEL_LANG_joint.npy`. Names as lpp-controls has
    /// them (wordrate, ...), names of other activations, or all: every control that the study has
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    controls: Vec<FeatureName>,
    /// Ratios of penalties that a joint fit tries
    #[arg(long, value_name = "N", default_value_t = JointJob::DEFAULT_CANDIDATES)]
    candidates: usize,
    /// Also test one layer against that many nulls; written to `MODEL_LANG_nulls.npy`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    nulls: Option<u32>,
    /// How nulls reorder the scans of a run
    #[arg(long, value_enum, default_value_t = Null::Circular)]
    null: Null,
    /// Scans of a block of --null blocks
    #[arg(long, value_name = "SCANS", default_value_t = NullJob::DEFAULT_BLOCK)]
    null_block: usize,
    /// Choose penalties anew for each null, which costs a fit each; they are those of the observed scans otherwise
    #[arg(long)]
    null_refit: bool,
    /// Layer for --controls and --nulls [default: the one with the best validation score, as --nested-layer finds it]
    #[arg(long, value_name = "LAYER")]
    layer: Option<usize>,
    /// Seed of nulls and of ratios of penalties
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Leave out the canary, features that know only time, which is fitted along with a study's model
    #[arg(long)]
    no_canary: bool,
    /// Print one JSON object instead of lines
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Null {
    /// Circular shifts by any number of scans
    Circular,
    /// Permutations of blocks of scans
    Blocks,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Search {
    /// Every penalty on every voxel
    Exhaustive,
    /// A race: every penalty on a random part of the voxels, those that may still win on more and more
    Screened,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Inner {
    /// The first training run alone, as the reference study
    First,
    /// Each training run in turn
    All,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Precision {
    /// Single precision; scores within 1e-4 of double, usually 1e-6
    F32,
    /// Double precision, as the reference
    F64,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    /// The average subject or what takes its place; individual subjects are made ready.
    fn targets(
        &self,
        study: &Study,
        job: &FitJob,
        progress: &dyn Progress,
    ) -> anyhow::Result<Vec<TargetSet>> {
        let (lang, model) = (self.study.lang, self.model.as_str());
        let subjects = if self.all_subjects {
            resampled_runs(study, lang)?
        } else {
            let of_name = |name: &String| resampled_runs_of(study, lang, name);
            self.subject.iter().map(of_name).collect::<Result<_, _>>()?
        };
        let rule = study.config().corpus.pair_runs;
        if subjects.is_empty() {
            let n_runs = job.n_runs()?;
            let mut average = if self.y.is_empty() {
                TargetSet::average(study, model, lang, n_runs)?
            } else {
                TargetSet::average_of(study, model, lang, &self.y, rule)?
            };
            average.mask = self.mask.clone().or(average.mask);
            if let Some(output) = &self.output {
                average.score_map = output.with_extension("nii.gz");
                average.scores.clone_from(output);
            }
            return Ok(vec![average]);
        }
        check_pairs(&subjects, rule)?;
        let mut sets = Vec::with_capacity(subjects.len());
        for subject in subjects {
            subject.check_whole(rule)?;
            job.check_runs_of(&subject.name, &subject.runs)?;
            let mut prepared = IndividualJob::of_study(study, lang, subject);
            prepared.tr = prepared.tr.or_flag(self.tr);
            prepared.force = self.study.force;
            prepared.run(lpp_cli::software!(), progress)?;
            sets.push(TargetSet::individual(study, model, lang, &prepared));
        }
        Ok(sets)
    }

    /// What is to be done besides the fit.
    fn extras(&self, study: &Study, fit: &FitJob) -> Extras {
        let joint = (!self.controls.is_empty()).then(|| JointJob {
            fit: fit.clone(),
            controls: controls(study, self.study.lang, &self.controls),
            layer: self.layer,
            n_candidates: self.candidates,
            seed: self.seed,
        });
        let nulls = self.nulls.map(|n| NullJob {
            fit: fit.clone(),
            layer: self.layer,
            n_nulls: n as usize,
            kind: match self.null {
                Null::Circular => NullKind::Circular,
                Null::Blocks => NullKind::Blocks(self.null_block),
            },
            orders_per_run: NullJob::DEFAULT_ORDERS,
            refit: self.null_refit,
            seed: self.seed,
        });
        // Scores that go elsewhere have no place for a canary beside them.
        let own = self.output.is_none() && self.y.is_empty() && self.model.as_str() != CanaryJob::NAME;
        let canary = (own && !self.no_canary).then(|| CanaryJob::beside(fit, study));
        Extras { joint, nulls, canary }
    }

    fn into_job(self, progress: &dyn Progress) -> anyhow::Result<(FitJob, Extras)> {
        let replaced = [("alphas", self.alphas.is_some()), ("tr_s", self.tr.is_some())];
        let replaced: Vec<&str> = replaced
            .iter()
            .filter(|(_, given)| *given)
            .map(|(key, _)| *key)
            .collect();
        let study = self.scans.choose(self.study.open_without(&replaced)?);
        let precision = match self.precision {
            Precision::F32 => lpp_encoding::Precision::Single,
            Precision::F64 => lpp_encoding::Precision::Double,
        };
        let (lang, model) = (self.study.lang, self.model.as_str());
        let mut job = FitJob::new(&study, model, lang, precision, self.activations.clone())?;
        job.words = self.words.clone().unwrap_or(job.words);
        job.targets = self.targets(&study, &job, progress)?;
        job.take_tr(RepetitionTime::of_study(&study).or_flag(self.tr))?;
        job.alphas = self.alphas.clone().unwrap_or(job.alphas);
        job.alpha_search = match self.alpha_search {
            Search::Exhaustive => AlphaSearch::Exhaustive,
            Search::Screened => AlphaSearch::screened(),
        };
        job.inner = match self.inner {
            Inner::First => InnerValidation::First,
            Inner::All => InnerValidation::All,
        };
        job.force = self.study.force;
        let needs_layer = self.layer.is_none() && (!self.controls.is_empty() || self.nulls.is_some());
        job.nested_layer = self.nested_layer || needs_layer;
        let extras = self.extras(&study, &job);
        Ok((job, extras))
    }
}

/// What follows the fit.
struct Extras {
    joint: Option<JointJob>,
    nulls: Option<NullJob>,
    canary: Option<CanaryJob>,
}

impl Extras {
    /// What is said of each result, in lines.
    fn run(&self, progress: &dyn Progress) -> anyhow::Result<Vec<String>> {
        let state = |up_to_date| if up_to_date { "up to date" } else { "written" };
        let mut lines = Vec::new();
        if let Some(joint) = &self.joint {
            for found in joint.run(lpp_cli::software!(), progress)? {
                let means = &found.info.means;
                lines.push(format!(
                    "{}: {}, layer {}, mean R² {:.4} with the layer, {:.4} without",
                    found.path.display(),
                    state(found.up_to_date),
                    found.info.layer,
                    means[3],
                    means[4]
                ));
            }
        }
        if let Some(nulls) = &self.nulls {
            for found in nulls.run(lpp_cli::software!(), progress)? {
                let info = &found.info;
                let sides = info.l_minus_r.halves.or(info.l_minus_r.x);
                lines.push(format!(
                    "{}: {}, layer {}, {} nulls, {} voxels significant over the map, p of left minus right {}",
                    found.path.display(),
                    state(found.up_to_date),
                    info.layer,
                    info.n_nulls,
                    info.n_significant,
                    sides.map_or_else(
                        || "not known without a mask".to_owned(),
                        |test| format!("{:.4}", test.p)
                    )
                ));
            }
        }
        if let Some(canary) = &self.canary {
            canary.run(lpp_cli::software!(), progress)?;
        }
        Ok(lines)
    }
}

/// A fit as `--json` prints it.
#[derive(Serialize)]
struct Fitted {
    scores: String,
    up_to_date: bool,
    n_layers: usize,
    n_voxels: usize,
    best_layer: usize,
    /// NaN becomes null.
    best_mean_score: f64,
}

impl From<FitOutcome> for Fitted {
    fn from(fit: FitOutcome) -> Self {
        Self {
            scores: recorded_text(fit.scores.as_os_str()),
            up_to_date: fit.up_to_date,
            n_layers: fit.n_layers,
            n_voxels: fit.n_voxels,
            best_layer: fit.best_layer,
            best_mean_score: fit.best_mean_score,
        }
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Summary {
    fits: Vec<Fitted>,
}

/// Names and activations of the controls that `names` name.
fn controls(study: &Study, lang: Language, names: &[FeatureName]) -> Vec<(String, PathBuf)> {
    let of_name = |name: &str| (name.to_owned(), study.activations(name, lang));
    let all = || {
        Control::OF_TEXT
            .into_iter()
            .chain([Control::Envelope])
            .map(Control::name)
    };
    let mut found = Vec::new();
    for name in names.iter().map(FeatureName::as_str) {
        match name.parse::<Control>() {
            Ok(control) => found.push(of_name(&control.name())),
            Err(_) if name == "all" => {
                found.extend(all().map(|name| of_name(&name)).filter(|(_, path)| path.exists()));
            }
            Err(_) => found.push(of_name(name)),
        }
    }
    found
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let progress = lpp_cli::progress(args.common());
        let json = args.json;
        let (job, extras) = args.into_job(&progress)?;
        let fits = job.run(lpp_cli::software!(), &progress)?;
        if json {
            extras.run(&progress)?;
            let fits = fits.into_iter().map(Fitted::from).collect();
            return lpp_cli::print_json(&Summary { fits });
        }
        for fit in fits {
            let state = if fit.up_to_date { "up to date" } else { "written" };
            lpp_cli::print_line(format!(
                "{}: {state}, {} layers, {} voxels, best mean score {:.4} in layer {}",
                fit.scores.display(),
                fit.n_layers,
                fit.n_voxels,
                fit.best_mean_score,
                fit.best_layer
            ))?;
        }
        extras
            .run(&progress)?
            .into_iter()
            .try_for_each(lpp_cli::print_line)
    })
}
