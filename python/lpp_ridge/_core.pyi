from typing import Any, TypedDict, type_check_only

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "__version__",
    "nested_f32",
    "nested_f64",
    "random_weights",
    "refit_banded_f32",
    "refit_banded_f64",
    "refit_f32",
    "refit_f64",
]

__version__: str

@type_check_only
class Settings(TypedDict):
    alphas: list[float]
    metric: str
    alpha_per_target: bool
    inner: str
    search: str
    n_jobs: int | None
    folds: list[tuple[list[int], list[int]]] | None

_Model = tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64]]

def nested_f32(x: list[NDArray[np.float32]], y: list[NDArray[np.float32]], settings: Settings) -> dict[str, Any]: ...
def nested_f64(x: list[NDArray[np.float64]], y: list[NDArray[np.float64]], settings: Settings) -> dict[str, Any]: ...
def refit_f32(x: NDArray[np.float32], y: NDArray[np.float32], settings: Settings) -> _Model: ...
def refit_f64(x: NDArray[np.float64], y: NDArray[np.float64], settings: Settings) -> _Model: ...
def refit_banded_f32(
    x: NDArray[np.float32], y: NDArray[np.float32], settings: Settings, widths: list[int], weights: NDArray[np.float64]
) -> _Model: ...
def refit_banded_f64(
    x: NDArray[np.float64], y: NDArray[np.float64], settings: Settings, widths: list[int], weights: NDArray[np.float64]
) -> _Model: ...
def random_weights(
    n_candidates: int, n_bands: int, concentrations: list[float], seed: int
) -> NDArray[np.float64]: ...
