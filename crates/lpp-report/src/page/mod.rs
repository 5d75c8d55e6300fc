//! The report page: one HTML file that needs nothing else.

mod methods;

use std::fmt::Write;

use lpp_study::Provenance;

use crate::figures::Figure;
use crate::plot::escape;
use lpp_analysis::Column;
use lpp_analysis::{HemisphereRule, Table};

pub(crate) use methods::methods;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What goes onto the page.
pub(crate) struct Page<'a> {
    /// Headline.
    pub(crate) title: String,
    /// The summary table of the study.
    pub(crate) summary: &'a Table,
    /// Headline results, each with its explanation.
    pub(crate) highlights: Vec<(String, String)>,
    /// The figures, in order.
    pub(crate) figures: &'a [Figure],
    /// The tables, in order.
    pub(crate) tables: Vec<&'a Table>,
    /// How left was told from right.
    pub(crate) hemisphere: HemisphereRule,
    /// Where the tables came from.
    pub(crate) provenance: &'a Provenance,
    /// Version of the program that made the page.
    pub(crate) software: String,
}

impl Page<'_> {
    /// The whole document. It makes no request: styles, script and figures are in it, and its own policy
    /// forbids everything else.
    pub(crate) fn to_html(&self) -> String {
        let mut html = String::new();
        let title = escape(&self.title);
        let _ = write!(
            html,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
             script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n\
             <body>\n<header>\n<h1>{title}</h1>\n</header>\n<main>\n"
        );
        self.write_summary(&mut html);
        self.write_figures(&mut html);
        self.write_tables(&mut html);
        let _ = write!(
            html,
            "<section id=\"methods\">\n<h2>Methods</h2>\n{}</section>\n",
            methods(self.summary, self.hemisphere)
        );
        self.write_provenance(&mut html);
        let _ = write!(html, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
        html
    }

    fn write_summary(&self, html: &mut String) {
        html.push_str("<section id=\"summary\">\n<h2>Summary</h2>\n<dl class=\"cards\">\n");
        for (value, name) in &self.highlights {
            let _ = writeln!(
                html,
                "<div><dt>{}</dt><dd>{}</dd></div>",
                escape(name),
                escape(value)
            );
        }
        html.push_str("</dl>\n</section>\n");
    }

    fn write_figures(&self, html: &mut String) {
        html.push_str("<section id=\"figures\">\n<h2>Figures</h2>\n");
        for figure in self.figures {
            let _ = write!(
                html,
                "<figure id=\"figure-{}\">\n<div class=\"drawing\">{}</div>\n<figcaption>{}</figcaption>\n</figure>\n",
                escape(&figure.id),
                figure.svg.replacen(
                    "<svg ",
                    &format!("<svg aria-label=\"{}\" ", escape(&figure.alt)),
                    1
                ),
                escape(&figure.caption)
            );
        }
        html.push_str("</section>\n");
    }

    fn write_tables(&self, html: &mut String) {
        html.push_str("<section id=\"tables\">\n<h2>Tables</h2>\n<p class=\"hint\">Choose a column's head to sort by it.</p>\n");
        for table in self.tables.iter().filter(|table| table.n_rows() > 0) {
            write_table(html, table);
        }
        html.push_str("</section>\n");
    }

    fn write_provenance(&self, html: &mut String) {
        let made = self.provenance;
        let commit = made.commit.as_deref().unwrap_or("unknown commit");
        let _ = write!(
            html,
            "<section id=\"provenance\">\n<h2>Provenance</h2>\n<p>Tables by {} ({}), page by {}. Command: <code>{}</code></p>\n\
             <details>\n<summary>{} input files</summary>\n<div class=\"wide\"><table>\n<thead><tr><th>file</th><th>bytes</th>\
             <th>SHA-256</th></tr></thead>\n<tbody>\n",
            escape(&made.software),
            escape(commit),
            escape(&self.software),
            escape(&made.command_line()),
            made.inputs.len()
        );
        for input in &made.inputs {
            let name = input
                .path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default();
            let _ = writeln!(
                html,
                "<tr><td>{}</td><td class=\"n\">{}</td><td><code>{}</code></td></tr>",
                escape(&name),
                input.bytes,
                escape(&input.sha256)
            );
        }
        html.push_str("</tbody>\n</table></div>\n</details>\n</section>\n");
    }
}

/// A table whose heads are buttons; cells carry their exact value for sorting.
fn write_table(html: &mut String, table: &Table) {
    let open = if table.name() == "scaling" { " open" } else { "" };
    let _ = write!(
        html,
        "<details{open}>\n<summary>{} ({} rows)</summary>\n<div class=\"wide\"><table class=\"sortable\">\n<thead><tr>",
        escape(&table.name().replace('_', " ")),
        table.n_rows()
    );
    for (name, _) in table.columns() {
        let _ = write!(
            html,
            "<th scope=\"col\"><button type=\"button\">{}</button></th>",
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
        write_table(&mut html, &table);
        assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"));
    }
}
