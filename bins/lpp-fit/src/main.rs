//! `lpp-fit`: brain scores of all layers of a model.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use lpp_cli::{CommonArgs, Outcome, Program, ScanArgs, StudyArgs};
use lpp_encoding::{
    CanaryJob, DimensionsJob, FitJob, FitOutcome, IndividualJob, JointJob, LayerOutcome, ModelJob,
    ModelOutcome, NullJob, PartitionJob, SwapJob, TransferJob, average_targets, average_targets_of,
};
use lpp_files::Progress;
use lpp_fmri::Hrf;
use lpp_preparation::RepetitionTime;
use lpp_steps::{
    AlphaSearch, Arithmetic, CanaryFeatures, Choice, ControlBands, FitSettings, FitStep, InnerRuns, JointFit,
    NullOrder, Nulls, PartitionFit, Swaps, TargetSet,
};
use lpp_study::{
    AlphaScope, DimensionsInfo, FeatureName, FeatureSource, FoldRule, JointRecord, KeptModel, Language,
    Metric, ModelSource, NullsInfo, PairRuns, PartitionInfo, Penalties, Projection, RunKind, Space, Study,
    SwapsInfo, check_pairs, map_of, resampled_runs, resampled_runs_of,
};
use lpp_text::Control;

/// Predicts every voxel of the average subject, or of individual subjects, from each layer of a model by nested
/// cross-validated ridge regression. Writes the correlations on held-out runs as an array (layers, voxels) with a
/// sidecar and a map.
///
/// An individual subject has its own mask, and its scans are smoothed by 4 mm; both are computed from its resampled
/// runs if needed. All subjects share the factorisation of each layer.
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
    /// Fit this subject instead of the average subject, for example EN057; may be repeated
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
    /// Repetition time in s [default: that of the study or the scans; all must agree]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    tr: Option<f64>,
    /// Scans (scans, voxels) of each run, sorted by labels such as run-2 [default: the study's average subject]
    #[arg(long, value_name = "NPY", num_args = 1..)]
    y: Vec<PathBuf>,
    /// The brain mask [default: the study's]
    #[arg(long, value_name = "NII")]
    mask: Option<PathBuf>,
    /// Output file of the scores; the map is written next to it [default: in the study's scores folder]
    #[arg(short, long, value_name = "NPY", value_parser = lpp_cli::output_file(&[".npy"]))]
    output: Option<PathBuf>,
    /// Penalties: logspace:FIRST:LAST:COUNT (powers of ten) or a list like 1,10,100 [default: the study's]
    #[arg(long, value_name = "GRID")]
    alphas: Option<Penalties>,
    /// Search over penalties
    #[arg(long, value_name = "SEARCH", default_value = AlphaSearch::default().name(), value_parser = lpp_cli::choice::<AlphaSearch>())]
    alpha_search: AlphaSearch,
    /// Training runs used to validate penalties and layers [default: first for the array of scores, as in the reference study,
    /// and for nulls; all where layers are chosen, and for --controls and --partition]
    #[arg(long, value_name = "RUNS", value_parser = lpp_cli::choice::<InnerRuns>())]
    inner: Option<InnerRuns>,
    /// Arithmetic of the products over voxels
    #[arg(long, value_name = "PRECISION", default_value = Arithmetic::default().name(), value_parser = lpp_cli::choice::<Arithmetic>())]
    precision: Arithmetic,
    /// Haemodynamic response of words: glover, spm, glover+derivative, or fir:D1,D2,… with delays in scans. If it is given,
    /// features of scans are convolved too; otherwise they are the design itself [default: the study's,
    /// or glover]
    #[arg(long, value_name = "MODEL")]
    hrf: Option<Hrf>,
    /// Detrend features and high-pass them at 1/128 Hz, like the scans of the reference study
    #[arg(long)]
    filter_features: bool,
    /// Score of predictions, in validation and on held-out scans [default: the study's, or pearson]
    #[arg(long, value_name = "METRIC", value_parser = lpp_cli::choice::<Metric>())]
    metric: Option<Metric>,
    /// Voxels that share a penalty [default: the study's, or global]
    #[arg(long, value_name = "SCOPE", value_parser = lpp_cli::choice::<AlphaScope>())]
    alpha_scope: Option<AlphaScope>,
    /// Scans left out in each fold: runs, stories, chunks:K (K even pieces of each run, standardised by themselves), or
    /// test:STORY,… (these stories are scored, all others train) [default: the study's, or runs]
    #[arg(long, value_name = "RULE")]
    folds: Option<FoldRule>,
    /// Scans on both sides of a chunk that are not used, for --folds chunks:K [default: the study's, or 0]
    #[arg(long, value_name = "SCANS")]
    gap: Option<usize>,
    /// Also keep the scores of each fold and layer; written to `MODEL_LANG_folds.npy`
    #[arg(long)]
    keep_folds: bool,
    /// Also fit each layer to all runs and keep the weights, for --apply; written to the folder `MODEL_LANG_model`, a file for
    /// each layer of features × voxels × 4 bytes
    #[arg(long)]
    keep_model: bool,
    /// Do not fit: score the weights of this kept model, of the same features in another study, language or story, on the
    /// words and scans of this one; written to the folder transfer-SOURCE inside the scores folder
    #[arg(long, value_name = "DIR", conflicts_with_all = [
        "alphas", "alpha_search", "inner", "precision", "hrf", "metric", "alpha_scope", "folds", "gap", "nested_layer",
        "controls", "partition", "nulls", "layer", "keep_model", "no_canary",
    ])]
    apply: Option<PathBuf>,
    /// Project the features of each layer at random to this number of columns, no more than the narrowest model has, so that
    /// all models have equally many; the scores get the name `MODEL_projD_seedS`
    #[arg(long, value_name = "D", value_parser = clap::value_parser!(u32).range(1..), conflicts_with_all = ["apply", "keep_model"])]
    project: Option<u32>,
    /// Seed of the projection
    #[arg(long, value_name = "S", default_value_t = 1, requires = "project")]
    project_seed: u64,
    /// Write the scores to the folder variant-NAME inside the scores folder, to compare settings; with --apply, to
    /// transfer-NAME
    #[arg(long, value_name = "NAME", value_parser = variant, conflicts_with = "output")]
    variant: Option<String>,
    /// Also choose the layer of each voxel by nested cross-validation; written to `MODEL_LANG_nested.npy`
    #[arg(long)]
    nested_layer: bool,
    /// Also fit one layer jointly with these controls by banded ridge, all controls as one band; written to
    /// `MODEL_LANG_joint.npy`. Give names of controls (wordrate, ...) or of other activations, or all for every control of the study
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    controls: Vec<FeatureName>,
    /// Ratios of the layer to the controls that are tried in a joint fit, 1 for equal traces; 0, the controls alone, is
    /// always tried
    #[arg(long, value_name = "GRID", default_value = JointFit::DEFAULT_RATIOS)]
    ratios: Penalties,
    /// How the controls of a joint fit share a penalty
    #[arg(long, value_name = "BANDS", default_value = ControlBands::default().name(), value_parser = lpp_cli::choice::<ControlBands>())]
    control_bands: ControlBands,
    /// Voxels that share ratio and penalty in a joint fit
    #[arg(long, value_name = "SCOPE", default_value = AlphaScope::default().name(), value_parser = lpp_cli::choice::<AlphaScope>())]
    joint_scope: AlphaScope,
    /// No longer known: see --ratios
    #[arg(long, hide = true, value_parser = no_candidates)]
    candidates: Option<String>,
    /// Also divide the explained variance (R²) among one layer and these one or two other feature spaces: what each has alone,
    /// and what they share; written to `MODEL_LANG_partition.npy`. Give names of controls or of other activations, with a layer
    /// (NAME:LAYER) if they have several; --nulls tests the parts of a given layer
    #[arg(long, value_name = "NAME[:LAYER]", value_delimiter = ',')]
    partition: Vec<Space>,
    /// Ratios of the weights of two spaces of a partition that are tried, 1 for equal traces
    #[arg(long, value_name = "GRID", default_value = PartitionFit::DEFAULT_RATIOS)]
    partition_ratios: Penalties,
    /// Also test one layer against this number of nulls, and left against right; written to `MODEL_LANG_nulls.npy`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    nulls: Option<u32>,
    /// Permutation of the scans of a run in nulls
    #[arg(long, value_enum, default_value_t = Null::Circular, requires = "nulls")]
    null: Null,
    /// Scans per block, for --null blocks
    #[arg(long, value_name = "SCANS", default_value_t = Nulls::DEFAULT_BLOCK, requires = "null")]
    null_block: usize,
    /// Choose penalties again for each null, at the cost of a fit per null [default: keep those of the observed scans]
    #[arg(long, requires = "nulls")]
    null_refit: bool,
    /// Also compute left minus right with the sides of whole runs exchanged, for the p of slopes; written to
    /// `MODEL_LANG_swaps.npy`
    #[arg(long)]
    swaps: bool,
    /// Also compute the dimension of each layer's activations (participation ratio and intrinsic dimension); written to
    /// `MODEL_LANG_dimensions.npy`
    #[arg(long, conflicts_with = "project")]
    dimensions: bool,
    /// Layer for --controls, --nulls and --swaps [default: the one with the best validation score, which --nulls chooses again in
    /// each null]. With --controls and --nulls, what is unique to a given layer is tested too
    #[arg(long, value_name = "LAYER")]
    layer: Option<usize>,
    /// Seed of nulls
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// Do not fit the time-only control model (leakage check) along with a study's model
    #[arg(long)]
    no_canary: bool,
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

