#!/usr/bin/env bash
# Makes the font files of this folder from Inter 4.0 (Debian's fonts-inter): subset.sh FOLDER_OF_INTER
# Needs fonttools and brotli (pip install fonttools brotli). No hinting: figures are drawn without it.
set -euo pipefail
cd "$(dirname "$0")"
from=$1
signs=U+2010-2015,U+2018-201E,U+2026,U+2212,U+00D7,U+2264,U+2265,U+207B,U+2070,U+2074-2079
for weight in Regular Bold; do
  pyftsubset "$from/Inter-$weight.otf" --output-file="Inter-$weight.otf" --no-hinting \
    --layout-features='kern,mark' --drop-tables+=DSIG,GSUB,GDEF --name-IDs='*' \
    --unicodes="U+0020-007E,U+00A0-017F,U+0391-03C9,U+202F,U+2022,U+2032,U+2190-2193,U+221A,U+FFFD,$signs"
  pyftsubset "$from/Inter-$weight.otf" --output-file="Inter-$weight.woff2" --no-hinting --flavor=woff2 \
    --layout-features='kern' --drop-tables+=GSUB --unicodes="U+0020-007E,U+00A0-00FF,U+202F,U+0394,U+03B1,U+03B2,U+03C1,$signs"
done
