#!/usr/bin/env python3
"""Checks how the rooms of the house lie to each other, and draws them.

    setup/rooms.py                    fail on circles between modules and on arrows between crates that must not be
    setup/rooms.py --draw FILE.svg    draw the crates and who depends on whom
    setup/rooms.py --check FILE.svg   fail if that drawing is not the one that --draw would make

A module is a file; the files of a crate that use each other in a circle cannot be read, tested or moved by themselves. Nor
can the folders of a crate: they count as one module each when seen from outside. What is under `#[cfg(test)]` is free.
"""
import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from rooms_drawing import drawing
from rust_modules import Crate

ROOT = Path(__file__).resolve().parent.parent

# Crates of numbers know arrays and files, no study and no step.
NUMERIC = ("lpp-competence", "lpp-fmri", "lpp-llm", "lpp-pickle", "lpp-ridge", "lpp-stats", "lpp-text")
# (these crates, must not depend on these, by themselves or through others)
FORBIDDEN = [
    (NUMERIC, ("lpp-study", "lpp-steps")),
    # What computes knows the files of a study, not where they came from.
    (("lpp-preparation", "lpp-encoding", "lpp-analysis", "lpp-report", "lpp-workflow"), ("lpp-import",)),
]
# Crates that only these may use themselves.
ONLY = {
    "ureq": ("lpp-fetch",),  # the network
    "tch": ("lpp-llm", "lpp-ridge"),  # libtorch
    "torch-sys": ("lpp-llm", "lpp-ridge", "lpp-extract", "lpp-score"),  # the program's link to it
    "parquet": ("lpp-tables", "lpp-import"),  # our tables, and features of other programs
    # Figures draw what tables hold: lpp-report reads scores and regions through lpp-analysis, and computes nothing.
    "lpp-stats": ("lpp-analysis", "lpp-competence", "lpp-encoding", "lpp-fmri", "lpp-sim", "lpp-text"),
}
# What is wrong still and known. An entry that is not found any more is an error too, so that it goes.
OPEN_ARROWS = []
OPEN_CIRCLES = []


def packages():
    """The packages of the workspace, as Cargo tells them."""
    command = [os.environ.get("CARGO", "cargo"), "metadata", "--no-deps", "--offline", "--format-version", "1"]
    told = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return json.loads(told.stdout)["packages"]


def dependencies(packages):
    """{crate: names of crates of any origin that it is built of}, without those of its tests and build script."""
    return {p["name"]: {d["name"] for d in p["dependencies"] if d["kind"] is None} for p in packages}


def way(uses, start, end):
    """A shortest way of arrows between two crates; empty if there is none."""
    ways, at = [[start]], 0
    while at < len(ways):
        for step in sorted(uses.get(ways[at][-1], ())):
            if step == end:
                return [*ways[at], end]
            if all(step not in known for known in ways):
                ways.append([*ways[at], step])
        at += 1
    return []


def wrong_arrows(uses):
    """What is wrong between crates, a sentence each."""
    found = {
        (one, other): way(uses, one, other)
        for ones, others in FORBIDDEN
        for one in ones
        for other in others
        if way(uses, one, other)
    }
    for arrow, steps in found.items():
        if arrow not in OPEN_ARROWS:
            yield f"{arrow[0]} must not depend on {arrow[1]}: {' -> '.join(steps)}"
    for arrow in OPEN_ARROWS:
        if arrow not in found:
            yield f"{arrow[0]} does not depend on {arrow[1]} any more: take that line out of OPEN_ARROWS in setup/rooms.py"
    for other, allowed in ONLY.items():
        for one in sorted(name for name, names in uses.items() if other in names and name not in allowed):
            yield f"{one} must not use {other}: that is for {' and '.join(allowed)}"


def circles(arrows):
    """Groups of nodes that reach each other, of two nodes or more (R. Tarjan 1972)."""
    order, low, stack, groups = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(arrows.get(node, ())):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            group = [stack.pop()]
            while group[-1] != node:
                group.append(stack.pop())
            if len(group) > 1:
                groups.append(sorted(group))

    sys.setrecursionlimit(10_000)
    for node in sorted(arrows):
        if node not in order:
            visit(node)
    return groups


def rooms_of(arrows, folder):
    """The same arrows with each folder of a crate as one room: {(room, room): {(file, file): names}}."""

    def room(file):
        return folder / file.relative_to(folder).parts[0]

    between = defaultdict(dict)
    for (one, other), names in arrows.items():
        if room(one) != room(other):
            between[room(one), room(other)][one, other] = names
    return between


def told_circles(crate):
    """A paragraph for each circle of a crate: its files, and the names that make it."""
    folder = crate.root_file.parent
    by_file = {pair: {pair: names} for pair, names in crate.arrows.items()}
    told = set()
    for between in (by_file, rooms_of(crate.arrows, folder)):
        graph = defaultdict(set)
        for one, other in between:
            graph[one].add(other)
        for group in circles(graph):
            inside = {p: n for pair, pairs in between.items() if set(pair) <= set(group) for p, n in pairs.items()}
            lines = [
                f"    {one.relative_to(folder)} -> {other.relative_to(folder)}  ({', '.join(sorted(names))})"
                for (one, other), names in sorted(inside.items())
            ]
            members = ", ".join(str(member.relative_to(folder)) for member in group)
            text = "\n".join([f"circle in {folder.relative_to(ROOT)}: {members}", *lines])
            if not any(set(lines) <= set(known.split("\n")) for known in told):
                told.add(text)
                yield text


def wrong_modules(packages):
    """The circles in the libraries and programs of the workspace."""
    for package in packages:
        roots = [
            target["src_path"]
            for target in package["targets"]
            if not {"example", "test", "bench", "custom-build"} & set(target["kind"])
        ]
        found = [text for root in roots for text in told_circles(Crate(root))]
        if package["name"] not in OPEN_CIRCLES:
            yield from found
        elif not found:
            yield f"no circle in {package['name']} any more: take it out of OPEN_CIRCLES in setup/rooms.py"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draw", metavar="FILE.svg", type=Path, help="draw the crates of the workspace")
    parser.add_argument("--check", metavar="FILE.svg", type=Path, help="compare with the drawing")
    args = parser.parse_args()
    found = packages()
    wrong = []
    if args.draw or args.check:
        svg = drawing(found, dependencies(found))
        if args.draw:
            args.draw.write_text(svg, encoding="utf-8")
        if args.check and (not args.check.is_file() or args.check.read_text(encoding="utf-8") != svg):
            wrong.append(f"{args.check} is not current: setup/rooms.py --draw {args.check}")
    if not args.draw:
        wrong += wrong_arrows(dependencies(found))
        wrong += wrong_modules(found)
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
