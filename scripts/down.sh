#!/usr/bin/env bash
# Stops what the recipe `up` started, by pid file only: Cardea first, which drains its connections, then Redis.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/run_files.sh
stop cardea 90
stop redis-server 30
