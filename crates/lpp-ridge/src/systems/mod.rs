//! The linear systems of a fit: all that does not depend on the targets.

pub(crate) mod combinations;
pub(crate) mod factor;
pub(crate) mod factored;
mod gram;
mod leave_out;
mod operators;
