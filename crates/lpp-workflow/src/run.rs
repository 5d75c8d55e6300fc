//! Running the steps of a study as processes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use lpp_files::{HashMemo, ProcessMemory, human_bytes, recorded_text, replace_own_file};
use lpp_steps::{Completion, Provenance};
use lpp_study::Study;

use crate::WorkflowError;
use crate::call::Call;
use crate::graph::{predecessors, select};

use crate::lock::StudyLock;
use crate::log::{Event, RunLog};
use crate::machine::{free_disk, human_seconds};
use crate::place::VERSION;
use crate::plan::{PlanOptions, plan};
use crate::record::{StepRecord, file_name, make_folder, run_folder};
use crate::state::{Inspector, State};
use crate::stop::{self, StopRequest};

/// Time between two checks of the running programs.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How a study is run.
#[derive(Debug, Clone)]
pub struct RunJob {
    /// What is planned.
    pub plan: PlanOptions,
    /// Folder of the programs.
    pub programs: PathBuf,
    /// Steps at once.
    pub jobs: usize,
    /// Memory of all running steps together, bytes.
    pub memory_bytes: u64,
    /// Parts of names of steps to run, with all that they need; none: all steps.
    pub only: Vec<String>,
    /// Whether other steps continue after a failure.
    pub keep_going: bool,
    /// The commit that this program was built from, for the log.
    pub commit: Option<&'static str>,
    /// Whether the run is asked to end; it then ends the programs that it has started.
    pub stop: StopRequest,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct RunReport {
    /// Steps of the plan.
    pub n_steps: usize,
    /// Steps that were done already.
    pub n_done_before: usize,
    /// Steps that were run and succeeded.
    pub n_run: usize,
    /// Seconds from start to end.
    pub wall_s: f64,
    /// The most memory that a step that was run has used.
    pub peak_memory_bytes: u64,
}

impl RunJob {
    /// Runs all steps that are not done.
    ///
    /// # Errors
    /// [`WorkflowError`] naming the first step that failed, does not fit, or cannot start; with `keep_going`, steps
    /// that do not depend on it are run first. Also if another lpp-run is running in the study, or a pattern matches no
    /// step. [`WorkflowError::Stopped`] if `stop` asked.
    pub fn run(&self, study: &Study) -> Result<RunReport, WorkflowError> {
        let started = Instant::now();
        let lock = StudyLock::take(study)?;
        let hashes = HashMemo::load(run_folder(study).join("hashes.json"));
        let mut log = RunLog::open(study)?;
        log.add(&Event::Run {
            version: VERSION,
            commit: self.commit,
            jobs: self.jobs,
            threads: self.plan.threads,
            memory_bytes: self.memory_bytes,
        })?;
        let mut report = RunReport::default();
        let mut outcome = Ok(());
        loop {
            let steps = select(plan(study, &self.plan)?.steps, &self.only)?;
            let mut execution = Execution::new(self, study, &hashes, &lock, steps);
            let ended = execution.run(&mut log);
            report.n_run += execution.n_run;
            report.peak_memory_bytes = report.peak_memory_bytes.max(execution.peak_memory_bytes);
            report.n_steps = execution.steps.len();
            report.n_done_before = execution.n_done_before;
            match ended {
                Ok(End::PlanAgain) => continue,
                Ok(End::All) => {}
                Err(error) => outcome = Err(error),
            }
            break;
        }
        report.wall_s = started.elapsed().as_secs_f64();
        let saved = hashes.save();
        log.add(&Event::Finish {
            n_run: report.n_run,
            n_failed: usize::from(outcome.is_err()),
            wall_s: report.wall_s,
        })?;
        outcome?;
        saved?;
        Ok(report)
    }

