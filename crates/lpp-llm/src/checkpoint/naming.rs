//! How checkpoints name their tensors.

/// How the checkpoints of a family name their tensors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Naming {
    /// Prefix of the base model, present or absent.
    pub(crate) prefix: &'static str,
    /// Ends of names that are no parameters: mask buffers, rotary tables, output matrices.
    pub(crate) ignored: &'static [&'static str],
    /// Other spellings: (found, wanted).
    pub(crate) synonyms: &'static [(&'static str, &'static str)],
}

impl Naming {
    /// The name without prefix and in the usual spelling.
    pub(crate) fn canonical<'a>(&self, name: &'a str) -> &'a str {
        let name = name.strip_prefix(self.prefix).unwrap_or(name);
        self.synonyms
            .iter()
            .find(|(found, _)| *found == name)
            .map_or(name, |(_, wanted)| wanted)
    }

    /// Whether a tensor is known to be unnecessary.
    pub(crate) fn ignores(&self, name: &str) -> bool {
        ["lm_head.weight", "embed_out.weight"].contains(&name)
            || self.ignored.iter().any(|end| name.ends_with(end))
    }
}
