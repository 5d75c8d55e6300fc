#!/usr/bin/env bash
# Draws the figures of docs/figures.md anew from a study that `make demo` made.
#   gallery.sh BINARIES STUDY IMAGES
set -euo pipefail

bin=$1 study=$2 images=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Meshes of the machine would change the pictures: the gallery shows what everybody gets.
env -u NILEARN_DATA -u NILEARN_SHARED_DATA -u SUBJECTS_DIR -u FREESURFER_HOME HOME="$work" \
  "$bin/lpp-report" --study "$study" --output "$work/report.html" --figures "$work" --format png --dpi 100 --force
mkdir -p "$images"
while read -r figure; do
  if [ -f "$work/${figure}_en.png" ]; then
    cp "$work/${figure}_en.png" "$images/$figure.png"
  else
    echo "not drawn in this study: $figure" >&2
  fi
done < <(grep -o 'images/[A-Za-z0-9_.-]*\.png' "$(dirname "$0")/../docs/figures.md" | sed 's|images/||; s|\.png$||' | sort -u)
du -ck "$images"/*.png | tail -1
