//! The methods paragraph, from what was run.

use std::fmt::Write;

use lpp_analysis::{HemisphereRule, Table};

/// The methods in sentences, as HTML. Only what the summary shows to have been done is told.
pub(crate) fn methods(summary: &Table, rule: HemisphereRule) -> String {
    let quantity = |name: &str| -> Option<f64> {
        let row = summary.texts("quantity").iter().position(|known| known == name)?;
        summary.numbers("value").get(row).copied().flatten()
    };
    let count = |name: &str| quantity(name).unwrap_or(0.0);
    let mut text = String::from("<p>");
    let _ = write!(
        text,
        "Activations of each layer of {} language models were convolved with a haemodynamic response and predicted the \
         time course of each of {} voxels by ridge regression, its penalty chosen on a validation run; the correlation of \
         prediction and signal, averaged over held-out runs, is the layer's brain score (Bonnasse-Gahot and Pallier, 2024). \
         A voxel's score is that of the best layer, a model's score the mean over voxels; voxels without a score are left out. ",
        count("n_models"),
        count("n_voxels"),
    );
    if let Some(threshold) = quantity("isc_percentile_75") {
        let _ = write!(
            text,
            "Reliable voxels are the {} whose inter-subject correlation lies above its 75th percentile, {threshold:.3}. ",
            count("n_reliable")
        );
    }
    text.push_str(match rule {
        HemisphereRule::Halves => {
            "Left and right are the two halves of the masked array, as in the paper; this cut divides the midline \
             column between both. "
        }
        HemisphereRule::WorldX => "Left is x &lt; 0, right is x &gt; 0; the midline is left out. ",
    });
    text.push_str(
        "Scores were related to the natural logarithm of the number of parameters by Pearson correlation and ordinary \
         least squares; bands are the 2.5th to 97.5th percentiles of 1000 bootstrap lines. ",
    );
    if count("n_rois") > 0.0 {
        let _ = write!(
            text,
            "{} regions of interest and their mirror images were averaged alike. ",
            count("n_rois")
        );
    }
    text.push_str("</p>\n");
    text.push_str(
        "<p class=\"references\">L. Bonnasse-Gahot and C. Pallier (2024). fMRI predictors based on language models of \
         increasing complexity recover brain left lateralization. NeurIPS 37; arXiv 2405.17992.<br>J. Li et al. (2022). Le Petit \
         Prince multilingual naturalistic fMRI corpus. Scientific Data 9, 530; OpenNeuro ds003643.</p>\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use lpp_analysis::Column;

    #[test]
    fn only_what_was_done_is_told() {
        let summary = Table::new("summary")
            .text("quantity", ["n_models", "n_voxels"])
            .unwrap()
            .with("value", Column::Number(vec![Some(3.0), Some(100.0)]))
            .unwrap();
        let text = methods(&summary, HemisphereRule::WorldX);
        assert!(text.contains("3 language models") && text.contains("midline is left out"));
        assert!(!text.contains("Reliable") && !text.contains("regions"));
    }
}
