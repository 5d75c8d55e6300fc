#!/usr/bin/env bash
# Builds the wheel, installs it into a fresh environment and runs its tests. SKLEARN: versions of scikit-learn to test with.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$here/build.sh" "$work/dist"
for version in ${SKLEARN:-1.4.2 newest}; do
  "${PYTHON:-python3}" -m venv "$work/$version"
  pip="$work/$version/bin/pip"
  if [ "$version" = newest ]; then
    "$pip" install -q scikit-learn pandas polars himalaya pytest
  else
    "$pip" install -q "scikit-learn==$version" 'numpy<2' pandas himalaya==0.4.11 pytest
  fi
  "$pip" install -q --no-deps "$work"/dist/*.whl
  # Away from the sources, so that the installed package is the one that is imported.
  (cd "$work" && "$work/$version/bin/python" -m pytest -q "$here/tests")
done
