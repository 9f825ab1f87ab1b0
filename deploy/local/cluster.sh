#!/usr/bin/env bash
# A private PostgreSQL cluster: unix socket only, scram with generated passwords.
#
#   cluster.sh start DIR [--throw-away]        makes the cluster where there is none; starts it
#   cluster.sh stop DIR [fast|immediate]       fast unless told; fine when it is not running
#   cluster.sh remove DIR                      stops it and forgets it
#   cluster.sh running DIR                     succeeds when it runs
#   cluster.sh url DIR app|owner|admin [DATABASE]
#   cluster.sh createdb DIR DATABASE           another database like the first
#
# Roles: postgres (superuser), winnow_owner (owns the databases), winnow_app (may connect and make
# temporary tables; what more it may do is the migrations' business). The database is `winnow`.
#
# Below DIR: cluster.path names the folder that holds cluster and socket. That is DIR/postgres, or
# a private folder elsewhere where the server's user cannot reach DIR or the socket's path would
# be too long. cluster.secrets has the passwords; it is written last, so it means "complete".
#
# PostgreSQL refuses to run as root: then everything of the server's is done as user postgres.
# --throw-away trades durability for speed, for tests.
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"

readonly SOCKET_PORT=5432 # names the socket only; nothing listens on TCP
readonly SOCKET_PATH_MAX=100

# ---- the server's user and programs ---------------------------------------------------------------

# The server must not meet the caller's settings (PGPORT, PGOPTIONS …), nor its working directory.
as_server() {
	(
		cd /
		unset "${!PG@}"
		if [ "$(id -u)" = 0 ]; then
			exec setpriv --reuid=postgres --regid=postgres --clear-groups -- "$@"
		fi
		exec "$@"
	)
}

# bin_folder [VERSION]: where initdb and pg_ctl are; the newest version unless one is asked for.
bin_folder() {
	local initdb
	initdb=$(find /usr/lib/postgresql/ -path "*/${1:-*}/bin/initdb" 2>/dev/null | sort -V | tail -n 1)
	[ -n "$initdb" ] || initdb=$(command -v initdb) || die "PostgreSQL's server is not installed"
	dirname "$initdb"
}

# ---- where it lives -------------------------------------------------------------------------------

