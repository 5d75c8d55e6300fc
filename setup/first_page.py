#!/usr/bin/env python3
"""Is every number on the first page of a report a cell of its table?

    first_page.py STUDY [LANG]

Reads report/report.html as a reader does: the text of the summary, row by row, card by card. Each part names its table (data-table;
the findings are rows of corrected_families). All numbers of a part, to the digits that are shown, must stand in rows of that table:
those of a row of the page in one row of the table, with their signs; a cell that names its column (data-column), in that column. A
percentage is a share of the table.
"""
import csv
import html.parser
import pathlib
import re
import sys

# Levels of tests and intervals, which no table holds.
LEVELS = {"95 %", "0.05"}
NUMBER = re.compile(r"(?<![\w.])[+−-]?\d[\d\u202f\u00a0,]*(?:\.\d+)?(?:e[+−-]?\d+|\s?×\s?10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?(?:\s?%)?(?![\w])")
SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


class Parts(html.parser.HTMLParser):
    """Text of the elements of the summary that show numbers of a table: (table, key of the row, text, column)."""

    def __init__(self):
        super().__init__()
        self.parts, self.open, self.key, self.inside = [], [], None, False

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "section":
            self.inside = values.get("id") == "summary"
        if not self.inside or tag in ("br", "input", "meta", "img"):
            return
        table, key = values.get("data-table"), None
        if "data-outcome" in values:
            table, key = "corrected_families", (values["data-outcome"], values["data-rule"])
        above = self.open[-1] if self.open else (None, None, None)
        if tag == "tr" and above[1] and "data-outcome" not in values:
            table = above[1]
        starts = table is not None and (tag != "div")
        if starts:
            self.key = key
            self.parts.append([table, key, "", None])
        elif "data-column" in values:
            starts = True
            self.parts.append([above[1], self.key, "", values["data-column"]])
        part = len(self.parts) - 1 if starts else above[2]
        if tag in ("thead", "th"):
            part = None
        self.open.append((tag, table or above[1], part))

    def handle_endtag(self, tag):
        if self.inside and self.open and self.open[-1][0] == tag:
            self.open.pop()
        if tag == "section":
            self.inside = False

    def handle_data(self, data):
        if self.inside and self.open and self.open[-1][2] is not None:
            self.parts[self.open[-1][2]][2] += f" {data}"


def value(shown):
    """A shown number and half of its last digit."""
    text = re.sub(r"[\u202f\u00a0,\s+]", "", shown).replace("−", "-")
    share = text.endswith("%")
    text = text.rstrip("%")
    mantissa, _, power = text.partition("×10") if "×10" in text else text.partition("e")
    scale = 10.0 ** int(power.translate(SUPERSCRIPTS) or 0) / (100 if share else 1)
    decimals = len(mantissa.partition(".")[2])
    return float(mantissa) * scale, 0.5001 * 10.0**-decimals * scale


def cells(row):
    for cell in row.values():
        try:
            yield float(cell)
        except ValueError:
            yield from (float(number) for number in re.findall(r"\d+(?:\.\d+)?", cell or ""))


def stands(shown, row):
    number, half = value(shown)
    return any(abs(cell - number) <= half for cell in cells(row))


def main() -> None:
    study, lang = pathlib.Path(sys.argv[1]), (sys.argv[2:] or ["en"])[0]
    reader = Parts()
    reader.feed((study / "report/report.html").read_text(encoding="utf-8"))
    problems, n_numbers, tables = [], 0, {}
    for table, key, text, column in reader.parts:
        path = study / f"results/{table}_{lang}.csv"
        path = path if path.exists() else study / f"results/{table}.csv"
        if path not in tables:
            tables[path] = list(csv.DictReader(path.open()))
        rows = tables[path]
        if key:
            rows = [row for row in rows if (row["outcome"], row["layer_rule"]) == key]
        if column:
            rows = [{column: row[column]} for row in rows]
        numbers = [found.group().strip() for found in NUMBER.finditer(text)]
        numbers = [shown for shown in numbers if shown not in LEVELS]
        n_numbers += len(numbers)
        if not any(all(stands(shown, row) for shown in numbers) for row in rows):
            missing = [shown for shown in numbers if not any(stands(shown, row) for row in rows)]
            what = f"no cell {', '.join(missing)}" if missing else f"no row with all of {', '.join(numbers)}"
            problems.append(f"{path.name}: {what}: {' '.join(text.split())[:200]}")
    for problem in problems:
        print(f"first page: {problem}", file=sys.stderr)
    used = sorted({path.name for path in tables})
    if problems or n_numbers < 20 or len(used) < 3:
        sys.exit(f"first page: {len(problems)} parts differ from the tables ({n_numbers} numbers, {len(used)} tables)")
    print(f"first page: {n_numbers} numbers of {len(reader.parts)} parts are cells of {', '.join(used)}")


if __name__ == "__main__":
    main()
