#!/usr/bin/env bash
# Removes what was built. build/tools holds Pebble and its sources and is slow to make again, so it stays.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/apt.sh
source scripts/build_lock.sh
lock_build
find build -mindepth 1 -maxdepth 1 ! -name tools ! -name .lock -exec rm -rf {} +
rm -rf docs/_build .pytest_cache
