#!/usr/bin/env bash
# Starts Cardea in the background for real use, configured by the environment that just made of .env, after a local
# Redis if REDIS_URL points at this machine and nothing answers there. Pid files, logs and Redis' data are in .run/.
# A start that fails leaves nothing behind that it started itself.
set -euo pipefail
umask 077 # Redis' data holds the private keys
cd "$(dirname "$0")/.."
source scripts/run_files.sh
readonly binary=build/release/cardea

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Sets redis_host/redis_port or redis_socket, and redis_user/redis_password, from REDIS_URL.
parse_redis_url() {
  redis_host='' redis_port='' redis_socket='' redis_user='' redis_password=''
  case $REDIS_URL in
    unix://*)
      redis_socket=/${REDIS_URL#unix://*/}
      redis_socket=${redis_socket%%\?*}
      return
      ;;
  esac
  local rest=${REDIS_URL#*://}
  rest=${rest%%/*}
  if [[ $rest == *@* ]]; then
    redis_user=${rest%%:*}
    redis_password=${rest%@*}
    redis_password=${redis_password#*:}
    printf -v redis_password '%b' "${redis_password//%/\\x}" # URLs write special characters as %XX
    rest=${rest##*@}
  fi
  if [[ $rest =~ ^\[(.*)\]:?([0-9]*)$ ]] || [[ $rest =~ ^([^:]*):?([0-9]*)$ ]]; then
    redis_host=${BASH_REMATCH[1]}
    redis_port=${BASH_REMATCH[2]:-6379}
  fi
}

redis_is_local() {
  [[ -n $redis_socket || $redis_host == localhost || $redis_host == 127.* || $redis_host == ::1 ]]
}

redis_answers() { # anything at all: a Redis that asks for a password is there too
  if [[ -n $redis_socket ]]; then
    [[ -n $(redis-cli -s "$redis_socket" ping 2>/dev/null) ]]
  else
    (exec 3<>"/dev/tcp/$redis_host/$redis_port") 2>/dev/null
  fi
}

wait_for() { # SECONDS COMMAND… : true as soon as the command is, false when the time is over
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [[ $SECONDS -lt $deadline ]] || return 1
    sleep 0.05
  done
}

start_redis() {
  [[ $REDIS_URL != rediss://* ]] || fail "REDIS_URL asks for TLS and nothing answers there; start that Redis first"
  [[ -z $redis_user || $redis_user == default ]] ||
    fail "REDIS_URL names the Redis user '$redis_user' and nothing answers there; start that Redis first"
  mkdir -p "$run_folder/redis"
  started+=(redis-server)
  {
    echo "daemonize yes"
    echo "pidfile $run_folder/redis-server.pid"
    echo "logfile $run_folder/redis.log"
    echo "dir $run_folder/redis"
    echo "appendonly yes"
    if [[ -n $redis_socket ]]; then
      printf 'port 0\nunixsocket %s\nunixsocketperm 700\n' "$redis_socket"
    else
      printf 'port %s\nbind %s\n' "$redis_port" "${redis_host/localhost/127.0.0.1}"
    fi
    if [[ -n $redis_password ]]; then printf 'requirepass "%s"\n' "${redis_password//[\"\\]/\\&}"; fi
  } | redis-server - >/dev/null
  redis_is_ready() { redis_answers && running redis-server >/dev/null; }
  wait_for 10 redis_is_ready || {
    tail -n 20 "$run_folder/redis.log" >&2
    fail "redis-server did not answer within 10 s (its log is above)"
  }
  echo "Redis is running (append-only file in .run/redis)"
}

# Ports below this need a right: root's, CAP_NET_BIND_SERVICE on the binary, or a lower limit.
may_bind() { # PORT
  [[ $1 -ge $(</proc/sys/net/ipv4/ip_unprivileged_port_start) ]] && return
  local effective
  effective=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
  (((0x$effective >> 10) & 1)) && return
  PATH=$PATH:/usr/sbin:/sbin getcap "$binary" 2>/dev/null | grep -q cap_net_bind_service
}

check_configuration() {
  local faults status=0
  faults=$("$binary" health 2>&1 >/dev/null) || status=$?
  if [[ $status -eq 2 ]]; then
    printf '%s\n' "$faults" >&2
    exit 2
  fi
}

check_ports() {
  local port
  for port in "$HTTP_PORT" "$HTTPS_PORT"; do
    may_bind "$port" || fail "you have no right to listen on port $port: run 'sudo setcap cap_net_bind_service=+ep $binary' (again after every build), or 'sudo sysctl net.ipv4.ip_unprivileged_port_start=80', or set other ports as HTTP_PORT and HTTPS_PORT in .env"
  done
}

started=() # what this start has to take back if it fails, the last one first
take_back() {
  local program
  for program in ${started[@]+"${started[@]}"}; do
    if running "$program" >/dev/null; then stop "$program" 30 >&2 || true; else rm -f "$run_folder/$program.pid"; fi
  done
}

start_cardea() {
  local log=$run_folder/cardea.log log_begin pid
  touch "$log"
  log_begin=$(($(stat -c %s "$log") + 1)) # earlier runs stay in the file
  setsid "$binary" serve >>"$log" 2>&1 </dev/null &
  pid=$!
  disown "$pid"
  echo "$pid" >"$run_folder/cardea.pid"
  started=(cardea ${started[@]+"${started[@]}"})
  ready_or_gone() { tail -c "+$log_begin" "$log" | grep -q 'cardea is ready' || ! kill -0 "$pid" 2>/dev/null; }
  wait_for 30 ready_or_gone || fail "Cardea was not ready within 30 s; its log is .run/cardea.log"
  if ! kill -0 "$pid" 2>/dev/null; then
    tail -c "+$log_begin" "$log" >&2
    fail "Cardea ended at once (its log is above)"
  fi
  echo "Cardea is running (process $pid): http on port $HTTP_PORT, https on port $HTTPS_PORT, log in .run/cardea.log"
}

report_health() {
  local answer
  is_healthy() { answer=$("$binary" health 2>&1); }
  if wait_for 10 is_healthy; then
    echo "health: healthy"
  elif [[ $answer == *'"status":"degraded"'* ]]; then
    # Without user and password: this may end up in a log.
    fail "Cardea runs, but its health is degraded: Redis at ${REDIS_URL%%://*}://$(sed 's,^.*@,,; s,^[a-z]*://,,' <<<"$REDIS_URL") is not reachable or refuses the user or password; Cardea keeps trying"
  else
    fail "Cardea runs, but 'GET /health' is not answered as it should: $answer"
  fi
}

check_configuration
cardea_pid=$(running cardea) || check_ports
mkdir -p "$run_folder"
chmod 700 "$run_folder"
trap take_back EXIT
parse_redis_url
if redis_is_local && ! redis_answers; then start_redis; fi
if [[ -n $cardea_pid ]]; then
  echo "Cardea is running already (process $cardea_pid)"
  if [[ .env -nt $run_folder/cardea.pid ]]; then
    echo ".env was changed after Cardea was started: './scripts/justw down' and './scripts/justw up' make it take effect"
  fi
else
  start_cardea
fi
started=()
report_health
echo "'./scripts/justw token-generate NAME EMAIL' makes a token; './scripts/justw down' stops everything"
