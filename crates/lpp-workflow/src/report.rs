//! A plan as people and programs read it.

use lpp_files::{HashMemo, human_bytes};
use lpp_study::Study;
use serde::Serialize;

use crate::WorkflowError;
use crate::call::Call;
use crate::given::Given;
use crate::graph::select;

use crate::machine::{Machine, human_seconds};
use crate::plan::{Plan, plan};
use crate::record::run_folder;
use crate::run::RunJob;
use crate::state::{Inspector, State};

/// Widest column of the names of steps, in characters.
const WIDEST: usize = 80;

/// A step and its state.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlannedStep {
    /// The step.
    #[serde(flatten)]
    pub step: Call,
    /// Whether it is done, and if not, why.
    #[serde(flatten)]
    pub state: State,
}

/// The plan of a study: finished steps, steps to run, their cost, and problems.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlanReport {
    /// The steps in their order.
    pub steps: Vec<PlannedStep>,
    /// Artefacts that are the study's own and are used as they are.
    pub given: Given,
    /// Estimated time of the remaining steps in seconds, with parallel steps taken into account.
    pub seconds: f64,
    /// Estimated disk space of the remaining steps in bytes: all outputs, and the temporary files of the step with the
    /// largest ones.
    pub disk_bytes: u64,
    /// Estimated memory of the largest step that is not done, bytes.
    pub memory_bytes: u64,
    /// The machine.
    pub machine: Machine,
    /// Problems that prevent the run.
    pub problems: Vec<String>,
    /// Whether the text lists the inputs of each step.
    #[serde(skip)]
    pub with_inputs: bool,
}

impl PlanReport {
    /// Inspects the files of the study; nothing is written. Without `check`, no step counts as done and no file is
    /// hashed.
    ///
    /// # Errors
    /// As [`plan`], and if a pattern names no step.
    pub fn of(study: &Study, job: &RunJob, check: bool) -> Result<Self, WorkflowError> {
        let Plan { steps, given } = plan(study, &job.plan)?;
        let steps = select(steps, &job.only)?;
        let hashes = HashMemo::load(run_folder(study).join("hashes.json"));
        let inspector = Inspector {
            study,
            hashes: &hashes,
        };
        let states = if check {
            inspector.states(&steps)
        } else {
            vec![State::Todo("not looked at".to_owned()); steps.len()]
        };
        let steps: Vec<PlannedStep> = steps
            .into_iter()
            .zip(states)
            .map(|(step, state)| PlannedStep { step, state })
            .collect();
        let open = || {
            steps
                .iter()
                .filter(|planned| planned.state != State::Done)
                .map(|planned| &planned.step)
        };
        let machine = Machine::here(study.root());
        let scratch_bytes = open().map(|step| step.cost.scratch_bytes).max().unwrap_or(0);
        let disk_bytes = open().map(|step| step.cost.disk_bytes).sum::<u64>() + scratch_bytes;
        Ok(Self {
            seconds: open().map(|step| step.cost.seconds).sum::<f64>() / job.jobs.max(1) as f64,
            memory_bytes: open().map(|step| step.cost.memory_bytes).max().unwrap_or(0),
            problems: problems(job, &steps, disk_bytes, &machine),
            disk_bytes,
            steps,
            given,
            machine,
            with_inputs: false,
        })
    }

    fn count(&self, name: &str) -> usize {
        self.steps.iter().filter(|step| step.state.name() == name).count()
    }
}

fn problems(job: &RunJob, steps: &[PlannedStep], disk_bytes: u64, machine: &Machine) -> Vec<String> {
    let mut problems = Vec::new();
    for PlannedStep { step, state } in steps {
        if let State::Blocked(reason) = state {
            problems.push(format!("{} cannot start: {reason}", step.id));
        }
        let limit = job.memory_bytes.min(machine.memory_bytes);
        if *state != State::Done && step.cost.memory_bytes > limit {
            let (needed, limit) = (human_bytes(step.cost.memory_bytes), human_bytes(limit));
            problems.push(format!(
                "{} needs about {needed} of memory; the limit is {limit}",
                step.id
            ));
        }
    }
    if disk_bytes > machine.free_disk_bytes {
        let (needed, free) = (human_bytes(disk_bytes), human_bytes(machine.free_disk_bytes));
        problems.push(format!(
            "about {needed} of disk space are needed; {free} are free"
        ));
    }
    let mut programs: Vec<&str> = steps.iter().map(|planned| planned.step.program).collect();
    programs.sort_unstable();
    programs.dedup();
    for program in programs
        .into_iter()
        .filter(|name| !job.programs.join(name).is_file())
    {
        problems.push(format!("{} does not exist", job.programs.join(program).display()));
    }
    problems
}

impl PlanReport {
    /// The plan as lines of text: steps, what belongs to the study, sums, and what does not fit.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let width = self.steps.iter().map(|planned| planned.step.id.chars().count());
        // One long name must not pad the lines of all steps.
        let width = width.max().unwrap_or(4).min(WIDEST);
        let mut lines = vec![format!(
            "{:8} {:width$} {:>9} {:>9} {:>9}",
            "state", "step", "time", "memory", "disk"
        )];
        for PlannedStep { step, state } in &self.steps {
            let cost = step.cost;
            lines.push(format!(
                "{:8} {:width$} {:>9} {:>9} {:>9}  {}",
                state.name(),
                step.id,
                human_seconds(cost.seconds),
                human_bytes(cost.memory_bytes),
                human_bytes(cost.disk_bytes),
                state.reason()
            ));
            lines.extend(self.files_of(step));
        }
        let given = self.given.lines().into_iter();
        lines.extend(given.map(|line| format!("given    {line}: belongs to the study, never recomputed")));
        lines.extend(self.sums());
        let problems = self.problems.iter();
        lines.extend(problems.map(|problem| format!("does not fit: {problem}")));
        lines
    }

    fn files_of(&self, step: &Call) -> Vec<String> {
        let mut lines = Vec::new();
        if self.with_inputs {
            lines.push(format!(
                "           {} {}",
                step.program,
                step.arguments.join(" ")
            ));
            let inputs = step.all_inputs();
            lines.extend(inputs.map(|input| format!("           from {}", input.display())));
        }
        let shown = if self.with_inputs { usize::MAX } else { 1 };
        for output in step.outputs.iter().take(shown) {
            let others = step.outputs.len() - 1;
            let more = if others > 0 && !self.with_inputs {
                format!(" and {others} more")
            } else {
                String::new()
            };
            lines.push(format!("           to   {}{more}", output.path.display()));
        }
        lines
    }

    fn sums(&self) -> [String; 4] {
        [
            String::new(),
            format!(
                "{} steps: {} done, {} stale, {} to do, {} blocked",
                self.steps.len(),
                self.count("done"),
                self.count("stale"),
                self.count("to do"),
                self.count("blocked")
            ),
            format!(
                "remaining: about {}, {} of disk, {} of memory for the largest step",
                human_seconds(self.seconds),
                human_bytes(self.disk_bytes),
                human_bytes(self.memory_bytes)
            ),
            format!(
                "here: {} cores, {} of memory ({} available), {} of disk free",
                self.machine.n_cores,
                human_bytes(self.machine.memory_bytes),
                human_bytes(self.machine.available_bytes),
                human_bytes(self.machine.free_disk_bytes)
            ),
        ]
    }
}
