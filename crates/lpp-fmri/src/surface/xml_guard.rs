//! What is looked at before a surface's XML is parsed.
//!
//! The parser calls itself for each level of elements and replaces entities as often as they are named, so that some hundred
//! bytes could use up the stack or days. It compares each attribute of an element with the others, and copies the name spaces of
//! an element to those inside. Surfaces need neither deep elements nor entities of their own, and few attributes.

/// Levels of elements. GIFTI has five: file, array, metadata, entry, name.
const DEEPEST: usize = 32;
/// Attributes of one element. An array of GIFTI has eleven or twelve.
const MOST_ATTRIBUTES: usize = 64;
/// Name spaces of all elements. Workbench declares one or two in the first element.
const MOST_NAME_SPACES: usize = 64;
/// What a document type with entities or other declarations inside is called in errors.
const DECLARATIONS: &str = "a document type with declarations inside (entities)";

/// Checks nesting, attributes, name spaces and document type, and returns the text without the latter's declaration.
///
/// The problem is told as what was found.
pub(super) fn guarded(text: &str) -> Result<String, String> {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    let mut depth = 0_usize;
    let mut name_spaces = 0_usize;
    while let Some(start) = rest.find('<') {
        let (before, markup) = rest.split_at(start);
        kept.push_str(before);
        let end = markup_end(markup)?;
        let (markup, after) = markup.split_at(end);
        rest = after;
        if markup.starts_with("<!DOCTYPE") {
            if markup.contains('[') {
                return Err(DECLARATIONS.to_owned());
            }
            continue;
        }
        kept.push_str(markup);
        match markup.as_bytes().get(1) {
            Some(b'!' | b'?') => continue,
            Some(b'/') => depth = depth.saturating_sub(1),
            _ if markup.ends_with("/>") => {}
            _ => depth += 1,
        }
        name_spaces += markup.matches("xmlns").count();
        if name_spaces > MOST_NAME_SPACES {
            return Err(format!("more than {MOST_NAME_SPACES} name spaces (xmlns)"));
        }
        if depth > DEEPEST {
            return Err(format!("elements nested deeper than {DEEPEST}"));
        }
    }
    kept.push_str(rest);
    Ok(kept)
}

/// Bytes of the comment, instruction or tag at the beginning of `markup`.
fn markup_end(markup: &str) -> Result<usize, String> {
    let closed_by = |end: &str| {
        let place = markup.find(end).map(|at| at + end.len());
        place.ok_or_else(|| format!("{:?} without its end", &markup[..markup.len().min(2)]))
    };
    if markup.starts_with("<!--") {
        return closed_by("-->");
    }
    if markup.starts_with("<![CDATA[") {
        return closed_by("]]>");
    }
    if markup.starts_with("<?") {
        return closed_by("?>");
    }
    // In a tag or document type, an angle bracket within quotes is a letter.
    let mut quote = None;
    let mut attributes = 0_usize;
    for (at, byte) in markup.bytes().enumerate() {
        match (quote, byte) {
            (None, b'[') if markup.starts_with("<!DOCTYPE") => return Err(DECLARATIONS.to_owned()),
            (None, b'>') => return Ok(at + 1),
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'=') if attributes == MOST_ATTRIBUTES => {
                return Err(format!("an element with more than {MOST_ATTRIBUTES} attributes"));
            }
            (None, b'=') => attributes += 1,
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    Err("a tag without its end".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_documents_pass_and_lose_their_document_type() {
        let text = "<?xml version=\"1.0\"?>\n<!DOCTYPE GIFTI SYSTEM \"http://x/gifti.dtd\">\n<!-- <a><b> -->\
                    <GIFTI a=\">\" b='<'><M/><D><![CDATA[<x><y>]]></D></GIFTI>\n";
        let expected = text.replace("<!DOCTYPE GIFTI SYSTEM \"http://x/gifti.dtd\">", "");
        assert_eq!(guarded(text), Ok(expected));
        // Siblings do not nest, whatever their number.
        let flat = format!("<a>{}</a>", "<b></b><c/>".repeat(1000));
        assert_eq!(guarded(&flat), Ok(flat.clone()));
    }

    #[test]
    fn entities_and_deep_elements_are_refused() {
        for text in [
            "<!DOCTYPE g [<!ENTITY a \"b\">]><g>&a;</g>".to_owned(),
            "<!DOCTYPE g SYSTEM \"x\" [<!ENTITY % a SYSTEM \"file:///etc/passwd\">]><g/>".to_owned(),
            format!(
                "<!DOCTYPE g [<!ENTITY a \"{}\">]><g>{}</g>",
                "b".repeat(100_000),
                "&a;".repeat(1000)
            ),
        ] {
            assert!(
                guarded(&text).unwrap_err().contains("entities"),
                "{}",
                &text[..40]
            );
        }
        for text in [
            "<a>".repeat(90_000),
            "<a b='>'>".repeat(1000),
            format!("<g>{}{}</g>", "<a x=\"/>\">".repeat(40), "</a>".repeat(40)),
        ] {
            assert!(
                guarded(&text).unwrap_err().contains("nested deeper"),
                "{}",
                &text[..9]
            );
        }
        for text in ["<a", "<!-- ", "<?xml", "<![CDATA[ ", "<a b=\"", "<"] {
            assert!(guarded(text).is_err(), "{text}");
        }
    }

    #[test]
    fn elements_nest_as_deep_as_32() {
        let nested = |n: usize| format!("{}{}", "<a>".repeat(n), "</a>".repeat(n));
        assert_eq!(guarded(&nested(32)), Ok(nested(32)));
        assert!(guarded(&nested(33)).unwrap_err().contains("deeper than 32"));
        // Once closed, an element is no level.
        let text = format!("<r>{}{}</r>", nested(31), nested(31));
        assert_eq!(guarded(&text), Ok(text.clone()));
    }
    #[test]
    fn many_attributes_and_name_spaces_are_refused() {
        let attributes = |name: &str, n: usize| {
            let each = (0..n).map(|at| format!(" {name}{at}='='"));
            format!("<a{}/>", each.collect::<String>())
        };
        let text = attributes("b", 64);
        assert_eq!(guarded(&text), Ok(text.clone()));
        assert!(
            guarded(&attributes("b", 65))
                .unwrap_err()
                .contains("more than 64 attributes")
        );
        assert!(
            guarded(&attributes("xmlns:b", 65))
                .unwrap_err()
                .contains("more than 64 attributes")
        );
        // Name spaces count in all elements together, and their letters in text do not.
        let nested = format!("<r>xmlns{0}{0}</r>", attributes("xmlns:b", 32));
        assert_eq!(guarded(&nested), Ok(nested.clone()));
        let error = guarded(&nested.replace("</r>", "<c xmlns='d'/></r>")).unwrap_err();
        assert!(error.contains("more than 64 name spaces"), "{error}");
    }
}
