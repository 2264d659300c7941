# lock_build: waits until no other recipe builds or removes what is built; held until this process and its children
# end (bash, sourced, after apt.sh).
lock_build() {
  mkdir -p build
  exec 9>>build/.lock
  if ! flock -n 9; then
    say "another build is running; waiting for it"
    flock 9
  fi
}
