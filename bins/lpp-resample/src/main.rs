//! `lpp-resample`: images on another grid.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Parser, ValueEnum};
use lpp_cli::{CommonArgs, Outcome, Program, ScanArgs, StudyArgs};
use lpp_fmri::{Grid, ImageReader, Interpolation};
use lpp_preparation::ResampleJob;
use lpp_steps::{ResampleStep, target_grid};
use lpp_study::{SubjectRuns, derivative_runs, resampled_dir, resampled_name};

/// Resamples images, by default to the working grid of the study: 4 mm, shape 37,46,38.
///
/// By default the images are those in the study's derivatives/sub-LANG*/func, and the output is resampled/LANG/sub-*.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Examples:\n  lpp-resample --study DIR --lang en\n  lpp-resample bold.nii.gz --out resampled\n  lpp-resample labels.nii.gz --out atlas --like mask.nii.gz --interpolation nearest"
)]
struct Args {
    /// The images, 3-D or 4-D [default: the study's]
    #[arg(value_name = "NII")]
    images: Vec<PathBuf>,
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    scans: ScanArgs,
    /// Only this subject of the study, for example EN057; may be repeated
    #[arg(long, value_name = "SUBJECT", value_parser = lpp_cli::subject, conflicts_with = "images")]
    subject: Vec<String>,
    /// Output folder; files keep the names of the images
    #[arg(
        short,
        long = "out",
        visible_alias = "output",
        value_name = "DIR",
        requires = "images"
    )]
    out: Option<PathBuf>,
    /// Affine of the grid: 16 numbers, row by row
    #[arg(
        long,
        value_name = "A11,A12,...",
        value_delimiter = ',',
        allow_hyphen_values = true,
        num_args = 1,
        requires = "shape"
    )]
    affine: Vec<f64>,
    /// Shape of the grid
    #[arg(
        long,
        value_name = "NX,NY,NZ",
        value_delimiter = ',',
        num_args = 1,
        requires = "affine"
    )]
    shape: Vec<usize>,
    /// Use the grid of this image
    #[arg(long, value_name = "NII", conflicts_with_all = ["affine", "shape"])]
    like: Option<PathBuf>,
    /// Interpolation
    #[arg(long, value_enum, default_value_t = Between::Cubic)]
    interpolation: Between,
    #[command(flatten)]
    common: CommonArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Between {
    /// Cubic splines, for scans
    #[value(alias = "continuous")]
    Cubic,
    /// Nearest neighbour, for labels
    Nearest,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    fn job(self) -> anyhow::Result<ResampleJob> {
        let step = ResampleStep {
            subject: None,
            images: self.outputs()?,
            are_known: true,
            target: self.target()?,
            interpolation: match self.interpolation {
                Between::Cubic => Interpolation::Cubic,
                Between::Nearest => Interpolation::Nearest,
            },
        };
        Ok(ResampleJob {
            step,
            force: self.study.force,
        })
    }

    fn target(&self) -> anyhow::Result<Grid> {
        if let Some(like) = &self.like {
            return Ok(*ImageReader::open(like)?.grid());
        }
        if self.affine.is_empty() {
            if !self.images.is_empty() {
                return Ok(Grid::working());
            }
            let study = self.study.open()?;
            let place = || {
                format!(
                    "{}: the scans stay on their own grid ([grid])",
                    study.root().join("lpp.toml").display()
                )
            };
            return target_grid(&study)?.with_context(place);
        }
        let shape = <[usize; 3]>::try_from(self.shape.as_slice())
            .ok()
            .context("--shape takes three numbers")?;
        let flat = <[f64; 16]>::try_from(self.affine.as_slice())
            .ok()
            .context("--affine takes sixteen numbers")?;
        let affine = std::array::from_fn(|row| std::array::from_fn(|column| flat[4 * row + column]));
        Grid::new(shape, affine).context("--affine and --shape")
    }

    fn outputs(&self) -> anyhow::Result<Vec<(PathBuf, PathBuf)>> {
        if !self.images.is_empty() {
            let folder = self.out.as_ref().context("--out must be an output folder")?;
            let named = |image: &PathBuf| {
                let name = image
                    .file_name()
                    .with_context(|| format!("{}: no file name", image.display()))?;
                Ok((image.clone(), folder.join(name)))
            };
            return self.images.iter().map(named).collect();
        }
        let study = self.scans.choose(self.study.open()?);
        let folder = resampled_dir(&study, self.study.lang);
        let mut subjects = derivative_runs(&study, self.study.lang)?;
        for wanted in &self.subject {
            let known = subjects.iter().any(|subject| is_named(subject, wanted));
            ensure!(known, "derivatives/sub-{}: no such subject", plain(wanted));
        }
        if !self.subject.is_empty() {
            subjects.retain(|subject| self.subject.iter().any(|wanted| is_named(subject, wanted)));
        }
        let outputs = subjects.into_iter().flat_map(|subject| {
            let (folder, study) = (folder.join(subject.name), &study);
            subject.runs.into_iter().map(move |run| {
                let output = folder.join(resampled_name(study, &run));
                (run, output)
            })
        });
        Ok(outputs.collect())
    }
}

/// A subject's name without the `sub-` of its folder.
fn plain(subject: &str) -> &str {
    subject.strip_prefix("sub-").unwrap_or(subject)
}

fn is_named(subject: &SubjectRuns, name: &str) -> bool {
    plain(&subject.name) == plain(name)
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let common = args.common.clone();
        let job = args.job()?;
        let written = job.run(lpp_cli::software!(), &lpp_cli::progress(&common))?;
        let outputs = job.step.images.iter().zip(written);
        let outcomes = outputs.map(|((_, output), written)| Outcome::new(output, !written));
        lpp_cli::print_outcomes(&common, &outcomes.collect::<Vec<_>>())
    })
}
