//! Which step waits for which.

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use lpp_files::did_you_mean;

use crate::WorkflowError;
use crate::call::Call;

/// For each step the steps that come before it, by position.
pub(crate) fn predecessors(steps: &[Call]) -> Vec<BTreeSet<usize>> {
    let mut makers: HashMap<&PathBuf, usize> = HashMap::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (place, step) in steps.iter().enumerate() {
        places.insert(&step.id, place);
        makers.extend(step.outputs.iter().map(|output| (&output.path, place)));
    }
    steps
        .iter()
        .enumerate()
        .map(|(place, step)| {
            let of_inputs = step.all_inputs().filter_map(|input| makers.get(input));
            let others = step.after.iter().filter_map(|id| places.get(id.as_str()));
            of_inputs
                .chain(others)
                .copied()
                .filter(|before| *before != place)
                .collect()
        })
        .collect()
}

/// The steps whose names contain one of `patterns`, and all that they need, in their order; all if there is no pattern.
pub(crate) fn select(steps: Vec<Call>, patterns: &[String]) -> Result<Vec<Call>, WorkflowError> {
    if patterns.is_empty() {
        return Ok(steps);
    }
    let mut wanted = BTreeSet::new();
    for pattern in patterns {
        let matching: Vec<usize> = (0..steps.len())
            .filter(|place| steps[*place].id.contains(pattern))
            .collect();
        if matching.is_empty() {
            // A step is meant by its name, with or without its language, or by a part between colons.
            let names = steps.iter().flat_map(|step| {
                let without_language = step.id.rsplit_once(':').map(|(name, _)| name);
                let parts = step.id.split(':').chain(without_language);
                parts.chain([step.id.as_str()])
            });
            return Err(WorkflowError::NoSuchStep {
                pattern: pattern.clone(),
                hint: did_you_mean(pattern, names).map_or_else(String::new, |hint| format!("; {hint}")),
            });
        }
        wanted.extend(matching);
    }
    let before = predecessors(&steps);
    let mut open: Vec<usize> = wanted.iter().copied().collect();
    while let Some(place) = open.pop() {
        open.extend(
            before[place]
                .iter()
                .copied()
                .filter(|earlier| wanted.insert(*earlier)),
        );
    }
    let chosen = steps
        .into_iter()
        .enumerate()
        .filter(|(place, _)| wanted.contains(place));
    Ok(chosen.map(|(_, step)| step).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_steps::{Artefact, Completion, Cost};

    fn step(id: &str, inputs: &[&str], outputs: &[&str]) -> Call {
        Call {
            id: id.to_owned(),
            program: "lpp-test",
            arguments: Vec::new(),
            inputs: inputs.iter().map(PathBuf::from).collect(),
            optional_inputs: Vec::new(),
            outputs: outputs.iter().map(Artefact::new).collect(),
            check: Completion::Provenance,
            may_leave_out: false,
            after: Vec::new(),
            needs_model: None,
            brings_inputs: false,
            cost: Cost::default(),
        }
    }

    #[test]
    fn a_chosen_step_brings_what_it_needs() {
        let mut steps = vec![
            step("a", &["given"], &["x"]),
            step("b", &["given"], &["y"]),
            step("c", &["x"], &["z"]),
            step("d", &["y"], &[]),
        ];
        steps[1].after.push("a".into());
        assert_eq!(predecessors(&steps)[2], BTreeSet::from([0]));
        let names = |pattern: &str| {
            let chosen = select(steps.clone(), &[pattern.to_owned()]).unwrap();
            chosen.into_iter().map(|step| step.id).collect::<Vec<_>>()
        };
        assert_eq!(names("c"), ["a", "c"]);
        assert_eq!(names("d"), ["a", "b", "d"]);
        assert!(select(steps.clone(), &["e".into()]).is_err());
        assert_eq!(select(steps.clone(), &[]).unwrap().len(), 4);
    }
}
