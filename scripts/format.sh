#!/usr/bin/env bash
# Formats every C++ file in place with the pinned clang-format.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/cxx_files.sh
cxx_files | xargs -r clang-format-19 -i
