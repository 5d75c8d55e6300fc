//! `lpp-rois`: spherical regions of interest.

#![expect(clippy::doc_markdown, reason = "clap shows these texts as they are")]

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use lpp_cli::{CommonArgs, Outcome, Program, StudyArgs, SubjectArgs};
use lpp_fmri::{REFERENCE_RADIUS_MM, SphereCentre};
use lpp_preparation::{SphereJob, SphereReport};
use lpp_steps::RoisStep;

/// Writes one image per region: 1 for voxels of the mask within the radius of the region's centre, else 0.
///
/// Without --coords, the regions are the seven of the reference study: TP, aSTS, pSTS, BA44, BA45, BA47 and AG_TPJ. The
/// regions made with the English mask are used for all languages.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  lpp-rois --mask mask_lpp_en.nii.gz -o roi_masks"
)]
struct Args {
    #[command(flatten)]
    study: StudyArgs,
    #[command(flatten)]
    subject: SubjectArgs,
    /// The mask [default: the study's]
    #[arg(long, value_name = "NII")]
    mask: Option<PathBuf>,
    /// Radius in mm, surface included
    #[arg(long, allow_negative_numbers = true, value_name = "MM", default_value_t = REFERENCE_RADIUS_MM)]
    radius: f64,
    /// Regions to use instead: a CSV file with the columns name, x, y and z, in mm
    #[arg(long, value_name = "CSV")]
    coords: Option<PathBuf>,
    /// Output folder for NAME.nii.gz [default: the study's roi_masks]
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    common: CommonArgs,
}

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    fn job(self) -> anyhow::Result<SphereJob> {
        let study = self.subject.choose(self.study.open()?);
        let mut step = RoisStep::of_study(&study, self.study.lang);
        if let Some(file) = &self.coords {
            step.centres = SphereCentre::load_csv(file)?;
        }
        step.mask = self.mask.unwrap_or(step.mask);
        step.output = self.output.unwrap_or(step.output);
        step.radius_mm = self.radius;
        Ok(SphereJob {
            step,
            force: self.study.force,
        })
    }
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let common = args.common.clone();
        let spheres = args.job()?.run(lpp_cli::software!())?;
        let outcome = |sphere: &SphereReport| {
            Outcome::new(&sphere.path, sphere.up_to_date).count("voxels", sphere.n_voxels)
        };
        lpp_cli::print_outcomes(&common, &spheres.iter().map(outcome).collect::<Vec<_>>())
    })
}
