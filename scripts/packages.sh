# The system packages of Cardea, in one place. Read by scripts/setup.sh (bash); names are the same on Debian 12,
# Debian 13 and Ubuntu 24.04 except Boost, whose default on Debian 12 (1.74) is too old.

packages_build=(
  clang-19 lld-19 llvm-19 libclang-rt-19-dev clang-format-19 clang-tidy-19 cmake ninja-build ccache
  libssl-dev libhiredis-dev libcurl4-openssl-dev libcli11-dev libfmt-dev libspdlog-dev libgtest-dev libnghttp2-dev
  libpsl-dev libidn2-dev
  git ca-certificates
)
if grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release; then
  packages_build+=(libboost1.81-dev libboost-json1.81-dev)
else
  packages_build+=(libboost-dev libboost-json-dev)
fi

# What `just up` needs beside the binary.
packages_run=(redis-server curl ca-certificates)

# The foreign programs that the demo and the tests talk to, and the Python they are written in.
packages_test=(
  redis-server redis-tools nginx nodejs openssl curl nghttp2-client nghttp2-server libfaketime ca-certificates
  git python3 python3-venv
)

# The peers and the load generator of the benchmark.
packages_bench=(haproxy nginx nghttp2-client openssl redis-server strace)
