#!/bin/bash
# As the public image of PostgreSQL starts: root gives the directory to postgres and becomes postgres, which makes the
# cluster the first time.
set -e
if [ "$1" = postgres ] && [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chmod 00700 "$PGDATA"
  find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
  mkdir -p /var/run/postgresql
  chown postgres /var/run/postgresql
  chmod 03775 /var/run/postgresql
  exec gosu postgres "$0" "$@"
fi
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-host=scram-sha-256
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
  pg_ctl --options "-c listen_addresses=''" --wait start
  createdb --username="$POSTGRES_USER" --no-password "$POSTGRES_DB"
  pg_ctl --mode fast --wait stop
fi
exec "$@"
