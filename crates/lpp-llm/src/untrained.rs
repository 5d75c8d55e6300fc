//! Weights of untrained models, equal to those that PyTorch draws from the same seed.
//!
//! The reference seeds torch's global generator and builds a model from its configuration. Each module draws
//! once when it is constructed and once when the family initialises it; both passes walk the modules in
//! definition order. The same libtorch calls on the same generator give the same bits, so the first pass is
//! replayed although nearly everything that it draws is overwritten by the second.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tch::{Device, Kind, Tensor};

use crate::error::LlmError;
use crate::parameter::{Construction, Initial, Parameter};

/// libtorch has one CPU generator a process; two draws at once would mix their streams.
static GENERATOR: Mutex<()> = Mutex::new(());

/// Draws all parameters of a model, which must be listed in the definition order of the reference.
///
/// All tensors are f32 on the CPU. The head of the language model is drawn after them ([`draw_head`]).
pub(crate) fn draw(parameters: &[Parameter], seed: u64) -> Result<HashMap<String, Tensor>, LlmError> {
    let torch_seed = checked(seed)?;
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::no_grad(|| {
        tch::manual_seed(torch_seed);
        let mut drawn = parameters.iter().map(construct).collect::<Result<Vec<_>, _>>()?;
        for (parameter, tensor) in parameters.iter().zip(&mut drawn) {
            initialise(parameter, tensor)?;
        }
        Ok(parameters.iter().map(|p| p.name.clone()).zip(drawn).collect())
    })
}

/// Draws the output matrix of a model: `own` if it has one, which is drawn after all `parameters`, otherwise the
/// embedding.
pub(crate) fn draw_head(
    parameters: &[Parameter],
    embedding: &str,
    own: Option<&Parameter>,
    seed: u64,
) -> Result<Tensor, LlmError> {
    let torch_seed = checked(seed)?;
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    tch::no_grad(|| {
        tch::manual_seed(torch_seed);
        for parameter in parameters {
            drop(construct(parameter)?);
        }
        for parameter in parameters {
            let mut tensor = Tensor::f_empty(&parameter.shape, (Kind::Float, Device::Cpu))?;
            initialise(parameter, &mut tensor)?;
            if own.is_none() && parameter.name == embedding {
                return Ok(tensor);
            }
        }
        let own = own.ok_or_else(|| LlmError::MissingTensors {
            folder: "the drawn weights".into(),
            names: vec![embedding.to_owned()],
            found: Vec::new(),
        })?;
        let mut tensor = construct(own)?;
        initialise(own, &mut tensor)?;
        Ok(tensor)
    })
}

/// Seed 0 means the pretrained model; torch uses signed 64-bit seeds.
fn checked(seed: u64) -> Result<i64, LlmError> {
    i64::try_from(seed)
        .ok()
        .filter(|&s| s > 0)
        .ok_or(LlmError::Seed { seed })
}

/// The parameters of an untrained model, each drawn when requested, bitwise the same as with [`draw`].
///
/// One generator is used for all parameters, so they must be requested in the order of their list; those without
/// randomness may be requested at any time. Nothing else in the process may draw in between, so the generator is
/// locked.
#[derive(Debug)]
pub(crate) struct DrawnSequence {
    parameters: Vec<Parameter>,
    /// The first parameter whose draw in the current pass is still to come.
    next: usize,
    /// Drawn and not yet requested.
    ready: HashMap<String, Tensor>,
    pass: DrawingPass,
    _alone: MutexGuard<'static, ()>,
}

/// Which of the two passes over the modules is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DrawingPass {
    /// Construction, for families that keep some of its draws (Mamba).
    Construction,
    /// Initialisation.
    Initialisation,
}

impl DrawnSequence {
    /// Seeds the generator and advances it to the first draw that is kept.
    pub(crate) fn new(parameters: Vec<Parameter>, seed: u64) -> Result<Self, LlmError> {
        let torch_seed = checked(seed)?;
        let alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sequence = Self {
            parameters,
            next: 0,
            ready: HashMap::new(),
            pass: DrawingPass::Construction,
            _alone: alone,
        };
        tch::no_grad(|| {
            tch::manual_seed(torch_seed);
            for parameter in &sequence.parameters {
                drop(construct(parameter)?);
            }
            sequence.pass = DrawingPass::Initialisation;
            let keeps_construction = |p: &Parameter| p.initial == Initial::Constructed;
            if sequence.parameters.iter().any(keeps_construction) {
                // The two passes cannot be walked side by side. The second one's share is small: it waits in memory
                // while the first one is drawn again.
                sequence.draw_up_to(sequence.parameters.len())?;
                tch::manual_seed(torch_seed);
                sequence.next = 0;
                sequence.pass = DrawingPass::Construction;
            }
            Ok(sequence)
        })
    }

    /// The parameter `name`; nothing if there is none, or if its draw has gone by.
    pub(crate) fn take(&mut self, name: &str) -> Result<Option<Tensor>, LlmError> {
        if let Some(tensor) = self.ready.remove(name) {
            return Ok(Some(tensor));
        }
        let Some(index) = self.parameters.iter().position(|p| p.name == name) else {
            return Ok(None);
        };
        if !is_random(self.parameters[index].initial) {
            let parameter = &self.parameters[index];
            let mut tensor = Tensor::f_empty(&parameter.shape, (Kind::Float, Device::Cpu))?;
            tch::no_grad(|| initialise(parameter, &mut tensor))?;
            return Ok(Some(tensor));
        }
        tch::no_grad(|| self.draw_up_to(index + 1))?;
        Ok(self.ready.remove(name))
    }

