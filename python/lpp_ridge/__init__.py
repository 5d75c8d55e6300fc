"""Nested cross-validated ridge regression for very many targets.

Made for encoding models, in which the features of several runs predict the time courses of tens of thousands of voxels. The
package uses the Rust crate ``lpp-ridge`` and needs only NumPy. If scikit-learn is installed, the estimators are scikit-learn
estimators.
"""

from lpp_ridge._core import __version__
from lpp_ridge._estimators import GroupRidgeCV, RidgeCV
from lpp_ridge._nested import NestedScores, nested_scores

__all__ = ["GroupRidgeCV", "NestedScores", "RidgeCV", "__version__", "nested_scores"]
