#!/bin/sh
# Copies the programs, without debugging information, and the workflow: install.sh BINARIES PREFIX
set -eu

bin=$1 prefix=$2
mkdir -p "$prefix/bin" "$prefix/workflow"
for folder in bins/*/; do
  program=$(basename "$folder")
  strip -o "$prefix/bin/$program" "$bin/$program"
done
cp -R workflow/. "$prefix/workflow"
