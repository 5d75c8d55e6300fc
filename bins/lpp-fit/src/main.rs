//! `lpp-fit`: brain scores of all layers of a model.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use lpp_cli::{CommonArgs, Program, StudyArgs};
use lpp_encoding::{FitJob, IndividualJob, TargetSet};
use lpp_fmri::{resampled_runs, resampled_runs_of};
use lpp_ridge::{AlphaGrid, AlphaSearch, InnerValidation};
use lpp_study::{Progress, Study};

/// Predicts every voxel of the average subject, or of individual subjects, from each layer of a model, by nested
/// cross-validated ridge regression, and writes the held-out correlations: an array (layers, voxels), its sidecar, and
/// a map.
///
/// An individual subject has its own mask and is smoothed by 4 mm; both are made of its resampled runs when they are not
/// up to date. All subjects share the factorisation of each layer.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  lpp-fit --study demo-study --model sim-gpt2-16 --lang en"
)]
struct Args {
    /// Name of the model or baseline
    #[arg(long, value_name = "NAME")]
    model: String,
    #[command(flatten)]
    study: StudyArgs,
    /// Fit this subject in place of the average one, EN057 say; may be repeated
    #[arg(long, value_name = "SUBJECT", conflicts_with_all = ["all_subjects", "y", "mask", "output"])]
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
    /// Scans (scans, voxels) of each run, in order [default: the study's average subject]
    #[arg(long, value_name = "NPY", num_args = 1..)]
    y: Vec<PathBuf>,
    /// The brain mask [default: the study's]
    #[arg(long, value_name = "NII")]
    mask: Option<PathBuf>,
    /// Where the scores go; the map goes beside them [default: the study's scores folder]
    #[arg(short, long, value_name = "NPY")]
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
    #[command(flatten)]
    common: CommonArgs,
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
        if subjects.is_empty() {
            let mut average = TargetSet::average(study, model, lang, job.n_runs()?);
            average.mask = self.mask.clone().or(average.mask);
            if !self.y.is_empty() {
                average.runs.clone_from(&self.y);
            }
            if let Some(output) = &self.output {
                average.score_map = output.with_extension("nii.gz");
                average.scores.clone_from(output);
            }
            return Ok(vec![average]);
        }
        let mut sets = Vec::with_capacity(subjects.len());
        for subject in subjects {
            let mut prepared = IndividualJob::of_study(study, lang, subject);
            prepared.force = self.study.force;
            prepared.run(lpp_cli::software!(), progress)?;
            sets.push(TargetSet::individual(study, model, lang, &prepared));
        }
        Ok(sets)
    }

    fn into_job(self, progress: &dyn Progress) -> anyhow::Result<FitJob> {
        let study = self.study.open()?;
        let precision = match self.precision {
            Precision::F32 => lpp_encoding::Precision::Single,
            Precision::F64 => lpp_encoding::Precision::Double,
        };
        let (lang, model) = (self.study.lang, self.model.as_str());
        let mut job = FitJob::new(&study, model, lang, precision, self.activations.clone())?;
        job.words = self.words.clone().unwrap_or(job.words);
        job.targets = self.targets(&study, &job, progress)?;
        job.alphas = self.alphas.unwrap_or(job.alphas);
        job.alpha_search = match self.alpha_search {
            Search::Exhaustive => AlphaSearch::Exhaustive,
            Search::Screened => AlphaSearch::screened(),
        };
        job.inner = match self.inner {
            Inner::First => InnerValidation::First,
            Inner::All => InnerValidation::All,
        };
        job.force = self.study.force;
        Ok(job)
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let progress = lpp_cli::progress(args.common());
        for fit in args.into_job(&progress)?.run(lpp_cli::software!(), &progress)? {
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
        Ok(())
    })
}
