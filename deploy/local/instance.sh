#!/usr/bin/env bash
# A Winnow of one's own: what make run, up, down and clean-data do.
#   instance.sh run|up|down|clean-data
#
# Environment: PORT (8080), DATA (var), DEMO (1; 0 for an empty workspace), BUILD (build).
# With WINNOW_DATABASE_URL and WINNOW_OWNER_DATABASE_URL set, that PostgreSQL is used; else a
# private cluster below DATA (cluster.sh). Other WINNOW_* variables are handed to the daemon.
#
# Below DATA: winnow.env (how to reach it), operator.token, winnowd.log, winnowd.pid, demo.ndjson
# (the backlog as it was loaded), lock, checkpoint.key and checkpoints (what signs the audit logs, and
# what was signed), and the cluster's files.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
# shellcheck source=lib.sh
. deploy/local/lib.sh

PORT=${PORT:-8080}
data=$(absolute "${DATA:-var}")
build=$(absolute "${BUILD:-build}")
url=http://127.0.0.1:$PORT
workspace=demo
[ "${DEMO:-1}" != 0 ] || workspace=main
daemon_pid=''
verifier_key=''
detach=()

readonly READY_SECONDS=60 STOP_SECONDS=30

# ---- the database ---------------------------------------------------------------------------------

own_database() {
	[ -z "${WINNOW_DATABASE_URL:-}${WINNOW_OWNER_DATABASE_URL:-}" ]
}

# The lock is not for children that outlive this script.
cluster() {
	deploy/local/cluster.sh "$1" "$data" "${@:2}" 9>&-
}

start_database() {
	if own_database; then
		cluster start
		app_url=$(cluster url app)
		owner_url=$(cluster url owner)
		admin_url=$(cluster url admin)
		return
	fi
	if [ -z "${WINNOW_DATABASE_URL:-}" ] || [ -z "${WINNOW_OWNER_DATABASE_URL:-}" ]; then
		die "WINNOW_DATABASE_URL and WINNOW_OWNER_DATABASE_URL are needed both, or none of them"
	fi
	app_url=$WINNOW_DATABASE_URL
	owner_url=$WINNOW_OWNER_DATABASE_URL
	admin_url=${WINNOW_ADMIN_DATABASE_URL:-}
}

# ---- the daemon -----------------------------------------------------------------------------------

# exec_daemon NAME=VALUE… -- ARGUMENT…: replaces this shell. The client's variables and the database
# roles that this call does not need are kept from it.
exec_daemon() {
	local settings=()
	while [ "$1" != -- ]; do
		settings+=("$1")
		shift
	done
	shift
	unset WINNOW_URL WINNOW_TOKEN WINNOW_WORKSPACE WINNOW_DATABASE_URL WINNOW_OWNER_DATABASE_URL \
		WINNOW_ADMIN_DATABASE_URL "${!WINNOW_TEST_@}"
	exec 9>&-
	exec "${detach[@]}" env "${settings[@]}" "$build/winnowd" "$@"
}

prepare_database() {
	(exec_daemon WINNOW_OWNER_DATABASE_URL="$owner_url" -- migrate) >>"$data/winnowd.log" 2>&1 ||
		fail_with_log "The migrations failed"
	(exec_daemon WINNOW_DATABASE_URL="$app_url" -- bootstrap --token-file "$data/operator.token") \
		>>"$data/winnowd.log" 2>&1 || fail_with_log "No operator's token could be made"
}

# Only of the private cluster: to a database that is there before DATA, a new key would be another's.
prepare_checkpoints() {
	own_database || return 0
	export WINNOW_CHECKPOINT_KEY_FILE=${WINNOW_CHECKPOINT_KEY_FILE:-$data/checkpoint.key} \
		WINNOW_CHECKPOINT_DIR=${WINNOW_CHECKPOINT_DIR:-$data/checkpoints} \
		WINNOW_CHECKPOINT_NAME=${WINNOW_CHECKPOINT_NAME:-winnow.local} \
		WINNOW_CHECKPOINT_EVERY_S=${WINNOW_CHECKPOINT_EVERY_S:-5}
	mkdir -p "$WINNOW_CHECKPOINT_DIR"
	verifier_key=$( (exec_daemon -- checkpoint-key) 2>>"$data/winnowd.log") ||
		fail_with_log "No key for checkpoints could be made"
}

fail_with_log() {
	tail -n 20 "$data/winnowd.log" >&2 || :
	die "$1; the end of $data/winnowd.log is above"
}

