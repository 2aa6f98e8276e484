#!/usr/bin/env bash
# Sets the project up in .venv and does nothing when that is already done.
#
#   scripts/setup.sh               .venv with the locked dependencies and the command moyai, and the console built
#   scripts/setup.sh --namespaces  also make sure, first of all, that tasks can run here
#   scripts/setup.sh --prometheus  also have Prometheus in .venv/bin, which a test lets scrape moyai
#   scripts/setup.sh --registry    also have Debian's container registry in .venv/bin, from which a test pulls images, and
#                                  skopeo, which pushes them
#   scripts/setup.sh --docker      also have Docker Engine in .venv/docker, whose containers a test compares with tasks
#   scripts/setup.sh --podman      also have Podman in .venv/podman, from which a test takes images
#   scripts/setup.sh --services    also have a root file system of Debian with nginx, PostgreSQL, Redis, Node.js and Python in
#                                  .venv/services, from which a test makes images
#   scripts/setup.sh --cdk         also have AWS's CDK in .venv/cdk, which a test lets deploy applications
#   scripts/setup.sh --browser     also have Debian's Chromium, in which tests look at the console
#
# PYTHON=/path/to/python3 chooses the interpreter. Whatever is missing is said in one line, with what to
# do about it, before anything is changed.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly VENV=.venv
readonly STAMP=$VENV/moyai-setup  # what .venv was made from; absent while it is being made
readonly TARGET=${MAKE_TARGET:-setup}

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }
is_root() { [[ $(id -u) -eq 0 ]]; }
has() { command -v "$1" >/dev/null 2>&1; }

# ---- can tasks run here? -----------------------------------------------------------------------------------

require_namespaces() {
  [[ $(uname -s) == Linux ]] || die "moyai runs tasks in Linux namespaces: use a Linux machine or virtual machine"
  is_root || die "moyai needs root for network namespaces: run \`sudo make $TARGET\`"
  unshare --net --mount --pid --fork true 2>/dev/null \
    || die "this kernel refuses namespaces (\`unshare --net --mount --pid --fork true\` fails): \
use a virtual machine, or a container started with --privileged"
}

# ---- which Python? -----------------------------------------------------------------------------------------

# The lock holds wheels for these versions; another one would need a compiler.
is_supported() {
  "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1
}
has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

# Prints the first supported interpreter that can make a virtual environment, else the first supported one.
find_python() {
  local candidate fallback=
  for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}; do
    is_supported "$candidate" || continue
    if has_venv "$candidate"; then command -v "$candidate"; return; fi
    fallback=${fallback:-$(command -v "$candidate")}
  done
  printf '%s\n' "$fallback"
}

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])'; }

# ---- what does the system lack? ----------------------------------------------------------------------------

missing_packages() {
  has_venv "$1" || { has apt-get && printf 'python%s-venv\n' "$(version_of "$1")" || printf 'python3-pip\n'; }
  PATH=$PATH:/usr/sbin:/sbin has nft || printf 'nftables\n'
  "$1" -c 'import ctypes; ctypes.CDLL("libseccomp.so.2")' 2>/dev/null \
    || { has apt-get && printf 'libseccomp2\n' || printf 'libseccomp\n'; }
}

install_packages() {
  local -r packages=$*
  is_root || die "needs $packages: run \`sudo make $TARGET\`, or install them and try again"
  say "installing $packages"
  if has apt-get; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get -qq -o DPkg::Lock::Timeout=120 update </dev/null || say "the package list could not be renewed; trying with the present one"
    apt-get -qq -o DPkg::Lock::Timeout=120 install --no-install-recommends "$@" </dev/null >/dev/null \
      || die "apt-get could not install $packages: see above, then run \`make $TARGET\` again"
  elif has dnf; then
    dnf -q -y install "$@" </dev/null >/dev/null || die "dnf could not install $packages: see above, then run \`make $TARGET\` again"
  else
    die "needs $packages: install them with this system's package manager, then run \`make $TARGET\` again"
  fi
}

# What leads tasks outside of their VPCs. Without it they run all the same, so a system that hasn't got it will do.
add_pasta() {
  PATH=$PATH:/usr/sbin:/sbin has pasta && return
  local -r without="without passt, tasks reach nothing outside of their VPCs"
  if is_root; then (install_packages passt) || say "$without"; else say "$without: run \`sudo make $TARGET\`"; fi
}

# ---- the virtual environment -------------------------------------------------------------------------------

# Whatever of these changes, .venv has to follow: the lock, the project file, the folder it lies in.
fingerprint() { { printf '%s\n' "$PWD"; cat requirements.lock pyproject.toml; } | sha256sum | cut -d ' ' -f 1; }

is_complete() { [[ -f $STAMP ]] && $VENV/bin/python -m pip --version >/dev/null 2>&1; }

