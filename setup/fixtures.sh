#!/usr/bin/env bash
# Remakes the golden cases in fixtures/ with the pinned Python libraries.
#   fixtures.sh
# PYTHON names the interpreter that has them. GENERATORS names the folder of reference generators (fmri/ and llm/ in it);
# without it the cases that need them are left as they are. PYTHON_NEWER names one with transformers 4.57.6, for the language
# models that 4.40.1 does not know yet; PYTHON_COLUMNS one with h5py, pandas and pyarrow.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=${PYTHON:-python3}
for topic in analysis encoding fmri llm report responses ridge ridge-options; do
  echo "== $topic"; "$PYTHON" "fixtures/$topic/make.py"
done
echo "== llm, log-probabilities"; "$PYTHON" fixtures/llm/make_logprobs.py
echo "== report, surface"; "$PYTHON" fixtures/report/make_surface.py
echo "== stats, inference"; "$PYTHON" fixtures/stats/make_inference.py
echo "== text, envelope"; "$PYTHON" fixtures/text/make_envelope.py
if [ -n "${GENERATORS:-}" ]; then
  echo "== stats"; "$PYTHON" fixtures/stats/make.py "$GENERATORS/fmri"
  echo "== text"; "$PYTHON" fixtures/text/make.py "$GENERATORS/llm"
else
  echo "left as they are, since GENERATORS is not set: stats, text"
fi
if [ -n "${PYTHON_NEWER:-}" ]; then
  echo "== llm, successors"; "$PYTHON_NEWER" fixtures/llm/make_successors.py
  echo "== llm, log-probabilities of successors"; "$PYTHON_NEWER" fixtures/llm/make_logprobs.py
else
  echo "left as they are, since PYTHON_NEWER is not set: the successors in llm"
fi
if [ -n "${PYTHON_COLUMNS:-}" ]; then
  echo "== features"; "$PYTHON_COLUMNS" fixtures/features/make.py
  "$PYTHON_COLUMNS" fixtures/features/make_hostile.py
else
  echo "left as they are, since PYTHON_COLUMNS is not set: features"
fi
git status --short fixtures
