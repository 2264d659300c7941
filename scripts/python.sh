#!/usr/bin/env bash
# Runs a Python program for a recipe: through pixi where it is installed, else from the virtual environment of
# setup.sh. Usage: scripts/python.sh test|docs PROGRAM ARGUMENT…   (PROGRAM: python or what a package installs)
set -euo pipefail
cd "$(dirname "$0")/.."
environment=$1
shift
export PYTHONPATH=$PWD/scripts
case $environment in
  test) pixi_environment=default venv=.venv ;;
  docs) pixi_environment=docs venv=build/docs-venv ;;
esac
if command -v pixi >/dev/null; then exec pixi run --environment "$pixi_environment" "$@"; fi
PATH="$PWD/$venv/bin:$PATH" exec "$@"
