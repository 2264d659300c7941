#!/usr/bin/env bash
# The checks that need no build: layering and sizes, then format. Both report all their findings before failing.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/cxx_files.sh
status=0
scripts/python.sh test python scripts/check_layers.py || status=1
unformatted=$(cxx_files | xargs -r clang-format-19 --dry-run 2>&1 | sed -n 's/^\([^:]*\):.*code should be clang-formatted.*/\1/p' | sort -u)
if [[ -n $unformatted ]]; then
  printf 'format: %s\n' $unformatted >&2
  echo "format: these files differ from what clang-format 19 makes of them; run './scripts/justw format'" >&2
  status=1
fi
exit $status
