//! A step as it is planned: one call of one program, in files of the study folder.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::place::relative;
use lpp_steps::{Artefact, Completion, Cost, Estimator, FetchModelStep, Step};
use lpp_study::Study;
use serde::Serialize;

/// One call of one program, with paths from the study folder.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Call {
    /// Its name: `fit:gpt2:en`.
    pub id: String,
    /// The program.
    pub program: &'static str,
    /// Its arguments, for a call from the study folder; threads come on top.
    pub arguments: Vec<String>,
    /// The files that must be there.
    pub inputs: Vec<PathBuf>,
    /// Optional inputs, used if they exist.
    pub optional_inputs: Vec<PathBuf>,
    /// Its outputs; with [`Completion::Record`], those that are known in advance.
    pub outputs: Vec<Artefact>,
    /// How to determine whether the step is done.
    pub check: Completion,
    /// Whether the program may omit outputs with a message; then its completion is recorded too.
    pub may_leave_out: bool,
    /// Steps that come first without making an input: they write a file that this one would write too.
    pub after: Vec<String>,
    /// The language model that it runs: to be fetched if the study does not have it.
    #[serde(skip)]
    pub needs_model: Option<FetchModelStep>,
    /// Whether later steps are only known after this one, because it downloads the files that they depend on.
    pub brings_inputs: bool,
    /// What it takes.
    pub cost: Cost,
}

impl Call {
    /// The call that runs `step` in `study`.
    pub fn of<S: Step>(step: &S, study: &Study, estimator: &Estimator<'_>) -> Self {
        let within = |paths: Vec<PathBuf>| -> Vec<PathBuf> {
            paths.iter().map(|path| relative(study, path)).collect()
        };
        let outputs: Vec<Artefact> = step
            .artefacts()
            .into_iter()
            .map(|artefact| Artefact {
                path: relative(study, &artefact.path),
                inputs: within(artefact.inputs),
                parameters: artefact.parameters,
                is_later: artefact.is_later,
            })
            .collect();
        // A step of a large study has tens of thousands of inputs: each is looked up, not searched for.
        let mut known: HashSet<&Path> = outputs.iter().map(|output| output.path.as_path()).collect();
        let further = within(step.further_inputs());
        let of_outputs = outputs.iter().flat_map(|output| &output.inputs);
        let all = of_outputs.chain(&further);
        let inputs: Vec<PathBuf> = all
            .filter(|input| known.insert(input.as_path()))
            .cloned()
            .collect();
        Self {
            id: step.id(),
            program: S::PROGRAM,
            arguments: step.arguments(),
            inputs,
            optional_inputs: within(step.optional_inputs()),
            outputs,
            check: step.completion(),
            may_leave_out: step.may_leave_out(),
            after: Vec::new(),
            needs_model: None,
            brings_inputs: false,
            cost: step.cost(estimator),
        }
    }

    /// Inputs that must be there, and those that may be.
    pub(crate) fn all_inputs(&self) -> impl Iterator<Item = &PathBuf> {
        self.inputs.iter().chain(&self.optional_inputs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::place::VERSION;
    use crate::state::{Inspector, State};
    use lpp_files::{FileError, HashMemo, write_atomically};
    use lpp_steps::{Provenance, Software, StudySize, run_if_stale};
    use lpp_study::Language;

    /// A step of no program: it copies a file, `--times` over.
    struct Copy {
        input: PathBuf,
        times: usize,
        output: PathBuf,
    }

    impl Step for Copy {
        const PROGRAM: &'static str = "lpp-copy";

        fn id(&self) -> String {
            "copy".to_owned()
        }

        fn arguments(&self) -> Vec<String> {
            vec!["--times".to_owned(), self.times.to_string()]
        }

        fn artefacts(&self) -> Vec<Artefact> {
            vec![
                Artefact::new(&self.output)
                    .input(&self.input)
                    .with("times", self.times),
            ]
        }

        fn cost(&self, estimator: &Estimator<'_>) -> Cost {
            estimator.small(1.0)
        }
    }

    fn copy_in(study: &Study, times: usize) -> Copy {
        Copy {
            input: study.root().join("input"),
            times,
            output: study.root().join("copies/output"),
        }
    }

    /// The program: makes the step from its arguments and runs it if it is stale. Returns whether it was run.
    fn program(study: &Study, arguments: &[String]) -> bool {
        let times = arguments[1].parse().unwrap();
        let step = copy_in(study, times);
        let software = Software {
            program: Copy::PROGRAM,
            version: VERSION,
            commit: None,
        };
        let done = run_if_stale(software, step.artefacts(), false, || {
            let text = std::fs::read(&step.input).unwrap().repeat(times);
            write_atomically(&step.output, &text)
        });
        !done
            .map_err(|error: FileError| error.to_string())
            .unwrap()
            .is_up_to_date()
    }

    #[test]
    fn plan_program_record_and_completion_ask_one_step() {
        let folder = tempfile::tempdir().unwrap();
        let study = Study::open(folder.path()).unwrap();
        std::fs::write(study.root().join("input"), "abc").unwrap();
        let size = StudySize::published(Language::English);
        let estimator = Estimator {
            study: &study,
            size: &size,
            threads: 1,
        };
        let call = |times| Call::of(&copy_in(&study, times), &study, &estimator);
        let hashes = HashMemo::default();
        let state = |call: &Call| {
            hashes.forget_young();
            let inspector = Inspector {
                study: &study,
                hashes: &hashes,
            };
            inspector.state(call, |_| false)
        };
        let twice = call(2);
        assert_eq!(
            twice.inputs,
            [PathBuf::from("input")],
            "named from the study folder"
        );
        assert!(matches!(state(&twice), State::Todo(_)));
        assert!(program(&study, &twice.arguments));
        let made = Provenance::load(&study.root().join("copies/output")).unwrap();
        assert_eq!(made.parameters, twice.outputs[0].parameters);
        assert_eq!(state(&twice), State::Done);
        assert!(!program(&study, &twice.arguments), "up to date");

        let thrice = call(3);
        assert_eq!(state(&thrice), State::Stale("times is 3, was 2".to_owned()));
        assert!(program(&study, &thrice.arguments));
        assert_eq!(state(&thrice), State::Done);
        std::fs::write(study.root().join("input"), "abd").unwrap();
        assert_eq!(state(&thrice), State::Stale("input has changed".to_owned()));
    }
}
