"""Starting: configuration, migrations, roles, TLS, bootstrap."""

import subprocess

import psycopg2
import pytest
import requests

from support import daemon as daemons, database as databases, places
from support.client import Client
from support.waiting import wait_until
from support.workspace import Workspace, item

pytestmark = pytest.mark.faults


@pytest.fixture
def empty(cluster):
    own = cluster.create(databases.fresh_name("winnow_start"))
    yield own
    own.drop()


# ---- configuration ----


def test_help_names_every_option_and_command():
    shown = daemons.command("--help").stdout
    for word in (
        "--listen-address",
        "--port",
        "--tls-certificate",
        "--tls-key",
        "behind-proxy",
        "check-config",
        "print-config",
        "migrate",
        "bootstrap",
        "routes",
    ):
        assert word in shown


def test_version():
    version = (places.ROOT / "include" / "winnow" / "version.h").read_text().split('"')[1]
    assert version in daemons.command("--version").stdout


@pytest.mark.parametrize(
    "arguments, variables, word",
    [
        (["--prot", "80"], {}, "port"),
        (["--port", "x"], {}, "port"),
        (["--port", "70000"], {}, "port"),
        (["--port"], {}, "port"),
        (["--nonsense"], {}, "nonsense"),
        ([], {"WINNOW_PROT": "80"}, "WINNOW_PROT"),
        ([], {"WINNOW_PORT": "x"}, "WINNOW_PORT"),
        (["--tls-certificate", "x"], {}, "tls-key"),
        (["--log-level", "loud"], {}, "log-level"),
        (["serve", "more"], {}, "more"),
        (["sevre"], {}, "serve"),
        (["--behind-proxy=maybe"], {}, "behind-proxy"),
        (["--database-url", "postgresql://x"], {}, "database-url"),
    ],
)
def test_faulty_configuration(database, arguments, variables, word):
    done = (
        daemons.command("--check-config", *arguments, WINNOW_DATABASE_URL=database.app, **variables)
        if arguments[:1] not in (["serve"], ["sevre"])
        else daemons.command(*arguments, "--check-config", WINNOW_DATABASE_URL=database.app, **variables)
    )
    assert done.returncode == 2, done.stdout
    assert word in done.stderr


def test_all_faults_are_told_at_once(database):
    done = daemons.command(
        "--check-config", "--port", "x", "--wrong", WINNOW_DATABASE_URL=database.app, WINNOW_WRONG_TOO="1"
    )
    assert done.returncode == 2
    assert "--port" in done.stderr and "--wrong" in done.stderr and "WINNOW_WRONG_TOO" in done.stderr


