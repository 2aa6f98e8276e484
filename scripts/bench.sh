#!/usr/bin/env bash
# Measures.
#
#   scripts/bench.sh               every part of bench/
#   scripts/bench.sh api push      these parts
#   RECORD=1 scripts/bench.sh …    and puts their rows into bench/results and the documentation
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE  # a part starts moyai many times, which takes half as long once it is compiled

parts=("$@")
if [[ $# -eq 0 ]]; then
  parts=(bench/*.py)
  parts=("${parts[@]#bench/}")
fi
for part in "${parts[@]%.py}"; do
  printf '── %s\n' "$part"
  began=$SECONDS
  .venv/bin/python "bench/$part.py"
  printf '── %s: %d s\n' "$part" $((SECONDS - began))
done
printf '\nall measured in %d s\n' "$SECONDS"
if [[ ${RECORD:-} ]]; then
  .venv/bin/python scripts/performance.py "$@"
  .venv/bin/python scripts/reference.py
fi
