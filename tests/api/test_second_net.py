"""
Row level security as the second net, proved by taking the first away: every statement of the daemon is run in the scope
of one workspace with everything that it may ask for being another's, once as it is and once without its own filter by
workspace. Nothing of the other workspace comes, and nothing of it changes. Statements and tables are taken as they
are found, so new ones are tried, too.
"""

import re

import psycopg2
import pytest

from support import daemon as daemons, database as databases, places

SQL = places.ROOT / "src" / "store" / "sql"
THEIRS = "bbbbbbbb-0000-4000-8000-00000000000b"  # has a row in every table, and is asked for
MINE = "aaaaaaaa-0000-4000-8000-00000000000a"  # has nothing, and asks
NOBODY = "cccccccc-0000-4000-8000-00000000000c"  # has nothing, and is what is asked for where nothing is

REFUSED, THERE_ALREADY = "42501", "23505"

TOUCHES = re.compile(r"\b(?:FROM|JOIN|INTO|UPDATE|USING)\s+(?:ONLY\s+)?winnow\.\w+")
FILTER = re.compile(r"(?:\b\w+\.)?workspace_id = \$(\d+)\b")
COPIED = re.compile(r"COPY \((.*)\n\) TO STDOUT \(FORMAT binary\)", re.S)

# What is asked for beside the workspace: numbers and times before, at and behind those of the rows, or from before to
# behind; names and ids that are there, or that come before all.
NUMBERS = (("0", "0"), ("1", "1"), ("1000000", "1000000"), ("0", "1000000"), ("1000000", "0"))
TIMES = (("2000-01-01Z",) * 2, ("2050-01-01Z",) * 2, ("2100-01-01Z",) * 2, ("2000-01-01Z", "2100-01-01Z"))
FIRST = {"uuid": "'00000000-0000-0000-0000-000000000000'", "text": "''"}

VALUES = {
    "uuid": f"'{THEIRS}'",
    "text": "'n'",
    "text[]": "'{n}'",
    "bytea": "sha256('n')",
    "bytea[]": "ARRAY[sha256('n')]",
    "uuid[]": f"'{{{THEIRS}}}'",
    "bool": "true",
    "boolean": "true",
    "double precision": "1",
    "double precision[]": "'{1}'",
    "float8": "1",
    "float8[]": "'{1}'",
    "int8[]": "'{1}'",
    "timestamptz[]": "'{2050-01-01Z}'",
    "smallint[]": "'{1}'",
    "int2[]": "'{1}'",
    "bigint": "1",
    "bigint[]": "'{1}'",
    "integer": "1",
    "jsonb": "'{}'",
    "timestamp with time zone": "'2050-01-01Z'",
}


class Statement:
    def __init__(self, path):
        self.name = path.stem
        text = path.read_text()
        self.types = [each.strip() for each in re.match(r"-- \((.*?)\)", text).group(1).split(",") if each.strip()]
        self.sql = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
        copied = COPIED.search(self.sql)
        if copied:
            self.sql = copied.group(1)

    def touches(self):
        return TOUCHES.search(self.sql) and not self.name.startswith("migrate_")

    def prepared(self, sql):
        types = [each if each in ("int8", "int4") or each in VALUES else f"winnow.{each}" for each in self.types]
        types = ["timestamptz" if each == "winnow.timestamptz" else each for each in types]
        return f"PREPARE tried{'(' + ', '.join(types) + ')' if types else ''} AS {sql}"

    def unfiltered(self):
        """Without the first net: any workspace's rows will do."""
        return FILTER.sub(r"$\1::uuid IS NOT NULL", self.sql)


def statements():
    found = [Statement(path) for path in sorted(SQL.glob("*.sql"))]
    return [each for each in found if each.touches()]


@pytest.fixture(scope="module")
def net(cluster):
    """A database of its own, with a row in every table; none of its checks is asked."""
    own = cluster.create(databases.fresh_name())
    daemons.migrate(own)
    with own.connect() as admin, admin.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass, conname FROM pg_constraint "
            "WHERE connamespace = 'winnow'::regnamespace AND contype IN ('c', 'f')"
        )
        for table, name in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}" CASCADE')
        cursor.execute(
            "SELECT relname, json_agg(json_build_array(attname, format_type(atttypid, NULL)) ORDER BY attnum) "
            "FROM pg_class c JOIN pg_attribute a ON attrelid = c.oid AND attnum > 0 AND NOT attisdropped "
            "AND attgenerated = '' WHERE relnamespace = 'winnow'::regnamespace AND relkind = 'r' "
            "AND relname <> 'migrations' GROUP BY relname ORDER BY relname"
        )
        tables = cursor.fetchall()
        for table, columns in tables:
            names = ", ".join(name for name, _ in columns)
            values = ", ".join(VALUES[kind] for _, kind in columns)
            cursor.execute(f"ALTER TABLE winnow.{table} DISABLE TRIGGER USER")
            cursor.execute(f"INSERT INTO winnow.{table} ({names}) VALUES ({values})")
            cursor.execute(f"ALTER TABLE winnow.{table} ENABLE TRIGGER USER")
        admin.commit()
    yield own, [table for table, _ in tables]
    own.drop()


