//! From the configuration of a study to its steps.

use std::path::{Path, PathBuf};

use lpp_fmri::{SphereCentre, SubjectRuns, derivative_runs, resampled_dir, resampled_name, resampled_runs};
use lpp_ridge::AlphaGrid;
use lpp_study::{Language, Study};

use crate::WorkflowError;
use crate::estimate::Estimator;
use crate::features::Features;
use crate::fetch;
use crate::size::{StudySize, model_size};
use crate::step::{Check, Parameters, Step};

/// What a plan depends on besides the study.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanOptions {
    /// Languages to plan for; none: those of the study.
    pub languages: Vec<Language>,
    /// Threads that a step gets.
    pub threads: usize,
    /// Memory that a step may take, bytes: larger models are streamed.
    pub memory_bytes: u64,
    /// Whether missing inputs are fetched.
    pub fetch: bool,
    /// Most subjects of a step that fits individual ones; they share a factorisation. `None`: all of them.
    pub subjects_per_step: Option<usize>,
}

/// The steps of `study` in an order in which they can run one after the other.
///
/// # Errors
/// [`WorkflowError::Alphas`] if the study's penalties are wrong.
pub fn plan(study: &Study, options: &PlanOptions) -> Result<Vec<Step>, WorkflowError> {
    let config = study.config();
    let languages = if options.languages.is_empty() {
        &config.languages
    } else {
        &options.languages
    };
    // The regions of the English mask serve all languages.
    let of_regions = languages.iter().find(|lang| **lang == Language::English);
    let of_regions = of_regions.or(languages.first()).copied();
    let alphas: AlphaGrid = config.alphas.parse().map_err(WorkflowError::Alphas)?;
    let mut steps = Vec::new();
    for &lang in languages {
        let size = StudySize::of(study, lang);
        let planner = Planner {
            study,
            lang,
            options,
            alphas: alphas.values(),
            size: &size,
            first: Some(lang) == languages.first().copied(),
        };
        planner.scans(&mut steps);
        if Some(lang) == of_regions {
            steps.push(planner.rois());
        }
        planner.features(&mut steps);
        planner.fits(&mut steps);
        planner.individuals(&mut steps);
        planner.results(&mut steps);
    }
    if options.fetch {
        let fetched = fetch::steps(study, &mut steps, languages);
        steps.splice(0..0, fetched);
    }
    Ok(steps)
}

/// The steps of one language.
struct Planner<'a> {
    study: &'a Study,
    lang: Language,
    options: &'a PlanOptions,
    alphas: &'a [f64],
    size: &'a StudySize,
    /// Whether it is the first language of the plan.
    first: bool,
}

