"""Base class of the estimators: scikit-learn's if installed, otherwise a replacement."""

from __future__ import annotations

import inspect
from typing import Any

try:
    from sklearn.base import BaseEstimator as _Base
    from sklearn.base import MultiOutputMixin as _MultiOutput
    from sklearn.base import RegressorMixin as _Regressor
    from sklearn.exceptions import NotFittedError
except ImportError:  # scikit-learn is optional

    class NotFittedError(ValueError, AttributeError):  # type: ignore[no-redef]
        """The estimator was not fitted."""

    class _Base:  # type: ignore[no-redef]
        """Parameters by the names of the constructor."""

        def get_params(self, deep: bool = True) -> dict[str, Any]:
            """Parameters of the estimator."""
            names = list(inspect.signature(type(self).__init__).parameters)[1:]
            return {name: getattr(self, name) for name in names}

        def set_params(self, **params: Any) -> Any:
            """Set parameters of the estimator."""
            known = self.get_params()
            for name, value in params.items():
                if name not in known:
                    raise ValueError(f"Invalid parameter {name!r} for estimator {type(self).__name__}.")
                setattr(self, name, value)
            return self

        def __repr__(self) -> str:
            params = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
            return f"{type(self).__name__}({params})"

    class _MultiOutput:  # type: ignore[no-redef]
        pass

    class _Regressor:  # type: ignore[no-redef]
        pass


class Estimator(_MultiOutput, _Regressor, _Base):
    """A regressor of one or many targets."""


__all__ = ["Estimator", "NotFittedError"]
