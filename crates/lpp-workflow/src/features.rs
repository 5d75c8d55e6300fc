//! What the name of a set of features says: `gpt2`, `gpt2_untrained_seed1`, `glove`, `random_vector_300d_seed1`,
//! `control_wordrate`.

use std::fmt;

/// Where the features of a fit come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Features {
    /// A language model, its whole name the name of its checkpoint folder; trained moments carry theirs in it
    /// (`pythia-6.9b_step1000`).
    Model {
        /// Name of the checkpoint folder.
        folder: String,
        /// Seed of an untrained twin.
        seed: Option<u64>,
    },
    /// A low-level property of the words.
    Control {
        /// `wordrate`, `envelope` and so on.
        name: String,
    },
    /// GloVe vectors.
    Glove,
    /// Random vectors.
    Random {
        /// `vector` or `embedding`.
        kind: &'static str,
        /// Length of a vector.
        n_dims: u64,
        /// Seed.
        seed: u64,
    },
}

impl Features {
    /// Reads a name of a configuration. Everything that is no baseline is a model.
    ///
    /// ```
    /// use lpp_workflow::Features;
    ///
    /// assert_eq!(Features::of_name("glove"), Features::Glove);
    /// let twin = Features::of_name("gpt2-xl_untrained_seed3");
    /// assert_eq!(twin, Features::Model { folder: "gpt2-xl".into(), seed: Some(3) });
    /// ```
    #[must_use]
    pub fn of_name(name: &str) -> Self {
        if name == "glove" {
            return Self::Glove;
        }
        if let Some(name) = name.strip_prefix("control_") {
            return Self::Control {
                name: name.to_owned(),
            };
        }
        if let Some(random) = random(name) {
            return random;
        }
        let twin = name
            .rsplit_once("_untrained_seed")
            .and_then(|(folder, seed)| Some((folder, seed.parse().ok()?)));
        let (folder, seed) = match twin {
            Some((folder, seed)) => (folder, Some(seed)),
            None => (name, None),
        };
        Self::Model {
            folder: folder.to_owned(),
            seed,
        }
    }

    /// The name of the published model: without the moment of training.
    #[must_use]
    pub fn published_name(folder: &str) -> &str {
        match folder.rsplit_once("_step") {
            Some((base, step)) if step.parse::<u64>().is_ok() => base,
            _ => folder,
        }
    }
}

fn random(name: &str) -> Option<Features> {
    let rest = name.strip_prefix("random_")?;
    let (kind, rest) = rest.split_once('_')?;
    let kind = ["vector", "embedding"].into_iter().find(|known| *known == kind)?;
    let (n_dims, seed) = rest.split_once("d_seed")?;
    Some(Features::Random {
        kind,
        n_dims: n_dims.parse().ok()?,
        seed: seed.parse().ok()?,
    })
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glove => f.write_str("glove"),
            Self::Control { name } => write!(f, "control_{name}"),
            Self::Random { kind, n_dims, seed } => write!(f, "random_{kind}_{n_dims}d_seed{seed}"),
            Self::Model { folder, seed: None } => f.write_str(folder),
            Self::Model {
                folder,
                seed: Some(seed),
            } => write!(f, "{folder}_untrained_seed{seed}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for name in [
            "glove",
            "gpt2",
            "pythia-6.9b_step1000",
            "gpt2_untrained_seed12",
            "random_vector_300d_seed1",
            "random_embedding_1024d_seed10",
            "control_wordrate",
        ] {
            assert_eq!(Features::of_name(name).to_string(), name);
        }
        assert!(matches!(
            Features::of_name("random_walk_3d_seed1"),
            Features::Model { .. }
        ));
        assert_eq!(Features::published_name("pythia-6.9b_step1000"), "pythia-6.9b");
        assert_eq!(Features::published_name("my_step"), "my_step");
    }
}
