"""Makes the tables, before the service starts."""

from __future__ import annotations

import os

import psycopg

with psycopg.connect(os.environ["DATABASE"], connect_timeout=10) as connection:
    # Two tasks may begin at once, and CREATE TABLE IF NOT EXISTS can fail then.
    connection.execute("SELECT pg_advisory_xact_lock(1)")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS entries"
        " (id uuid PRIMARY KEY, written timestamptz NOT NULL DEFAULT now(), author text NOT NULL, text text NOT NULL)"
    )
