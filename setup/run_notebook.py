"""Runs the cells of a notebook in order, keeps its figures, and fails if a cell does.

    run_notebook.py NOTEBOOK OUT     OUT gets figure-N.png

Needs nbclient and ipykernel. The notebook itself is stored without outputs, and is not changed.
"""
import base64
import sys
import time
from pathlib import Path

import nbformat
from jupyter_client import AsyncKernelManager
from nbclient import NotebookClient


def main() -> None:
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    notebook = nbformat.read(source, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code), f"{source}: store it without outputs"
    started = time.monotonic()
    # Through a socket file: a port would be open to other users.
    NotebookClient(notebook, timeout=600, km=AsyncKernelManager(kernel_name="python3", transport="ipc")).execute()
    out.mkdir(parents=True, exist_ok=True)
    outputs = [output for cell in code for output in cell.outputs]
    complaints = [output.text for output in outputs if output.get("name") == "stderr"]
    assert not complaints, f"{source}: a cell wrote to stderr: {complaints[0]}"
    for output in outputs:
        if output.get("name") == "stdout":
            print(output.text, end="")
    figures = [output.data["image/png"] for output in outputs if "data" in output and "image/png" in output.data]
    for number, figure in enumerate(figures):
        (out / f"figure-{number}.png").write_bytes(base64.b64decode(figure))
    print(f"{source.name}: {len(code)} cells, {len(figures)} figures, {time.monotonic() - started:.0f} s")
    assert figures, f"{source}: no figure was drawn"


if __name__ == "__main__":
    main()
