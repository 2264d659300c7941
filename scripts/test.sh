#!/usr/bin/env bash
# What `just test`, `just test-unit` and `just test-e2e` do. pytest comes last, so that its closing line is the last
# thing printed. Usage: scripts/test.sh all|unit|e2e [PYTEST ARGUMENT…]
set -euo pipefail
cd "$(dirname "$0")/.."
what=$1
shift
export CARDEA_PRESET=${CARDEA_PRESET:-asan}
scripts/setup.sh build test
# Files side by side, the longest first (tests/conftest.py). They mostly wait for programs, and one for the fuzzers.
side_by_side=(-n $(($(nproc) + 2)) --dist loadfile --no-loadscope-reorder)
case $what in
  all)
    scripts/check.sh
    scripts/build.sh "$CARDEA_PRESET"
    scripts/build.sh release cardea # what users run: the demo at the end of the suite
    tests=(tests/e2e tests/bench tests/fuzz)
    ;;
  unit)
    scripts/build.sh "$CARDEA_PRESET"
    tests=(tests/e2e/test_units.py)
    side_by_side=()
    ;;
  e2e)
    scripts/build.sh "$CARDEA_PRESET"
    scripts/build.sh release cardea
    tests=(tests/e2e --deselect tests/e2e/test_units.py)
    ;;
esac
# Files or node ids among the arguments replace the whole suite. What was chosen runs in one process.
for argument in "$@"; do
  case $argument in
    tests/*) tests=() side_by_side=() ;;
    -k*) side_by_side=() ;;
  esac
done
case "${tests[*]-} $*" in *tests/fuzz*) scripts/build.sh fuzz fuzzers ;; esac
exec scripts/python.sh test python -m pytest ${side_by_side[@]+"${side_by_side[@]}"} ${tests[@]+"${tests[@]}"} "$@"
