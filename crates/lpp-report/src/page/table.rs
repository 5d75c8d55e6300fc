//! A table on the page.

use std::fmt::Write;

use lpp_analysis::{Column, Table};

use crate::plot::escape;

/// Tables that are open from the start.
const OPEN: [&str; 2] = ["scaling", "scaling_regression"];

/// A table whose heads are buttons; cells carry their exact value for sorting. It scrolls within its box.
pub(crate) fn write(html: &mut String, table: &Table) {
    let open = if OPEN.contains(&table.name()) { " open" } else { "" };
    let name = escape(&table.name().replace('_', " "));
    let _ = write!(
        html,
        "<details{open}>\n<summary>{name} ({} rows)</summary>\n<div class=\"wide\" role=\"region\" tabindex=\"0\" \
         aria-label=\"Table {name}\"><table class=\"sortable\" id=\"table-{}\">\n<thead><tr>",
        table.n_rows(),
        escape(table.name())
    );
    for (name, column) in table.columns() {
        let class = if matches!(column, Column::Text(_)) {
            ""
        } else {
            " class=\"n\""
        };
        let _ = write!(
            html,
            "<th scope=\"col\"{class}><button type=\"button\">{}</button></th>",
            escape(&name.replace('_', " "))
        );
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    let exact: Vec<Vec<Option<f64>>> = table
        .columns()
        .iter()
        .map(|(name, _)| table.numbers(name))
        .collect();
    for row in 0..table.n_rows() {
        html.push_str("<tr>");
        for ((_, column), exact) in table.columns().iter().zip(&exact) {
            let text = escape(&column.display(row));
            let _ = match (column, exact[row]) {
                (Column::Text(_), _) => write!(html, "<td>{text}</td>"),
                (_, Some(value)) => write!(html, "<td class=\"n\" data-v=\"{value}\">{text}</td>"),
                (_, None) => write!(html, "<td class=\"n\">\u{2013}</td>"),
            };
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody>\n</table></div>\n</details>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_page() {
        let table = Table::new("scaling")
            .text("model", ["</td><script>alert(1)</script>"])
            .unwrap();
        let mut html = String::new();
        write(&mut html, &table);
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"));
    }
}
