"""The map of the crates as SVG: each stands above all that it depends on. Standard library only."""
from collections import defaultdict

BOX_WIDTH, BOX_HEIGHT, GAP, ROW = 112, 30, 14, 86
PASSAGE = 8  # width of an arrow that runs past a row
MARGIN = 16
SWEEPS = 8  # after a few the order of the rows stays
PROGRAMS = "programs"


def drawing(packages, uses):
    """The text of the SVG, the same for the same workspace."""
    libraries = sorted(p["name"] for p in packages if "/crates/" in p["manifest_path"])
    programs = [p["name"] for p in packages if "/bins/" in p["manifest_path"]]
    graph = {name: sorted(uses[name] & set(libraries)) for name in libraries}
    graph[PROGRAMS] = sorted({name for program in programs for name in uses[program]} & set(libraries))
    labels = {name: name for name in libraries} | {PROGRAMS: f"{len(programs)} programs"}
    graph = without_shortcuts(graph)
    levels = levels_of(graph)
    rows, chains = rows_of(graph, levels)
    return svg(rows, chains, labels, alone(graph))


def reach(graph, start):
    """All that can be reached from a node."""
    found, left = set(), [start]
    while left:
        for other in graph[left.pop()]:
            if other not in found:
                found.add(other)
                left.append(other)
    return found


def without_shortcuts(graph):
    """The graph without arrows that a longer way says too."""
    return {
        one: [other for other in others if not any(other in reach(graph, via) for via in others)]
        for one, others in graph.items()
    }


def levels_of(graph):
    """The height of each node: one above the highest that it uses."""
    known = {}

    def level(node):
        if node not in known:
            known[node] = max((level(other) + 1 for other in graph[node]), default=0)
        return known[node]

    for node in sorted(graph):
        level(node)
    known[PROGRAMS] = max(known.values()) if known[PROGRAMS] == max(known.values()) else max(known.values()) + 1
    return known


def alone(graph):
    """Nodes without an arrow."""
    used = {other for others in graph.values() for other in others}
    return {node for node, others in graph.items() if not others and node not in used}


def rows_of(graph, levels):
    """Rows of nodes from the top, in an order with few crossings; and the chain of places of each arrow.

    An arrow past a row has a place there, named (from, to, level).
    """
    rows = defaultdict(list)
    for node in sorted(levels):
        rows[levels[node]].append(node)
    chains = []
    for one in sorted(graph):
        for other in graph[one]:
            places = [(one, other, level) for level in range(levels[one] - 1, levels[other], -1)]
            for place in places:
                rows[place[2]].append(place)
            chains.append([one, *places, other])
    beside = defaultdict(list)
    for chain in chains:
        for upper, lower in zip(chain, chain[1:]):
            beside[upper].append(lower)
            beside[lower].append(upper)
    heights = sorted(rows, reverse=True)
    for sweep in range(SWEEPS):
        for height in heights if sweep % 2 == 0 else heights[::-1]:
            where = {node: x for row in rows.values() for node, x in zip(row, centres(row))}
            middle = {n: sum(where[m] for m in beside[n]) / len(beside[n]) if beside[n] else where[n] for n in rows[height]}
            rows[height].sort(key=lambda node: (middle[node], str(node)))
    return [rows[height] for height in heights], chains


def width_of(node):
    return BOX_WIDTH if isinstance(node, str) else PASSAGE


def centres(row):
    """The x of each node of a row that is centred at 0."""
    total = sum(width_of(node) for node in row) + GAP * (len(row) - 1)
    left, found = -total / 2, []
    for node in row:
        found.append(left + width_of(node) / 2)
        left += width_of(node) + GAP
    return found


def svg(rows, chains, labels, apart):
    half = max(max(centres(row)) + width_of(row[-1]) / 2 for row in rows) + MARGIN
    height = ROW * (len(rows) - 1) + BOX_HEIGHT + 2 * MARGIN
    at = {
        node: (round(half + x, 1), MARGIN + ROW * index)
        for index, row in enumerate(rows)
        for node, x in zip(row, centres(row))
    }
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {round(2 * half)} {height}" '
        f'width="{round(2 * half)}" height="{height}" font-family="sans-serif" font-size="13">',
        "<title>Who depends on whom: each crate stands above all that it depends on</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>',
        '<rect width="100%" height="100%" fill="#fff"/>',
        '<g fill="none" stroke="#555" marker-end="url(#tip)">',
        *(f'<path d="{curve(chain, at)}"/>' for chain in chains),
        "</g>",
    ]
    for node in (node for row in rows for node in row if isinstance(node, str)):
        x, y = at[node]
        dashes = ' stroke-dasharray="4 3"' if node in apart else ""
        lines.append(
            f'<rect x="{x - BOX_WIDTH / 2:.1f}" y="{y}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="4" fill="#eef3fa" '
            f'stroke="#346"{dashes}/><text x="{x}" y="{y + 19}" text-anchor="middle" fill="#123">{labels[node]}</text>'
        )
    return "\n".join([*lines, "</svg>"]) + "\n"


def curve(chain, at):
    """A smooth line from the box at the top through its places to the box below."""
    x, y = at[chain[0]]
    path, y = f"M{x} {y + BOX_HEIGHT}", y + BOX_HEIGHT
    for node in chain[1:]:
        to_x, top = at[node]
        bend = (top - y) / 2
        path += f"C{x} {y + bend} {to_x} {top - bend} {to_x} {top}"
        x, y = to_x, top
        if not isinstance(node, str):
            path += f"V{top + BOX_HEIGHT}"
            y = top + BOX_HEIGHT
    return path
