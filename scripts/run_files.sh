# What `just up` and `just down` share (bash, sourced): where the pid files are and how a process is found by one.
run_folder=$PWD/.run

# running PROGRAM → its pid, if the pid file names a live process of that name; a stale file counts for nothing.
running() {
  local pid_file=$run_folder/$1.pid pid
  [[ -f $pid_file ]] || return 1
  pid=$(<"$pid_file")
  [[ -n $pid && -r /proc/$pid/comm && $(<"/proc/$pid/comm") == "$1" ]] && echo "$pid"
}
