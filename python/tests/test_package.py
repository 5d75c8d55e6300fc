"""The package itself: what it imports, how it is interrupted, whether its example runs."""

import doctest
import os
import runpy
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import lpp_ridge
from lpp_ridge import RidgeCV

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.py"))


def test_nothing_but_numpy_is_needed():
    program = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("sklearn", "scipy", "himalaya", "pandas"):
            raise ImportError(name)
sys.meta_path.insert(0, Missing())
import numpy as np
from lpp_ridge import RidgeCV
X = np.random.default_rng(0).standard_normal((60, 3))
model = RidgeCV().set_params(alphas=[1.0]).fit(X, X)
assert model.predict(X).shape == (60, 3) and "alphas=[1.0]" in repr(model)
"""
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_stops_a_fit_within_a_second():
    program = """
import signal, sys, time
import numpy as np
from lpp_ridge import RidgeCV
rng = np.random.default_rng(0)
X = rng.standard_normal((2000, 1500)).astype("f4")
Y = rng.standard_normal((2000, 60000)).astype("f4")
print("ready", flush=True)
try:
    RidgeCV(alphas=np.logspace(0, 6, 60), search="exhaustive").fit(X, Y)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
    child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "ready\n"
    time.sleep(3.0)
    start = time.perf_counter()
    child.send_signal(signal.SIGINT)
    assert child.stdout.readline() == "stopped\n"
    # A second where the machine is free; blocks of targets take longer where it is shared.
    assert time.perf_counter() - start < float(os.environ.get("LPP_PATIENCE_S", "2"))
    child.wait()


def test_the_global_lock_is_released():
    import threading

    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((300, 40)), rng.standard_normal((300, 4000))
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
    assert sum(start < t < end for t in ticks) >= 2 or end - start < 0.05


@pytest.mark.parametrize("module", [lpp_ridge._estimators, lpp_ridge._nested])
def test_examples_of_the_docstrings(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_run(path, capsys):
    runpy.run_path(str(path), run_name="__main__")
    assert capsys.readouterr().out
