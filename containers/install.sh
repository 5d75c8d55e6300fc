#!/bin/sh
# Copies the programs, without debugging information, and the workflow: install.sh BINARIES PREFIX
set -eu

bin=$1 prefix=$2
mkdir -p "$prefix/bin" "$prefix/workflow"
for program in "$bin"/lpp-*; do
  if [ -f "$program" ] && [ -x "$program" ]; then
    strip -o "$prefix/bin/$(basename "$program")" "$program"
  fi
done
cp -R workflow/. "$prefix/workflow"
