"""Which file of a Rust crate uses names of which other file, read from its text. Standard library only."""
import re
from collections import defaultdict
from pathlib import Path

DEFINING = {"fn", "struct", "enum", "trait", "type", "const", "static", "union", "mod"}
ITEM_STARTS = DEFINING | {"pub", "impl", "use", "unsafe", "async", "extern", "macro_rules"}
# Attributes may name a path in a string: #[serde(with = "crate::duration")].
PATH_IN_STRING = re.compile(r"(?:crate|super|self)(?:::\w+)+")
TOKEN = re.compile(r"r#\w+|\w+|::|\S")
TEST_ATTRIBUTE = re.compile(r"#\s*\[\s*cfg\s*\(\s*(?:all\s*\(\s*)?test\b")
LITERAL = re.compile(
    r"//[^\n]*"  # comment to the end of the line
    r"|/\*"  # comment that may hold others
    r'|\b[bc]?r(?P<hashes>#*)".*?"(?P=hashes)'  # raw string
    r'|(?:\b[bc])?"(?:\\.|[^"\\])*"'  # string
    r"|(?:\bb)?'(?:\\(?:x..|u\{[^}]*\}|.)|[^'\\])'",  # character, not a lifetime
    re.S,
)


def without_comments_and_literals(text):
    """The text with comments dropped and literals emptied, but for paths in strings."""
    out, at = [], 0
    while match := LITERAL.search(text, at):
        out.append(text[at : match.start()])
        found, at = match.group(), match.end()
        if found == "/*":
            at = end_of_comment(text, match.end())
        elif not found.startswith("//"):
            inside = found.strip('"')
            out.append(f" {inside} " if PATH_IN_STRING.fullmatch(inside) else ' "" ')
    return "".join(out) + text[at:]


def end_of_comment(text, at):
    """Where a comment ends that began before `at`; comments nest."""
    depth = 1
    for mark in re.finditer(r"/\*|\*/", text[at:]):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return at + mark.end()
    return len(text)


def without_tests(text):
    """The text without the items under `#[cfg(test)]`."""
    while match := TEST_ATTRIBUTE.search(text):
        text = text[: match.start()] + text[end_of_item(text, end_of_group(text, text.index("[", match.start()))) :]
    return text


def end_of_group(text, at):
    """Just behind the bracket that closes the one at `at`."""
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if depth == 0:
            return place + 1
    return len(text)


def end_of_item(text, at):
    """Just behind the item, field or statement at `at`, its further attributes included."""
    while match := re.compile(r"\s*#\s*\[").match(text, at):
        at = end_of_group(text, match.end() - 1)
    words = re.compile(r"\s*(\w+)").match(text, at)
    first = words.group(1) if words else ""
    ends_at_brace = first in ITEM_STARTS and not re.match(r"\s*(pub(\s*\([^)]*\))?\s+)?(use|const|static)\b(?!\s+fn)", text[at:])
    place = at
    while place < len(text):
        mark = text[place]
        if mark in "([{":
            place = end_of_group(text, place)
            if mark == "{" and ends_at_brace:
                return place
            continue
        if mark == ";" or (mark == "," and first not in ITEM_STARTS):
            return place + 1
        if mark in ")]}":
            return place
        place += 1
    return place


class Module:
    """One module of a crate: its file, its names and the modules below it."""

    def __init__(self, path, file, folder):
        self.path, self.file, self.folder = path, file, folder
        self.children = {}
        self.defined = set()
        self.aliases = defaultdict(list)  # name: paths that it may stand for
        self.globs = []


class Crate:
    """The modules of one target of a package, and the arrows between their files."""

    def __init__(self, root):
        self.root_file = Path(root)
        self.modules = {}
        self.paths = []  # (module, segments) as they are used
        self.reexports = []  # (module, segments, name)
        self.used_globs = []  # (module, segments)
        self.words = defaultdict(set)  # words of a file outside `use`
        self.read_file((), self.root_file, self.root_file.parent)
        self.arrows = self.find_arrows()

    def read_file(self, path, file, folder):
        """Reads the module of a file and all below it."""
        text = without_comments_and_literals(file.read_text(encoding="utf-8"))
        if re.search(r"#\s*!\s*\[\s*cfg\s*\(\s*test\s*\)", text):
            return None
        module = self.modules[path] = Module(path, file, folder)
        Reader(self, module, TOKEN.findall(without_tests(text))).read()
        return module

    def add_file_module(self, parent, name):
        """Reads `mod name;`."""
        for file, folder in (
            (parent.folder / f"{name}.rs", parent.folder / name),
            (parent.folder / name / "mod.rs", parent.folder / name),
        ):
            if file.is_file():
                child = self.read_file((*parent.path, name), file, folder)
                if child:
                    parent.children[name] = child
                return

    def find_arrows(self):
        """{(file, file): names}: the second file defines what the first one uses."""
        arrows = defaultdict(set)

        def add(module, segments):
            for target, rest in self.resolve(module, segments):
                # A module is a way to names and no destination.
                if rest and target.file != module.file:
                    arrows[module.file, target.file].add(rest[0])

        for module, segments in self.paths:
            add(module, segments)
        for module, segments, name in self.reexports:
            # A door that lets a name through does not use it.
            if name in self.words[module.file]:
                add(module, segments)
        for module, segments in self.used_globs:
            for target in self.modules_of(module, segments):
                for name in (target.defined | set(target.aliases)) & self.words[module.file]:
                    add(module, [*segments, name])
        return dict(arrows)

    def modules_of(self, module, segments, seen=frozenset()):
        """The modules that a path names."""
        return [m for m, rest in self.resolve(module, segments, seen) if not rest]

    def resolve(self, module, segments, seen=frozenset()):
        """Pairs of the module that defines what a path names and the part of the path that is no module.

        `seen` are the places that were asked already; re-exports may run in circles.
        """
        first, rest = segments[0], segments[1:]
        if first == "super":
            return self.within(self.modules[module.path[:-1]], rest, seen, sure=True) if module.path else []
        if first in ("crate", "self"):
            return self.within(self.modules[()] if first == "crate" else module, rest, seen, sure=True)
        return self.within(module, segments, seen, sure=False)

    def within(self, module, segments, seen, sure):
        """The same for names of one module; `sure` if they must be there, made by a macro if nothing else."""
        key = (module.path, tuple(segments))
        if not segments or key in seen:
            return [] if segments else [(module, [])]
        seen = seen | {key}
        first, rest = segments[0], segments[1:]
        if first in ("super", "self"):
            return self.resolve(module, segments, seen)
        if first in module.children:
            return self.within(module.children[first], rest, seen, sure=True)
        if first in module.defined:
            return [(module, segments)]
        found = []
        for alias in module.aliases.get(first, []):
            if alias[0] != first:  # else another crate
                found += self.resolve(module, [*alias, *rest], seen)
        if first in module.aliases:
            return found
        for glob in module.globs:
            for target in self.modules_of(module, glob, seen):
                found += self.within(target, segments, seen, sure=False)
        return [(module, segments)] if sure and not found else found