    fn program(&self, name: &str) -> Result<PathBuf, WorkflowError> {
        let path = self.programs.join(name);
        if path.is_file() {
            // Programs run in the study folder.
            return path.canonicalize().map_err(WorkflowError::io(&path));
        }
        Err(WorkflowError::NoProgram { path })
    }
}

/// Why a step that was done before is done again; that an output does not exist yet is no news.
fn because(state: &State) -> String {
    match state {
        State::Stale(reason) => format!(" ({reason})"),
        _ => String::new(),
    }
}

/// How an execution ended that did not fail.
enum End {
    All,
    /// Inputs have come that later steps depend on.
    PlanAgain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Waiting,
    Running,
    Finished,
    /// Failed, or waits for one that did.
    Lost,
}

struct Running {
    place: usize,
    child: Child,
    started: Instant,
    started_at: SystemTime,
    memory: ProcessMemory,
    log: PathBuf,
}

/// One plan on its way.
struct Execution<'a> {
    job: &'a RunJob,
    study: &'a Study,
    hashes: &'a HashMemo,
    lock: &'a StudyLock,
    steps: Vec<Call>,
    before: Vec<BTreeSet<usize>>,
    progress: Vec<Stage>,
    /// The steps that were not done when it began.
    open: Vec<usize>,
    running: Vec<Running>,
    n_run: usize,
    peak_memory_bytes: u64,
    n_done_before: usize,
    failure: Option<WorkflowError>,
    plan_again: bool,
}

impl<'a> Execution<'a> {
    fn new(
        job: &'a RunJob,
        study: &'a Study,
        hashes: &'a HashMemo,
        lock: &'a StudyLock,
        steps: Vec<Call>,
    ) -> Self {
        let states = Inspector { study, hashes }.states(&steps);
        Self {
            open: (0..steps.len())
                .filter(|&place| states[place] != State::Done)
                .collect(),
            before: predecessors(&steps),
            progress: vec![Stage::Waiting; steps.len()],
            steps,
            job,
            study,
            hashes,
            lock,
            running: Vec::new(),
            n_run: 0,
            peak_memory_bytes: 0,
            n_done_before: 0,
            failure: None,
            plan_again: false,
        }
    }

    fn run(&mut self, log: &mut RunLog) -> Result<End, WorkflowError> {
        loop {
            while let Some(place) = self.next() {
                if let Err(error) = self.start(place, log) {
                    self.lose(place, error);
                }
            }
            if self.running.is_empty() {
                break;
            }
            thread::sleep(LOOK_EVERY);
            if let Some(signal) = self.job.stop.signal() {
                return Err(self.stopped(signal));
            }
            self.look(log)?;
            self.job.stop.set_idle(self.running.is_empty());
        }
        match self.failure.take() {
            Some(error) => Err(error),
            None if self.plan_again => Ok(End::PlanAgain),
            None => Ok(End::All),
        }
    }

    /// Position of the step that has just started among those to be done, and the estimated time that is left.
    fn position(&self) -> String {
        let begun = |place: &&usize| self.progress[**place] != Stage::Waiting;
        let left = |place: &&usize| matches!(self.progress[**place], Stage::Waiting | Stage::Running);
        let seconds: f64 = self
            .open
            .iter()
            .filter(left)
            .map(|&place| self.steps[place].cost.seconds)
            .sum();
        format!(
            "{} of {}, about {} left",
            self.open.iter().filter(begun).count(),
            self.open.len(),
            human_seconds(seconds / self.job.jobs.max(1) as f64)
        )
    }

    /// A step that can start now.
    fn next(&self) -> Option<usize> {
        let stopping = (self.failure.is_some() && !self.job.keep_going) || self.plan_again;
        if stopping || self.running.len() >= self.job.jobs.max(1) {
            return None;
        }
        let taken: u64 = self
            .running
            .iter()
            .map(|run| self.steps[run.place].cost.memory_bytes)
            .sum();
        (0..self.steps.len()).find(|place| {
            let cost = self.steps[*place].cost.memory_bytes;
            self.progress[*place] == Stage::Waiting
                && self.before[*place]
                    .iter()
                    .all(|b| self.progress[*b] == Stage::Finished)
                && (self.running.is_empty() || taken.saturating_add(cost) <= self.job.memory_bytes)
        })
    }