    /// Draws the parameters before `end` that the current pass has not drawn yet.
    fn draw_up_to(&mut self, end: usize) -> Result<(), LlmError> {
        while self.next < end {
            let parameter = &self.parameters[self.next];
            let is_kept = (parameter.initial == Initial::Constructed)
                == (self.pass == DrawingPass::Construction)
                && is_random(parameter.initial);
            if self.pass == DrawingPass::Construction {
                let tensor = construct(parameter)?;
                if is_kept {
                    self.ready.insert(parameter.name.clone(), tensor);
                }
            } else if is_kept {
                let mut tensor = Tensor::f_empty(&parameter.shape, (Kind::Float, Device::Cpu))?;
                initialise(parameter, &mut tensor)?;
                self.ready.insert(parameter.name.clone(), tensor);
            }
            self.next += 1;
        }
        Ok(())
    }
}

/// Whether the final value of a parameter comes from the generator.
fn is_random(initial: Initial) -> bool {
    !matches!(initial, Initial::Constant(_) | Initial::LogCount)
}

fn construct(parameter: &Parameter) -> Result<Tensor, LlmError> {
    let mut tensor = Tensor::f_empty(&parameter.shape, (Kind::Float, Device::Cpu))?;
    match parameter.construction {
        Construction::Nothing => {}
        Construction::Normal(std) => drop(tensor.f_normal_(0.0, std)?),
        Construction::Uniform(bound) => drop(tensor.f_uniform_(-bound, bound)?),
    }
    Ok(tensor)
}

fn initialise(parameter: &Parameter, tensor: &mut Tensor) -> Result<(), LlmError> {
    match parameter.initial {
        Initial::Constructed => {}
        Initial::Constant(value) => drop(tensor.f_fill_(value)?),
        Initial::Normal(std) => drop(tensor.f_normal_(0.0, std)?),
        Initial::NormalTwice(first, second) => {
            let _overwritten = tensor.f_normal_(0.0, first)?;
            let _kept = tensor.f_normal_(0.0, second)?;
        }
        Initial::Uniform(bound) => drop(tensor.f_uniform_(-bound, bound)?),
        Initial::LogCount => tensor.f_copy_(&log_counts(&parameter.shape)?)?,
        Initial::TimeStep { min, max, floor } => {
            tensor.f_copy_(&time_step_bias(&parameter.shape, min, max, floor)?)?;
        }
    }
    if let Some(row) = parameter.zero_row {
        let _zeroed = tensor.f_narrow(0, row, 1)?.f_zero_()?;
    }
    Ok(())
}

fn log_counts(shape: &[i64]) -> Result<Tensor, LlmError> {
    let n = shape.last().copied().unwrap_or(1);
    let counts = Tensor::f_arange_start(1, n + 1, (Kind::Float, Device::Cpu))?;
    Ok(counts.f_log()?.f_expand(shape, false)?)
}

/// Solves softplus(bias) = dt for log-uniform dt, in the order of operations of the reference.
fn time_step_bias(shape: &[i64], min: f64, max: f64, floor: f64) -> Result<Tensor, LlmError> {
    let uniform = Tensor::f_rand(shape, (Kind::Float, Device::Cpu))?;
    let log_dt = uniform
        .f_mul_scalar(max.ln() - min.ln())?
        .f_add_scalar(min.ln())?;
    let dt = log_dt.f_exp()?.f_clamp_min(floor)?;
    let inverse = dt.f_neg()?.f_expm1()?.f_neg()?.f_log()?;
    Ok(dt.f_add(&inverse)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lpp_testkit::fixture;

    use super::*;
    use crate::checkpoint::Naming;
    use crate::checkpoint::read_all;
    use crate::config::ConfigFile;
    use crate::families::family_of;

    /// Parameters of a configuration as drawn here, by their canonical names.
    fn drawn(case: &str, seed: u64) -> (Naming, HashMap<String, Tensor>) {
        let config = ConfigFile::load(&fixture(case)).unwrap();
        let (_, family) = family_of(&config).unwrap();
        (family.naming(), draw(&family.parameters(), seed).unwrap())
    }

    fn bits(tensor: &Tensor) -> Vec<u32> {
        Vec::<f32>::try_from(tensor.flatten(0, -1))
            .unwrap()
            .into_iter()
            .map(f32::to_bits)
            .collect()
    }

    #[test]
    fn weights_equal_those_of_torch_to_the_bit() {
        for case in [
            "llm/untrained_gpt2",
            "llm/untrained_llama",
            "llm/untrained_opt_350m",
            "llm/untrained_qwen3",
            "llm/untrained_olmo2",
            "llm/untrained_gemma2",
            "llm/untrained_gemma3",
        ] {
            let manifest = std::fs::read_to_string(fixture("llm/manifest.json")).unwrap();
            let manifest: BTreeMap<String, serde_json::Value> = serde_json::from_str(&manifest).unwrap();
            let (naming, found) = drawn(case, manifest["seed"].as_u64().unwrap());
            let expected = read_all(&fixture(case).join("weights.safetensors")).unwrap();
            let mut n_compared = 0;
            for (name, tensor) in expected {
                let name = naming.canonical(&name);
                if !naming.ignores(name) {
                    assert_eq!(bits(&found[name]), bits(&tensor), "{case} {name}");
                    n_compared += 1;
                }
            }
            assert_eq!(n_compared, found.len());
        }
    }

    #[test]
    fn seeds_that_torch_or_the_study_do_not_take_are_refused() {
        assert!(matches!(draw(&[], 0), Err(LlmError::Seed { seed: 0 })));
        assert!(matches!(draw(&[], u64::MAX), Err(LlmError::Seed { .. })));
    }
}
