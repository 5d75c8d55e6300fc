//! Weights of untrained models, equal to those that PyTorch draws from the same seed.
//!
//! The reference seeds torch's global generator and builds a model from its configuration. Each module draws
//! once when it is constructed and once when the family initialises it; both passes walk the modules in
//! definition order. The same libtorch calls on the same generator give the same bits, so the first pass is
//! replayed although nearly everything that it draws is overwritten by the second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tch::{Device, Kind, Tensor};

use crate::error::LlmError;
use crate::parameter::{Construction, Initial, Parameter};

/// libtorch has one CPU generator a process; two draws at once would mix their streams.
static GENERATOR: Mutex<()> = Mutex::new(());

/// Draws all parameters of a model, which must be listed in the definition order of the reference.
///
/// All tensors are f32 on the CPU. The head of the language model would be drawn after them and is not needed.
pub(crate) fn draw(parameters: &[Parameter], seed: u64) -> Result<HashMap<String, Tensor>, LlmError> {
    // Seed 0 names the pretrained model in this study; torch takes seeds as signed 64-bit numbers.
    let torch_seed = i64::try_from(seed)
        .ok()
        .filter(|&s| s > 0)
        .ok_or(LlmError::Seed { seed })?;
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
    use crate::checkpoint::read_all;
    use crate::config::ConfigFile;
    use crate::families::{Naming, family_of};

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
