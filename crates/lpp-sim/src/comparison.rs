//! Comparison of planted and recovered effects.

use lpp_files::{BoundedRows, FileError};
use lpp_fmri::{Mask, REFERENCE_RADIUS_MM, SphereCentre, sphere};
use lpp_stats::{MeanScore, VoxelSet, best_over_layers};
use lpp_steps::Choice;
use lpp_study::{Asymmetry, Language, Scores, Study, Truth};
use lpp_tables::{Planted, Row, Table};
use serde::Serialize;

use crate::SimError;

/// Differences between the sides of a region below this are none: they are those of a handful of voxels.
const NO_DIFFERENCE: f64 = 0.005;

/// Planted and recovered effects.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// How the left side differs from the right.
    pub asymmetry: Asymmetry,
    /// The model used for the regions: the one that knows most of the signal.
    pub best_model: String,
    /// One row per region.
    pub regions: Vec<RegionComparison>,
    /// One row per model, smallest first.
    pub models: Vec<ModelComparison>,
    /// Slopes and ceilings by corrected definitions: the table `planted`, if it has been made.
    pub corrected: Vec<CorrectedComparison>,
}

/// A row of the table `planted`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorrectedComparison {
    /// The outcome, with the rule for the layer.
    pub outcome: String,
    /// What was planted: above 0, below 0, nothing.
    pub planted: String,
    /// What was found, with its interval.
    pub recovered: String,
    /// Whether both are the same; `None` if that is not known.
    pub came_back: Option<bool>,
}

/// A region: planted scores and the scores of the best model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegionComparison {
    /// Name of the region.
    pub region: String,
    /// Planted score on the left and on the right, of a fit without noise.
    pub planted: [f64; 2],
    /// Recovered score on the left and on the right.
    pub recovered: [f64; 2],
}

impl RegionComparison {
    /// Planted left minus right.
    #[must_use]
    pub fn planted_difference(&self) -> f64 {
        self.planted[0] - self.planted[1]
    }

    /// Recovered left minus right.
    #[must_use]
    pub fn recovered_difference(&self) -> f64 {
        self.recovered[0] - self.recovered[1]
    }

    /// Whether the recovered asymmetry has the planted sign; `None` if no difference was planted.
    #[must_use]
    pub fn sign_agrees(&self) -> Option<bool> {
        let planted = self.planted_difference();
        (planted.abs() > NO_DIFFERENCE).then(|| planted * self.recovered_difference() > 0.0)
    }
}

/// A model: what it knows, and its scores.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelComparison {
    /// Name of the model.
    pub model: String,
    /// Number of parameters.
    pub n_parameters: u64,
    /// Square root of the share of the signal that the model knows: its score relative to that of a perfect model.
    pub planted_correlation: f64,
    /// Mean score over all voxels, best layer per voxel.
    pub score: f64,
    /// Mean over the regions of left minus right.
    pub l_minus_r: f64,
}

impl Comparison {
    /// Reads the truth and the scores of a synthetic study.
    ///
    /// # Errors
    /// [`SimError`] if the study is not synthetic, or scores of one of its models are missing.
    pub fn of(study: &Study, lang: Language) -> Result<Self, SimError> {
        let truth = Truth::load(study.root())?;
        let regions = region_voxels(&Mask::load(&study.mask(lang))?)?;
        let mut models = Vec::new();
        let mut best: (f64, String, Vec<[f64; 2]>) = (f64::NEG_INFINITY, String::new(), Vec::new());
        for planted in &truth.models {
            let path = study.scores(&planted.model, lang);
            let scores = Scores::load(&path)?;
            let n_parameters = scores.info.n_parameters.ok_or_else(|| SimError::Mismatch {
                path: path.with_extension("json"),
                found: "no number of parameters".to_owned(),
                expected: "one, since it is a language model".to_owned(),
            })?;
            let voxels = best_over_layers(&scores.values.mapv(f64::from))?.to_vec();
            let sides = side_means(&voxels, &regions)?;
            models.push(ModelComparison {
                model: planted.model.clone(),
                n_parameters,
                planted_correlation: planted.explained_share.sqrt(),
                score: MeanScore::of(&voxels).mean,
                l_minus_r: sides.iter().map(|[left, right]| left - right).sum::<f64>() / sides.len() as f64,
            });
            if planted.explained_share > best.0 {
                best = (planted.explained_share, planted.model.clone(), sides);
            }
        }
        models.sort_by_key(|model| model.n_parameters);
        let (_, best_model, sides) = best;
        let regions = truth
            .regions
            .into_iter()
            .zip(sides)
            .map(|(planted, recovered)| RegionComparison {
                region: planted.name,
                planted: planted.scores.unwrap_or([planted.left, planted.right]),
                recovered,
            });
        Ok(Self {
            asymmetry: truth.plant.asymmetry,
            best_model,
            regions: regions.collect(),
            models,
            corrected: corrected(study, lang)?,
        })
    }

