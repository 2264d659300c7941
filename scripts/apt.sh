# install_packages for scripts/setup.sh and scripts/justw (bash): apt, asked only for what dpkg lacks, and held
# back from starting the services it installs. Also say/fail, the two ways these scripts talk.

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }
[[ -t 2 && -z ${NO_COLOR:-} ]] || say() { printf '==> %s\n' "$*" >&2; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

missing_packages() { # NAME… → those that are not installed
  local installed name
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^ii  *//p') || true
  for name in "$@"; do
    [[ $'\n'$installed$'\n' == *$'\n'"$name"$'\n'* ]] || echo "$name"
  done | sort -u
}

as_root() {
  if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

policy_file=/usr/sbin/policy-rc.d
remove_policy() {
  as_root rm -f "$policy_file"
}

# Debian starts a server the moment it is installed; policy-rc.d is its documented way to say no. One that is
# there already is the machine owner's and stays.
forbid_service_starts() {
  if [[ -e $policy_file ]]; then return; fi
  trap remove_policy EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
  printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy_file" >/dev/null
  as_root chmod 755 "$policy_file"
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"
}

install_packages() { # NAME…
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
    fail "this is not a Debian or Ubuntu system; install by hand what these packages hold: $*"
  local missing
  # shellcheck disable=SC2207 # names of packages hold no spaces
  missing=($(missing_packages "$@"))
  if [[ ${#missing[@]} -eq 0 ]]; then return; fi
  if [[ $EUID -ne 0 ]] && ! command -v sudo >/dev/null; then
    fail "system packages are missing and neither root nor sudo is at hand; run as root: apt-get update && apt-get install ${missing[*]}"
  fi
  say "installing ${#missing[@]} system packages: ${missing[*]}"
  forbid_service_starts
  apt_get update || fail "apt-get update failed (see above)"
  apt_get install --no-install-recommends "${missing[@]}" || fail "apt could not install: ${missing[*]}"
  if [[ -n $(trap -p EXIT) ]]; then
    remove_policy
    trap - EXIT INT TERM
  fi
}