impl Planner<'_> {
    /// A path as a program that runs in the study folder sees it.
    fn path(&self, path: &Path) -> PathBuf {
        relative(self.study, path)
    }

    fn paths(&self, paths: &[PathBuf]) -> Vec<PathBuf> {
        paths.iter().map(|path| self.path(path)).collect()
    }

    fn estimator(&self) -> Estimator<'_> {
        Estimator {
            size: self.size,
            threads: self.options.threads,
        }
    }

    fn id(&self, step: &str) -> String {
        format!("{step}:{}", self.lang)
    }

    fn place(&self) -> [String; 4] {
        ["--study", ".", "--lang", self.lang.code()].map(str::to_owned)
    }

    fn mask(&self) -> PathBuf {
        self.path(&self.study.mask(self.lang))
    }

    fn average_runs(&self) -> Vec<PathBuf> {
        let runs = 0..self.size.n_runs();
        runs.map(|run| self.path(&self.study.average_run(self.lang, run)))
            .collect()
    }

    /// Subjects on the working grid, as far as they are known: each with the runs it has or will have.
    fn subjects(&self) -> Vec<Subject> {
        let published = derivative_runs(self.study, self.lang).unwrap_or_default();
        let there = resampled_runs(self.study, self.lang).unwrap_or_default();
        let configured = self.study.config().subjects.get(&self.lang);
        let wanted = |name: &str| configured.is_none_or(|list| list.iter().any(|s| folder_of(s) == name));
        let mut names: Vec<String> = published.iter().chain(&there).map(|s| s.name.clone()).collect();
        names.retain(|name| wanted(name));
        names.extend(configured.into_iter().flatten().map(|s| folder_of(s)));
        names.sort();
        names.dedup();
        let runs_of = |list: &[SubjectRuns], name: &str| {
            let runs = list.iter().find(|s| s.name == name).map(|s| s.runs.clone());
            self.paths(&runs.unwrap_or_default())
        };
        names
            .into_iter()
            .map(|name| Subject {
                published: runs_of(&published, &name),
                resampled: runs_of(&there, &name),
                folder: self.path(&resampled_dir(self.study, self.lang).join(&name)),
                name,
            })
            .collect()
    }

    /// From published scans to the average subject, if there are scans or subjects are named.
    fn scans(&self, steps: &mut Vec<Step>) {
        let subjects = self.subjects();
        if subjects.is_empty() {
            return;
        }
        steps.extend(
            subjects
                .iter()
                .filter(|s| s.is_resampled_here())
                .map(|s| self.resample(s)),
        );
        steps.push(self.common_mask(&subjects));
        steps.push(self.average(&subjects));
    }

    fn resample(&self, subject: &Subject) -> Step {
        let id = self.id(&format!("resample:{}", subject.name));
        let mut step = Step::new(id, "lpp-resample", self.estimator().resample())
            .arguments(self.place())
            .arguments(["--subject", &subject.name]);
        if subject.published.is_empty() {
            // Which runs there are shows when they have been fetched.
            let published = PathBuf::from("derivatives").join(&subject.name).join("func");
            step.check = Check::Presence;
            return step
                .input(published)
                .output(subject.folder.clone(), &[], &Parameters::default());
        }
        let cubic = Parameters::default().with("interpolation", "Cubic");
        for run in &subject.published {
            let output = subject.folder.join(resampled_name(run));
            step = step
                .input(run.clone())
                .output(output, std::slice::from_ref(run), &cubic);
        }
        step
    }

    fn common_mask(&self, subjects: &[Subject]) -> Step {
        let runs: Vec<PathBuf> = subjects.iter().flat_map(Subject::runs).collect();
        let parameters = Parameters::default().with("symmetric", true);
        Step::new(self.id("mask"), "lpp-mask", self.estimator().mask())
            .arguments(self.place())
            .output(self.mask(), &runs, &parameters)
            .inputs(runs)
    }

    fn average(&self, subjects: &[Subject]) -> Step {
        let config = self.study.config();
        let mut step = Step::new(self.id("average"), "lpp-average", self.estimator().average())
            .arguments(self.place())
            .input(self.mask())
            .inputs(subjects.iter().flat_map(Subject::runs));
        let cleaning = Parameters::default().with("tr_s", config.tr_s);
        for (run, path) in self.average_runs().into_iter().enumerate() {
            let mut inputs: Vec<PathBuf> = subjects.iter().filter_map(|s| s.run(run)).collect();
            inputs.push(self.mask());
            step = step.output(path, &inputs, &cleaning);
        }
        let trials = Parameters::default()
            .with("subjects", subjects.iter().map(|s| &s.name).collect::<Vec<_>>())
            .with("trim_scans", config.trim_scans)
            .with("alphas", self.alphas);
        step.output(
            self.path(&self.study.isc(self.lang)),
            &self.average_runs(),
            &trials,
        )
    }

    fn rois(&self) -> Step {
        let parameters = Parameters::default();
        let step = Step::new("rois".to_owned(), "lpp-rois", self.estimator().small(1e4))
            .arguments(self.place())
            .input(self.mask());
        region_masks(self.study).into_iter().fold(step, |step, region| {
            step.output(self.path(&region), &[self.mask()], &parameters)
        })
    }

    /// The names of all features, in the order of the configuration.
    fn names(&self) -> Vec<&str> {
        let config = self.study.config();
        let groups = [
            &config.baselines,
            &config.models,
            &config.untrained,
            &config.training,
        ];
        let mut names: Vec<&str> = Vec::new();
        let listed = groups.iter().filter_map(|group| group.get(&self.lang)).flatten();
        let individuals = config
            .individuals
            .get(&self.lang)
            .into_iter()
            .flat_map(|i| &i.models);
        for name in listed.chain(individuals) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    fn features(&self, steps: &mut Vec<Step>) {
        let mut first: Option<String> = None;
        for name in self.names() {
            let Some(mut step) = self.activations(name) else {
                continue;
            };
            // All of them write the words if these are not there; the first one does.
            if let Some(first) = &first {
                step.after.push(first.clone());
            } else {
                let parameters = Parameters::default().with("lang", self.lang);
                let annotation = self.path(&self.study.annotation(self.lang));
                step = step.output(
                    self.path(&self.study.words(self.lang)),
                    &[annotation],
                    &parameters,
                );
                first = Some(step.id.clone());
            }
            steps.push(step);
        }
    }

    /// What makes the features `name`; nothing does if they need files that a configuration cannot name.
    fn activations(&self, name: &str) -> Option<Step> {
        let features = Features::of_name(name);
        let annotation = self.path(&self.study.annotation(self.lang));
        let output = self.path(&self.study.activations(name, self.lang));
        let parameters = Parameters::default()
            .with("lang", self.lang)
            .with("corrections", self.study.config().annotation_corrections);
        Some(match &features {
            // The recordings of an envelope are given to lpp-controls by hand.
            Features::Control { name } if name == "envelope" => return None,
            Features::Control { name } => {
                let parameters = parameters.with("control", name);
                let cost = self.estimator().vectors(1);
                Step::new(self.id(&format!("controls:{name}")), "lpp-controls", cost)
                    .arguments(["--controls", name])
                    .arguments(self.place())
                    .input(annotation.clone())
                    .output(output, &[annotation], &parameters)
            }
            Features::Glove => {
                let file = self.path(&self.study.glove());
                let cost = self.estimator().vectors(300);
                Step::new(self.id("glove"), "lpp-glove", cost)
                    .arguments(["--glove".to_owned(), file.display().to_string()])
                    .arguments(self.place())
                    .inputs([annotation.clone(), file.clone()])
                    .output(output, &[annotation, file], &parameters)
            }
            Features::Random { kind, n_dims, seed } => {
                let parameters = parameters
                    .with("type", kind)
                    .with("dims", n_dims)
                    .with("seed", seed);
                let (dims, seed) = (n_dims.to_string(), seed.to_string());
                let id = self.id(&format!("random:{kind}_{n_dims}d_seed{seed}"));
                Step::new(id, "lpp-random", self.estimator().vectors(*n_dims))
                    .arguments(["--type", kind, "--dims", &dims, "--seed", &seed])
                    .arguments(self.place())
                    .input(annotation.clone())
                    .output(output, &[annotation], &parameters)
            }
            Features::Model { folder, seed } => {
                let parameters = parameters.with("model", name).with("seed", seed.unwrap_or(0));
                self.model(name, folder, *seed, &output, &annotation, &parameters)
            }
        })
    }

    fn model(
        &self,
        name: &str,
        folder: &str,
        seed: Option<u64>,
        output: &Path,
        annotation: &Path,
        parameters: &Parameters,
    ) -> Step {
        let size = model_size(self.study, folder);
        let whole = size.map(|size| self.estimator().extract(&size, false));
        let stream = whole.is_some_and(|cost| cost.memory_bytes > self.options.memory_bytes);
        let cost = size.map(|size| self.estimator().extract(&size, stream));
        let mut inputs = vec![annotation.to_owned()];
        // A model that is not in the study is in the cache of the hub, or will be.
        let configuration = self.study.model_dir(folder).join("config.json");
        inputs.extend(configuration.exists().then(|| self.path(&configuration)));
        let mut step = Step::new(
            self.id(&format!("extract:{name}")),
            "lpp-extract",
            cost.unwrap_or_default(),
        )
        .arguments(["--model", folder])
        .arguments(self.place())
        .output(output.to_owned(), &inputs, parameters)
        .inputs(inputs)
        .input(self.path(&self.study.text(self.lang)));
        if let Some(seed) = seed {
            step = step.arguments(["--seed".to_owned(), seed.to_string()]);
        }
        if stream {
            step = step.arguments(["--stream-layers"]);
        }
        step
    }

    /// Layers and width of features.
    fn layers(&self, name: &str) -> (u64, u64) {
        match Features::of_name(name) {
            Features::Control { .. } => (1, 1),
            Features::Glove => (1, 300),
            Features::Random { n_dims, .. } => (1, n_dims),
            Features::Model { folder, .. } => {
                model_size(self.study, &folder).map_or((1, 1024), |size| (size.n_blocks + 1, size.n_hidden))
            }
        }
    }

    fn fit_parameters(&self, name: &str) -> Parameters {
        let config = self.study.config();
        Parameters::default()
            .with("model", name)
            .with("lang", self.lang)
            .with("tr_s", config.tr_s)
            .with("trim_scans", config.trim_scans)
            .with("alphas", self.alphas)
    }

    fn fits(&self, steps: &mut Vec<Step>) {
        let only_individual = |name: &str| {
            let config = self.study.config();
            let groups = [
                &config.baselines,
                &config.models,
                &config.untrained,
                &config.training,
            ];
            !groups.iter().any(|g| {
                g.get(&self.lang)
                    .is_some_and(|list| list.iter().any(|n| n == name))
            })
        };
        for name in self.names().into_iter().filter(|name| !only_individual(name)) {
            let (n_layers, n_hidden) = self.layers(name);
            let mut inputs = vec![
                self.path(&self.study.activations(name, self.lang)),
                self.path(&self.study.words(self.lang)),
                self.mask(),
            ];
            inputs.extend(self.average_runs());
            let scores = self.path(&self.study.scores(name, self.lang));
            let parameters = self.fit_parameters(name);
            let id = self.id(&format!("fit:{name}"));
            let step = Step::new(id, "lpp-fit", self.estimator().fit(n_layers, n_hidden))
                .arguments(["--model", name])
                .arguments(self.place())
                .output(scores.clone(), &inputs, &parameters)
                .output(scores.with_extension("json"), &inputs, &parameters)
                .output(scores.with_extension("nii.gz"), &inputs, &parameters)
                .inputs(inputs);
            steps.push(step);
        }
    }

    /// One step a model; the first one prepares the subjects' own masks and scans.
    fn individuals(&self, steps: &mut Vec<Step>) {
        let Some(wanted) = self.study.config().individuals.get(&self.lang) else {
            return;
        };
        let known = self.subjects();
        let is_wanted = |s: &&Subject| {
            wanted.subjects.is_empty() || wanted.subjects.iter().any(|name| folder_of(name) == s.name)
        };
        let subjects: Vec<&Subject> = known.iter().filter(is_wanted).collect();
        let at_most = self.options.subjects_per_step.unwrap_or(subjects.len()).max(1);
        let n_groups = subjects.len().div_ceil(at_most);
        for (group, subjects) in subjects.chunks(at_most).enumerate() {
            let part = if n_groups > 1 {
                format!(":{}of{n_groups}", group + 1)
            } else {
                String::new()
            };
            let mut first: Option<String> = None;
            for name in &wanted.models {
                let id = self.id(&format!("fit-individuals:{name}{part}"));
                let mut step = self.individual(id, name, subjects, first.is_none());
                step.after.extend(first.clone());
                first = first.or_else(|| Some(step.id.clone()));
                steps.push(step);
            }
        }
    }

    fn individual(&self, id: String, name: &str, subjects: &[&Subject], prepares: bool) -> Step {
        let (n_layers, n_hidden) = self.layers(name);
        let cost = self
            .estimator()
            .fit_subjects(n_layers, n_hidden, subjects.len() as u64, prepares);
        let activations = self.path(&self.study.activations(name, self.lang));
        let words = self.path(&self.study.words(self.lang));
        let mut step = Step::new(id, "lpp-fit", cost)
            .arguments(["--model", name])
            .arguments(self.place())
            .inputs([activations.clone(), words.clone()]);
        for subject in subjects {
            let mask = self.path(&self.study.subject_mask(&subject.name));
            let runs = 0..self.size.n_runs();
            let cleaned = runs.map(|run| self.path(&self.study.subject_run(&subject.name, self.lang, run)));
            let cleaned: Vec<PathBuf> = cleaned.collect();
            if prepares {
                let resampled: Vec<PathBuf> = subject.runs().collect();
                step = step.output(
                    mask.clone(),
                    &resampled,
                    &Parameters::default().with("symmetric", true),
                );
                for run in &cleaned {
                    step = step.output(run.clone(), std::slice::from_ref(&mask), &Parameters::default());
                }
            }
            let mut inputs = vec![activations.clone(), words.clone(), mask];
            inputs.extend(cleaned);
            let parameters = self.fit_parameters(name).with("subject", &subject.name);
            let scores = self.path(&self.study.subject_scores(&subject.name, name, self.lang));
            step = step
                .arguments(["--subject", &subject.name])
                .inputs(subject.runs())
                .output(scores.clone(), &inputs, &parameters)
                .output(scores.with_extension("json"), &inputs, &parameters)
                .output(scores.with_extension("nii.gz"), &inputs, &parameters);
        }
        step
    }

    /// Tables and the page.
    fn results(&self, steps: &mut Vec<Step>) {
        let of_lang = format!(":{}", self.lang);
        let of_fit = |step: &&Step| step.id.starts_with("fit") && step.id.ends_with(&of_lang);
        let fits: Vec<&Step> = steps.iter().filter(of_fit).collect();
        if fits.is_empty() {
            return;
        }
        let is_score = |path: &&PathBuf| {
            path.starts_with("scores") && !path.as_os_str().as_encoded_bytes().ends_with(b".nii.gz")
        };
        let scores: Vec<PathBuf> = fits
            .iter()
            .flat_map(|step| step.outputs.iter().map(|o| &o.path))
            .filter(is_score)
            .cloned()
            .collect();
        let isc = self.path(&self.study.isc(self.lang));
        let made = steps
            .iter()
            .flat_map(|step| &step.outputs)
            .any(|output| output.path == isc);
        let isc = (made || self.study.isc(self.lang).exists()).then_some(isc);
        let cost = self.estimator().analyse(fits.len());
        let nothing = Parameters::default();
        let summary = self.study.table("summary", self.lang).with_extension("csv");
        let summary = self.path(&summary);
        let mut analyse = Step::new(self.id("analyze"), "lpp-analyze", cost)
            .arguments(["all"])
            .arguments(self.place())
            .input(self.mask())
            .inputs(isc)
            .inputs(self.paths(&region_masks(self.study)))
            .inputs(scores)
            .output(summary.clone(), &[], &nothing);
        analyse.check = Check::Record;
        let page = self.study.report();
        let page = if self.first {
            page
        } else {
            page.with_file_name(format!("report_{}.html", self.lang))
        };
        let page = self.path(&page);
        let mut report = Step::new(self.id("report"), "lpp-report", cost)
            .arguments(self.place())
            .arguments(["-o".to_owned(), page.display().to_string()])
            .inputs([self.mask(), summary])
            .output(page, &[], &nothing);
        report.check = Check::Record;
        steps.extend([analyse, report]);
    }
}