impl Program for Args {
    fn common(&self) -> &CommonArgs {
        &self.common
    }
}

impl Args {
    /// The settings of the fit, without targets.
    fn step(&self, study: &Study) -> anyhow::Result<FitStep> {
        let step = FitStep::of_study(study, self.model.as_str(), self.study.lang);
        let mut step = step.as_configured(study)?;
        if let Some(activations) = &self.activations {
            step.activations.clone_from(activations);
        }
        if let Some(dims) = self.project {
            step = step.projected(Projection {
                dims: dims as usize,
                seed: self.project_seed,
            });
        }
        step.words = self.words.clone().or(step.words);
        if let Some(alphas) = &self.alphas {
            step.alphas = alphas.values().to_vec();
        }
        step.alpha_search = self.alpha_search;
        step.inner = self.inner;
        step.arithmetic = self.precision;
        step.settings = self.settings(step.settings)?;
        step.keep_folds |= self.keep_folds;
        step.keep_model = self.keep_model.then(|| ModelSource::name_of(study));
        step.nested_layer = self.nested_layer;
        step.layer = self.layer;
        step.dimensions = self.dimensions.then_some(FitStep::MOST_WORDS);
        let asked = self.controls.iter().map(ToString::to_string).collect();
        step.joint = (!self.controls.is_empty()).then(|| JointFit {
            ratios: JointFit::nested(&self.ratios),
            bands: self.control_bands,
            scope: self.joint_scope,
            ..JointFit::with(asked, controls(study, self.study.lang, &self.controls))
        });
        step.partition = self.partition(study)?;
        if self.swaps && !step.settings.has_fast_nulls() {
            anyhow::bail!(
                "--swaps needs correlations, a penalty for all voxels, no gaps and no test stories"
            );
        }
        step.swaps = self.swaps.then(|| Swaps {
            seed: self.seed,
            isc: Some(study.isc(self.study.lang)),
        });
        if self.nulls.is_some() && !self.null_refit && !step.settings.has_fast_nulls() {
            anyhow::bail!("--nulls with R², a penalty per voxel, gaps or test stories needs --null-refit");
        }
        step.nulls = self.nulls.map(|n| Nulls {
            order: match self.null {
                Null::Circular => NullOrder::Circular,
                Null::Blocks => NullOrder::Blocks(self.null_block),
            },
            refit: self.null_refit,
            seed: self.seed,
            ..Nulls::circular(n as usize)
        });
        Ok(step)
    }

