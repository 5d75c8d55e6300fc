//! Figures as SVG: one small drawing layer, and what is drawn with it.
//!
//! Sizes are millimetres, text is text, and the same input gives the same bytes. Nothing is computed: lines, bands, r and p are
//! given ([`Trend`]). A [`Sheet`] holds panels: models in a
//! [`Scatter`] or with both [`SidesPlot`], [`Curves`] along layers or training, densities ([`DensityPlot`]) and rows of
//! bars or dots ([`RowPlot`]). [`Crosses`] have an interval in each direction. [`Specifications`] are slopes under many choices. Maps are drawn as [`GlassBrain`] or on the cortex ([`SurfaceMap`]), regions as
//! [`RegionBrain`].

mod axes;
mod colour_bar;
mod contour;
mod crosses;
mod curves;
mod density;
mod families;
mod glass_brain;
mod glass_panel;
mod horizontal_axis;
mod labels;
mod legend;
mod map_scale;
mod projection;
mod rect;
mod region_brain;
mod rows;
mod scale;
mod scatter;
mod sheet;
mod sides;
mod specifications;
mod surface_map;
pub(crate) mod svg;
mod trend;

pub use crosses::{CrossPoint, Crosses};
pub use curves::{Curve, Curves};
pub use density::{DensityCurve, DensityPlot};
pub use families::Families;
pub use glass_brain::GlassBrain;
pub use horizontal_axis::HorizontalAxis;
pub use region_brain::RegionBrain;
pub use rows::{Row, RowPlot, RowStyle};
pub use scatter::{Scatter, ScatterPoint};
pub use sheet::{Panel, Sheet};
pub use sides::{Level, Series, SidesPlot};
pub use specifications::{Choice, Specifications};
pub use surface_map::SurfaceMap;
pub use trend::Trend;
