set dotenv-load := true
set dotenv-required
set positional-arguments := true
set allow-duplicate-recipes
set export := true
set quiet

@default:
    just --list

# Install what is missing for PARTS (build, run, test, bench, docs); instant when nothing is
[group('setup')]
[no-exit-message]
setup *PARTS='build run test':
    scripts/setup.sh {{ PARTS }}
    echo "everything needed for {{ PARTS }} is installed"

# Build with a CMake preset (release, debug, asan, tsan, fuzz) into build/PRESET: all, or the TARGETS alone
[group('setup')]
[no-exit-message]
build PRESET='release' *TARGETS:
    scripts/build.sh "$@"

# Remove everything that was built, but keep the downloaded tools
[group('setup')]
[no-exit-message]
clean:
    scripts/clean.sh

# Watch Cardea get a certificate from a test CA and serve a site with it (--once: end by itself)
[group('run')]
[no-exit-message]
demo *ARGS:
    scripts/setup.sh build test
    exec scripts/python.sh test python scripts/demo.py --build "$@"

# Start Cardea in the background with .env as it is, and a local Redis if REDIS_URL names one that is not running
[group('run')]
[no-exit-message]
up:
    scripts/setup.sh build run
    scripts/build.sh release cardea
    exec scripts/up.sh

# Stop what `up` started
[group('run')]
[no-exit-message]
down:
    exec scripts/down.sh

# Run Cardea in the foreground with .env as it is
[group('run')]
[no-exit-message]
serve: (build 'release' 'cardea')
    exec build/release/cardea serve

# Ask the running Cardea whether it is healthy
[group('run')]
[no-exit-message]
health: (build 'release' 'cardea')
    exec build/release/cardea health

# Everything that must hold: layering, sizes, format, unit tests and end-to-end tests (ARGS go to pytest)
[group('test')]
[no-exit-message]
test *ARGS:
    scripts/test.sh all "$@"

# The C++ unit tests alone, under the sanitizers
[group('test')]
[no-exit-message]
test-unit *ARGS:
    scripts/test.sh unit "$@"

# The end-to-end tests alone, under the sanitizers
[group('test')]
[no-exit-message]
test-e2e *ARGS:
    scripts/test.sh e2e "$@"

# Layering, file and function sizes, format
[group('test')]
[no-exit-message]
check:
    scripts/setup.sh build test
    scripts/check.sh

# Format every C++ file in place
[group('test')]
[no-exit-message]
format:
    scripts/setup.sh build
    scripts/format.sh

# clang-tidy on the files changed since the last commit, or on all (`tidy all`)
[group('test')]
[no-exit-message]
tidy *FILES:
    scripts/setup.sh build
    scripts/tidy.sh "$@"

# Run every fuzzer for SECONDS each, or only those NAMEd (chunked, host_url, …)
[group('test')]
[no-exit-message]
fuzz SECONDS='60' *NAMES:
    scripts/fuzz.sh "$@"

# CPU per request and throughput beside nginx and haproxy, into build/bench/results.json
[group('test')]
[no-exit-message]
bench *ARGS:
    scripts/setup.sh build bench
    scripts/build.sh release cardea
    exec scripts/python.sh test python scripts/bench.py "$@"

# Issue many certificates against a test CA: rate, CPU per certificate, latency of a proxied host meanwhile
[group('test')]
[no-exit-message]
bench-issuance *ARGS:
    scripts/setup.sh build test
    scripts/build.sh release cardea
    exec scripts/python.sh test python scripts/issue_many.py "$@"

# Build the documentation into docs/_build
[group('docs')]
[no-exit-message]
docs:
    scripts/setup.sh docs
    exec scripts/python.sh docs jupyter-book build docs

# Make a token and print it; certificates ordered with it use EMAIL
[group('tokens')]
[no-exit-message]
token-generate NAME *EMAIL: (build 'release' 'cardea')
    exec build/release/cardea token generate "$@"

# Print a token again
[group('tokens')]
[no-exit-message]
token-show NAME: (build 'release' 'cardea')
    exec build/release/cardea token show "$@"

# List all tokens
[group('tokens')]
[no-exit-message]
token-list: (build 'release' 'cardea')
    exec build/release/cardea token list

# Delete a token; with --cascade also the proxy targets and certificates that it owns
[group('tokens')]
[no-exit-message]
token-delete NAME *ARGS: (build 'release' 'cardea')
    exec build/release/cardea token delete "$@"

# Have the CA revoke a certificate; TOKEN is its owner's token or that token's name; with --reissue a new one comes first
[group('certificates')]
[no-exit-message]
cert-revoke NAME TOKEN *ARGS: (build 'release' 'cardea')
    exec build/release/cardea cert revoke "$@"