    /// Checks that every asymmetry has the planted sign, and that the score increases from each model to the next larger one;
    /// if `corrected`, also that the corrected slopes and ceilings show what was planted.
    ///
    /// # Errors
    /// [`SimError::NotRecovered`], naming the effects that were not recovered.
    pub fn verdict(&self, corrected: bool) -> Result<(), SimError> {
        let wrong: Vec<&str> = self
            .regions
            .iter()
            .filter(|r| r.sign_agrees() == Some(false))
            .map(|r| r.region.as_str())
            .collect();
        if !wrong.is_empty() {
            let what = format!("the sign of left − right is wrong in {}", wrong.join(", "));
            return Err(SimError::NotRecovered { what });
        }
        if corrected {
            self.corrected_verdict()?;
        }
        let falls = self
            .models
            .windows(2)
            .find(|pair| pair[1].score.partial_cmp(&pair[0].score) != Some(std::cmp::Ordering::Greater));
        match falls {
            Some([small, large]) => Err(SimError::NotRecovered {
                what: format!(
                    "{} scores {:.4}, the larger {} {:.4}",
                    small.model, small.score, large.model, large.score
                ),
            }),
            _ => Ok(()),
        }
    }

    fn corrected_verdict(&self) -> Result<(), SimError> {
        if self.corrected.is_empty() {
            let what = "there is no table planted, which lpp-analyze corrected makes".to_owned();
            return Err(SimError::NotRecovered { what });
        }
        // Weights are estimated better where ceilings are higher: scores are not proportional to unequal ceilings, and their
        // ratio keeps a part of the difference. Only pairs of equal ceilings are free of it.
        let is_judged = |row: &&CorrectedComparison| {
            self.asymmetry != Asymmetry::Ceiling || !row.outcome.contains("over_ceiling")
        };
        let judged = self.corrected.iter().filter(is_judged);
        match judged.into_iter().find(|row| row.came_back == Some(false)) {
            Some(row) => {
                let what = format!(
                    "{}: planted {}, found {}",
                    row.outcome, row.planted, row.recovered
                );
                Err(SimError::NotRecovered { what })
            }
            None => Ok(()),
        }
    }

    /// The comparison as lines of text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!(
                "Planted and recovered effects (asymmetry: {}; regions: scores of {})",
                self.asymmetry.name(),
                self.best_model
            ),
            String::new(),
            "region    planted score           recovered score         sign".to_owned(),
            "          left   right  L - R     left   right  L - R".to_owned(),
        ];
        lines.extend(self.regions.iter().map(|r| {
            format!(
                "{:<8}  {:.3}  {:.3}  {:+.3}    {:.3}  {:.3}  {:+.3}    {}",
                r.region,
                r.planted[0],
                r.planted[1],
                r.planted_difference(),
                r.recovered[0],
                r.recovered[1],
                r.recovered_difference(),
                match r.sign_agrees() {
                    Some(true) => "agrees",
                    Some(false) => "WRONG",
                    None => "none planted",
                },
            )
        }));
        lines.push(String::new());
        lines.push("model           parameters  known r   mean score   L - R in regions".to_owned());
        lines.extend(self.models.iter().map(|m| {
            let (name, n, known) = (&m.model, m.n_parameters, m.planted_correlation);
            format!(
                "{name:<14}  {n:>10}    {known:.3}       {:.4}            {:+.4}",
                m.score, m.l_minus_r
            )
        }));
        if !self.corrected.is_empty() {
            lines.push(String::new());
            lines.push(
                "corrected slope or difference                   planted   came back  found".to_owned(),
            );
        }
        lines.extend(self.corrected.iter().map(|row| {
            let came_back = row.came_back.map_or("?", |back| if back { "yes" } else { "NO" });
            format!(
                "{:<46}  {:<8}  {came_back:<9}  {}",
                row.outcome, row.planted, row.recovered
            )
        }));
        lines
    }
}

