//! The parameters of a model: names, shapes, and how an untrained model draws them.
//!
//! The list has three uses: it defines the tensors that a checkpoint must contain, it gives the number of parameters,
//! and its order (that of the reference's module definitions) determines the random draws of [`crate::untrained`].

/// What constructing a module draws, before the family's own initialisation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Construction {
    /// Nothing is drawn.
    Nothing,
    /// Normal with this standard deviation.
    Normal(f64),
    /// Uniform between minus and plus this bound.
    Uniform(f64),
}

/// How a parameter gets its final value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Initial {
    /// A constant; nothing is drawn.
    Constant(f64),
    /// What construction drew.
    Constructed,
    /// Normal with this standard deviation.
    Normal(f64),
    /// Normal drawn twice in a row; the second draw, with the second deviation, stays (GPT-2's `c_proj`).
    NormalTwice(f64, f64),
    /// Uniform between minus and plus this bound.
    Uniform(f64),
    /// ln(1), …, ln(N) in each row (Mamba's `A_log`).
    LogCount,
    /// The bias that makes softplus return log-uniform time steps (Mamba's `dt_proj.bias`).
    TimeStep {
        /// Smallest time step.
        min: f64,
        /// Largest time step.
        max: f64,
        /// Steps are not allowed below this.
        floor: f64,
    },
}

/// One named tensor of a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameter {
    /// Name as in the checkpoint, without the base prefix.
    pub(crate) name: String,
    /// Its shape.
    pub(crate) shape: Vec<i64>,
    /// First draw.
    pub(crate) construction: Construction,
    /// Final value.
    pub(crate) initial: Initial,
    /// A row that is set to zero in the end (`pad_token_id`).
    pub(crate) zero_row: Option<i64>,
}

impl Parameter {
    fn new(name: String, shape: &[i64], construction: Construction, initial: Initial) -> Self {
        Self {
            name,
            shape: shape.to_vec(),
            construction,
            initial,
            zero_row: None,
        }
    }

    /// An embedding table (rows, width): constructed as N(0, 1), initialised as N(0, std²).
    pub(crate) fn embedding(name: &str, shape: [i64; 2], std: f64, zero_row: Option<i64>) -> Self {
        let initial = Initial::Normal(std);
        Self {
            zero_row,
            ..Self::new(name.to_string(), &shape, Construction::Normal(1.0), initial)
        }
    }

    /// The weight of a linear layer (out, in).
    pub(crate) fn linear(name: String, shape: [i64; 2], std: f64) -> Self {
        Self::new(name, &shape, uniform_for(shape[1]), Initial::Normal(std))
    }

    /// The bias of a linear layer with `n_in` inputs: drawn by construction, then set to zero.
    pub(crate) fn linear_bias(name: String, n_out: i64, n_in: i64) -> Self {
        Self::new(name, &[n_out], uniform_for(n_in), Initial::Constant(0.0))
    }

    /// `<name>.weight` (out, in) and, if `has_bias`, `<name>.bias` of a linear layer.
    pub(crate) fn linear_map(
        name: &str,
        [n_out, n_in]: [i64; 2],
        std: f64,
        has_bias: bool,
    ) -> impl Iterator<Item = Self> + use<> {
        let weight = Self::linear(format!("{name}.weight"), [n_out, n_in], std);
        let bias = has_bias.then(|| Self::linear_bias(format!("{name}.bias"), n_out, n_in));
        std::iter::once(weight).chain(bias)
    }

    /// `<name>.weight` and `<name>.bias` of a layer norm: ones and zeros.
    pub(crate) fn layer_norm(name: &str, width: i64) -> [Self; 2] {
        [
            Self::constant(format!("{name}.weight"), &[width], 1.0),
            Self::constant(format!("{name}.bias"), &[width], 0.0),
        ]
    }

    /// A parameter that is constant at the start, such as the weight of a norm.
    pub(crate) fn constant(name: String, shape: &[i64], value: f64) -> Self {
        Self::new(name, shape, Construction::Nothing, Initial::Constant(value))
    }

    /// Any other parameter.
    pub(crate) fn drawn(name: String, shape: &[i64], construction: Construction, initial: Initial) -> Self {
        Self::new(name, shape, construction, initial)
    }

    /// The block that it belongs to, such as `h.0`; nothing for the embedding and the final norm.
    pub(crate) fn block(&self) -> Option<&str> {
        let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let mut end = 0;
        for part in self.name.split_inclusive('.') {
            end += part.len();
            if part.strip_suffix('.').is_some_and(is_number) {
                return self.name.get(..end - 1);
            }
        }
        None
    }

    /// Number of elements; the largest number stands for any that is larger, which sizes in a damaged file can give.
    pub(crate) fn n_elements(&self) -> u64 {
        let sizes = self.shape.iter().map(|n| n.unsigned_abs());
        sizes.fold(1, u64::saturating_mul)
    }
}

/// Number of elements of all `parameters`, with the same limit.
pub(crate) fn n_elements(parameters: &[Parameter]) -> u64 {
    let counts = parameters.iter().map(Parameter::n_elements);
    counts.fold(0, u64::saturating_add)
}

/// The bound of a linear layer's construction draw, one over the square root of its number of inputs.
pub(crate) fn uniform_for(n_in: i64) -> Construction {
    Construction::Uniform(1.0 / (n_in as f64).sqrt())
}