    /// The other spaces of a partition.
    fn partition(&self, study: &Study) -> anyhow::Result<Option<PartitionFit>> {
        if self.partition.len() > 2 {
            anyhow::bail!(
                "--partition: found {} names, expected one or two beside the model; explained variance is divided among up to three",
                self.partition.len()
            );
        }
        let mut spaces = Vec::new();
        for space in &self.partition {
            let of_name = controls(study, self.study.lang, std::slice::from_ref(&space.name));
            let [(_, path)] = &of_name[..] else {
                anyhow::bail!(
                    "--partition: found {}, expected names of single feature spaces",
                    space.name
                );
            };
            spaces.push((space.clone(), path.clone()));
        }
        Ok((!spaces.is_empty()).then(|| PartitionFit {
            ratios: self.partition_ratios.values().to_vec(),
            ..PartitionFit::with(spaces)
        }))
    }

    /// The settings of the study, with those that were given in their place.
    fn settings(&self, of_study: FitSettings) -> anyhow::Result<FitSettings> {
        // A gap belongs to its chunks: other folds do not keep it.
        let gap_of_study = if self.folds.is_none() {
            of_study.gap_scans
        } else {
            0
        };
        let settings = FitSettings {
            hrf: self.hrf.clone().unwrap_or(of_study.hrf),
            convolve_scans: self.hrf.is_some() || of_study.convolve_scans,
            metric: self.metric.unwrap_or(of_study.metric),
            alpha_scope: self.alpha_scope.unwrap_or(of_study.alpha_scope),
            folds: self.folds.clone().unwrap_or(of_study.folds),
            gap_scans: self.gap.unwrap_or(gap_of_study),
            filter_features: self.filter_features,
        };
        if settings.gap_scans > 0 && !matches!(settings.folds, FoldRule::Chunks(_)) {
            let found = format!("--gap {} with the folds {}", settings.gap_scans, settings.folds);
            anyhow::bail!("{found}, expected --folds chunks:K");
        }
        Ok(settings)
    }

