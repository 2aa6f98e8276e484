#!/usr/bin/env bash
# Builds the console from web/ into src/moyai/console/build, and does nothing when that build is up to date.
#
#   scripts/console.sh        build; needs Node.js and npm on PATH
#   scripts/console.sh check  only exit with 0 if that Node.js is new enough, else with 1
#
# scripts/setup.sh and scripts/build_hook.py, which builds the package, both use it.

readonly PACKAGES=web/node_modules
readonly CONSOLE=src/moyai/console/build
readonly FETCHED=$PACKAGES/.moyai-fetched  # the lock that node_modules was made from
readonly BUILT=$PACKAGES/.moyai-built      # the sources that the build was made from

# The build tools need Node.js 20.19, or 22.12 and later.
has_node() {
  node -e 'const [a, b] = process.versions.node.split(".").map(Number);
    process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)' >/dev/null 2>&1 \
    && command -v npm >/dev/null 2>&1
}

console_fail() { printf 'console: %s\n' "$*" >&2; exit 1; }

packages_fingerprint() { { printf '%s\n' "$PWD"; node --version; cat web/package-lock.json web/.npmrc; } | sha256sum | cut -d ' ' -f 1; }

console_fingerprint() {
  { packages_fingerprint; find web -path $PACKAGES -prune -o -path web/test -prune -o -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum; } \
    | sha256sum | cut -d ' ' -f 1
}

fetch_packages() {
  [[ -f $FETCHED && $(<"$FETCHED") == "$(packages_fingerprint)" ]] && return
  printf 'console: fetching %s locked packages\n' "$(grep -c '"node_modules/' web/package-lock.json)"
  # No package's own script runs; the lock has the hash of each.
  npm ci --prefix web --ignore-scripts --prefer-offline --no-progress --loglevel error </dev/null >/dev/null \
    || console_fail "the packages could not be installed: see above; is the package registry reachable?"
  packages_fingerprint >"$FETCHED"
}

build_console() {
  [[ -f $BUILT && -f $CONSOLE/index.html && $(<"$BUILT") == "$(console_fingerprint)" ]] && return
  local -r started=$SECONDS
  fetch_packages
  printf 'console: building\n'
  npm run build --prefix web --silent -- --logLevel warn </dev/null || console_fail "the build failed: see above"
  console_fingerprint >"$BUILT"
  printf 'console: built in %d s\n' $((SECONDS - started))
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  set -euo pipefail
  cd "$(dirname "$0")/.."
  if [[ ${1:-} == check ]]; then has_node; else build_console; fi
fi
