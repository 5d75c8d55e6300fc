"""Runs every command of the book and of the help texts.

    commands.py BINARIES [PART...]     PART: a part of the name of a page or a program; all by default

The commands are the blocks marked sh of the book's pages and the examples at the end of each help text. Each page and each program has a
folder of its own, in which the files that its commands name exist (command_stages.py). A comment before a block says why it is not run
here; `setup/tutorials.py` reads the first form too:

    <!-- not run: REASON -->             the block; with `not run START: REASON`, its commands that begin so
    <!-- run by FILE: WORDS -->          another test, whose FILE has these words

A command without such a mark must succeed.
"""
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import command_stages

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "setup" / "book"))
import build  # noqa: E402  the pages of the book

BLOCK = re.compile(r"(?:<!-- (?P<mark>(?:not run|run by)\b.*?) -->\n+)?^```(?P<kind>sh|bash|shell|console)\n(?P<text>.*?)^```", re.DOTALL | re.MULTILINE)
MARK = re.compile(r"(?P<form>not run|run by)(?: (?P<who>[^:]+))?: (?P<words>.+)", re.DOTALL)
# Run as they are written by setup/tutorials.py.
TUTORIALS = "docs/tutorials/"
# Examples of help texts that are not run: the beginning of the command, and why.
NOT_RUN = {
    "lpp-fetch precomputed": "needs the network; bins/lpp-fetch/tests run it with a local server",
    "lpp-fetch items": "needs the network; bins/lpp-fetch/tests run it with a local server",
    "lpp-fetch verify": "checks downloaded files; bins/lpp-fetch/tests run it on some",
    "lpp-fetch glove": "needs the network; bins/lpp-fetch/tests run it with a local server",
    "lpp-fetch model": "needs the network; bins/lpp-fetch/tests run it with a local server",
    "lpp-fetch data --study study --subject": "needs the network; bins/lpp-fetch/tests run it with a local server",
}


def lines_of(text):
    """The commands of a block: lines, with those that continue joined."""
    joined = re.sub(r"\\\n\s*", " ", text)
    return [line for line in (line.strip() for line in joined.splitlines()) if line and not line.startswith("#")]


def book_commands():
    """(page, command, mark) of all pages of the book but the tutorials."""
    for page in sorted(build.places()):
        if not page.endswith(".md") or page.startswith(TUTORIALS):
            continue
        for block in BLOCK.finditer((ROOT / page).read_text(encoding="utf-8")):
            for line in lines_of(block["text"]):
                yield page, line, block["mark"]


def help_commands(binaries):
    """(program, command) of all examples of help texts."""
    for folder in sorted((ROOT / "bins").iterdir()):
        # Wide, so that no example is broken into lines.
        told = subprocess.run([binaries / folder.name, "--help"], check=True, text=True, stdout=subprocess.PIPE, env={**os.environ, "COLUMNS": "1000"})
        _, found, text = told.stdout.partition("\nExample")
        if not found:
            sys.exit(f"{folder.name}: the help has no example")
        for line in lines_of(text.partition("\n")[2]):
            if line.startswith("lpp"):
                yield folder.name, line


def reason_of(mark, source, line):
    """Why a command of the book is not run here; None if it is."""
    if mark is None:
        return None
    parts = MARK.fullmatch(mark)
    if not parts:
        sys.exit(f"{source}: a mark of an unknown form: {mark}")
    if parts["form"] == "not run":
        return parts["words"] if line.startswith(parts["who"] or "") else None
    if parts["words"] not in (ROOT / parts["who"]).read_text(encoding="utf-8"):
        sys.exit(f"{source}: {parts['who']} does not contain {parts['words']!r}")
    return f"run by {parts['who']}"


def main():
    binaries, chosen = Path(sys.argv[1]).resolve(), sys.argv[2:]
    commands = [(page, line, reason_of(mark, page, line)) for page, line, mark in book_commands()]
    for program, line in help_commands(binaries):
        commands.append((program, line, next((why for start, why in NOT_RUN.items() if line.startswith(start)), None)))
    commands = [command for command in commands if not chosen or any(part in command[0] for part in chosen)]
    started, failed = time.monotonic(), []
    environment = {**os.environ, "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}", "HF_HUB_OFFLINE": "1"}
    with tempfile.TemporaryDirectory() as work:
        stages = command_stages.Stages(binaries, Path(work))
        for source, line, reason in commands:
            if reason:
                continue
            folder = stages.of(source, line)
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", line], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode:
                failed.append(f"{source}: {line}\n{done.stdout}ended with {done.returncode}")
    for source, reason in dict.fromkeys((source, reason) for source, _, reason in commands if reason):
        print(f"{source}: {sum(command[0::2] == (source, reason) for command in commands)} not run here: {reason}")
    n_run = sum(reason is None for *_, reason in commands)
    if failed:
        sys.exit("\n\n".join(failed))
    print(f"commands: {n_run} of {len(commands)} commands ran, the others have a reason; {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
