//! Score maps as the report page carries them: small enough to be mailed, exact enough to be looked at.

mod atlas;
mod layers;
mod packed;

pub(crate) use atlas::{MapAtlas, ModelMaps, Source};
pub(crate) use packed::{STEP, pack, pack_bytes};
