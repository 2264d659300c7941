#!/usr/bin/env bash
# clang-tidy 19 on the C++ sources that differ from the last commit, or on all of them, or on the files named.
# Usage: scripts/tidy.sh [all | FILE…]
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/cxx_files.sh
if [[ ${1:-} == all ]]; then
  mapfile -t files < <(cxx_files | grep '\.cc$')
elif [[ $# -gt 0 ]]; then
  files=("$@")
else
  mapfile -t files < <({ git diff --name-only --diff-filter=d HEAD -- '*.cc'; git ls-files --others --exclude-standard -- '*.cc'; } | sort -u)
fi
if [[ ${#files[@]} -eq 0 ]]; then echo "tidy: no C++ source differs from the last commit" && exit; fi
# A configuration of its own: clang-tidy cannot read precompiled headers, and needs no objects at all.
[[ -f build/tidy/compile_commands.json ]] ||
  cmake --preset debug -B build/tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >&2
printf '%s\n' "${files[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy-19 -p build/tidy --quiet --warnings-as-errors='*'
