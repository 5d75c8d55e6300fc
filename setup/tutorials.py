"""Runs the tutorials as they are written, each in an empty folder.

    tutorials.py BINARIES [FILE...]

Blocks marked sh and python run in order, sh in one shell with the programs on its path. Each line of a block marked text must be part of
a line of the output of the block before it. A comment `<!-- not run: REASON -->` before a block leaves it out, and the reason is printed.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BLOCK = re.compile(r"(?:<!-- not run: (?P<reason>.*?) -->\n+)?```(?P<kind>sh|python|text)\n(?P<text>.*?)```", re.DOTALL)


def run(kind: str, text: str, folder: str, path: str) -> str:
    """The output of a block; ends the tutorial if it fails."""
    command = ["bash", "-euo", "pipefail", "-c", text] if kind == "sh" else [sys.executable, "-c", text]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        sys.exit(f"{text}{done.stdout}ended with {done.returncode}")
    return done.stdout


def tutorial(file: Path, binaries: Path) -> None:
    path = f"{binaries.resolve()}{os.pathsep}{os.environ['PATH']}"
    n_run, started = 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        output = ""
        for block in BLOCK.finditer(file.read_text(encoding="utf-8")):
            kind, text = block["kind"], block["text"]
            if block["reason"]:
                print(f"{file.name}: not run ({block['reason']}): {text.splitlines()[0]}")
            elif kind == "text":
                lines = output.splitlines()
                missing = [line for line in text.splitlines() if not any(line in other for other in lines)]
                if missing:
                    sys.exit(f"{file}: the output lacks {missing[0]!r}:\n{output}")
            else:
                output = run(kind, text, folder, path)
                n_run += 1
    if n_run == 0:
        sys.exit(f"{file}: nothing to run")
    print(f"{file.name}: {n_run} blocks ran as written, {time.monotonic() - started:.0f} s", flush=True)


def main() -> None:
    binaries = Path(sys.argv[1])
    files = [Path(name) for name in sys.argv[2:]]
    for file in files or sorted((Path(__file__).parent.parent / "docs/tutorials").glob("*.md")):
        tutorial(file, binaries)


if __name__ == "__main__":
    main()
