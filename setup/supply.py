"""Checks the dependencies against deny.toml, or writes the notices that go with the programs.

    supply.py check               licences and sources, without a network
    supply.py notices FILE        name, version, licence and licence texts of each dependency
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REPORT = ROOT / "crates/lpp-report"
LINUX = "x86_64-unknown-linux-gnu"
TEXTS = re.compile(r"(licen[sc]e|copying|notice|unlicense|copyright)", re.IGNORECASE)


def metadata(targets: list[str]) -> dict:
    """What cargo knows of the workspace and its dependencies on some machines."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked"]
    for target in targets:
        command += ["--filter-platform", target]
    return json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout)


def strangers(data: dict) -> list[dict]:
    """Packages of others among those that are used."""
    used = {node["id"] for node in data["resolve"]["nodes"]}
    found = [package for package in data["packages"] if package["source"] and package["id"] in used]
    return sorted(found, key=lambda package: (package["name"], package["version"]))


def allowed(expression: str, licences: set[str]) -> bool:
    """Whether an SPDX expression can be met; older packages write / for OR."""
    words = re.findall(r"\(|\)|AND|OR|[\w.+-]+(?: WITH [\w.-]+)?", expression.replace("/", " OR "))
    terms = {"(": "(", ")": ")", "AND": "and", "OR": "or"}
    return eval(" ".join(terms.get(word, str(word in licences)) for word in words))  # noqa: S307: only the words above


def check() -> None:
    import tomllib  # of Python 3.11; the rest runs on 3.10 too

    rules = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
    packages = strangers(metadata(rules["graph"]["targets"]))
    licences = set(rules["licenses"]["allow"])
    faults = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        if not package["license"]:
            faults.append(f"{name}: no licence")
        elif not allowed(package["license"], licences):
            faults.append(f"{name}: licence {package['license']}")
        if package["source"] != "registry+https://github.com/rust-lang/crates.io-index":
            faults.append(f"{name}: from {package['source']}")
    if faults:
        sys.exit("deny.toml does not allow:\n" + "\n".join(faults))
    print(f"supply: {len(packages)} dependencies, all of an allowed licence and from crates.io")


def notices(file: Path) -> None:
    shipped = [ROOT / "THIRD-PARTY.md", *sorted(REPORT.glob("fonts/*.txt")), *sorted(REPORT.glob("vendor/*/*.txt"))]
    shipped += sorted(REPORT.glob("vendor/*/LICENSE"))
    parts = [path.read_text(encoding="utf-8") for path in shipped]
    n_packages, lacking = 0, []
    for package in strangers(metadata([LINUX])):
        folder = Path(package["manifest_path"]).parent
        texts = [path for path in sorted(folder.iterdir()) if path.is_file() and TEXTS.match(path.name)]
        n_packages += 1
        parts.append(f"{'=' * 80}\n{package['name']} {package['version']}\n{package['license']}\n{package['repository'] or ''}\n")
        parts += [path.read_text(encoding="utf-8", errors="replace") for path in texts]
        if not texts:
            lacking.append(package["name"])
    file.write_text("\n".join(parts), encoding="utf-8")
    print(f"{file}: notices of {n_packages} dependencies; without a text in the package: {', '.join(lacking) or 'none'}")


def main() -> None:
    match sys.argv[1:]:
        case ["check"]:
            check()
        case ["notices", file]:
            notices(Path(file))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
