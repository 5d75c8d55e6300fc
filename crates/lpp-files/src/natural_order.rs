//! Natural order of names: `run-2` before `run-10`.

use std::cmp::Ordering;
use std::path::Path;

/// Compares names by their parts: numbers by value, everything else as text. Names that differ in leading zeros only are
/// ordered by those.
///
/// ```
/// use lpp_files::natural_order;
///
/// let mut names = ["run-10", "run-9", "run-01"];
/// names.sort_by(|a, b| natural_order(a, b));
/// assert_eq!(names, ["run-01", "run-9", "run-10"]);
/// ```
#[must_use]
pub fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    while !left.is_empty() && !right.is_empty() {
        let ((x, rest_x), (y, rest_y)) = (first_part(left), first_part(right));
        let order = if is_number(x) && is_number(y) {
            let (x, y) = (x.trim_start_matches('0'), y.trim_start_matches('0'));
            x.len().cmp(&y.len()).then_with(|| x.cmp(y))
        } else {
            x.cmp(y)
        };
        if order != Ordering::Equal {
            return order;
        }
        (left, right) = (rest_x, rest_y);
    }
    left.len().cmp(&right.len()).then_with(|| a.cmp(b))
}

/// The same for paths, folder by folder.
#[must_use]
pub fn natural_path_order(a: &Path, b: &Path) -> Ordering {
    let (mut left, mut right) = (a.components(), b.components());
    loop {
        match (left.next(), right.next()) {
            (Some(x), Some(y)) => {
                let order = natural_order(&x.as_os_str().to_string_lossy(), &y.as_os_str().to_string_lossy());
                if order != Ordering::Equal {
                    return order;
                }
            }
            (x, y) => return x.is_some().cmp(&y.is_some()).then_with(|| a.cmp(b)),
        }
    }
}

/// The name with its numbers written without leading zeros: `run-01` and `run-1` are one label.
#[must_use]
pub fn without_leading_zeros(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    let mut rest = name;
    while !rest.is_empty() {
        let (part, after) = first_part(rest);
        let digits = part.trim_start_matches('0');
        plain += match (is_number(part), digits.is_empty()) {
            (true, true) => "0",
            (true, false) => digits,
            (false, _) => part,
        };
        rest = after;
    }
    plain
}

/// The name with each number replaced by `#`: files that are alike but for numbers have one form.
pub(crate) fn form(name: &str) -> String {
    let mut form = String::with_capacity(name.len());
    let mut rest = name;
    while !rest.is_empty() {
        let (part, after) = first_part(rest);
        form += if is_number(part) { "#" } else { part };
        rest = after;
    }
    form
}

/// Splits a name after its longest beginning that is all digits, or that has none.
fn first_part(name: &str) -> (&str, &str) {
    let digits = name.starts_with(|c: char| c.is_ascii_digit());
    let end = name.find(|c: char| c.is_ascii_digit() != digits);
    name.split_at(end.unwrap_or(name.len()))
}

fn is_number(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_count_by_value_wherever_they_stand() {
        let mut names = [
            "s10",
            "s9a2",
            "s9a10",
            "s9",
            "s010",
            "s",
            "t1",
            "s100000000000000000000000",
            "s99999999999999999999999",
        ];
        names.sort_by(|a, b| natural_order(a, b));
        let expected = [
            "s",
            "s9",
            "s9a2",
            "s9a10",
            "s010",
            "s10",
            "s99999999999999999999999",
            "s100000000000000000000000",
            "t1",
        ];
        assert_eq!(names, expected);
    }

    #[test]
    fn paths_are_ordered_folder_by_folder() {
        let mut paths = ["b-10/run-1", "b-2/run-11", "b-2/run-3", "b-2"].map(Path::new);
        paths.sort_by(|a, b| natural_path_order(a, b));
        assert_eq!(
            paths,
            ["b-2", "b-2/run-3", "b-2/run-11", "b-10/run-1"].map(Path::new)
        );
    }

    #[test]
    fn leading_zeros_make_no_other_label() {
        for (name, plain) in [
            ("01", "1"),
            ("run-001_x0", "run-1_x0"),
            ("a", "a"),
            ("100", "100"),
            ("", ""),
        ] {
            assert_eq!(without_leading_zeros(name), plain);
        }
        assert_eq!(form("sub-01_run-3"), "sub-#_run-#");
    }
}
