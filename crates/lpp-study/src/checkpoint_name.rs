//! Checkpoints of a model's training, by their names.

/// Tokens of a training step of all Pythia models: 1024 sequences of 2048 tokens.
///
/// S. Biderman et al. (2023), <https://arxiv.org/abs/2304.01373>
const PYTHIA_TOKENS_PER_STEP: u64 = 2_097_152;

/// A checkpoint of a model's training: `pythia-6.9b_step1000`, or as `OLMo` 2 names them
/// `OLMo-2-1124-7B_stage1-step1000-tokens5B`.
///
/// ```
/// use lpp_study::CheckpointName;
///
/// let pythia = CheckpointName::of("pythia-6.9b_step1000").unwrap();
/// assert_eq!((pythia.model, pythia.revision, pythia.step), ("pythia-6.9b", "step1000", 1000));
/// assert_eq!(pythia.tokens, Some(2_097_152_000));
/// let olmo = CheckpointName::of("OLMo-2-1124-7B_stage1-step1000-tokens5B").unwrap();
/// assert_eq!((olmo.step, olmo.tokens), (1000, Some(5_000_000_000)));
/// assert_eq!(CheckpointName::of("gpt2_step5").unwrap().tokens, None);
/// assert_eq!(CheckpointName::of("gpt2"), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckpointName<'a> {
    /// The model without its revision.
    pub model: &'a str,
    /// The revision on the hub.
    pub revision: &'a str,
    /// Training step.
    pub step: u64,
    /// Tokens seen in training, if the name tells them, or the family is known.
    pub tokens: Option<u64>,
}

impl<'a> CheckpointName<'a> {
    /// The parts of a name; `None` if it is not that of a checkpoint. Later stages of `OLMo` 2 start from a merged model and count
    /// afresh, so they are none.
    #[must_use]
    pub fn of(name: &'a str) -> Option<Self> {
        if let Some((model, step)) = numbered(name, "_step") {
            let is_pythia = model.rsplit('/').next().unwrap_or(model).starts_with("pythia");
            let tokens = is_pythia.then(|| step.checked_mul(PYTHIA_TOKENS_PER_STEP));
            return Some(Self {
                model,
                revision: &name[model.len() + 1..],
                step,
                tokens: tokens.flatten(),
            });
        }
        let (model, rest) = name.rsplit_once("_stage1-step")?;
        let (step, tokens) = rest.split_once("-tokens")?;
        let whole = |text: &str| -> Option<u64> {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse().ok()).flatten()
        };
        Some(Self {
            model,
            revision: &name[model.len() + 1..],
            step: whole(step)?,
            tokens: Some(whole(tokens.strip_suffix('B')?)?.checked_mul(1_000_000_000)?),
        })
    }
}

/// Splits a number from the end of a name: `gpt2` and 1 for `gpt2_untrained_seed1` with `_untrained_seed`.
///
/// ```
/// assert_eq!(lpp_study::numbered("pythia-6.9b_step1000", "_step"), Some(("pythia-6.9b", 1000)));
/// assert_eq!(lpp_study::numbered("two_step", "_step"), None);
/// ```
#[must_use]
pub fn numbered<'a>(name: &'a str, before: &str) -> Option<(&'a str, u64)> {
    let (base, number) = name.rsplit_once(before)?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((base, number.parse().ok()?))
}

/// The model of a checkpoint: `pythia-6.9b` for `pythia-6.9b_step1000`; other names unchanged.
#[must_use]
pub fn base_of_step(name: &str) -> &str {
    CheckpointName::of(name).map_or(name, |checkpoint| checkpoint.model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_a_step_are_no_checkpoints() {
        for name in [
            "my_step",
            "OLMo-2-1124-7B_stage1-step1000",
            "OLMo-2-1124-7B_stage2-ingredient1-step1000-tokens5B",
            "OLMo-2-1124-7B_stage1-step-tokens5B",
            "x_stage1-step1-tokens99999999999999999999B",
        ] {
            assert_eq!(CheckpointName::of(name), None, "{name}");
            assert_eq!(base_of_step(name), name);
        }
        assert_eq!(base_of_step("org/pythia-70m_step0"), "org/pythia-70m");
    }
}
