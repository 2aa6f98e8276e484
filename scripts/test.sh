#!/usr/bin/env bash
# Runs the checks and tests in the order in which they tell most for least time.
#
#   scripts/test.sh check    lint, types, shape (with the imports); the first that fails ends the run
#   scripts/test.sh core     these, then every test that is neither long nor heavy; the first that fails ends the run
#   scripts/test.sh all      these, then every test that is not heavy; the first that fails ends the run
#   scripts/test.sh nightly  the heavy tests, and those of Service Connect with the proxy that tasks share; each part runs,
#                            and the run ends with the names of those that failed
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

# A step after which the run goes on. One that hangs is interrupted after three hours, so that pytest still cleans up.
part() {
  local -r title=$1
  shift
  (step "$title" timeout --foreground --verbose --signal=INT --kill-after=300 10800 "$@") || FAILED+=("$title")
}

# Of tests that are marked heavy. Some take minutes, of which nobody wants to see where every thread stands.
heavy() { part "$1" pytest -q -m heavy -o faulthandler_timeout=900 "${@:2}"; }

python_checks() {
  step lint ruff check
  step format ruff format --check
  step types mypy
}

python_steps() {
  python_checks
  step shape pytest -q -n 0 tests/shape  # in one process, which parses every file once
  step tests pytest -q -n 2 -m "$SELECTED" tests/unit tests/golden tests/contract tests/model tests/sim
}

# Of the console, by its own tools.
console() { npm run "$1" --prefix web --silent; }

console_checks() {
  step 'console: lint' console lint
  step 'console: types' console types
}

console_steps() {
  console_checks
  step 'console: tests' console test
}

# On Docker Engine or Podman, or beside one.
readonly ENGINES=(tests/e2e/test_box.py tests/e2e/differential tests/e2e/attacks/test_isolation.py
  tests/e2e/test_{ecr_docker,engine_images,forwarding_docker}.py)

# Each of these breaks what it can while callers call; the machine belongs to one of them at a time.
readonly FAULTS=tests/e2e/faults

# What users run as it is printed or shown, and therefore with the topology that `moyai up` has by itself.
readonly AS_PRINTED=(tests/e2e/test_{guides,express_guide,efs_guide,daemons_guide,cloudformation_guide,balanced_service_guide}.py
  tests/e2e/test_{guestbook,shop_as_code,cdk}.py tests/e2e/console/test_console_journey.py)

# What `moyai up` does by default; the step before has a proxy for each task.
readonly SHARED_PROXY=(tests/e2e/test_{service_connect,service_connect_settings,protocols,resilience,names_in_tasks}.py
  tests/e2e/faults/test_{faults,readiness}.py)

readonly SERVICE_CONNECT=(tests/e2e/test_{service_connect,service_connect_settings,protocols,grpc_failures,live_endpoints,resilience,tls,zones}.py
  tests/e2e/test_{traffic_shifts,task_sets,metrics,metrics_exactly,traces,prometheus,changes_under_load,deployment_failures}.py
  tests/e2e/test_{control_plane_restarts,data_plane_security,names_in_tasks,task_modes,shared_namespaces,vpcs,ipv6,tasks,logs}.py)

nightly() {
  FAILED=()
  part 'image of moyai' scripts/box.sh
  heavy 'without end to end' -n 2 --dist loadfile tests/unit tests/golden tests/contract tests/model tests/sim
  heavy 'Docker and Podman' "${ENGINES[@]}"
  heavy 'guides and examples' -n 2 --dist loadfile --no-loadscope-reorder --proxy node "${AS_PRINTED[@]}"
  heavy 'end to end' -n 2 --dist loadfile --no-loadscope-reorder tests/e2e \
    "${ENGINES[@]/#/--ignore=}" "${AS_PRINTED[@]/#/--ignore=}" --ignore=$FAULTS
  heavy 'faults' $FAULTS
  part 'Service Connect with a shared proxy' pytest -q -n 2 --dist loadfile --no-loadscope-reorder --proxy node "${SERVICE_CONNECT[@]}"
  if [[ ${#FAILED[@]} -gt 0 ]]; then
    printf '\n%d of the parts failed, in %d s:\n' ${#FAILED[@]} "$SECONDS" >&2
    printf '  %s\n' "${FAILED[@]}" >&2
    exit 1
  fi
}

# Every check, then the tests that the mark expression selects.
checks_and_tests() {
  readonly SELECTED=$1
  both python_steps console_steps
  # It waits more than it works, so four at a time on two processors; in the order of tests/e2e/conftest.py.
  step 'end to end' pytest -q -n 4 --dist loadfile --no-loadscope-reorder -m "$SELECTED" tests/e2e
  step 'with a shared proxy' pytest -q -n 4 --dist loadfile --proxy node "${SHARED_PROXY[@]}"
}

case ${1:-} in
  check)
    both python_checks console_checks
    step shape pytest -q -n 0 tests/shape
    ;;
  core)
    checks_and_tests 'not heavy and not long'
    printf '\nall passed in %d s\n' "$SECONDS"
    ;;
  all)
    checks_and_tests 'not heavy'
    printf '\nall passed in %d s\n' "$SECONDS"
    ;;
  nightly)
    nightly
    printf '\nall passed in %d s\n' "$SECONDS"
    ;;
  *)
    printf 'usage: %s check|core|all|nightly\n' "$0" >&2
    exit 2
    ;;
esac