    /// Adds what is predicted: the average subject, given scans, or individual subjects, which are made ready.
    fn add_targets(&self, study: &Study, job: &mut FitJob, progress: &dyn Progress) -> anyhow::Result<()> {
        let lang = self.study.lang;
        let subjects = if self.all_subjects {
            resampled_runs(study, lang)?
        } else {
            let of_name = |name: &String| resampled_runs_of(study, lang, name);
            self.subject.iter().map(of_name).collect::<Result<_, _>>()?
        };
        let rule = study.config().corpus.pair_runs;
        if subjects.is_empty() {
            job.step.targets = vec![self.average(study, job, rule)?];
            return Ok(());
        }
        check_pairs(&subjects, rule)?;
        for subject in subjects {
            subject.check_whole(rule)?;
            job.check_runs_of(&subject.name, &subject.runs, subject.stories.as_deref())?;
            let mut prepared = IndividualJob::of_study(study, lang, subject)?;
            prepared.tr = prepared.tr.or_flag(self.tr);
            prepared.force = self.study.force;
            prepared.run(lpp_cli::software!(), progress)?;
            let target = TargetSet::individual(study, &job.step.model, lang, &prepared.step);
            job.step.targets.push(target);
            job.step.subjects.push(prepared.step);
        }
        Ok(())
    }

    /// The average subject, or the scans that were given.
    fn average(&self, study: &Study, job: &FitJob, rule: Option<PairRuns>) -> anyhow::Result<TargetSet> {
        let (lang, model) = (self.study.lang, job.step.model.as_str());
        let mut average = if self.y.is_empty() {
            average_targets(study, model, lang, job.n_runs()?)?
        } else {
            average_targets_of(study, model, lang, &self.y, rule)?
        };
        average.mask = self.mask.clone().or(average.mask);
        // Plain arrays need no brain.
        if let Some(mask) = average
            .mask
            .take_if(|mask| !self.y.is_empty() && self.mask.is_none() && !mask.exists())
        {
            tracing::warn!(
                "{}: there is no such mask, so the scores get no map (--mask)",
                mask.display()
            );
        }
        // Without runs.csv only the mask tells that scans are on surfaces.
        if let (RunKind::Volume, Some(mask)) = (study.kind(), &average.mask) {
            average.score_map = map_of(&average.scores, RunKind::of_map(mask));
        }
        if let Some(output) = &self.output {
            let kind = average.mask.as_deref().map_or(study.kind(), RunKind::of_map);
            average.score_map = map_of(output, kind);
            average.scores.clone_from(output);
        }
        Ok(average)
    }

