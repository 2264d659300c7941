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
setup *PARTS='build run test':
    scripts/setup.sh {{ PARTS }}
    echo "everything needed for {{ PARTS }} is installed"

# Build Cardea with a CMake preset (release, debug, asan, tsan, fuzz) into build/PRESET
[group('setup')]
build PRESET='release':
    scripts/build.sh "$PRESET"

# Remove everything that was built, but keep the downloaded tools
[group('setup')]
clean:
    scripts/clean.sh

# Watch Cardea get a certificate from a test CA and serve a site with it (--once: end by itself)
[group('run')]
demo *ARGS:
    scripts/setup.sh build test
    scripts/build.sh release
    exec scripts/python.sh test python scripts/demo.py "$@"

# Start Cardea in the background with .env as it is, and a local Redis if REDIS_URL names one that is not running
[group('run')]
up:
    scripts/setup.sh build run
    scripts/build.sh release
    scripts/up.sh

# Stop what `just up` started
[group('run')]
down:
    scripts/down.sh

# Run Cardea in the foreground with .env as it is
[group('run')]
serve: build
    exec build/release/cardea serve

# Everything that must hold: layering, sizes, format, unit tests and end-to-end tests (ARGS go to pytest)
[group('test')]
test *ARGS:
    scripts/test.sh all "$@"

# The C++ unit tests alone, under the sanitizers
[group('test')]
test-unit *ARGS:
    scripts/test.sh unit "$@"

# The end-to-end tests alone, under the sanitizers
[group('test')]
test-e2e *ARGS:
    scripts/test.sh e2e "$@"

# Layering, file and function sizes, format
[group('test')]
check:
    scripts/setup.sh build test
    scripts/check.sh

# Format every C++ file in place
[group('test')]
format:
    scripts/setup.sh build
    scripts/format.sh

# clang-tidy on the files changed since the last commit, or on all (`just tidy all`)
[group('test')]
tidy *FILES:
    scripts/setup.sh build
    scripts/tidy.sh "$@"

# Run every fuzzer for SECONDS each
[group('test')]
fuzz SECONDS='60':
    scripts/build.sh fuzz
    scripts/fuzz.sh "$SECONDS"

# CPU per request and throughput beside nginx and haproxy, into build/bench/results.json
[group('test')]
bench *ARGS:
    scripts/setup.sh build bench
    scripts/build.sh release
    exec scripts/python.sh test python scripts/bench.py "$@"

# Build the documentation into docs/_build
[group('docs')]
docs:
    scripts/setup.sh docs
    exec scripts/python.sh docs jupyter-book build docs

# Make a token and print it; certificates ordered with it use EMAIL
[group('tokens')]
token-generate NAME *EMAIL: build
    exec build/release/cardea token generate "$@"

# Print a token again
[group('tokens')]
token-show NAME: build
    exec build/release/cardea token show "$@"

# List all tokens
[group('tokens')]
token-list: build
    exec build/release/cardea token list

# Delete a token; with --cascade also the proxy targets and certificates that it owns
[group('tokens')]
token-delete NAME *ARGS: build
    exec build/release/cardea token delete "$@"
