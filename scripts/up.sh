#!/usr/bin/env bash
# Starts Cardea in the background for real use, configured by the environment that just made of .env, after a local
# Redis if REDIS_URL points at this machine and nothing answers there. Pid files, logs and Redis' data are in .run/.
set -euo pipefail
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
      redis_socket=${REDIS_URL#unix://}
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
  wait_for 10 redis_answers || {
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

for port in "$HTTP_PORT" "$HTTPS_PORT"; do
  may_bind "$port" || fail "you have no right to listen on port $port: run 'sudo setcap cap_net_bind_service=+ep $binary' (again after every build), or 'sudo sysctl net.ipv4.ip_unprivileged_port_start=80', or set other ports as HTTP_PORT and HTTPS_PORT in .env"
done
if pid=$(running cardea); then
  echo "Cardea is running already (process $pid)"
  exit
fi
mkdir -p "$run_folder"
parse_redis_url
if redis_is_local && ! redis_answers; then start_redis; fi

: >"$run_folder/cardea.log"
setsid "$binary" serve >>"$run_folder/cardea.log" 2>&1 </dev/null &
pid=$!
echo "$pid" >"$run_folder/cardea.pid"
ready_or_gone() { grep -q 'cardea is ready' "$run_folder/cardea.log" || ! kill -0 "$pid" 2>/dev/null; }
wait_for 30 ready_or_gone || fail "Cardea was not ready within 30 s; its log is .run/cardea.log"
if ! kill -0 "$pid" 2>/dev/null; then
  rm -f "$run_folder/cardea.pid"
  cat "$run_folder/cardea.log" >&2
  fail "Cardea ended at once (its log is above)"
fi
disown "$pid"
echo "Cardea is running (process $pid): http on port $HTTP_PORT, https on port $HTTPS_PORT, log in .run/cardea.log"
echo "'just token-generate NAME EMAIL' makes a token; 'just down' stops everything"
