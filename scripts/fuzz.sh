#!/usr/bin/env bash
# Runs every fuzzer of build/fuzz for SECONDS, on its corpus in tests/fuzz/corpus/NAME; new inputs go to
# build/fuzz/corpus, so that the tracked corpus changes only when a person adds to it. Usage: scripts/fuzz.sh SECONDS
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "fuzz: SECONDS must be a number from 1 on, not '$seconds'" >&2 && exit 2; }
found=0
for fuzzer in build/fuzz/tests/*_fuzz; do
  [[ -f $fuzzer && -x $fuzzer ]] || continue
  found=1
  name=$(basename "$fuzzer")
  name=${name%_fuzz}
  mkdir -p "build/fuzz/corpus/$name" build/fuzz/findings
  corpus=("build/fuzz/corpus/$name")
  [[ -d tests/fuzz/corpus/$name ]] && corpus+=("tests/fuzz/corpus/$name")
  echo "==> $name for $seconds s"
  "$fuzzer" -max_total_time="$seconds" -timeout=5 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/findings/$name-" "${corpus[@]}"
done
[[ $found -eq 1 ]] || { echo "fuzz: build/fuzz/tests holds no fuzzer" >&2 && exit 1; }
