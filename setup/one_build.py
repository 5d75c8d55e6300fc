#!/usr/bin/env python3
"""Fails if programs and their tests need a dependency with different features: it, and all that stands on it, is then compiled twice.

    setup/one_build.py --workspace --exclude lpp-ridge-python

The arguments choose the packages, as for cargo.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def dependencies(edges: str, packages: list[str]) -> set[str]:
    """Name, version and features of all that is compiled."""
    command = ["cargo", "tree", "--locked", "--prefix", "none", "--edges", edges, "--format", "{p} [{f}]", *packages]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return {re.sub(r" \((\*|/[^)]*)\)", "", line) for line in lines if line}


def main() -> None:
    alone = dependencies("normal,build", sys.argv[1:]) - dependencies("normal,build,dev", sys.argv[1:])
    for dependency in sorted(alone):
        print(f"compiled twice, since tests need it with other features: {dependency}", file=sys.stderr)
    if alone:
        sys.exit("name the features of the tests in Cargo.toml (see getrandom there)")


if __name__ == "__main__":
    main()
