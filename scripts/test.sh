#!/usr/bin/env bash
# Runs the checks and tests in the order in which they tell most for least time; the first that fails ends the run.
#
#   scripts/test.sh check  lint, types, shape (with the imports)
#   scripts/test.sh all    these, then every test
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/.venv/bin:$PATH  # the tests call aws and envoy by name
unset PYTHONDONTWRITEBYTECODE  # they start moyai hundreds of times, which takes half as long once it is compiled

step() {
  local -r title=$1 started=$SECONDS
  shift
  printf '\n── %s\n' "$title"
  local code=0
  "$@" || code=$?
  if [[ $code -ne 0 ]]; then
    printf '── %s: failed after %d s\n' "$title" $((SECONDS - started)) >&2
    exit "$code"
  fi
  printf '── %s: %d s\n' "$title" $((SECONDS - started))
}

# Two lists of steps at a time, since each of them keeps one processor busy; the second speaks when the first has ended.
both() {
  local code=0 said other
  said=$(mktemp)
  "$2" >"$said" 2>&1 &
  other=$!
  ("$1") || code=$?
  wait "$other" || code=$?
  cat "$said"
  rm "$said"
  [[ $code -eq 0 ]] || exit "$code"
}

python_checks() {
  step lint ruff check
  step format ruff format --check
  step types mypy
}

python_all() {
  python_checks
  step shape pytest -q -n 0 tests/shape  # in one process, which parses every file once
  step tests pytest -q -n 2 tests/unit tests/golden tests/contract tests/model tests/sim
}

# Of the console, by its own tools.
console() { npm run "$1" --prefix web --silent; }

console_checks() {
  step 'console: lint' console lint
  step 'console: types' console types
}

console_all() {
  console_checks
  step 'console: tests' console test
}

case ${1:-all} in
  check)
    both python_checks console_checks
    step shape pytest -q -n 0 tests/shape
    ;;
  all)
    both python_all console_all
    # It waits more than it works, so four at a time on two processors; in the order of tests/e2e/conftest.py.
    step 'end to end' pytest -q -n 4 --dist loadfile --no-loadscope-reorder tests/e2e
    printf '\nall passed in %d s\n' "$SECONDS"
    ;;
  *)
    printf 'usage: %s check|all\n' "$0" >&2
    exit 2
    ;;
esac