    fn state(&self, place: usize) -> State {
        let inspector = Inspector {
            study: self.study,
            hashes: self.hashes,
        };
        inspector.state(&self.steps[place], |_| false)
    }

    fn start(&mut self, place: usize, log: &mut RunLog) -> Result<(), WorkflowError> {
        let state = self.state(place);
        let step = &self.steps[place];
        match state {
            State::Done => {
                self.progress[place] = Stage::Finished;
                self.n_done_before += 1;
                return Ok(());
            }
            State::Blocked(reason) => {
                return Err(WorkflowError::Blocked {
                    step: step.id.clone(),
                    reason,
                });
            }
            State::Stale(_) | State::Todo(_) => self.check_size(step)?,
        }
        let folder = run_folder(self.study).join("steps");
        make_folder(&folder)?;
        let path = folder.join(format!("{}.log", file_name(&step.id)));
        let output = replace_own_file(&path).map_err(WorkflowError::io(&path))?;
        let errors = output.try_clone().map_err(WorkflowError::io(&path))?;
        let program = self.job.program(step.program)?;
        let mut command = Command::new(&program);
        command
            .args(&step.arguments)
            .args(["--threads", &self.job.plan.threads.to_string()])
            .current_dir(self.study.root())
            .stdin(self.lock.share()?)
            .stdout(output)
            .stderr(errors);
        if !self.job.plan.fetch {
            command.env("HF_HUB_OFFLINE", "1");
        }
        self.job.stop.set_idle(false);
        let child = command.spawn().map_err(WorkflowError::io(&program))?;
        log.add(&Event::Start {
            step: &step.id,
            why: state.reason(),
            program: step.program,
            arguments: &step.arguments,
            process: child.id(),
        })?;
        self.progress[place] = Stage::Running;
        tracing::info!(
            "{}: running, {}{}",
            self.steps[place].id,
            self.position(),
            because(&state)
        );
        self.running.push(Running {
            place,
            child,
            started: Instant::now(),
            started_at: SystemTime::now(),
            memory: ProcessMemory::default(),
            log: path,
        });
        Ok(())
    }

    fn check_size(&self, step: &Call) -> Result<(), WorkflowError> {
        let refuse = |needed: String, available: String| {
            Err(WorkflowError::DoesNotFit {
                step: step.id.clone(),
                needed,
                available,
            })
        };
        let cost = step.cost;
        if cost.memory_bytes > self.job.memory_bytes {
            let needed = format!("about {} of memory", human_bytes(cost.memory_bytes));
            return refuse(
                needed,
                format!("{} are allowed (--memory)", human_bytes(self.job.memory_bytes)),
            );
        }
        let free = free_disk(self.study.root());
        let needed = cost.disk_bytes.saturating_add(cost.scratch_bytes);
        if needed > free {
            let needed = format!("about {} of disk", human_bytes(needed));
            return refuse(needed, format!("{} are free", human_bytes(free)));
        }
        Ok(())
    }

    /// Ends the running programs; their steps are not done.
    fn stopped(&mut self, signal: i32) -> WorkflowError {
        let name = |run: &Running| self.steps[run.place].id.as_str();
        let steps = self.running.iter().map(name).collect::<Vec<_>>().join(", ");
        for run in &mut self.running {
            if let Err(error) = stop::end(&mut run.child) {
                tracing::warn!("{}: {error}", run.log.display());
            }
        }
        WorkflowError::Stopped { signal, steps }
    }

    /// Checks the running programs and handles those that have ended.
    fn look(&mut self, log: &mut RunLog) -> Result<(), WorkflowError> {
        let mut place = 0;
        while place < self.running.len() {
            let limit = self.job.memory_bytes;
            let run = &mut self.running[place];
            let now = ProcessMemory::of(run.child.id());
            run.memory.peak = run.memory.peak.max(now.peak);
            run.memory.own = run.memory.own.max(now.own);
            if now.own > limit {
                run.child.kill().map_err(WorkflowError::io(&run.log))?;
            }
            match run.child.try_wait().map_err(WorkflowError::io(&run.log))? {
                None => place += 1,
                Some(status) => {
                    let run = self.running.swap_remove(place);
                    self.take_in(run, status, log)?;
                }
            }
        }
        Ok(())
    }

