//! The figures of a study, each drawn from its tables. Nothing is computed here.

mod abilities;
mod baselines;
mod brain;
mod competence;
mod densities;
mod figure;
mod gallery;
mod individuals;
mod layers;
mod maps;
mod models;
mod parcels;
mod regions;
mod runs;
mod sides;
mod specifications;
mod training;

use crate::report_tables::ReportTables;
use crate::undrawn::Undrawn;

use abilities::Subset;

pub(crate) use brain::BrainFigures;
pub use figure::Figure;
pub(crate) use figure::{Look, Sketch};
pub(crate) use gallery::{Gallery, LeftOut};

/// A figure under its id, or why there is none.
pub(crate) type Wanted = (String, Result<Sketch, Undrawn>);

/// All figures that show no brain, in order.
pub(crate) fn sketches(tables: &ReportTables, look: &Look) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = Vec::new();
    let mut add = |id: &str, sketch| wanted.push((id.to_owned(), sketch));
    add("l_minus_r_runs", runs::run_slopes(tables));
    for score in models::SCORES {
        add(
            &format!("scaling_{}", score.0),
            models::scaling(score, tables, look),
        );
    }
    add("scaling_by_family", models::by_family(tables, look));
    add("abilities", abilities::abilities(Subset::All, tables, look));
    add(
        "abilities_large",
        abilities::abilities(Subset::Above3e9, tables, look),
    );
    for (id, title, quantities) in [
        ("layers_score", "Brain score along the layers", layers::SCORES),
        (
            "layers_l_minus_r",
            "Left minus right along the layers",
            layers::DIFFERENCES,
        ),
    ] {
        add(id, layers::layers(id, title, quantities, tables, look));
    }
    for (id, title, quantity) in [
        (
            "layers_by_family_score_all",
            "Brain score along the layers by family, all voxels",
            layers::SCORES[0],
        ),
        (
            "layers_by_family_l_minus_r_reliable",
            "Left minus right along the layers by family, reliable voxels",
            layers::DIFFERENCES[1],
        ),
    ] {
        add(id, layers::layers_by_family(id, title, quantity, tables, look));
    }
    add("best_layer", layers::best_layer(tables, look));
    for measure in &sides::MEASURES {
        let id = format!("l_minus_r_{}", measure.name);
        add(&id, sides::lateralization(measure, tables, look));
    }
    add("baselines", baselines::baselines(tables));
    add("score_densities", densities::score_densities(tables, look));
    add("baselines_l_minus_r", baselines::baseline_asymmetry(tables));
    add("rois", regions::region_slopes(tables));
    add("rois_sides", regions::region_scores(tables));
    add("rois_over_random", regions::region_scores_over_random(tables));
    add("atlas_isc", parcels::parcel_reliability(tables));
    add("atlas_relations", parcels::parcel_relations(tables));
    add("training", training::trained_and_untrained(tables, look));
    add("checkpoints", training::checkpoints(tables));
    add("individuals", individuals::individuals(tables, look));
    add("isc_density", densities::isc_density(tables));
    add("specification_curve", specifications::curve(tables));
    // Most studies have no checkpoints that were scored, and need not hear of it.
    if tables
        .all::<lpp_tables::Competence>()
        .is_ok_and(|rows| !rows.is_empty())
    {
        for (id, sketch) in [
            ("competence_training", competence::along_training(tables)),
            ("competence_transitions", competence::transitions(tables)),
            ("competence_asymmetry", competence::against_asymmetry(tables)),
            ("competence_phenomena", competence::phenomena(tables)),
        ] {
            wanted.push((id.to_owned(), sketch));
        }
    }
    wanted
}

#[cfg(test)]
mod tests;
