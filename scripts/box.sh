#!/usr/bin/env bash
# Builds the container image of moyai: build/box.tar, which `docker load` and `podman load` read, and in the engine that
# built it, if it is one of this machine.
#
#   scripts/box.sh    BASE=IMAGE chooses the Debian below it
#
# It is built by the Docker Engine or the Podman of this machine, else by the Docker Engine in .venv/docker, which is
# started for that (scripts/setup.sh --docker). Without BASE, and where no registry answers, debootstrap makes the base.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly BUILD=build/box
readonly ARCHIVE=build/box.tar
readonly DEBIAN=trixie
VERSION=$(.venv/bin/python -c 'from importlib.metadata import version; print(version("moyai"))')
readonly NAME=moyai:$VERSION

say() { printf 'box: %s\n' "$*"; }
die() { printf 'box: %s\n' "$*" >&2; exit 1; }

# ---- what the image is built from ----------------------------------------------------------------------------

make_context() {
  rm -rf $BUILD/context
  mkdir -p $BUILD/context
  cp box/* $BUILD/context
  say "building the wheel"
  .venv/bin/python -m hatchling build -t wheel -d $BUILD/context >/dev/null
  # What the lock has for all groups, without those of development.
  .venv/bin/uv pip compile pyproject.toml --constraint requirements.lock --quiet --python-version 3.13 --python-platform "$(uname -m)-manylinux_2_31" \
    --generate-hashes --no-emit-index-url --no-header --output-file $BUILD/context/requirements.txt
  cp "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" $BUILD/context/certificates.pem
}

# ---- which engine builds it -------------------------------------------------------------------------------------

NETWORK=()  # options of the build


choose_engine() {
  if docker version >/dev/null 2>&1; then
    ENGINE=(docker)
  elif podman version >/dev/null 2>&1; then
    ENGINE=(podman)
  elif [[ -x .venv/docker/usr/sbin/dockerd && $(id -u) -eq 0 ]]; then
    own_docker
    ENGINE=(docker)
    NETWORK=(--network=host)  # it has no bridge
  else
    die "needs Docker or Podman: start Docker Engine, or run \`make box\` as root on Debian, which fetches one"
  fi
}

# One of the set-up's own, which ends with this script, with everything that it has made.
own_docker() {
  local -r directory=$PWD/$BUILD/docker
  PATH=$PWD/.venv/docker/usr/sbin:$PWD/.venv/docker/usr/bin:$PATH
  export DOCKER_HOST=unix://$directory/docker.sock DOCKER_CONFIG=$directory DOCKER_BUILDKIT=0
  rm -rf "$directory"
  mkdir -p "$directory"
  printf '{}\n' >"$directory/daemon.json"
  setpriv --pdeathsig=KILL unshare --mount --pid --fork --mount-proc --kill-child=SIGKILL dockerd \
    --config-file="$directory/daemon.json" --data-root="$directory/data" --exec-root="$directory/exec" \
    --pidfile="$directory/pid" --host="$DOCKER_HOST" --cgroup-parent=/moyai-box-$$ --exec-opt=native.cgroupdriver=cgroupfs \
    --bridge=none --iptables=false --ip6tables=false >$BUILD/docker.log 2>&1 &
  DAEMON=$!
  trap 'remove_own_docker' EXIT
  until docker version >/dev/null 2>&1; do
    kill -0 $DAEMON 2>/dev/null || die "Docker Engine does not start: see $BUILD/docker.log"
    sleep 0.2
  done
}

remove_own_docker() {
  kill -KILL $DAEMON 2>/dev/null || true
  wait $DAEMON 2>/dev/null || true
  rm -rf $BUILD/docker
  find /sys/fs/cgroup -depth -type d -path "*/moyai-box-$$*" -exec rmdir {} \; 2>/dev/null || true
}

# ---- the Debian below it ----------------------------------------------------------------------------------------

make_base() {
  [[ -z ${BASE:-} ]] || return 0
  BASE=docker.io/library/debian:$DEBIAN-slim
  "${ENGINE[@]}" pull --quiet $BASE >/dev/null 2>&1 && return
  command -v debootstrap >/dev/null || die "$BASE can't be pulled: name a Debian that can with BASE=IMAGE, or install debootstrap"
  [[ $(id -u) -eq 0 ]] || die "$BASE can't be pulled, and debootstrap needs root: run \`sudo make box\`, or name a Debian with BASE=IMAGE"
  BASE=localhost/moyai-debian:$DEBIAN
  if [[ ! -f $BUILD/base.tar ]]; then
    say "no registry gives debian:$DEBIAN-slim; making one with debootstrap"
    rm -rf $BUILD/base
    debootstrap --variant=minbase --include="$(paste -sd , box/packages)" $DEBIAN $BUILD/base >$BUILD/debootstrap.log \
      || die "debootstrap failed: see $BUILD/debootstrap.log"
    tar -C $BUILD/base --numeric-owner --exclude=./dev/* -cf $BUILD/base.tar.new . && mv $BUILD/base.tar.new $BUILD/base.tar
    rm -rf $BUILD/base
  fi
  "${ENGINE[@]}" import $BUILD/base.tar $BASE >/dev/null
}

build() {
  local -a options=("${NETWORK[@]}")
  [[ ${ENGINE[0]} == docker ]] || options+=(--format=docker)  # OCI's format has no HEALTHCHECK
  say "building $NAME on $BASE"
  options+=(--build-arg "BASE=$BASE" --file $BUILD/context/Dockerfile $BUILD/context)
  "${ENGINE[@]}" build --tag "$NAME" "${options[@]}" >$BUILD/build.log 2>&1 || show_log
  "${ENGINE[@]}" save --output $ARCHIVE.new "$NAME"
  mv $ARCHIVE.new $ARCHIVE
  say "$NAME, $("${ENGINE[@]}" image inspect --format '{{.Size}}' "$NAME" | awk '{printf "%.0f MB", $1 / 1e6}') unpacked: $ARCHIVE"
}

show_log() { tail -20 $BUILD/build.log >&2; die "see $BUILD/build.log"; }

mkdir -p $BUILD
choose_engine
make_context
make_base
build
