#!/bin/sh
# Waits until the database accepts connections, and becomes the command.
set -e
until python3 -c 'import os, psycopg; psycopg.connect(os.environ["DATABASE"], connect_timeout=5)' 2>/dev/null; do
  echo "waiting for the database" >&2
  sleep 1
done
exec "$@"