/// A subject of a plan.
struct Subject {
    /// `sub-EN057`.
    name: String,
    /// The published runs, if they are there.
    published: Vec<PathBuf>,
    /// The runs on the working grid, if they are there.
    resampled: Vec<PathBuf>,
    /// Where the latter are or will be.
    folder: PathBuf,
}

impl Subject {
    /// Whether the runs on the working grid are made here, or given.
    fn is_resampled_here(&self) -> bool {
        !self.published.is_empty() || self.resampled.is_empty()
    }

    /// The runs on the working grid; the folder as long as they are not known.
    fn runs(&self) -> impl Iterator<Item = PathBuf> {
        let runs: Vec<PathBuf> = if !self.published.is_empty() {
            self.published
                .iter()
                .map(|run| self.folder.join(resampled_name(run)))
                .collect()
        } else if !self.resampled.is_empty() {
            self.resampled.clone()
        } else {
            vec![self.folder.clone()]
        };
        runs.into_iter()
    }

    fn run(&self, run: usize) -> Option<PathBuf> {
        self.runs().nth(run)
    }
}

fn folder_of(subject: &str) -> String {
    format!("sub-{}", subject.strip_prefix("sub-").unwrap_or(subject))
}

fn region_masks(study: &Study) -> Vec<PathBuf> {
    let centres = SphereCentre::reference_set();
    centres
        .iter()
        .map(|centre| study.roi_mask(&centre.name))
        .collect()
}

/// `path` from the study folder, if it lies inside.
pub(crate) fn relative(study: &Study, path: &Path) -> PathBuf {
    path.strip_prefix(study.root()).unwrap_or(path).to_owned()
}
