#!/usr/bin/env bash
# Builds the wheel, installs it into fresh environments beside NumPy alone, then runs its tests beside scikit-learn and himalaya:
# of the study's versions with the oldest Python at hand, of the newest versions with the newest Python.
# PYTHONS="oldest newest": interpreters; by default the python3.x that work, or PYTHON.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

works() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }
pythons=()
for python in ${PYTHONS:-python3.10 python3.11 python3.12 python3.13 python3.14}; do
  if works "$python"; then pythons+=("$python"); fi
done
[ ${#pythons[@]} -gt 0 ] || pythons=("${PYTHON:-python3}")

"$here/build.sh" "$work/dist"

in_environment() { # interpreter, packages...
  local env=$work/env python
  "$1" -m venv --clear "$env"
  python=$env/bin/python
  "$python" -m pip install -q "$work"/dist/*.whl
  echo "test-python: $("$python" --version), $("$python" -m pip list 2>/dev/null | grep -iE '^(lpp|numpy)' | tr -s ' \n' ' ')"
  (cd "$work" && "$python" -c 'import lpp_ridge, numpy as np; x = np.sin(np.arange(120.0) ** 2).reshape(40, 3); lpp_ridge.RidgeCV().fit(x, x)')
  shift
  "$python" -m pip install -q --prefer-binary "$@"
  echo "test-python: $("$python" -m pip list 2>/dev/null | grep -iE '^(scikit-learn|himalaya|numpy|pandas|polars) ' | tr -s ' \n' ' ')"
  # Away from the sources, so that the installed package is the one that is imported.
  (cd "$work" && "$python" -m pytest -q -p no:cacheprovider "$here/tests")
}

study=(scikit-learn==1.4.2 'numpy<2' himalaya==0.4.11 pandas polars pytest)
# scikit-learn 1.4.2 has no wheels for newer ones.
if "${pythons[0]}" -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then
  in_environment "${pythons[0]}" "${study[@]}"
else
  echo "test-python: no Python 3.10 to 3.12 here, so scikit-learn 1.4.2 is left out" >&2
fi
in_environment "${pythons[-1]}" scikit-learn himalaya pandas polars pytest mypy
