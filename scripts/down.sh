#!/usr/bin/env bash
# Stops what `just up` started, by pid file only: Cardea first, which drains its connections, then Redis.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/run_files.sh

stop() { # PROGRAM SECONDS
  local pid
  if pid=$(running "$1"); then
    kill -TERM "$pid"
    if ! timeout "$2" tail --pid="$pid" -s 0.1 -f /dev/null; then
      echo "error: $1 (process $pid) has not ended within $2 s; it still has work, run 'just down' again" >&2
      exit 1
    fi
    echo "$1 is stopped"
  else
    echo "$1 is not running"
  fi
  rm -f "$run_folder/$1.pid"
}

stop cardea 90
stop redis-server 30
