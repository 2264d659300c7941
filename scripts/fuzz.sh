#!/usr/bin/env bash
# Builds the fuzzers and runs each for SECONDS, or only those that are NAMEd, on its corpus in tests/fuzz/corpus/NAME.
# New inputs go to build/fuzz/corpus, so that the tracked corpus changes only when a person adds to it. All run, whatever
# one of them finds; the end says which failed, at which input, and how to repeat it.
# Usage: scripts/fuzz.sh [SECONDS [NAME…]]
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]{0,5}$ ]] || { echo "fuzz: SECONDS must be a number from 1 to 999999, not '$seconds'" >&2 && exit 2; }
names=("${@:2}")
if [[ ${#names[@]} -eq 0 ]]; then
  for source in tests/fuzz/*_fuzz.cc; do names+=("$(basename "$source" _fuzz.cc)"); done
fi
for name in "${names[@]}"; do
  [[ -f tests/fuzz/${name}_fuzz.cc ]] || { echo "fuzz: there is no fuzzer '$name' in tests/fuzz" >&2 && exit 2; }
done
scripts/build.sh fuzz fuzzers
mkdir -p build/fuzz/findings

trap 'exit 130' INT # a fuzzer ends in order then, and the next one must not begin
findings=()
for name in "${names[@]}"; do
  fuzzer=build/fuzz/tests/${name}_fuzz
  log=build/fuzz/$name.log
  mkdir -p "build/fuzz/corpus/$name"
  echo "==> $name for $seconds s"
  # -timeout is for one input: what a parser hangs on. At a low priority a healthy input may wait for some seconds.
  "$fuzzer" -max_total_time="$seconds" -timeout=30 -print_final_stats=1 -artifact_prefix="build/fuzz/findings/$name-" \
    "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" 2>&1 | tee "$log" && continue
  input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  findings+=("$name failed at ${input:-no input (see above)}; repeat it with: $fuzzer${input:+ $input}")
done

[[ ${#findings[@]} -eq 0 ]] && exit
echo "fuzz: ${#findings[@]} of ${#names[@]} fuzzers failed" >&2
printf 'fuzz: %s\n' "${findings[@]}" >&2
exit 1