read_daemon_pid() {
	daemon_pid=$(cat "$data/winnowd.pid" 2>/dev/null) && [ -n "$daemon_pid" ]
}

daemon_alive() {
	[ "$(cat "/proc/$daemon_pid/comm" 2>/dev/null)" = winnowd ]
}

daemon_gone() { ! daemon_alive; }

daemon_up() { read_daemon_pid && daemon_alive; }

port_taken() {
	(exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null
}

alive_or_ended() { daemon_alive || ! kill -0 "$daemon_pid" 2>/dev/null; }

# In a session of its own: Ctrl-C reaches this script alone, which then takes things down in order.
start_daemon() {
	(
		detach=(setsid)
		exec_daemon WINNOW_DATABASE_URL="$app_url" -- --listen-address 127.0.0.1 --port "$PORT"
	) >>"$data/winnowd.log" 2>&1 </dev/null &
	daemon_pid=$!
	printf '%s\n' "$daemon_pid" >"$data/winnowd.pid"
	wait_until 10 alive_or_ended || :
}

stop_daemon() {
	[ -n "$daemon_pid" ] || return 0
	if daemon_alive; then
		kill -TERM "$daemon_pid"
		if ! wait_until "$STOP_SECONDS" daemon_gone; then
			warn "winnowd did not stop within $STOP_SECONDS s and is killed"
			kill -KILL "$daemon_pid" || :
		fi
	fi
	rm -f "$data/winnowd.pid"
	daemon_pid=''
}

ready_or_gone() {
	daemon_gone || curl --silent --noproxy '*' --max-time 5 --fail --output /dev/null "$url/readyz"
}

wait_ready() {
	wait_until "$READY_SECONDS" ready_or_gone ||
		fail_with_log "winnowd was not ready within $READY_SECONDS s"
	! daemon_gone || fail_with_log "winnowd ended while it started"
}

# ---- the workspace --------------------------------------------------------------------------------

# call METHOD PATH [JSON]: sets `status` and `body`. The token goes by standard input, since
# arguments show in a list of processes.
call() {
	local answer
	answer=$(curl --silent --show-error --noproxy '*' --max-time 60 --config - --request "$1" \
		--write-out '\n%{http_code}' ${3:+--json "$3"} "$url$2" \
		<<<"header = \"Authorization: Bearer $token\"")
	status=${answer##*$'\n'}
	body=${answer%$'\n'*}
}

expect_status() {
	case " $1 " in *" $status "*) return ;; esac
	die "$2: HTTP $status: $body"
}

# text_member NAME: a string member of the last answer.
text_member() {
	sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" <<<"$body"
}

# Creates the workspace where it is missing, and gives the operator every right on it.
prepare_workspace() {
	token=$(head -n 1 "$data/operator.token")
	call GET "/v1/workspaces/$workspace/items?limit=1"
	[ "$status" != 200 ] || return 0
	call POST /v1/workspaces "{\"name\": \"$workspace\"}"
	expect_status "201 409" "The workspace $workspace could not be created"
	call GET /v1/whoami
	expect_status 200 "The operator's token was refused"
	call POST "/v1/workspaces/$workspace/grants" "{\"token_id\": \"$(text_member token_id)\",
		\"roles\": [\"reader\", \"contributor\", \"reviewer\", \"admin\", \"auditor\"],
		\"sources\": [\"*\"]}"
	expect_status "200 201" "The operator got no rights on the workspace $workspace"
	[ "$workspace" != demo ] || render_demo
}

client() {
	env --unset=WINNOW_DATABASE_URL --unset=WINNOW_OWNER_DATABASE_URL \
		--unset=WINNOW_ADMIN_DATABASE_URL WINNOW_URL="$url" WINNOW_TOKEN="$token" \
		WINNOW_WORKSPACE="$workspace" "$build/winnow" "$@"
}

# The demo's times are relative to the day on which it is loaded; later runs keep them. Until it is
# loaded whole, its name says so, and the next run goes on.
render_demo() {
	deploy/demo/render.sh <deploy/demo/backlog.ndjson >"$data/demo.ndjson.loading"
}

load_demo() {
	[ -f "$data/demo.ndjson.loading" ] && [ "$workspace" = demo ] || return 0
	client push "$data/demo.ndjson.loading" >/dev/null || die "the demo backlog could not be loaded"
	mv "$data/demo.ndjson.loading" "$data/demo.ndjson"
}

# Until the queue shows what the workspace holds.
settle() {
	local revision
	revision=$(curl --silent --noproxy '*' --max-time 60 --config - --output /dev/null \
		--dump-header - "$url/v1/workspaces/$workspace/items?limit=1" \
		<<<"header = \"Authorization: Bearer $token\"" |
		tr -d '\r' | sed -n 's/^winnow-revision: *//Ip')
	call GET "/v1/workspaces/$workspace/queue?limit=1&min_revision=${revision:-0}"
	expect_status 200 "The queue could not be read"
}

# ---- what people see ------------------------------------------------------------------------------

write_environment() {
	(
		umask 077
		printf '%s\n' "WINNOW_URL=$url" "WINNOW_TOKEN=$token" "WINNOW_WORKSPACE=$workspace" \
			"WINNOW_ADMIN_DATABASE_URL=$admin_url" "WINNOW_VERIFIER_KEY=$verifier_key" \
			>"$data/winnow.env.new"
	)
	mv "$data/winnow.env.new" "$data/winnow.env"
}

print_tour() {
	local api=$url/v1/workspaces/$workspace header="-H 'Authorization: Bearer $token'"
	if [ "$workspace" = demo ]; then
		say '' 'The top ten of the demo backlog:' ''
		client queue --limit 10
	fi
	printf '%s\n' '' \
		"Base URL   $url" \
		"Token      $token" \
		"Settings   $data/winnow.env (for the client: set -a; . that file)" \
		"Log        $data/winnowd.log" \
		'' \
		'Try:' \
		"  curl $header '$api/queue?limit=3'" \
		"  curl $header --json '{\"source\": \"me\", \"external_id\": \"1\", \"title\": \"My first item\", \"stream\": \"feature_request\", \"features\": {\"user_impact\": 3, \"fix_confidence\": 3}}' '$api/items'" \
		"  curl $header '$api/audit/verify'" \
		''
}

# ---- the commands ---------------------------------------------------------------------------------

take_lock() {
	mkdir -p "$data"
	exec 9>"$data/lock"
	flock --wait 30 9 || die "another make run, up, down or clean-data is at work on $data"
}

stop_all() {
	stop_daemon
	cluster stop
}

# What a failed or interrupted start leaves behind is taken down again.
undo_start() {
	trap '' INT TERM HUP
	stop_all
}

start_all() {
	if [ ! -x "$build/winnowd" ] || [ ! -x "$build/winnow" ]; then
		die "build first: make all"
	fi
	! port_taken || die "port $PORT is in use; choose another: PORT=…"
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	trap undo_start EXIT
	start_database
	prepare_database
	prepare_checkpoints
	start_daemon
	wait_ready
	prepare_workspace
	load_demo
	settle
	write_environment
	print_tour
	exec 9>&-
}

known_url() {
	sed -n 's/^WINNOW_URL=//p' "$data/winnow.env" 2>/dev/null || :
}

command_up() {
	take_lock
	if daemon_up; then
		say "Winnow is up already: $(known_url)"
		return
	fi
	start_all
	trap - EXIT
	say "Winnow is up. make down stops it."
}

command_run() {
	take_lock
	! daemon_up || die "it is up already ($(known_url)); make down stops it"
	start_all
	trap stop_running INT TERM HUP
	say "Winnow is running. Ctrl-C stops it."
	wait "$daemon_pid" || :
	fail_with_log "winnowd ended by itself"
}

stop_running() {
	trap - EXIT
	trap '' INT TERM HUP
	say '' 'Stopping …'
	stop_all
	exit 0
}

command_down() {
	[ -d "$data" ] || {
		say "Nothing is up in $data."
		return
	}
	take_lock
	read_daemon_pid || :
	stop_all
	say "Winnow is down. Its data are in $data."
}

command_clean_data() {
	[ -d "$data" ] || return 0
	take_lock
	! daemon_up || die "it is up; make down first"
	cluster remove
	rm -f "$data"/{winnow.env,winnow.env.new,operator.token,winnowd.log,winnowd.pid,lock} \
		"$data"/{demo.ndjson,demo.ndjson.loading,checkpoint.key}
	rm -rf "$data/checkpoints"
	rmdir "$data" 2>/dev/null || say "Left alone, since it holds something else: $data"
}

case ${1:-} in
run) command_run ;;
up) command_up ;;
down) command_down ;;
clean-data) command_clean_data ;;
*) die "instance.sh run|up|down|clean-data" ;;
esac
