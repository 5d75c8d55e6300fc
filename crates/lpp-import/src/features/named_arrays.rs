//! Features of all runs in one file of named arrays: `.npz`, HDF5 and safetensors. Names are `run-R`, or `run-R/layer-L`.

use std::collections::BTreeMap;
use std::path::Path;

use lpp_files::{Activations, FileError};
use ndarray::{Array2, ArrayD};

use super::run_features::{Place, RunFeatures, layers_of};

/// What the names are to be.
pub(super) const EXPECTED: &str = "arrays run-R or run-R/layer-L, with runs and layers counted from 0";

/// Reads the tensors of a safetensors file of our own form.
pub(super) fn load_safetensors(path: &Path) -> Result<Vec<RunFeatures>, FileError> {
    let activations = Activations::open(path)?;
    let runs = 0..activations.n_runs();
    runs.map(|run| {
        let layers = (0..activations.n_layers()).map(|layer| activations.layer(run, layer));
        Ok(RunFeatures {
            place: Place::Run(run),
            layers: layers.collect::<Result<_, _>>()?,
        })
    })
    .collect()
}

/// Run and layer of each name; a name without a layer has none.
pub(super) fn places_of(
    path: &Path,
    keys: Vec<String>,
    expected: &str,
) -> Result<Vec<(usize, Option<usize>)>, FileError> {
    let number = |text: &str, prefix: &str| -> Option<usize> {
        let digits = text.strip_prefix(prefix)?;
        digits
            .parse()
            .ok()
            .filter(|number: &usize| number.to_string() == digits)
    };
    let place = |key: &String| match key.split_once('/') {
        Some((run, layer)) => Some((number(run, "run-")?, Some(number(layer, "layer-")?))),
        None => Some((number(key, "run-")?, None)),
    };
    let places: Option<Vec<_>> = keys.iter().map(place).collect();
    places
        .filter(|places| !places.is_empty())
        .ok_or_else(|| FileError::malformed(path, format!("the arrays {}", listed(&keys)), expected))
}

/// The first names of a list.
pub(super) fn listed(names: &[String]) -> String {
    let mut listed: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
    listed.extend((names.len() > 8).then_some("..."));
    listed.join(", ")
}

/// Runs in order, each with all of its layers.
pub(super) fn by_run(
    path: &Path,
    arrays: BTreeMap<(usize, Option<usize>), ArrayD<f32>>,
    layer_axis: Option<usize>,
) -> Result<Vec<RunFeatures>, FileError> {
    let mut runs: BTreeMap<usize, Vec<Array2<f32>>> = BTreeMap::new();
    let mut whole: BTreeMap<usize, bool> = BTreeMap::new();
    for ((run, layer), array) in arrays {
        let known = runs.entry(run).or_default();
        let name = layer.map_or(format!("run-{run}"), |layer| format!("run-{run}/layer-{layer}"));
        let mixed = whole
            .insert(run, layer.is_none())
            .is_some_and(|whole| whole || layer.is_none());
        if mixed || layer.is_some_and(|layer| layer != known.len()) {
            return Err(FileError::malformed(
                path,
                format!("the array {name} after {} layers", known.len()),
                EXPECTED,
            ));
        }
        let axis = layer_axis.filter(|_| layer.is_none());
        known.extend(layers_of(path, &format!("the array {name}"), array, axis)?);
    }
    Ok(runs
        .into_iter()
        .map(|(run, layers)| RunFeatures {
            place: Place::Run(run),
            layers,
        })
        .collect())
}
