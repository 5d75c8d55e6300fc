"""Tests of setup/rooms.py on small crates: python3 -m unittest discover -s setup"""
import tempfile
import unittest
from pathlib import Path

import rooms
import rooms_drawing
from rust_modules import Crate


def crate_of(folder, **files):
    """A crate of files named by their modules: `geometry__grid` is geometry/grid.rs."""
    for name, text in files.items():
        path = Path(folder, *name.split("__")).with_suffix(".rs")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Crate(Path(folder, "lib.rs"))


class Modules(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def arrows(self, **files):
        crate = crate_of(self.folder, **files)
        folder = crate.root_file.parent
        return {
            (str(one.relative_to(folder)), str(other.relative_to(folder))): names
            for (one, other), names in crate.arrows.items()
        }

    def circles(self, **files):
        arrows = self.arrows(**files)
        graph = {}
        for one, other in arrows:
            graph.setdefault(one, set()).add(other)
        return rooms.circles(graph)

    def test_a_name_counts_where_it_is_defined(self):
        found = self.arrows(
            lib="mod shapes; mod area; pub use shapes::Circle;",
            shapes__mod="mod circle; pub use circle::Circle;",
            shapes__circle="pub struct Circle;",
            area="use crate::Circle; fn of(c: crate::shapes::Circle) {}",
        )
        self.assertEqual(found, {("area.rs", "shapes/circle.rs"): {"Circle"}})

    def test_paths_through_modules_aliases_and_globs_are_followed(self):
        found = self.arrows(
            lib="mod a; mod b; mod c;",
            a="pub fn help() {} pub enum Kind { One }",
            b="use crate::a as first; fn f() { first::help(); }",
            c="use super::a::*; fn f() { help(); } fn g() { let k = Kind::One; }",
        )
        self.assertEqual(found, {("b.rs", "a.rs"): {"help"}, ("c.rs", "a.rs"): {"help", "Kind"}})

    def test_two_files_that_use_each_other_are_a_circle(self):
        files = {
            "lib": "mod a; mod b; mod c;",
            "a": "use crate::b::B; pub struct A;",
            "b": "pub struct B; impl B { fn of(a: &super::a::A) {} }",
            "c": "use crate::{a::A, b::B};",
        }
        self.assertEqual(self.circles(**files), [["a.rs", "b.rs"]])

    def test_a_folder_is_a_circle_with_its_children_only_if_they_use_what_it_defines(self):
        door = {"lib": "mod d;", "d__mod": "mod x; mod y; pub use x::X;", "d__x": "pub struct X;"}
        self.assertEqual(self.circles(**door, d__y="use super::X;"), [])
        user = {**door, "d__mod": "mod x; mod y; use x::X; pub fn f(x: X) {}"}
        self.assertEqual(self.circles(**user, d__y="use super::f;"), [])
        self.assertEqual(self.circles(**{**user, "d__x": "pub struct X; use super::f;"}), [["d/mod.rs", "d/x.rs"]])

    def test_folders_that_use_each_other_are_a_circle_of_rooms(self):
        crate = crate_of(
            self.folder,
            lib="mod m; mod n;",
            m__mod="mod a; mod b;",
            n__mod="mod c;",
            m__a="use crate::n::c::C;",
            m__b="pub struct B;",
            n__c="use crate::m::b::B; pub struct C;",
        )
        between = rooms.rooms_of(crate.arrows, Path(self.folder))
        graph = {one: {other} for one, other in between}
        self.assertEqual(rooms.circles(graph), [[Path(self.folder, "m"), Path(self.folder, "n")]])

    def test_tests_comments_and_strings_do_not_count(self):
        found = self.arrows(
            lib="mod a; mod b;",
            a="""
            // use crate::b::B;
            /* crate::b::B /* nested */ crate::b::B */
            const TEXT: &str = r#"use crate::b::B;"#;
            const MARK: (char, &str) = ('"', "crate::b::B is here");
            #[cfg(test)]
            use crate::b::B;
            #[cfg(test)]
            #[derive(Debug)]
            struct T { b: crate::b::B }
            struct S<'a> { #[cfg(test)] b: Vec<crate::b::B>, c: &'a str }
            #[cfg(test)]
            mod tests { use crate::b::B; }
            """,
            b="pub struct B;",
        )
        self.assertEqual(found, {})

    def test_an_exported_macro_counts_where_it_is_written(self):
        found = self.arrows(
            lib="mod a; mod b; pub use a::A; fn f(a: A) {}",
            a="#[macro_export] macro_rules! rows { () => { $crate::rows!(1) } } pub struct A;",
            b="fn f() { crate::rows!(); }",
        )
        self.assertEqual(found, {("lib.rs", "a.rs"): {"A"}, ("b.rs", "a.rs"): {"rows"}})

    def test_a_path_in_an_attribute_counts(self):
        found = self.arrows(
            lib="mod a; mod b;",
            a='#[serde(with = "crate::b")] struct S; #[serde(default = "crate::b::zero")] struct T;',
            b="pub fn zero() {}",
        )
        self.assertEqual(found, {("a.rs", "b.rs"): {"zero"}})


class Crates(unittest.TestCase):
    def test_a_forbidden_crate_is_found_through_others(self):
        uses = {"lpp-report": {"lpp-tables"}, "lpp-tables": {"lpp-stats"}, "lpp-stats": set()}
        self.assertEqual(rooms.way(uses, "lpp-report", "lpp-stats"), ["lpp-report", "lpp-tables", "lpp-stats"])
        self.assertEqual(rooms.way(uses, "lpp-stats", "lpp-report"), [])

    def test_the_network_is_for_one_crate(self):
        wrong = [text for text in rooms.wrong_arrows({"lpp-text": {"ureq"}, "lpp-fetch": {"ureq"}}) if "ureq" in text]
        self.assertEqual(wrong, ["lpp-text must not use ureq: that is for lpp-fetch"])

    def test_a_drawing_has_each_crate_once_and_no_arrow_that_others_say(self):
        packages = [{"name": n, "manifest_path": f"/w/crates/{n}/Cargo.toml"} for n in ("a", "b", "c")]
        svg = rooms_drawing.drawing(packages, {"a": {"b", "c"}, "b": {"c"}, "c": set()})
        self.assertEqual([svg.count(f">{name}</text>") for name in "abc"], [1, 1, 1])
        self.assertEqual(svg.count("<path d=\"M"), 3)  # two arrows and the tip of all
        self.assertEqual(svg, rooms_drawing.drawing(packages[::-1], {"a": {"c", "b"}, "b": {"c"}, "c": set()}))


if __name__ == "__main__":
    unittest.main()
