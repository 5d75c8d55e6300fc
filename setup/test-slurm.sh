#!/usr/bin/env bash
# One small study four ways: by lpp-run, by Snakemake on this machine, by Snakemake through a private Slurm, and through Slurm
# with a job killed in the middle. All files must be equal.
#   test-slurm.sh BINARIES VENV [local]       `local` leaves Slurm out
set -euo pipefail
cd "$(dirname "$0")/.."

here=$PWD bin=$(realpath "$1") venv=$(realpath "$2") only=${3:-}
work=$(mktemp -d)
chmod 755 "$work" # munged wants its socket to be reachable
slurm=$work/slurm
finish() { [ ! -d "$slurm" ] || setup/slurm.sh stop "$slurm"; rm -rf "$work"; }
trap finish EXIT
say() { printf '\n== %s\n' "$*"; }
export XDG_CACHE_HOME=$work/cache PATH=$venv/bin:$PATH
PYTHON=$venv/bin/python

"$bin/lpp-simulate" -q --study "$work/base" --words-per-run 200 --models gpt2:4,llama:8 --baseline-dims 8 >/dev/null
simulate() { cp -r "$work/base" "$1"; }
flow() { # a study, a profile, further options
  local study=$1 profile=$2; shift 2
  (cd "$work" && snakemake -s "$here/workflow/Snakefile" --workflow-profile "$here/workflow/profiles/$profile" \
    --config study="$study" bin="$bin" "$@" 2>&1)
}
same() { "$PYTHON" setup/study_files.py "$work/by-lpp-run" "$1"; }

say "By lpp-run"
simulate "$work/by-lpp-run"
"$bin/lpp-run" -q --study "$work/by-lpp-run" --threads 2

say "By Snakemake on this machine"
simulate "$work/local"
flow "$work/local" local --cores 2 | tail -n 3
same "$work/local"
"$bin/lpp-run" verify --study "$work/local" | tail -n 1
[ "$only" != local ] || exit 0

say "By Snakemake through Slurm"
setup/slurm.sh start "$slurm" 2
export SLURM_CONF=$slurm/slurm.conf PATH=$slurm/bin:$PATH
# Without accounting, states come from squeue; and a test should not wait as long as a cluster makes sense to.
quick=(--slurm-no-account --slurm-status-command squeue --slurm-init-seconds-before-status-checks 2
  --seconds-between-status-checks 2 --latency-wait 5)
simulate "$work/slurm-study"
flow "$work/slurm-study" slurm "${quick[@]}" | tail -n 3
squeue -h -t all -o %T | sort | uniq -c
same "$work/slurm-study"

say "Through Slurm, with a job killed in the middle"
simulate "$work/killed"
"$PYTHON" setup/kill_job.py "$work/killed" lpp-fit > "$work/killer.log" &
killer=$!
flow "$work/killed" slurm "${quick[@]}" > "$work/flow.log" || { tail -n 40 "$work/flow.log"; exit 1; }
wait "$killer" || { echo "no job was killed"; exit 1; }
cat "$work/killer.log"
grep -iE "trying to restart|restart" "$work/flow.log" | head -n 3 || { echo "nothing was retried"; tail -n 60 "$work/flow.log"; exit 1; }
tail -n 3 "$work/flow.log"
same "$work/killed"