def askings(statement, rows):
    """All that it is asked for, each list of parameters once."""
    found = {}
    for numbers in NUMBERS:
        for times in TIMES:
            for names in (VALUES, {**VALUES, **FIRST}):
                values = tuple(parameters(statement, rows, list(numbers), list(times), names))
                found[values] = True
    return found


def parameters(statement, rows, numbers, times, names):
    """The first of a kind is the first value, all others are the second; the first id is the workspace."""
    for at, kind in enumerate(statement.types):
        if kind in ("int8", "int4"):
            yield numbers.pop(0) if len(numbers) > 1 else numbers[0]
        elif kind == "timestamptz":
            yield f"'{times.pop(0) if len(times) > 1 else times[0]}'"
        elif kind == "uuid" and at == 0:
            yield VALUES["uuid"]
        else:
            yield names[kind] if kind in names else rows[kind[:-2]]


def rows_of(own, tables):
    """Of each table its row, as an array of its type."""
    with own.connect() as admin, admin.cursor() as cursor:
        found = {}
        for table in tables:
            cursor.execute(f"SELECT array_agg(t)::text FROM winnow.{table} t WHERE workspace_id = %s", (THEIRS,))
            found[table] = "'" + cursor.fetchone()[0].replace("'", "''") + "'"
        return found


def outcome(connection, scope, statement, sql, values):
    """What came of it, as text; an error by its code."""
    with connection.cursor() as cursor:
        try:
            if scope:
                cursor.execute("SELECT set_config('winnow.workspace', %s, true)", (scope,))
            cursor.execute(statement.prepared(sql))
            cursor.execute(f"EXECUTE tried{'(' + ', '.join(values) + ')' if values else ''}")
            told = str(cursor.fetchall()) if cursor.description else f"{cursor.rowcount} changed"
            return told, cursor.rowcount
        except psycopg2.Error as error:
            return error.pgcode, 0


def tried(connection, scope, statement, sql, values, keep):
    result = outcome(connection, scope, statement, sql, values)
    connection.commit() if keep and not re.fullmatch(r"[0-9A-Z]{5}", str(result[0])) else connection.rollback()
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")
    connection.commit()
    return result


def digest(cursor, tables):
    parts = [f"SELECT md5(string_agg(t::text, '|')) FROM winnow.{table} t WHERE workspace_id = %s" for table in tables]
    cursor.execute(" UNION ALL ".join(parts), [THEIRS] * len(parts))
    return cursor.fetchall()


def test_without_the_first_net_nothing_falls_through(net):
    own, tables = net
    rows = rows_of(own, tables)
    app = psycopg2.connect(own.app)
    admin = own.connect()
    admin.autocommit = False
    found, every = set(), statements()
    with admin.cursor() as looking:
        before = digest(looking, tables)
        admin.commit()
        for statement in every:
            for sql in {statement.sql, statement.unfiltered()}:
                for values in askings(statement, rows):
                    nothing = [each.replace(THEIRS, NOBODY) for each in values]
                    mine, _ = tried(app, MINE, statement, sql, values, keep=True)
                    empty, _ = tried(app, NOBODY, statement, sql, nothing, keep=False)
                    where = f"{statement.name} with {values}: {mine} instead of {empty}"
                    # What would be written into the other workspace is refused; else it is as if that were empty.
                    assert mine == REFUSED or str(mine).replace(THEIRS, NOBODY) == str(empty), where
                    theirs, count = tried(admin, THEIRS, statement, sql, values, keep=False)
                    if count > 0 or (theirs == THERE_ALREADY and mine == REFUSED):
                        found.add(statement.name)
            assert digest(looking, tables) == before, f"{statement.name} has changed another workspace"
            admin.commit()
    missing = sorted({statement.name for statement in every} - found)
    assert len(found) > 0.8 * len(every), f"without row level security these would have found nothing either: {missing}"
    app.close()
    admin.close()


def test_without_a_scope_there_is_nothing(net):
    own, tables = net
    with psycopg2.connect(own.app) as app, app.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM winnow.{table}")
            assert cursor.fetchone() == (0,), table
