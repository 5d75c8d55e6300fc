//! What the published evaluation does to the texts of `HellaSwag`.
//!
//! R. Zellers et al. (2019), <https://doi.org/10.18653/v1/P19-1472>; the steps are those of lm-evaluation-harness.

/// Without marks of titles and of steps: `lamp [title] Wash [step] it.` becomes `lamp. Wash it.`
pub(crate) fn cleaned(text: &str) -> String {
    let text = text.trim().replace(" [title]", ". ");
    without_brackets(&text).replace("  ", " ")
}

/// Without what stands in brackets on one line, the nearest closing one for each opening one.
fn without_brackets(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('[') {
        let behind = &rest[start..];
        let line = behind.split('\n').next().unwrap_or_default();
        let end = line.find(']').map_or(1, |end| end + 1);
        kept.push_str(&rest[..start]);
        if end == 1 {
            kept.push('[');
        }
        rest = &behind[end..];
    }
    kept + rest
}

/// The first character in upper case, all others in lower case.
pub(crate) fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first
            .to_uppercase()
            .chain(characters.as_str().to_lowercase().chars())
            .collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cleaned_as_in_the_published_evaluation() {
        for (text, expected) in [
            (" old [title] lamp ", "old. lamp"),
            ("a [step] b", "a b"),
            ("a [b [c] d] e", "a d] e"),
            ("a [b\nc] d [e]", "a [b\nc] d "),
            ("a    b", "a  b"),
        ] {
            assert_eq!(cleaned(text), expected, "{text}");
        }
        assert_eq!(capitalised("éÀ Bc"), "Éà bc");
        assert_eq!(capitalised(""), "");
    }
}
