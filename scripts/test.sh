#!/usr/bin/env bash
# Runs the checks and tests in the order in which they tell most for least time; the first that fails ends the run.
#
#   scripts/test.sh check  lint, types, imports, shape
#   scripts/test.sh all    these, then every test
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH=$PWD/.venv/bin:$PATH  # the tests call aws and envoy by name

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

# Of the console, by its own tools.
console() { npm run "$1" --prefix web --silent; }

checks() {
  step lint ruff check
  step format ruff format --check
  step types mypy
  step imports lint-imports --no-logo
  step 'console: lint' console lint
  step 'console: types' console types
}

case ${1:-all} in
  check)
    checks
    step shape pytest -q tests/shape
    ;;
  all)
    checks
    step 'console: tests' console test
    step tests pytest -q -n 2 tests/shape tests/unit tests/golden tests/contract tests/model tests/sim
    step 'end to end' pytest -q -n 2 --dist loadfile tests/e2e  # it waits more than it works
    printf '\nall passed in %d s\n' "$SECONDS"
    ;;
  *)
    printf 'usage: %s check|all\n' "$0" >&2
    exit 2
    ;;
esac
