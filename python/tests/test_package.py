"""The package itself: what it imports, how it is interrupted, whether its example runs."""

import doctest
import inspect
import os
import re
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import lpp_ridge
from lpp_ridge import GroupRidgeCV, RidgeCV

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


def test_nothing_but_numpy_is_needed():
    program = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("sklearn", "scipy", "himalaya", "pandas", "polars"):
            raise ImportError(name)
sys.meta_path.insert(0, Missing())
import numpy as np
from lpp_ridge import RidgeCV
X = np.random.default_rng(0).standard_normal((60, 3))
model = RidgeCV().set_params(alphas=[1.0]).fit(X, X)
assert model.predict(X).shape == (60, 3) and "alphas=[1.0]" in repr(model)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


FITS = {
    "many targets": (
        "X, Y = normal(2000, 1500), normal(2000, 20000)",
        "RidgeCV(alphas=np.logspace(0, 6, 200), search='exhaustive').fit(X, Y)",
    ),
    "large systems": (
        "X, Y = normal(4000, 5000), normal(4000, 10)",
        "RidgeCV(alphas=np.logspace(0, 6, 60)).fit(X, Y)",
    ),
    "nested": (
        "X, Y = [normal(300, 700) for _ in range(9)], [normal(300, 5000) for _ in range(9)]",
        "nested_scores(X, Y, np.logspace(0, 6, 200), inner='all', search='exhaustive')",
    ),
    "bands": (
        "X, Y = normal(900, 2000), normal(900, 2000)",
        "GroupRidgeCV(np.repeat([0, 1], 1000), n_iter=300, alphas=np.logspace(0, 6, 10)).fit(X, Y)",
    ),
}


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("data, fit", FITS.values(), ids=FITS.keys())
def test_ctrl_c_stops_a_fit_within_a_second(data, fit):
    program = f"""
import numpy as np
from lpp_ridge import GroupRidgeCV, RidgeCV, nested_scores
rng = np.random.default_rng(0)
normal = lambda *shape: rng.standard_normal(shape, dtype=np.float32)
{data}
print("ready", flush=True)
try:
    {fit}
    print("too late", flush=True)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(1.5)
    start = time.perf_counter()
    child.send_signal(signal.SIGINT)
    assert child.stdout.readline() == "stopped\n"
    # A second where the machine is free; where it is shared the threads that stop have to wait for their turn.
    assert time.perf_counter() - start < float(os.environ.get("LPP_PATIENCE_S", "2"))
    child.wait()


def test_the_global_lock_is_released():
    import threading

    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((600, 300)), rng.standard_normal((600, 2000))
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.perf_counter())
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    start = time.perf_counter()
    RidgeCV(alphas=np.logspace(0, 5, 16), search="exhaustive").fit(X, Y)
    end = time.perf_counter()
    done.set()
    thread.join()
    # A thread that shares the lock with the fit would tick once, before it; the cores are busy, so few more are asked for.
    assert sum(start < t < end for t in ticks) >= 5


@pytest.mark.parametrize("module", [lpp_ridge._estimators, lpp_ridge._nested])
def test_examples_of_the_docstrings(module):
    assert doctest.testmod(module).failed == 0


PUBLIC = [lpp_ridge.nested_scores] + [
    function
    for estimator in (RidgeCV, GroupRidgeCV)
    for function in (estimator, estimator.fit, estimator.predict, estimator.scores)
]


@pytest.mark.parametrize("function", PUBLIC, ids=lambda function: function.__qualname__)
def test_docstrings_name_every_parameter(function):
    parameters = [name for name in inspect.signature(function).parameters if name != "self"]
    section = re.search(r"Parameters\n *-+\n(.*?)\n\n", inspect.getdoc(function) + "\n\n", re.DOTALL)[1]
    documented = re.findall(r"^(\w[\w, ]*?)(?: :|$)", section, re.MULTILINE)
    assert sorted(name for names in documented for name in names.split(", ")) == sorted(parameters)


@pytest.mark.parametrize("estimator", [RidgeCV(), GroupRidgeCV(n_iter=2)], ids=lambda e: type(e).__name__)
def test_docstrings_name_every_attribute(estimator):
    rng = np.random.default_rng(0)
    estimator.fit(rng.standard_normal((50, 3)), rng.standard_normal((50, 2)))
    found = {name for name in vars(estimator) if name.endswith("_") and not name.startswith("_")}
    section = inspect.getdoc(estimator).split("Attributes\n")[1].split("\nExamples")[0]
    documented = set(re.findall(r"^(\w+_) :", section, re.MULTILINE))
    assert found == documented - {"feature_names_in_"}


def test_the_stubs_are_those_of_the_compiled_part():
    pytest.importorskip("mypy")
    subprocess.run([sys.executable, "-m", "mypy.stubtest", "lpp_ridge._core"], check=True)
    subprocess.run([sys.executable, "-m", "mypy", "--ignore-missing-imports", "-p", "lpp_ridge"], check=True)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_run(path, capsys):
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out