/// The rows of the table `planted`; none if it has not been made.
fn corrected(study: &Study, lang: Language) -> Result<Vec<CorrectedComparison>, SimError> {
    let path = study.table(Planted::NAME, lang).with_extension("csv");
    let file = match lpp_files::open_input(&path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(FileError::Read { path, source }.into()),
    };
    let rows = Table::read_csv(Planted::declaration(), BoundedRows::new(file)).and_then(|table| table.rows());
    let rows: Vec<Planted> =
        rows.map_err(|error| FileError::malformed(&path, error.found, error.expected))?;
    let compared = |row: Planted| CorrectedComparison {
        recovered: if row.ci_low.is_nan() {
            format!("{:+.4}", row.recovered)
        } else {
            format!(
                "{:+.4} ({:+.4} to {:+.4})",
                row.recovered, row.ci_low, row.ci_high
            )
        },
        outcome: [row.outcome, row.layer_rule].join(" ").trim_end().to_owned(),
        planted: row.planted_direction,
        came_back: match row.came_back.as_str() {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        },
    };
    Ok(rows.into_iter().map(compared).collect())
}

/// The voxels of each region, left and right.
fn region_voxels(mask: &Mask) -> Result<Vec<[VoxelSet; 2]>, SimError> {
    let within = |centre_mm| -> Result<VoxelSet, SimError> {
        let inside = sphere(mask, centre_mm, REFERENCE_RADIUS_MM)?;
        let flags: Vec<f64> = inside.iter().map(|&is_in| f64::from(u8::from(is_in))).collect();
        Ok(VoxelSet::matching(&flags, |flag| flag > 0.0))
    };
    SphereCentre::reference_set()
        .into_iter()
        .map(|centre| {
            let [x, y, z] = centre.centre_mm;
            Ok([within([x, y, z])?, within([-x, y, z])?])
        })
        .collect()
}

fn side_means(voxels: &[f64], regions: &[[VoxelSet; 2]]) -> Result<Vec<[f64; 2]>, SimError> {
    regions
        .iter()
        .map(|[left, right]| {
            Ok([
                MeanScore::over(voxels, left)?.mean,
                MeanScore::over(voxels, right)?.mean,
            ])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison() -> Comparison {
        let region = |name: &str, recovered| RegionComparison {
            region: name.into(),
            planted: [0.6, 0.4],
            recovered,
        };
        let model = |n_parameters, score| ModelComparison {
            model: format!("m{n_parameters}"),
            n_parameters,
            planted_correlation: 0.5,
            score,
            l_minus_r: 0.1,
        };
        Comparison {
            asymmetry: Asymmetry::Ceiling,
            corrected: Vec::new(),
            best_model: "m20".into(),
            regions: vec![region("TP", [0.5, 0.3]), region("BA44", [0.4, 0.3])],
            models: vec![model(10, 0.1), model(20, 0.2)],
        }
    }

    #[test]
    fn the_verdict_names_what_was_missed() {
        assert!(comparison().verdict(false).is_ok());
        let mut wrong_sign = comparison();
        wrong_sign.regions[1].recovered = [0.2, 0.3];
        assert!(
            wrong_sign
                .verdict(false)
                .unwrap_err()
                .to_string()
                .contains("BA44")
        );
        for score in [0.1, 0.05, f64::NAN] {
            let mut falling = comparison();
            falling.models[1].score = score;
            assert!(
                falling.verdict(false).unwrap_err().to_string().contains("m20"),
                "{score}"
            );
        }
        let mut equal = comparison();
        equal.regions[1].planted = [0.5, 0.499];
        equal.regions[1].recovered = [0.3, 0.31];
        assert!(equal.verdict(false).is_ok());
        assert!(equal.verdict(true).unwrap_err().to_string().contains("no table"));
        for (came_back, is_ok) in [(None, true), (Some(true), true), (Some(false), false)] {
            equal.corrected = vec![CorrectedComparison {
                outcome: "l_minus_r_all_matched".into(),
                planted: "nothing".into(),
                recovered: "+0.01".into(),
                came_back,
            }];
            assert_eq!(equal.verdict(true).is_ok(), is_ok);
            assert!(equal.verdict(false).is_ok());
        }
        let mut nothing = comparison();
        nothing.regions[0].recovered = [f64::NAN, 0.3];
        assert!(nothing.verdict(false).is_err());
    }
}