class Reader:
    """Walks over the tokens of a file."""

    def __init__(self, crate, module, tokens):
        self.crate, self.module, self.tokens = crate, module, tokens
        self.at = 0
        self.scopes = []  # the module to come back to, or None for other braces

    def read(self):
        while self.at < len(self.tokens):
            self.step()

    def token(self, ahead=0):
        place = self.at + ahead
        return self.tokens[place] if 0 <= place < len(self.tokens) else ""

    def in_module(self):
        return all(scope is not None for scope in self.scopes)

    def step(self):
        token = self.token()
        if token == "use" and self.token(1) != "<":
            self.read_use()
        elif token == "mod" and self.in_module() and self.token(2) in (";", "{"):
            self.read_mod()
        elif token in DEFINING and self.in_module() and is_word(self.token(1)):
            self.module.defined.add(self.token(1))
            self.at += 2
        elif token == "macro_rules" and self.token(1) == "!":
            self.read_macro(self.token(2))
        elif token == "{":
            self.scopes.append(None)
            self.at += 1
        elif token == "}":
            back = self.scopes.pop() if self.scopes else None
            self.module = back or self.module
            self.at += 1
        elif is_word(token):
            self.read_path()
        else:
            self.at += 1

    def read_macro(self, name):
        """A macro by example; one that is exported has its name at the root, wherever it is written."""
        self.module.defined.add(name)
        if self.module.path:
            self.crate.modules[()].aliases[name].append(["crate", *self.module.path, name])
        self.at += 3

    def read_mod(self):
        name = self.token(1)
        if self.token(2) == ";":
            self.crate.add_file_module(self.module, name)
        else:
            child = Module((*self.module.path, name), self.module.file, self.module.folder / name)
            self.crate.modules[child.path] = self.module.children[name] = child
            self.scopes.append(self.module)
            self.module = child
        self.at += 3

    def read_path(self):
        """A path in code: words joined by `::`."""
        after_dot = self.token(-1) in (".", "::")
        segments = [self.token()]
        self.at += 1
        while self.token() == "::" and is_word(self.token(1)):
            segments.append(self.token(1))
            self.at += 2
        self.crate.words[self.module.file].update(segments)
        if len(segments) > 1 and not after_dot:
            self.crate.paths.append((self.module, segments))

    def read_use(self):
        reexport = self.token(-1) in ("pub", ")")
        self.at += 1
        if self.token() == "::":
            self.at += 1  # from the root of another crate
        self.read_tree([], reexport)
        while self.at < len(self.tokens) and self.token() != ";":
            self.at += 1

    def read_tree(self, before, reexport):
        segments = list(before)
        while True:
            token = self.token()
            if token == "{":
                self.at += 1
                while self.token() not in ("}", ""):
                    self.read_tree(segments, reexport)
                    if self.token() == ",":
                        self.at += 1
                self.at += 1
                return
            self.at += 1
            if token == "*":
                self.module.globs.append(segments)
                if not reexport:
                    self.crate.used_globs.append((self.module, segments))
                return
            segments.append(token)
            if self.token() != "::":
                break
            self.at += 1
        if segments[-1] == "self" and len(segments) > 1:
            segments = segments[:-1]
        name = segments[-1]
        if self.token() == "as":
            name = self.token(1)
            self.at += 2
        self.module.aliases[name].append(segments)
        if reexport:
            self.crate.reexports.append((self.module, segments, name))
        else:
            self.crate.paths.append((self.module, segments))


def is_word(token):
    return bool(token) and (token[0].isalpha() or token[0] == "_")
