"""Databases: one per session in the cluster that `make test` provides, and private clusters to stop and start."""

import os
import subprocess
import uuid

import psycopg2
from psycopg2.extensions import make_dsn, parse_dsn

from . import places


class Database:
    """Connection strings of one database, by role."""

    def __init__(self, app, owner, admin):
        self.app, self.owner, self.admin = app, owner, admin

    def renamed(self, name):
        return Database(*(make_dsn(**{**parse_dsn(url), "dbname": name}) for url in (self.app, self.owner, self.admin)))

    def create(self, name):
        """A new, empty database in the same cluster, owned by the owner's role."""
        owner = parse_dsn(self.owner).get("user", "winnow_owner")
        run(self.admin, f'CREATE DATABASE "{name}" OWNER "{owner}"')
        return self.renamed(name)

    def drop(self):
        name = parse_dsn(self.admin)["dbname"]
        run(
            make_dsn(**{**parse_dsn(self.admin), "dbname": "postgres"}),
            f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)',
        )

    def app_role(self):
        return parse_dsn(self.app).get("user", "winnow_app")

    def connect(self):
        """A connection as superuser, in autocommit."""
        connection = psycopg2.connect(self.admin)
        connection.autocommit = True
        return connection

    def rows(self, sql, *args):
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, args)
                return cursor.fetchall() if cursor.description else cursor.rowcount
        finally:
            connection.close()

    def value(self, sql, *args):
        return self.rows(sql, *args)[0][0]

    def tamper(self, sql, *args):
        """Changes rows behind everybody's back: without triggers, as a superuser can. How many rows it changed."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET session_replication_role = replica")
                cursor.execute(sql, args)
                return cursor.rowcount
        finally:
            connection.close()

    def counts(self):
        """Rows of every table."""
        tables = [name for name, in self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'winnow' ORDER BY 1")]
        return {table: self.value(f'SELECT count(*) FROM winnow."{table}"') for table in tables}


def run(url, sql):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
    finally:
        connection.close()


def fresh_name(prefix="winnow_api"):
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


def given():
    """The cluster that the environment names, or None."""
    names = ("WINNOW_TEST_DATABASE_URL", "WINNOW_TEST_OWNER_DATABASE_URL", "WINNOW_TEST_ADMIN_DATABASE_URL")
    urls = [os.environ.get(name) for name in names]
    return Database(*urls) if all(urls) else None


class Cluster:
    """A private PostgreSQL cluster that a test may stop. durable: what it has committed outlives a crash of it."""

    def __init__(self, folder, durable=False):
        self.folder, self.how = str(folder), [] if durable else ["--throw-away"]
        self.start()
        self.database = Database(*(self.call("url", role).strip() for role in ("app", "owner", "admin")))

    def call(self, verb, *args):
        done = subprocess.run(
            [str(places.CLUSTER_SH), verb, self.folder, *args],
            capture_output=True,
            text=True,
            timeout=60,
            env={k: v for k, v in os.environ.items() if not k.startswith("WINNOW")},
        )
        assert done.returncode == 0, f"cluster.sh {verb}: {done.stderr}"
        return done.stdout

    def start(self):
        self.call("start", *self.how)

    def stop(self, mode="fast"):
        self.call("stop", mode)

    def remove(self):
        self.call("remove")