    fn into_jobs(self, progress: &dyn Progress) -> anyhow::Result<(FitJob, Option<CanaryJob>)> {
        let replaced = [("alphas", self.alphas.is_some()), ("tr_s", self.tr.is_some())];
        let replaced: Vec<&str> = replaced
            .iter()
            .filter(|(_, given)| *given)
            .map(|(key, _)| *key)
            .collect();
        let study = self.scans.choose(self.study.open_without(&replaced)?);
        let (step, folder) = self.with_folder(self.step(&study)?)?;
        let mut job = FitJob::new(step, self.study.force)?;
        self.add_targets(&study, &mut job, progress)?;
        if let Some(folder) = folder.filter(|_| self.output.is_none()) {
            let targets = std::mem::take(&mut job.step.targets);
            job.step.targets = targets
                .into_iter()
                .map(|set| set.inside(&study, &folder))
                .collect();
        }
        job.take_tr(RepetitionTime::of_study(&study).or_flag(self.tr))?;
        // Scores that go elsewhere have no place for the control model beside them.
        let own = self.output.is_none() && self.y.is_empty() && self.model.as_str() != CanaryFeatures::NAME;
        let own = own && job.step.apply.is_none();
        let canary = (own && !self.no_canary).then(|| CanaryJob::beside(&job, &study));
        Ok((job, canary))
    }

    /// The step with the kept model that is to be applied, and the folder of its scores inside `scores`; none for the usual
    /// place.
    fn with_folder(&self, step: FitStep) -> anyhow::Result<(FitStep, Option<String>)> {
        let named = |kind: &str| self.variant.as_ref().map(|name| format!("{kind}-{name}"));
        let Some(model) = &self.apply else {
            return Ok((step, named("variant")));
        };
        let (step, kept) = lpp_encoding::applying(step, &KeptModel::description(model))?;
        let folder = named("transfer").unwrap_or_else(|| format!("transfer-{}", kept.source.label()));
        Ok((step, Some(folder)))
    }
}

/// Joint fits once drew their ratios at random.
fn no_candidates(_: &str) -> Result<String, String> {
    Err("joint fits try every ratio of a grid; choose it with --ratios".to_owned())
}

/// A name that makes a folder inside the scores folder.
fn variant(name: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.is_empty() && name.chars().all(is_plain) {
        Ok(name.to_owned())
    } else {
        Err("expected letters, digits, -, _ and .".to_owned())
    }
}

/// Names and activations of the controls that `names` name.
fn controls(study: &Study, lang: Language, names: &[FeatureName]) -> Vec<(String, PathBuf)> {
    let of_name = |name: String| {
        let activations = study.activations(&name, lang);
        (name, activations)
    };
    let control = |control: Control| {
        let name = control.to_string();
        of_name(FeatureSource::Control { name }.to_string())
    };
    let mut found = Vec::new();
    for name in names.iter().map(FeatureName::as_str) {
        match name.parse::<Control>() {
            Ok(named) => found.push(control(named)),
            Err(_) if name == "all" => {
                found.extend(
                    Control::ALL
                        .map(control)
                        .into_iter()
                        .filter(|(_, path)| path.exists()),
                );
            }
            Err(_) => found.push(of_name(name.to_owned())),
        }
    }
    found
}

fn of_fit(fit: &FitOutcome) -> Outcome {
    let best = format!(
        "best mean score {:.4} in layer {}",
        fit.best_mean_score, fit.best_layer
    );
    Outcome::new(&fit.scores, fit.up_to_date)
        .count("layers", fit.n_layers)
        .count("voxels", fit.n_voxels)
        .fact("best_layer", fit.best_layer, &best)
        .fact("best_mean_score", fit.best_mean_score, "")
}

