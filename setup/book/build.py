#!/usr/bin/env python3
"""Builds the book from docs/, the READMEs and the help of every program.

    setup/book/build.py BINARIES OUT     OUT/site is the book; pages are gathered in OUT/pages

A warning, such as a link to nowhere, is an error. MkDocs is installed beside the pages.
"""
import posixpath
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MKDOCS = "mkdocs==1.6.1"
# Pages that do not stand in docs/, by their name in the book.
OUTSIDE = {
    "project.md": "README.md",
    "CONTRIBUTING.md": "CONTRIBUTING.md",
    "CHANGELOG.md": "CHANGELOG.md",
    "THIRD-PARTY.md": "THIRD-PARTY.md",
    "solver.md": "crates/lpp-ridge/README.md",
    "wheel.md": "python/README.md",
}
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


def places():
    """{path in the repository: path in the book} of all pages and pictures."""
    docs = {str(p.relative_to(ROOT)): str(p.relative_to(ROOT / "docs")) for p in (ROOT / "docs").rglob("*") if p.is_file()}
    return docs | {source: page for page, source in OUTSIDE.items()}


def relinked(text, source, places):
    """The text with its links as they are in the book; what is not in the book is named without a link."""
    page = places[source]

    def link(match):
        picture, words, target = match.groups()
        path, anchor = (target.split("#", 1) + [""])[:2]
        if "://" in target or target.startswith("mailto:") or not path:
            return match[0]
        known = places.get(posixpath.normpath(posixpath.join(posixpath.dirname(source), path)))
        if known is None:
            if not (ROOT / Path(source).parent / path).exists():
                raise SystemExit(f"{source}: a link to {target}, which does not exist")
            return words
        relative = posixpath.relpath(known, posixpath.dirname(page) or ".")
        return f"{picture}[{words}]({relative}{'#' + anchor if anchor else ''})"

    return LINK.sub(link, text)


def help_of(program, *words):
    """The help of a program or a command of it."""
    told = subprocess.run([program, *words, "--help"], stdout=subprocess.PIPE, check=True, text=True).stdout
    return told.replace(str(Path.home()), "~")


def program_page(program):
    """The page of a program: its help and that of its commands."""
    text = help_of(program)
    page = [f"# {program.name}", "", "```text", text.rstrip(), "```"]
    commands = re.search(r"^Commands:\n((?:  .*\n|\n)+?)(?=^\S|\Z)", text, re.M)
    names = re.findall(r"^  (\S+) ", commands[1], re.M) if commands and program.name != "lpp" else []
    for name in names:
        if name != "help":
            page += ["", f"## {program.name} {name}", "", "```text", help_of(program, name).rstrip(), "```"]
    return "\n".join(page) + "\n"


def gather(binaries, pages):
    """Writes all pages and returns the entries of the programs."""
    known = places()
    for source, page in known.items():
        to = pages / page
        to.parent.mkdir(parents=True, exist_ok=True)
        if source.endswith(".md"):
            to.write_text(relinked((ROOT / source).read_text(), source, known))
        else:
            shutil.copyfile(ROOT / source, to)
    programs = sorted(folder.name for folder in (ROOT / "bins").iterdir() if folder.is_dir())
    shutil.copyfile(ROOT / "setup" / "book" / "book.css", pages / "book.css")
    (pages / "programs").mkdir()
    for name in programs:
        (pages / "programs" / f"{name}.md").write_text(program_page(binaries / name))
    return programs


def main():
    binaries, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    pages, tools = out / "pages", out / "tools"
    shutil.rmtree(pages, ignore_errors=True)
    if not (tools / "bin" / "mkdocs").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", tools], check=True)
        subprocess.run([tools / "bin" / "pip", "install", "-q", MKDOCS], check=True)
    programs = gather(binaries, pages)
    settings = (ROOT / "setup" / "book" / "mkdocs.yml").read_text()
    entries = "".join(f"      - {name}: programs/{name}.md\n" for name in programs)
    (out / "mkdocs.yml").write_text(f"docs_dir: pages\nsite_dir: site\n{settings}  - Programs:\n{entries}")
    subprocess.run([tools / "bin" / "mkdocs", "build", "--quiet", "--strict", "--clean", "-f", out / "mkdocs.yml"], check=True)
    print(f"{out}/site/index.html: {len(list(pages.rglob('*.md')))} pages")


if __name__ == "__main__":
    main()
