//! Figures as SVG: one small drawing layer, and what is drawn with it.
//!
//! Sizes are millimetres, text is text, and the same input gives the same bytes.

mod axes;
mod dots;
mod glass_brain;
mod labels;
mod layer_curves;
mod outline;
mod projection;
mod scale;
mod scatter;
mod sides;
mod svg;

pub use dots::{DotPlot, DotRow};
pub use glass_brain::GlassBrain;
pub use layer_curves::{LayerCurve, LayerCurves};
pub use scatter::{Scatter, ScatterPoint};
pub use sides::SidesPlot;

pub(crate) use svg::escape;