    fn take_in(&mut self, run: Running, status: ExitStatus, log: &mut RunLog) -> Result<(), WorkflowError> {
        self.hashes.forget_young();
        let wall_s = run.started.elapsed().as_secs_f64();
        let how = describe(status);
        let step = &self.steps[run.place];
        if status.success() && (step.check == Completion::Record || step.may_leave_out) {
            StepRecord::save(self.study, self.hashes, step)?;
        }
        let peak_bytes = run.memory.peak.max(self.recorded_peak(step, run.started_at));
        self.peak_memory_bytes = self.peak_memory_bytes.max(peak_bytes);
        log.add(&Event::End {
            step: &step.id,
            status: &how,
            wall_s,
            peak_memory_bytes: peak_bytes,
            outputs: with_records(step),
        })?;
        if !status.success() {
            let message = if run.memory.own > self.job.memory_bytes {
                let (took, limit) = (human_bytes(run.memory.own), human_bytes(self.job.memory_bytes));
                format!("stopped, because it used {took} of memory; the limit is {limit} (--memory)")
            } else {
                last_error(&run.log)
            };
            let error = WorkflowError::Failed {
                step: step.id.clone(),
                how,
                message,
                log: run.log,
            };
            self.lose(run.place, error);
            return Ok(());
        }
        let state = self.state(run.place);
        if state != State::Done {
            let error = WorkflowError::NotDone {
                step: self.steps[run.place].id.clone(),
                reason: state.reason().to_owned(),
                log: run.log,
            };
            self.lose(run.place, error);
            return Ok(());
        }
        let (id, peak) = (&self.steps[run.place].id, human_bytes(peak_bytes));
        tracing::info!("{id}: done in {}, {peak}", human_seconds(wall_s));
        self.progress[run.place] = Stage::Finished;
        self.n_run += 1;
        self.plan_again |= self.steps[run.place].brings_inputs;
        Ok(())
    }

    /// The peak memory that a program itself has recorded since `started`, because it may end between two checks.
    fn recorded_peak(&self, step: &Call, started: SystemTime) -> u64 {
        let of_output = |path: &PathBuf| {
            let artefact = self.study.root().join(path);
            let written = fs::metadata(Provenance::path_of(&artefact))
                .ok()?
                .modified()
                .ok()?;
            (written >= started).then(|| Provenance::load(&artefact).ok())?
        };
        let made = step.outputs.iter().filter_map(|output| of_output(&output.path));
        made.map(|made| made.peak_memory_bytes).max().unwrap_or(0)
    }

    /// A step that will not be done, and with it all that wait for it. The first failure is the one that is reported.
    fn lose(&mut self, place: usize, error: WorkflowError) {
        self.progress[place] = Stage::Lost;
        let mut lost = true;
        while lost {
            lost = false;
            for later in 0..self.steps.len() {
                if self.progress[later] == Stage::Waiting
                    && self.before[later]
                        .iter()
                        .any(|b| self.progress[*b] == Stage::Lost)
                {
                    self.progress[later] = Stage::Lost;
                    lost = true;
                }
            }
        }
        if self.failure.is_some() {
            tracing::warn!("{error}");
        } else {
            self.failure = Some(error);
        }
    }
}

/// The outputs of a step that have their own records.
fn with_records(step: &Call) -> Vec<String> {
    let outputs = step
        .outputs
        .iter()
        .filter(|_| step.check == Completion::Provenance);
    outputs
        .map(|output| recorded_text(output.path.as_os_str()))
        .collect()
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "unknown end".to_owned(),
    }
}

/// The last line of error in a log, or its last line.
fn last_error(log: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let lines = || text.lines().rev().map(str::trim).filter(|line| !line.is_empty());
    let error = lines().find_map(|line| line.strip_prefix("error: "));
    error
        .or_else(|| lines().next())
        .unwrap_or("it printed no message")
        .to_owned()
}