is_current() {
  is_complete && [[ $(<"$STAMP") == "$(fingerprint)" ]] && $VENV/bin/python -c 'import moyai' >/dev/null 2>&1 \
    && [[ -x $VENV/bin/moyai ]] && { [[ -z ${PYTHON:-} ]] || [[ $(version_of "$PYTHON") == "$(version_of $VENV/bin/python)" ]]; }
}

make_venv() {
  say "making $VENV with Python $(version_of "$1")"
  rm -rf $VENV
  "$1" -m venv $VENV || die "$1 could not make a virtual environment: see above"
}

# Turns pip's log into one line for each package that is fetched.
show_progress() {
  local -r total=$1
  local line count=0
  while IFS= read -r line; do
    case $line in
      Collecting\ * | Requirement\ already\ satisfied:\ *)
        count=$((count + 1))
        [[ $line != Collecting\ * ]] || { line=${line#Collecting }; printf 'setup: [%2d/%d] %s\n' "$count" "$total" "${line%% *}"; }
        ;;
      Installing\ collected\ packages:*) say "unpacking (the Envoy binary alone is 100 MB)" ;;
      *ERROR* | *error:*) printf '%s\n' "$line" >&2 ;;
    esac
  done
}

pip_install() { $VENV/bin/python -u -m pip install --no-input --disable-pip-version-check --no-deps "$@" 2>&1; }

fill_venv() {
  local -r total=$(grep -c '^[a-z0-9].*==' requirements.lock)
  say "installing $total locked dependencies"
  # The lock is complete, so nothing is resolved; wheels only, so nothing is compiled.
  pip_install --require-hashes --only-binary :all: -r requirements.lock | show_progress "$total" \
    || die "the dependencies could not be installed: see above; is the package registry reachable?"
  pip_install --no-build-isolation --quiet -e . || die "moyai itself could not be installed: see above"
}

# ---- the console -------------------------------------------------------------------------------------------

source scripts/console.sh

add_node() {
  has_node && return
  say "fetching Node.js"
  pip_install --require-hashes --only-binary :all: --quiet -r web/node.lock >&2 || die "Node.js could not be installed: see above"
  hash -r  # the shell remembers where the one that is too old was found
  has_node || die "the console needs Node.js 20.19, 22.12 or later: install nodejs and npm, then run \`make $TARGET\` again"
}

make_console() {
  PATH=$PWD/$VENV/bin:$PATH  # a Node.js from PyPI is there, and goes before one that is too old
  add_node
  build_console
}

make_environment() {
  local -r python=$1 started=$SECONDS
  [[ ! -e $VENV || -w $VENV ]] || die "$VENV belongs to another user: run \`sudo make $TARGET\`"
  if is_complete && [[ -z ${PYTHON:-} ]]; then rm -f "$STAMP"; else make_venv "$python"; fi
  fill_venv
  fingerprint >"$STAMP"
  say "done in $((SECONDS - started)) s: $VENV/bin/moyai"
}

# Unpacked and not installed: the package would start a server of its own on this machine.
add_program_of_debian() {
  local -r package=$1
  has "$package" || [[ -x $VENV/bin/$package ]] && return
  has apt-get || { say "without apt-get there is no $package: its tests will be skipped"; return; }
  say "fetching $package"
  local folder
  folder=$(mktemp -d)
  (cd "$folder" && fetch_packages_of_debian "$package" && dpkg-deb --extract ./"$package"_*.deb unpacked) \
    || { rm -rf "$folder"; die "apt-get could not fetch $package: see above, then run \`make $TARGET\` again"; }
  install -m 755 "$folder/unpacked/usr/bin/$package" "$VENV/bin/$package"
  rm -rf "$folder"
}

# The package lists may be missing or old.
fetch_packages_of_debian() {
  apt-get -qq download "$@" 2>/dev/null && return
  is_root && apt-get -qq -o DPkg::Lock::Timeout=120 update </dev/null
  apt-get -qq download "$@"
}

