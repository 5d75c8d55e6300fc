//! What was planted in a simulated study, and whether it came back, in words. Its numbers are cells of the table `planted`.

use lpp_study::{Asymmetry, Plant, Truth};
use lpp_tables::Planted;
use lpp_tables::number::compact;

use crate::findings::{interval, question};

/// The words of the page about a simulated study.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlantedWords {
    /// What was planted, in sentences.
    pub(crate) plant: String,
    /// What was found of it, in a sentence; empty without the table.
    pub(crate) verdict: String,
    /// One row per number.
    pub(crate) rows: Vec<PlantedRow>,
}

/// A number that was planted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PlantedRow {
    /// Which number, in words.
    pub(crate) name: String,
    pub(crate) row: Planted,
}

impl PlantedRow {
    pub(crate) fn planted(&self) -> String {
        compact(self.row.planted)
    }

    pub(crate) fn recovered(&self) -> String {
        compact(self.row.recovered)
    }

    pub(crate) fn interval(&self) -> String {
        interval(self.row.ci_low, self.row.ci_high)
    }

    pub(crate) fn came_back(&self) -> &str {
        match self.row.came_back.as_str() {
            "" => "not known: no interval",
            known => known,
        }
    }
}

/// The words of a study whose truth is known; layers are nested if the study has such scores.
pub(crate) fn planted(truth: &Truth, table: &[Planted]) -> PlantedWords {
    let nested = table.iter().any(|row| row.layer_rule == "nested");
    let rule = if nested { "nested" } else { "best_of_test" };
    let rows: Vec<PlantedRow> = table
        .iter()
        .filter(|row| row.layer_rule.is_empty() || row.layer_rule == rule)
        .map(|row| PlantedRow {
            name: name(&row.outcome),
            row: row.clone(),
        })
        .collect();
    PlantedWords {
        plant: sentences(&truth.plant),
        verdict: verdict(&rows),
        rows,
    }
}

fn name(outcome: &str) -> String {
    match question(outcome) {
        Some(question) => format!("{question}: slope over model size"),
        None => "Noise ceilings, left minus right".to_owned(),
    }
}

fn verdict(rows: &[PlantedRow]) -> String {
    let known = rows.iter().filter(|row| !row.row.came_back.is_empty()).count();
    let back = rows.iter().filter(|row| row.row.came_back == "yes").count();
    match known {
        0 => String::new(),
        _ if back == known => "All of it came back.".to_owned(),
        _ => format!("{back} of {known} numbers came back."),
    }
}

fn sentences(plant: &Plant) -> String {
    let mut words = vec![
        match plant.asymmetry {
            Asymmetry::None => "Planted: scores that grow with model size, and no difference between the sides.",
            Asymmetry::Ceiling => {
                "Planted: scores that grow with model size, and higher noise ceilings on the left. Models are equally good on \
                 both sides: left minus right grows with model size, at equal ceilings it does not."
            }
            Asymmetry::Growth => {
                "Planted: scores that grow with model size, and left minus right that grows with model size at equal noise \
                 ceilings. The left weighs more what only larger models know."
            }
        }
        .to_owned(),
    ];
    if let Some(ceiling) = plant.midline {
        words.push(format!(
            "Voxels between the sides respond in the back half (ceiling {ceiling})."
        ));
    }
    if plant.noise_fwhm_mm > 0.0 {
        words.push(format!(
            "The noise is smooth in space (FWHM {} mm).",
            plant.noise_fwhm_mm
        ));
    }
    if plant.noise_shared > 0.0 {
        let share = 100.0 * plant.noise_shared;
        words.push(format!(
            "The voxels of a side share {share:.0} % of the variance of the noise."
        ));
    }
    if let Some(group) = plant.group {
        words.push(format!(
            "{} subjects, whose gains on each side spread by {} (standard deviation of the logarithm).",
            group.n_subjects, group.gain_sd
        ));
    }
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(outcome: &str, layer_rule: &str, came_back: &str) -> Planted {
        Planted {
            outcome: outcome.to_owned(),
            layer_rule: layer_rule.to_owned(),
            planted: 0.01,
            recovered: 0.008,
            ci_low: 0.006,
            ci_high: 0.01,
            planted_direction: "above 0".to_owned(),
            recovered_direction: "above 0".to_owned(),
            came_back: came_back.to_owned(),
        }
    }

    #[test]
    fn the_page_says_what_was_planted_and_what_came_back() {
        let truth = |asymmetry| Truth {
            seed: 1,
            plant: Plant {
                asymmetry,
                midline: Some(0.85),
                ..Plant::default()
            },
            ceilings: None,
            regions: Vec::new(),
            models: Vec::new(),
        };
        let table = [
            row("score_all", "best_of_test", "no"),
            row("score_all", "nested", "yes"),
            row("l_minus_r_all_matched", "nested", "yes"),
            row("ceiling_l_minus_r", "", ""),
        ];
        let words = planted(&truth(Asymmetry::Growth), &table);
        assert!(words.plant.contains("at equal noise ceilings") && words.plant.contains("0.85"));
        assert_eq!(words.verdict, "All of it came back.");
        assert_eq!(words.rows.len(), 3);
        assert!(words.rows[1].name.contains("equal ceiling") && words.rows[2].name.contains("ceilings"));
        assert_eq!(words.rows[2].came_back(), "not known: no interval");
        let words = planted(&truth(Asymmetry::None), &[row("score_all", "best_of_test", "no")]);
        assert!(words.plant.contains("no difference"));
        assert_eq!(words.verdict, "0 of 1 numbers came back.");
        assert!(planted(&truth(Asymmetry::Ceiling), &[]).verdict.is_empty());
    }
}
