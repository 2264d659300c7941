# What the recipes `up` and `down` share (bash, sourced): where the pid files are, how a process is found by one, and
# how it is ended.
run_folder=$PWD/.run

# running PROGRAM → its pid, if the pid file names a live process of that name; a stale file counts for nothing.
running() {
  local pid_file=$run_folder/$1.pid pid
  [[ -f $pid_file ]] || return 1
  pid=$(<"$pid_file")
  [[ -n $pid && -r /proc/$pid/comm && $(<"/proc/$pid/comm") == "$1" ]] && echo "$pid"
}

# stop PROGRAM SECONDS: false when it still runs after that time.
stop() {
  local pid
  if pid=$(running "$1"); then
    kill -TERM "$pid"
    if ! timeout "$2" tail --pid="$pid" -s 0.1 -f /dev/null; then
      echo "error: $1 (process $pid) has not ended within $2 s; it still has work, run './scripts/justw down' again" >&2
      return 1
    fi
    echo "$1 is stopped"
  else
    echo "$1 is not running"
  fi
  rm -f "$run_folder/$1.pid"
}