# A path that a connection string, PostgreSQL's settings and a socket address can all hold.
plain_short_path() {
	local LC_ALL=C socket="$1/.s.PGSQL.$SOCKET_PORT"
	case $1 in *[!A-Za-z0-9_./@%+=\ -]*) return 1 ;; esac
	((${#socket} <= SOCKET_PATH_MAX))
}

make_home() {
	mkdir -p "$1" && chmod 700 "$1" || return 1
	if [ "$(id -u)" = 0 ]; then
		chown postgres: "$1" || return 1
	fi
	as_server test -w "$1"
}

# Prints the folder for a new cluster, made and owned by the server's user.
choose_home() {
	local inside=$dir/postgres outside=/var/tmp
	if plain_short_path "$inside" && make_home "$inside" 2>/dev/null; then
		printf '%s\n' "$inside"
		return
	fi
	rmdir "$inside" 2>/dev/null || :
	[ -z "$throw_away" ] || outside=${TMPDIR:-/tmp}
	plain_short_path "$outside/winnow-XXXXXXXX" || outside=/tmp
	inside=$(mktemp -d "$outside/winnow-XXXXXXXX")
	make_home "$inside" || die "user postgres cannot write to $inside"
	printf '%s\n' "$inside"
}

read_home() {
	home=$(cat "$dir/cluster.path" 2>/dev/null) && [ -n "$home" ]
}

complete() {
	read_home && [ -f "$dir/cluster.secrets" ] && as_server test -f "$home/data/PG_VERSION"
}

# ---- making it ------------------------------------------------------------------------------------

server_settings() {
	cat <<-TEXT
		listen_addresses = ''
		port = $SOCKET_PORT
		unix_socket_directories = '"$home"'
		unix_socket_permissions = 0700
		password_encryption = scram-sha-256
		max_connections = 200
		timezone = 'UTC'
		log_timezone = 'UTC'
	TEXT
	[ -z "$throw_away" ] || cat <<-TEXT
		fsync = off
		synchronous_commit = off
		full_page_writes = off
		max_wal_size = 4GB
	TEXT
}

create_cluster() {
	local bin admin_password owner_password app_password
	discard_files
	mkdir -p "$dir"
	home=$(choose_home)
	printf '%s\n' "$home" >"$dir/cluster.path"
	bin=$(bin_folder)
	admin_password=$(random_secret)
	owner_password=$(random_secret)
	app_password=$(random_secret)

	as_server touch "$home/.winnow-cluster"
	# shellcheck disable=SC2016 # expanded by the inner shell
	as_server sh -c 'umask 077; cat > "$1"' sh "$home/password" <<<"$admin_password"
	as_server "$bin/initdb" --pgdata="$home/data" --username=postgres --pwfile="$home/password" \
		--auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 ${throw_away:+--no-sync} \
		>"$dir/initdb.log" 2>&1 || {
		tail -n 20 "$dir/initdb.log" >&2
		die "initdb failed; what it said is above"
	}
	as_server rm -f "$home/password"
	# shellcheck disable=SC2016
	server_settings | as_server sh -c 'cat >> "$1"' sh "$home/data/postgresql.conf"
	rm -f "$dir/initdb.log"

	start_server
	# On standard input, so that no password shows in a list of processes.
	PGPASSWORD=$admin_password psql_at "$(url_of postgres '' postgres)" <<-SQL
		CREATE ROLE winnow_owner LOGIN PASSWORD '$owner_password';
		CREATE ROLE winnow_app LOGIN PASSWORD '$app_password';
	SQL
	PGPASSWORD=$admin_password make_database winnow
	(
		umask 077
		printf '%s\n' "admin=$admin_password" "owner=$owner_password" "app=$app_password" \
			>"$dir/cluster.secrets"
	)
}

psql_at() {
	psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --dbname="$1" >/dev/null
}

# The name was checked by its caller; PGPASSWORD is the superuser's.
make_database() {
	psql_at "$(url_of postgres '' postgres)" <<-SQL
		CREATE DATABASE $1 OWNER winnow_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
		REVOKE ALL ON DATABASE $1 FROM PUBLIC;
		GRANT CONNECT, TEMPORARY ON DATABASE $1 TO winnow_app;
	SQL
}

# ---- running it -----------------------------------------------------------------------------------

pg_ctl() {
	as_server "$(bin_folder "$(as_server cat "$home/data/PG_VERSION")")/pg_ctl" -D "$home/data" "$@"
}

server_runs() {
	pg_ctl status >/dev/null 2>&1
}

start_server() {
	server_runs && return
	pg_ctl start --silent --wait --timeout=60 --log="$home/postgres.log" >/dev/null || {
		as_server tail -n 20 "$home/postgres.log" >&2 || :
		die "PostgreSQL did not start; the end of its log is above"
	}
}

stop_server() {
	server_runs || return 0
	pg_ctl stop --silent --wait --timeout=60 --mode="${1:-fast}" >/dev/null ||
		die "PostgreSQL did not stop within a minute; its log is $home/postgres.log"
}

# Removes only a folder that this script has made.
discard_files() {
	if read_home && [ -d "$home" ]; then
		if as_server test -f "$home/.winnow-cluster"; then
			rm -rf "$home"
		else
			rmdir "$home" 2>/dev/null || warn "left alone, since it holds something else: $home"
		fi
	fi
	rm -f "$dir/cluster.path" "$dir/cluster.secrets" "$dir/initdb.log"
}

# ---- connection strings ---------------------------------------------------------------------------

# url_of ROLE PASSWORD DATABASE; no password where it comes from the environment. There is no "&"
# in it, so that winnow.env can be read by a shell.
url_of() {
	printf 'postgresql://%s%s@:%s/%s?host=%s\n' "$1" "${2:+:$2}" "$SOCKET_PORT" "$3" \
		"$(percent_encode "$home")"
}

secret_of() {
	sed -n "s/^$1=//p" "$dir/cluster.secrets"
}

print_url() {
	local role=$1 database=$2 user
	complete || die "there is no cluster in $dir"
	case $role in
	app) user=winnow_app ;;
	owner) user=winnow_owner ;;
	admin) user=postgres ;;
	*) die "a role is one of app, owner, admin" ;;
	esac
	url_of "$user" "$(secret_of "$role")" "$database"
}

main() {
	local command=${1:?what to do} throw_away='' home=''
	local dir=${2:?folder}
	shift 2
	dir=$(absolute "$dir")
	case $command in
	start)
		[ "${1:-}" != --throw-away ] || throw_away=yes
		complete || { read_home && stop_server; create_cluster; }
		start_server
		;;
	stop) ! read_home || stop_server "${1:-fast}" ;;
	remove)
		! read_home || stop_server
		discard_files
		;;
	running) complete && server_runs ;;
	url) print_url "${1:?role}" "${2:-winnow}" ;;
	createdb)
		[[ ${1:?database} =~ ^[a-z][a-z0-9_]{0,62}$ ]] || die "not a database's name: $1"
		complete || die "there is no cluster in $dir"
		PGPASSWORD=$(secret_of admin) make_database "$1"
		;;
	*) die "cluster.sh cannot $command" ;;
	esac
}

unset "${!PG@}"
main "$@"
