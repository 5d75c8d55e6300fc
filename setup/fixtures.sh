#!/usr/bin/env bash
# Remakes the golden cases in fixtures/ with the pinned Python libraries.
#   fixtures.sh
# PYTHON names the interpreter that has them. GENERATORS names the folder of reference generators (fmri/ and llm/ in it);
# without it the cases that need them are left as they are.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
for topic in fmri llm report ridge ridge-options; do
  echo "== $topic"; "$PYTHON" "fixtures/$topic/make.py"
done
echo "== stats, inference"; "$PYTHON" fixtures/stats/make_inference.py
if [ -n "${GENERATORS:-}" ]; then
  echo "== stats"; "$PYTHON" fixtures/stats/make.py "$GENERATORS/fmri"
  echo "== text"; "$PYTHON" fixtures/text/make.py "$GENERATORS/llm"
else
  echo "left as they are, since GENERATORS is not set: stats, text"
fi
git status --short fixtures
