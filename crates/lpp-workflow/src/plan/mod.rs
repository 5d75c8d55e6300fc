//! From the configuration of a study to its steps.

mod competence;
mod features;
mod fits;
mod options;
mod planner;
mod results;
mod scans;
mod transfers;

use std::cell::OnceCell;

use lpp_files::FileError;
use lpp_steps::{FitSettings, StudySize, check_word_stories, target_grid};
use lpp_study::{Language, Study, start_times, story_names};

use crate::WorkflowError;
use crate::call::Call;
use crate::fetch;
use crate::given::Given;
use planner::Planner;

pub use options::PlanOptions;

/// The plan of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The steps, in an order in which they can run one after the other.
    pub steps: Vec<Call>,
    /// Files that belong to the study: no step makes them.
    pub given: Given,
}

/// The steps of `study`, and the files that the study provides instead.
///
/// # Errors
/// [`WorkflowError::File`] if there is a table of runs but no `lpp.toml`: the defaults are those of the published study.
/// [`WorkflowError::Scans`] if the scans are not runs of one kind, [`WorkflowError::Grid`] if their grid cannot be read. [`WorkflowError::File`] naming
/// a source of `[transfer]` that is none.
pub fn plan(study: &Study, options: &PlanOptions) -> Result<Plan, WorkflowError> {
    let file = study.config_file();
    if study.runs_table().exists() && !file.exists() {
        let expected = "the settings of a study with a table of runs (lpp-run init writes them)";
        return Err(FileError::malformed(&file, "no such file", expected).into());
    }
    let config = study.config();
    let languages = if options.languages.is_empty() {
        &config.languages
    } else {
        &options.languages
    };
    // The regions of the English mask serve all languages.
    let of_regions = languages.iter().find(|lang| **lang == Language::English);
    let of_regions = of_regions.or(languages.first()).copied();
    let mut steps = Vec::new();
    let mut given = Given::default();
    let mut planners = Vec::new();
    for &lang in languages {
        scans::check(study, lang)?;
        let story_names = story_names(study, lang)?;
        check_word_stories(&study.words(lang), &story_names)?;
        let planner = Planner {
            study,
            lang,
            options,
            size: StudySize::of(study, lang),
            grid: target_grid(study)?,
            settings: FitSettings::of_study(study)?,
            start_s: start_times(study, lang)?,
            story_names,
            first: Some(lang) == languages.first().copied(),
            no_average: OnceCell::new(),
        };
        planner.own_inputs(&mut given);
        planner.scans(&mut steps, &mut given);
        let mut rois = if Some(lang) == of_regions {
            planner.rois(&mut given)
        } else {
            Vec::new()
        };
        if !planner.has_no_average() {
            steps.append(&mut rois);
        }
        planner.features(&mut steps, &mut given);
        planner.fits(&mut steps, &mut given);
        planner.individuals(&mut steps);
        // The mask of a subject is made with its fits.
        steps.append(&mut rois);
        planner.competence(&mut steps);
        planner.results(&mut steps);
        planners.push(planner);
    }
    let transfers = planners.iter().map(|planner| planner.transfers(&steps));
    let transfers: Vec<Call> = transfers.collect::<Result<Vec<_>, _>>()?.concat();
    let table = planners
        .first()
        .and_then(|planner| transfers::table(study, planner, &transfers));
    steps.extend(transfers.into_iter().chain(table));
    if options.fetch {
        let fetched = fetch::steps(study, &mut steps, languages);
        steps.splice(0..0, fetched);
    }
    Ok(Plan { steps, given })
}
