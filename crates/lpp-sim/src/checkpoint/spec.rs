//! Which models are simulated.

use std::fmt;
use std::str::FromStr;

use crate::SimError;
use crate::latent::N_LATENT;

/// Architecture of a simulated model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// GPT-2 with byte-level tokens.
    Gpt2,
    /// Llama with `SentencePiece`-like tokens.
    Llama,
    /// Mistral, with Llama's tokens.
    Mistral,
    /// Qwen2, with Llama's tokens.
    Qwen2,
}

impl Architecture {
    const ALL: [Self; 4] = [Self::Gpt2, Self::Llama, Self::Mistral, Self::Qwen2];

    /// Its name in specifications, names of models and configurations.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Gpt2 => "gpt2",
            Self::Llama => "llama",
            Self::Mistral => "mistral",
            Self::Qwen2 => "qwen2",
        }
    }
}

/// Architecture and width of a simulated model, written `gpt2:16` or `llama:24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelSpec {
    /// Architecture.
    pub architecture: Architecture,
    /// Width, and the number of hidden dimensions that the model knows: a multiple of 4 from 4 to 64.
    pub width: usize,
}

impl ModelSpec {
    /// The models of the demo in text form: widths of increasing size, in four families.
    pub const DEMO: [&str; 12] = [
        "gpt2:4",
        "llama:8",
        "gpt2:12",
        "mistral:16",
        "llama:20",
        "qwen2:24",
        "gpt2:28",
        "mistral:32",
        "llama:40",
        "qwen2:48",
        "mistral:56",
        "gpt2:64",
    ];

    /// Name of the model in the study, such as `sim-gpt2-12`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("sim-{}-{}", self.architecture.name(), self.width)
    }

    /// Number of blocks: two in the smallest models, four in the widest.
    pub(crate) fn n_blocks(&self) -> usize {
        2 + self.width / 24
    }
}

impl FromStr for ModelSpec {
    type Err = SimError;

    fn from_str(text: &str) -> Result<Self, SimError> {
        let wrong = || SimError::ModelSpec {
            found: text.to_owned(),
        };
        let (architecture, width) = text.split_once(':').ok_or_else(wrong)?;
        let mut known = Architecture::ALL.into_iter();
        let architecture = known
            .find(|known| known.name() == architecture)
            .ok_or_else(wrong)?;
        let width = width
            .parse()
            .ok()
            .filter(|w| (4..=N_LATENT).contains(w) && w % 4 == 0)
            .ok_or_else(wrong)?;
        Ok(Self { architecture, width })
    }
}

impl fmt::Display for ModelSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn specs_are_read_and_refused() {
        let spec: ModelSpec = "llama:24".parse().unwrap();
        assert_eq!(
            (spec.architecture, spec.width, spec.name().as_str()),
            (Architecture::Llama, 24, "sim-llama-24")
        );
        for wrong in ["llama", "bert:8", "gpt2:6", "gpt2:128", "gpt2:-8", "gpt2:"] {
            assert!(wrong.parse::<ModelSpec>().is_err(), "{wrong}");
        }
    }
}