fn of_joint(found: &LayerOutcome<JointRecord>) -> Outcome {
    let (layer, means) = (found.info.fit.layer, &found.info.fit.means);
    let unique_p = found.info.unique_p.map(|p| p.unique_r.mean);
    let words = format!("mean R² {:.4} with the layer, {:.4} without", means[3], means[4]);
    Outcome::new(&found.path, found.up_to_date)
        .fact("layer", layer, &format!("layer {layer}"))
        .fact("mean_r2_joint", means[3], &words)
        .fact("mean_r2_controls", means[4], "")
        .fact("unique_p", unique_p, "")
}

fn of_partition(found: &LayerOutcome<PartitionInfo>) -> Outcome {
    let info = &found.info;
    let alone = format!("{:.4} of the variance is the layer's alone", info.means[0]);
    Outcome::new(&found.path, found.up_to_date)
        .fact("layer", info.layer, &format!("layer {}", info.layer))
        .count("parts", info.parts.len())
        .fact("mean_alone", info.means[0], &alone)
}

fn of_nulls(found: &LayerOutcome<NullsInfo>) -> Outcome {
    let info = &found.info;
    let sides = &info.l_minus_r;
    let sides_p = sides
        .pairs
        .or(sides.x)
        .or(sides.halves)
        .and_then(|test| test.runs_p);
    let p = sides_p.map_or_else(|| "not tested".to_owned(), |p| format!("p {p:.4}"));
    let significant = format!("{} voxels significant over the map", info.n_significant);
    Outcome::new(&found.path, found.up_to_date)
        .fact(
            "layer",
            info.layer,
            &format!("layer {} ({})", info.layer, info.layer_choice),
        )
        .count("nulls", info.n_nulls)
        .fact("n_significant", info.n_significant, &significant)
        .fact("gate_p", info.gate_p, "")
        .fact(
            "l_minus_r_runs_p",
            sides_p,
            &format!("left minus right over runs {p}"),
        )
}

fn of_model(kept: &ModelOutcome) -> Outcome {
    Outcome::new(&kept.path, kept.up_to_date).count("layers", kept.n_layers)
}

fn of_dimensions(found: &LayerOutcome<DimensionsInfo>) -> Outcome {
    Outcome::new(&found.path, found.up_to_date).count("words", found.info.n_words)
}

fn of_swaps(found: &LayerOutcome<SwapsInfo>) -> Outcome {
    let info = &found.info;
    let n_pairs = info.n_pairs.first().copied().unwrap_or(0);
    Outcome::new(&found.path, found.up_to_date)
        .fact("layer", info.layer, &format!("layer {}", info.layer))
        .count("runs", info.n_runs)
        .count("pairs", n_pairs)
}

fn main() -> ExitCode {
    lpp_cli::run(|args: Args| {
        let common = args.common.clone();
        let (progress, software) = (lpp_cli::progress(&common), lpp_cli::software!());
        let (fit, canary) = args.into_jobs(&progress)?;
        let fits = match fit.step.apply {
            Some(_) => TransferJob { fit: fit.clone() }.run(software, &progress)?,
            None => fit.run(software, &progress)?,
        };
        let mut outcomes: Vec<Outcome> = fits.iter().map(of_fit).collect();
        let joint = JointJob { fit: fit.clone() }.run(software, &progress)?;
        outcomes.extend(joint.iter().map(of_joint));
        let partitions = PartitionJob { fit: fit.clone() }.run(software, &progress)?;
        outcomes.extend(partitions.iter().map(of_partition));
        let nulls = NullJob { fit: fit.clone() }.run(software, &progress)?;
        outcomes.extend(nulls.iter().map(of_nulls));
        let swaps = SwapJob { fit: fit.clone() }.run(software, &progress)?;
        outcomes.extend(swaps.iter().map(of_swaps));
        let dimensions = DimensionsJob { fit: fit.clone() }.run(software, &progress)?;
        outcomes.extend(dimensions.iter().map(of_dimensions));
        let models = ModelJob { fit }.run(software, &progress)?;
        outcomes.extend(models.iter().map(of_model));
        if let Some(canary) = canary {
            canary.run(software, &progress)?;
        }
        lpp_cli::print_outcomes(&common, &outcomes)
    })
}
