#!/usr/bin/env bash
# Builds the fuzzers and runs each for SECONDS, on its corpus in tests/fuzz/corpus/NAME; new inputs go to
# build/fuzz/corpus, so that the tracked corpus changes only when a person adds to it. Usage: scripts/fuzz.sh [SECONDS]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]{0,5}$ ]] || { echo "fuzz: SECONDS must be a number from 1 to 999999, not '$seconds'" >&2 && exit 2; }
scripts/build.sh fuzz fuzzers
for source in tests/fuzz/*_fuzz.cc; do
  name=$(basename "$source" _fuzz.cc)
  fuzzer=build/fuzz/tests/${name}_fuzz
  mkdir -p "build/fuzz/corpus/$name" build/fuzz/findings
  echo "==> $name for $seconds s"
  "$fuzzer" -max_total_time="$seconds" -timeout=5 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/findings/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" || {
    echo "fuzz: $name failed; repeat it with: $fuzzer build/fuzz/findings/$name-…" >&2
    exit 1
  }
done