# Unpacked and not installed, for the same reason: tests start engines in namespaces of their own.
add_engine_of_debian() {
  local -r directory=$VENV/$1 program=$2 name=$3 packages=("${@:4}")
  [[ -x $directory/$program ]] && return
  grep -qx 'ID=debian' /etc/os-release || { say "only Debian's $name can be fetched: tests with it run with one on PATH, or not at all"; return; }
  say "fetching $name"
  local folder package
  folder=$(mktemp -d)
  (cd "$folder" && fetch_packages_of_debian "${packages[@]}" && for package in ./*.deb; do dpkg-deb --extract "$package" unpacked; done) \
    || { rm -rf "$folder"; die "apt-get could not fetch ${packages[*]}: see above, then run \`make $TARGET\` again"; }
  rm -rf "$directory"
  cp -r --preserve=mode,links "$folder/unpacked" "$directory"
  rm -rf "$folder"
}

add_docker() { add_engine_of_debian docker usr/sbin/dockerd "Docker Engine (about 90 MB)" docker.io docker-cli docker-compose containerd runc tini; }
add_podman() { add_engine_of_debian podman usr/bin/podman "Podman (about 20 MB)" podman conmon netavark runc libsubid5; }

# A root file system with the programs of the images that applications for Compose use most. The users have the ids that they
# have in the public images.
add_services() {
  local -r directory=$VENV/services
  [[ -d $directory ]] && return
  is_root && grep -qx "ID=debian" /etc/os-release || { say "only as root on Debian can a Debian with services be made: the test of examples/guestbook will be skipped"; return; }
  has debootstrap || install_packages debootstrap
  say "fetching Debian with nginx, PostgreSQL, Redis, Node.js and Python (about 200 MB)"
  local -r new=$directory.new
  rm -rf "$new"
  { debootstrap --variant=minbase trixie "$new" \
    && printf '#!/bin/sh\nexit 101\n' >"$new/usr/sbin/policy-rc.d" && chmod 755 "$new/usr/sbin/policy-rc.d" \
    && install -D /dev/stdin "$new/etc/postgresql-common/createcluster.conf" <<<'create_main_cluster = false' \
    && in_root "$new" useradd --system --uid 999 --home-dir /var/lib/postgresql --shell /bin/bash postgres \
    && in_root "$new" useradd --system --uid 998 --home-dir /data redis \
    && in_root "$new" useradd --system --uid 101 nginx \
    && in_root "$new" useradd --uid 1000 node \
    && in_root "$new" useradd --uid 1000 --non-unique app \
    && in_root "$new" apt-get -qq install --no-install-recommends curl gettext-base gosu nginx-light node-redis nodejs \
      postgresql python3 python3-psycopg python3-redis redis-server tini \
    && in_root "$new" apt-get -qq clean \
    && rm -rf "$new"/var/lib/apt/lists/* "$new"/usr/share/{doc,info,locale,man} \
    && mv "$new" "$directory"; } </dev/null >"$VENV/services.log" 2>&1 \
    || say "Debian with services could not be made: see $VENV/services.log; the test of examples/guestbook will be skipped"
}

# With the network settings of this machine, and without its language, which the root does not have.
in_root() {
  cp /etc/resolv.conf "$1/etc/resolv.conf"
  env -i PATH="$PATH" DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 chroot "$@"
}

# Debian's own, with what it needs of the system; Playwright drives it and brings no browser.
add_browser() {
  has chromium && return
  grep -qx 'ID=debian' /etc/os-release || { say "install chromium yourself, or the console's tests in a browser will be skipped"; return; }
  say "fetching Chromium (about 100 MB)"
  install_packages chromium
}

# From the lock of examples/shop/cdk, which has the hash of each package; no package's own script runs.
add_cdk() {
  local -r directory=$VENV/cdk
  cmp --silent examples/shop/cdk/package-lock.json $directory/fetched.json && return
  say "fetching AWS's CDK (about 60 MB)"
  mkdir -p $directory
  cp examples/shop/cdk/{package.json,package-lock.json,.npmrc} $directory
  npm ci --prefix $directory --ignore-scripts --prefer-offline --no-progress --loglevel error </dev/null >/dev/null \
    || die "CDK's packages could not be installed: see above; is the package registry reachable?"
  cp $directory/package-lock.json $directory/fetched.json
}

# Debian's own, with the libraries that it needs.
add_skopeo() {
  has skopeo && return
  has apt-get || { say "without apt-get there is no skopeo: its tests will be skipped"; return; }
  say "fetching skopeo"
  install_packages skopeo
}

main() {
  if [[ " $* " == *" --namespaces "* ]]; then require_namespaces; fi
  local python
  python=$(find_python)
  [[ -n $python ]] || die "moyai needs Python 3.11 to 3.14: install python3, or name one with PYTHON=/path/to/python3"
  local -a packages
  mapfile -t packages < <(missing_packages "$python")
  [[ ${#packages[@]} -eq 0 ]] || install_packages "${packages[@]}"
  add_pasta

  exec 9<scripts/setup.sh
  flock 9  # two set-ups at once would trip over each other
  if is_current; then say "up to date"; else make_environment "$python"; fi
  make_console
  if [[ " $* " == *" --prometheus "* ]]; then add_program_of_debian prometheus; fi
  if [[ " $* " == *" --registry "* ]]; then add_program_of_debian docker-registry; add_skopeo; fi
  if [[ " $* " == *" --docker "* ]]; then add_docker; fi
  if [[ " $* " == *" --podman "* ]]; then add_podman; fi
  if [[ " $* " == *" --services "* ]]; then add_services; fi
  if [[ " $* " == *" --cdk "* ]]; then add_cdk; fi
  if [[ " $* " == *" --browser "* ]]; then add_browser; fi
}

trap 'die "interrupted; run it again to start over"' INT TERM
main "$@"
