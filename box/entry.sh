#!/bin/bash
# The container's program, below tini: prepares the container, runs `moyai up`, and stops all tasks at the end.
#
#   moyai-box [OPTIONS OF moyai up]
#   moyai-box healthy                 exits with 0 if the API answers
set -u

if [[ ${1:-} == healthy ]]; then
  exec 3<>/dev/tcp/127.0.0.1/4566
  printf 'GET /_moyai/health HTTP/1.0\r\nHost: localhost\r\n\r\n' >&3
  read -r status <&3
  [[ $status == HTTP/*\ 200\ * ]]
  exit
fi

moyai box prepare || exit

moyai up --listen 0.0.0.0 "$@" &
server=$!
trap 'kill -TERM $server' TERM INT
wait $server
code=$?
while kill -0 $server 2>/dev/null; do  # a signal ended the wait
  wait $server
  code=$?
done
moyai down >/dev/null  # the tasks end with the container: let them end well
exit $code