def test_good_configuration_touches_no_database():
    done = daemons.command("--check-config", WINNOW_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 0, done.stderr


def test_print_config_hides_secrets(database):
    done = daemons.command(
        "--print-config", "--port", "1234", WINNOW_DATABASE_URL="postgresql://u:topsecret@127.0.0.1:1/none"
    )
    assert done.returncode == 0 and "1234" in done.stdout and "topsecret" not in done.stdout + done.stderr


def test_the_url_from_a_file(database, tmp_path):
    path = tmp_path / "url"
    path.write_text(database.app + "\n")
    assert daemons.command("--check-config", WINNOW_DATABASE_URL_FILE=path).returncode == 0
    assert daemons.command("--check-config", WINNOW_DATABASE_URL_FILE=tmp_path / "absent").returncode == 2


def test_no_database_url():
    done = daemons.command("--port", daemons.free_port())
    assert done.returncode != 0 and "WINNOW_DATABASE_URL" in done.stderr


# ---- where it listens ----


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_other_addresses_need_tls_or_a_proxy(database, address):
    done = daemons.command("--listen-address", address, "--port", daemons.free_port(), WINNOW_DATABASE_URL=database.app)
    assert done.returncode != 0
    assert "behind-proxy" in done.stderr or "TLS" in done.stderr


@pytest.mark.parametrize("address", ["localhost", "256.1.1.1", "nonsense", ""])
def test_the_address_is_numeric(database, address):
    done = daemons.command("--listen-address", address, "--port", daemons.free_port(), WINNOW_DATABASE_URL=database.app)
    assert done.returncode != 0 and done.stderr


def test_a_port_in_use(daemon, database):
    done = daemons.command("--listen-address", "127.0.0.1", "--port", daemon.port, WINNOW_DATABASE_URL=database.app)
    assert done.returncode != 0 and str(daemon.port) in done.stderr


def test_port_0_is_named_in_the_log(database, operator_token, tmp_path):
    own = daemons.Daemon(database, tmp_path, name="port0")
    own.args, own.port = (), 0
    own.start(ready=False)
    try:
        ports = wait_until(
            lambda: [line["port"] for line in own.log_lines() if line.get("port")], "the log names the port"
        )
        assert requests.get(f"http://127.0.0.1:{ports[0]}/livez", timeout=5).status_code == 200
    finally:
        assert own.stop() == 0


def test_tls(database, operator_token, tmp_path):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-keyout",
            key,
            "-out",
            certificate,
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
    own = daemons.Daemon(
        database, tmp_path, "--tls-certificate", certificate, "--tls-key", key, name="tls", scheme="https"
    )
    own.start(ready=False)
    try:

        def alive():
            assert own.running(), own.tail()
            try:
                return requests.get(own.url + "/livez", verify=str(certificate), timeout=5).status_code == 200
            except requests.exceptions.ConnectionError:
                return False

        wait_until(alive, "https answers")
        me = requests.get(
            own.url + "/v1/whoami",
            verify=str(certificate),
            timeout=5,
            headers={"Authorization": f"Bearer {operator_token}"},
        )
        assert me.status_code == 200 and me.json()["roles"] == ["operator"]
        with pytest.raises(requests.exceptions.RequestException):
            requests.get(own.url.replace("https", "http") + "/livez", timeout=2)
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(own.url + "/livez", timeout=2)
    finally:
        assert own.stop() == 0
    done = daemons.command(
        "--tls-certificate",
        key,
        "--tls-key",
        certificate,
        "--port",
        daemons.free_port(),
        WINNOW_DATABASE_URL=database.app,
    )
    assert done.returncode != 0


# ---- as whom ----


def test_refuses_to_serve_as_owner_or_superuser(database):
    for url in (database.owner, database.admin):
        for command in ([], ["bootstrap", "--token-file", "/dev/null"]):
            done = daemons.command(
                *command, *([] if command else ["--port", daemons.free_port()]), WINNOW_DATABASE_URL=url
            )
            assert done.returncode not in (0, -6, -11), command
            assert any(word in done.stderr.lower() for word in ("role", "owner", "superuser")), done.stderr


def test_refuses_a_role_that_bypasses_row_level_security(database):
    database.rows("DROP ROLE IF EXISTS winnow_bypass")
    database.rows("CREATE ROLE winnow_bypass LOGIN BYPASSRLS PASSWORD 'bypass'")
    try:
        database.rows("GRANT USAGE ON SCHEMA winnow TO winnow_bypass")
        url = psycopg2.extensions.make_dsn(
            **{**psycopg2.extensions.parse_dsn(database.app), "user": "winnow_bypass", "password": "bypass"}
        )
        done = daemons.command("--port", daemons.free_port(), WINNOW_DATABASE_URL=url)
        assert done.returncode not in (0, -6, -11) and "BYPASSRLS" in done.stderr
    finally:
        database.rows("DROP OWNED BY winnow_bypass")
        database.rows("DROP ROLE winnow_bypass")


# ---- migrations and the first token ----


def test_migrate_twice_and_at_once(empty):
    processes = [
        subprocess.Popen(
            [places.winnowd(), "migrate", "--app-role", empty.app_role()],
            env=daemons.clean_environment(WINNOW_OWNER_DATABASE_URL=empty.owner),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]
    for process in processes:
        out, _ = process.communicate(timeout=30)
        assert process.returncode == 0, out
    before = empty.counts()
    daemons.migrate(empty)
    assert empty.counts() == before


def test_migrate_says_what_is_wrong(empty):
    assert daemons.command("migrate").returncode != 0
    assert daemons.command("migrate", WINNOW_OWNER_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none").returncode != 0
    assert (
        daemons.command("migrate", "--app-role", "no_such_role", WINNOW_OWNER_DATABASE_URL=empty.owner).returncode != 0
    )
    assert (
        empty.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'winnow' AND tablename = 'items'") == 0
    ), "nothing is left half done"


def test_does_not_serve_an_empty_database(empty):
    done = daemons.command("--port", daemons.free_port(), WINNOW_DATABASE_URL=empty.app)
    assert done.returncode not in (0, -6, -11) and "migrat" in done.stderr.lower()


def test_does_not_serve_a_schema_of_the_future(empty):
    daemons.migrate(empty)
    table = next(
        name
        for name, in empty.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'winnow'")
        if "migration" in name
    )
    columns = [
        name
        for name, in empty.rows(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'winnow' AND table_name = %s ORDER BY ordinal_position",
            table,
        )
    ]
    rest = ", ".join(columns[1:])
    empty.tamper(
        f"INSERT INTO winnow.{table} ({columns[0]}{', ' + rest if rest else ''}) SELECT 9999{', ' + rest if rest else ''} FROM winnow.{table} LIMIT 1"
    )
    done = daemons.command("--port", daemons.free_port(), WINNOW_DATABASE_URL=empty.app)
    assert done.returncode not in (0, -6, -11) and done.stderr


def test_bootstrap_once(empty, tmp_path):
    daemons.migrate(empty)
    path = tmp_path / "token"
    secret = daemons.bootstrap(empty, path)
    assert secret.startswith("wnw_") and path.stat().st_mode & 0o777 == 0o600
    again = daemons.command("bootstrap", "--token-file", tmp_path / "second", WINNOW_DATABASE_URL=empty.app)
    assert again.returncode != 0 and not (tmp_path / "second").exists()
    daemons.command("bootstrap", "--token-file", path, WINNOW_DATABASE_URL=empty.app)
    assert path.read_text().strip() == secret, "the token that is there is not lost"
    assert (
        empty.value("SELECT count(*) FROM winnow.tokens")
        == 1
        == empty.value("SELECT count(*) FROM winnow.audit_records")
    )

    own = daemons.Daemon(empty, tmp_path, name="bootstrap")
    own.start()
    try:
        operator = Client(own.url, secret)
        assert operator.get("/v1/audit/verify").json()["ok"]
        token_id = operator.get("/v1/whoami").json()["token_id"]
        operator.delete(f"/v1/tokens/{token_id}", 409)
        Workspace(operator).push([item("1")])
    finally:
        assert own.stop() == 0


def test_no_default_password(empty, tmp_path):
    daemons.migrate(empty)
    own = daemons.Daemon(empty, tmp_path, name="virgin")
    own.start()
    try:
        for secret in (None, "admin", "wnw_admin", "wnw_" + "0" * 38):
            Client(own.url, secret).get("/v1/workspaces", 401)
    finally:
        assert own.stop() == 0
