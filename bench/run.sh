#!/usr/bin/env bash
# Measures each figure beside its ceiling, in turns, and prints one table at the end.
#   run.sh [PART…]      parts: ingest queue whatif post news fresh start engine proof sql; all by default
#
# A throw-away cluster with PostgreSQL's stock settings (fsync on) and a daemon of its own. Times
# depend on the machine, so the figure to read is the ratio: the median of the rounds' ratios.
# Nothing here fails because something is slow.
#
# Environment: BUILD (build), BENCH_ROUNDS (3), BENCH_SECONDS of a load (2), BENCH_ITEMS (100000),
# BENCH_START_ITEMS of the workspace that is loaded at the start (BENCH_ITEMS; the goal is of 1000000),
# BENCH_RECORDS of the audit log that is verified (1000000),
# BENCH_ROWS of the table that PostgreSQL orders (1000000), BENCH_CROWD that waits for news (2000).
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=../deploy/local/lib.sh
. deploy/local/lib.sh

build=$(absolute "${BUILD:-build}")
readonly ROUNDS=${BENCH_ROUNDS:-3} SECONDS_EACH=${BENCH_SECONDS:-2} ITEMS=${BENCH_ITEMS:-100000}
readonly ROWS=${BENCH_ROWS:-1000000} CROWD=${BENCH_CROWD:-2000}
readonly RECORDS=${BENCH_RECORDS:-1000000}
readonly START_ITEMS=${BENCH_START_ITEMS:-$ITEMS}
readonly CONNECTIONS=64 TABLES='item_texts item_versions items audit_records'
# Decimal points, whatever the caller's language.
export LC_ALL=C
unset "${!PG@}" "${!WINNOW_@}"

work=$(mktemp -d "${TMPDIR:-/tmp}/winnow-bench-XXXXXX")
daemon_pid=''
bare_pid=''
crowd_pid=''
other_pid=''

# ---- the instance ---------------------------------------------------------------------------------

cluster() { deploy/local/cluster.sh "$1" "$work" "${@:2}"; }

# Superuser, in a database: row security and its cost are not part of a ceiling.
use_database() { export PGDATABASE=$1; }

sql() { psql --no-psqlrc --quiet --tuples-only --no-align --set=ON_ERROR_STOP=1 --command="$1"; }

start_cluster() {
	cluster start
	server_folder=$(cat "$work/cluster.path")
	export PGHOST=$server_folder PGPORT=5432 PGUSER=postgres
	PGPASSWORD=$(sed -n 's/^admin=//p' "$work/cluster.secrets")
	export PGPASSWORD
	cluster createdb ceiling
	local database
	for database in winnow ceiling; do
		WINNOW_OWNER_DATABASE_URL=$(cluster url owner "$database") \
			"$build/winnowd" migrate >>"$work/migrate.log" 2>&1 ||
			die "the migrations failed: $(tail -n 5 "$work/migrate.log")"
	done
	WINNOW_DATABASE_URL=$(cluster url app) "$build/winnowd" bootstrap \
		--token-file "$work/token" 2>>"$work/winnowd.log"
}

listening_or_ended() {
	grep -q '"listening"' "$work/winnowd.log" || ! kill -0 "$daemon_pid" 2>/dev/null
}

# start_daemon [OPTION…]
start_daemon() {
	: >"$work/winnowd.log"
	WINNOW_DATABASE_URL=$(cluster url app) "$build/winnowd" --port 0 --streams-per-token 100000 "$@" \
		>/dev/null 2>>"$work/winnowd.log" &
	daemon_pid=$!
	wait_until 30 listening_or_ended || :
	port=$(sed -n '/"listening"/s/.*"port" *: *\([0-9]*\).*/\1/p' "$work/winnowd.log")
	[ -n "$port" ] || die "winnowd did not start: $(tail -n 5 "$work/winnowd.log")"
	url=http://127.0.0.1:$port
}

# stop PID: ends it and waits.
stop() {
	[ -n "$1" ] || return 0
	kill -TERM "$1" 2>/dev/null || :
	wait "$1" 2>/dev/null || :
}

clean_up() {
	trap '' INT TERM HUP
	stop "$daemon_pid"
	stop "$bare_pid"
	stop "$crowd_pid"
	stop "$other_pid"
	cluster remove || :
	rm -rf "$work"
}

# call METHOD PATH [JSON]: prints the answer's body.
call() {
	curl --silent --show-error --fail-with-body --noproxy '*' --max-time 60 --config - \
		--request "$1" ${3:+--json "$3"} "$url$2" <<<"header = \"Authorization: Bearer $BENCH_TOKEN\"" || {
		say >&2
		die "$1 $2 failed"
	}
}

# make_workspace NAME: sets workspace_id.
make_workspace() {
	workspace_id=$(call POST /v1/workspaces "{\"name\":\"$1\"}" | json_text id)
	call POST "/v1/workspaces/$1/grants" "{\"token_id\":\"$token_id\",\"sources\":[\"*\"],
		\"roles\":[\"reader\",\"contributor\",\"reviewer\",\"admin\",\"auditor\"]}" >/dev/null
}

# json_text NAME: the first string member of that name.
json_text() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"; }

# json_number NAME: the first number member of that name.
json_number() { grep -o "\"$1\" *: *[0-9]*" | head -n 1 | grep -o '[0-9]*$'; }

# ---- numbers --------------------------------------------------------------------------------------

now() { printf '%s\n' "$EPOCHREALTIME"; }

# calc EXPRESSION
calc() { awk "BEGIN { printf \"%.6g\n\", $1 }"; }

# note NAME VALUE: one measurement.
note() { printf '%s\n' "$2" >>"$work/values.$1"; }

median() {
	sort -g | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

median_of() { median <"$work/values.$1"; }

# row TEXT FIGURE CEILING UNIT GOAL: a line of the table, from two series of the same length.
row() {
	[ -s "$work/values.$2" ] && [ -s "$work/values.$3" ] || return 0
	local ratio
	ratio=$(paste "$work/values.$2" "$work/values.$3" | awk '{ print $1 / $2 }' | median)
	awk -v text="$1" -v figure="$(median_of "$2")" -v ceiling="$(median_of "$3")" -v unit="$4" \
		-v ratio="$ratio" -v goal="$5" 'BEGIN {
		printf "%s | %.5g %s | %.5g %s | %.2f | %s\n", text, figure, unit, ceiling, unit, ratio, goal
	}' >>"$work/table"
}

# ---- ingest ---------------------------------------------------------------------------------------

# push WORKSPACE: posts the backlog over one connection; prints the seconds.
push() {
	local begin end
	begin=$(now)
	curl --silent --show-error --fail-with-body --noproxy '*' --max-time 600 --config - \
		--header 'Content-Type: application/x-ndjson' --header 'Expect:' --request POST \
		--upload-file "$work/backlog.ndjson" --output "$work/answer" \
		"$url/v1/workspaces/$1/items" <<<"header = \"Authorization: Bearer $BENCH_TOKEN\"" ||
		die "the ingest failed: $(head -c 1000 "$work/answer")"
	end=$(now)
	calc "$end - $begin"
}

# expect_outcome NAME COUNT: the last answer must say so, else a figure would be of something else.
expect_outcome() {
	grep -q "\"$1\":$2," "$work/answer" || die "not $2 $1: $(head -c 300 "$work/answer")"
}

# What a round has written, as binary COPY files of the server's.
copy_out() {
	local table
	for table in $TABLES; do
		sql "COPY (SELECT * FROM winnow.$table WHERE workspace_id = '$1') TO '$server_folder/$table.rows' (FORMAT binary)"
	done
}

# The same rows into the same tables with the same indexes, in one connection; prints the seconds.
copy_in() {
	local begin end table script=''
	for table in $TABLES; do
		script+="COPY winnow.$table FROM '$server_folder/$table.rows' (FORMAT binary);"
	done
	begin=$(now)
	sql "$script"
	end=$(now)
	calc "$end - $begin"
}

ingest_round() {
	local seconds name=ingest-$1
	make_workspace "$name"
	# A database in use: its statistics know the workspaces before this one.
	sql ANALYZE
	sql CHECKPOINT
	seconds=$(push "$name")
	expect_outcome created "$ITEMS"
	note ingest "$(calc "$ITEMS / $seconds")"
	use_database winnow
	copy_out "$workspace_id"
	use_database ceiling
	sql CHECKPOINT
	note copy "$(calc "$ITEMS / $(copy_in)")"
	seconds=$(push "$name")
	expect_outcome unchanged "$ITEMS"
	note repost "$(calc "$ITEMS / $seconds")"
	use_database winnow
}

measure_ingest() {
	local round
	for ((round = 1; round <= ROUNDS; round++)); do
		ingest_round "$round"
	done
	row "ingest of $ITEMS items, NDJSON; COPY of the same rows" ingest copy items/s '>= 0.5'
	row 'the same again, all unchanged; the first ingest' repost ingest items/s '>= 3'
}

# ---- queue ----------------------------------------------------------------------------------------

# load SERIES URL: notes the requests per second.
load() {
	local out
	out=$(wrk -t2 -c$CONNECTIONS -d"${SECONDS_EACH}s" -s "${script:-bench/get.lua}" "$2" 2>&1)
	! grep -q 'Non-2xx\|Socket errors' <<<"$out" || die "$1: $out"
	note "$1" "$(awk '/^Requests\/sec:/ { print $2 }' <<<"$out")"
}

# The header fields of an answer, without those that the library makes itself.
fields_of() {
	tr -d '\r' <"$1" | sed -n '2,$p' | grep ':' | grep -viE '^(date|connection|content-length):'
}

# answer_to FILE [ETAG]: one answer of the queue; FILE.fields are its header fields.
answer_to() {
	curl --silent --show-error --fail --noproxy '*' --config - --dump-header "$1.head" --output "$1" \
		--header "If-None-Match: ${2:-none}" "$queue" <<<"header = \"Authorization: Bearer $BENCH_TOKEN\""
	fields_of "$1.head" >"$1.fields"
}

settled() {
	call GET "/v1/workspaces/$1/queue?limit=1" | grep -q "\"count\":${2:-$ITEMS}[,}]"
}

start_bare() {
	answer_to "$work/page"
	etag=$(sed -n 's/^[Ee][Tt][Aa][Gg]: *//p' "$work/page.fields")
	answer_to "$work/none" "$etag"
	grep -q ' 304 ' "$work/none.head" || die "the queue's ETag gave no 304"
	# Standard input that never ends until this script does.
	coproc bare_server { exec "$build/bench/bare_mhd" "$work/page" "$work/page.fields" "$work/none.fields"; }
	bare_pid=$!
	read -r bare_port <&"${bare_server[0]}"
	bare=http://127.0.0.1:$bare_port
}

measure_queue() {
	local round
	queue="$url/v1/workspaces/$1/queue?limit=50"
	wait_until 60 settled "$1" || die "the queue does not fill"
	start_bare
	for ((round = 0; round < ROUNDS; round++)); do
		load queue "$queue"
		load created "$bare/created"
		load shared "$bare/shared"
		BENCH_ETAG=$etag load unchanged "$queue"
		BENCH_ETAG=$etag load empty "$bare/empty"
	done
	stop "$bare_pid"
	bare_pid=''
	row "queue page of 50 ($(stat -c %s "$work/page") bytes); bare, response made per request" \
		queue created requests/s '>= 0.85'
	row 'queue page of 50; bare, one shared response' queue shared requests/s -
	row '304; bare, empty 304 made per request' unchanged empty requests/s '>= 0.9'
}

# ---- single writes --------------------------------------------------------------------------------

# The rows of one stored item as a pgbench script: one transaction in one pipeline, like the
# daemon's. Each client has a workspace of its own. To pgbench a colon begins a variable, also
# inside a literal, so there is none in the values.
write_script() {
	local compact='YYYYMMDD"T"HH24MISS'
	local ws="('00000000-0000-4000-8000-' || lpad((:client_id)::text, 12, '0'))::uuid"
	cat <<-SQL
		\\set number random(1, 9000000000000)
		\\startpipeline
		BEGIN;
		SELECT revision, hash, at, salt FROM winnow.workspace_heads WHERE workspace_id = $ws FOR UPDATE;
	SQL
	sql "SELECT format('INSERT INTO winnow.item_texts VALUES (\$ws, sha256((:number)::text::bytea), %L, %L, %L, %L, %L, %L);',
			title, body, replace(url, ':', '.'), assignee, reporter, replace(notes, ':', '.'))
		FROM winnow.item_texts t JOIN winnow.item_versions v ON v.text_ref = t.ref LIMIT 1" | put_workspace "$ws"
	sql "SELECT format('INSERT INTO winnow.items VALUES (\$ws, md5((:number)::text)::uuid, :number, :number, %L, (:number)::text, %L, %L, %L, %L);',
			source, status, stream, kind, team) FROM winnow.items LIMIT 1" | put_workspace "$ws"
	sql "SELECT format('INSERT INTO winnow.item_versions VALUES (\$ws, md5((:number)::text)::uuid, :number, :number, %L, (:number)::text, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L);',
			source, status, stream, kind, team, labels, estimate, to_char(created_at, '$compact'),
			to_char(updated_at, '$compact'), to_char(due_at, '$compact'), blocked_by, feature_ids,
			feature_values, text_present, text_ref, replace(extra, ':', '.'))
		FROM winnow.item_versions LIMIT 1" | put_workspace "$ws"
	sql "SELECT format('INSERT INTO winnow.audit_records VALUES (\$ws, :number, %L, md5((:number)::text)::uuid, %L, %L, %L, %L, %L, %L, %L, %L, %L, %L);',
			to_char(at, '$compact'), replace(actor, ':', '.'), action, replace(subject, ':', '.'), request_id,
			replace(detail, ':', '.'), detail_sha256, row_count, rows_sha256, prev_hash, hash) FROM winnow.audit_records WHERE row_count > 0 ORDER BY revision DESC LIMIT 1" | put_workspace "$ws"
	cat <<-SQL
		UPDATE winnow.workspace_heads SET revision = :number, at = now() WHERE workspace_id = $ws;
		COMMIT;
		\\endpipeline
	SQL
}

put_workspace() {
	local text
	text=$(cat)
	printf '%s\n' "${text//\$ws/$1}"
}

pgbench_program() {
	command -v pgbench || find /usr/lib/postgresql -name pgbench 2>/dev/null | sort -V | tail -n 1
}

measure_post() {
	local round program transactions
	program=$(pgbench_program)
	make_workspace posts
	call POST /v1/workspaces/posts/items '{"source":"tracker","external_id":"first","title":"First"}' >/dev/null
	write_script >"$work/write.sql"
	use_database ceiling
	sql "INSERT INTO winnow.workspace_heads SELECT ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid,
		0, decode(repeat('00', 32), 'hex'), now(), 0, decode(repeat('00', 32), 'hex') FROM generate_series(0, $CONNECTIONS - 1) i"
	for ((round = 1; round <= ROUNDS; round++)); do
		BENCH_ROUND=$round script=bench/post.lua load post "$url/v1/workspaces/posts/items"
		transactions=$("$program" --no-vacuum --protocol=prepared --client=$CONNECTIONS --jobs=2 \
			--time="$SECONDS_EACH" --file="$work/write.sql" 2>"$work/pgbench.log" |
			awk '/^tps/ { print $3 }') || die "pgbench failed: $(tail -n 3 "$work/pgbench.log")"
		note pgbench "$transactions"
	done
	use_database winnow
	row "one item a POST, one workspace, $CONNECTIONS connections; pgbench, $CONNECTIONS workspaces" \
		post pgbench 1/s '>= 1.0'
}

# ---- news -----------------------------------------------------------------------------------------

# latency SERIES URL: notes the 99th percentile of the answers, in ms.
latency() {
	local out
	out=$(wrk -t1 -c16 -d"$((2 * SECONDS_EACH))s" --latency -s bench/get.lua "$2" 2>&1)
	! grep -q 'Non-2xx\|Socket errors' <<<"$out" || die "$1: $out"
	note "$1" "$(awk '$1 == "99%" {
		value = $2 + 0
		print $2 ~ /us$/ ? value / 1000 : $2 ~ /ms$/ ? value : value * 1000
	}' <<<"$out")"
	note "$1-rate" "$(awk '/^Requests\/sec:/ { print $2 }' <<<"$out")"
}

# Half of them streams, half polls that ask again; all are waiting when it returns.
start_crowd() {
	local before
	before=$(resident_bytes)
	coproc crowd { exec "$build/bench/crowd" "$port" "$1" $((CROWD / 2)) $((CROWD - CROWD / 2)); }
	crowd_pid=$!
	read -r ready <&"${crowd[0]}"
	[ "$ready" = ready ] || die 'the crowd could not come together'
	warn "memory for each: $(calc "($(resident_bytes) - $before) / $CROWD / 1024") KiB"
}

end_crowd() {
	local input=${crowd[1]}
	exec {input}>&-
	read -r told <&"${crowd[0]}" || :
	wait "$crowd_pid" || die 'the crowd broke up'
	crowd_pid=''
	warn "told: $told"
	grep -q ' lost 0$' <<<"$told" || die "not all of the crowd stayed: $told"
}

# A write now and then, so that there are news, with the crowd and without.
write_on() {
	local i=0
	while sleep 0.5; do
		i=$((i + 1))
		call POST /v1/workspaces/news/items \
			"{\"source\":\"t\",\"external_id\":\"x\",\"title\":\"$EPOCHREALTIME\",\"stream\":\"incident\"}" >/dev/null
	done
}

measure_news() {
	local round pid page
	make_workspace news
	head -n 1000 "$work/backlog.ndjson" >"$work/news.ndjson"
	curl --silent --show-error --fail --noproxy '*' --config - --output /dev/null \
		--header 'Content-Type: application/x-ndjson' --data-binary "@$work/news.ndjson" \
		"$url/v1/workspaces/news/items" <<<"header = \"Authorization: Bearer $BENCH_TOKEN\""
	page="$url/v1/workspaces/news/queue?limit=50"
	for ((round = 0; round < ROUNDS; round++)); do
		latency alone "$page"
		start_crowd news
		latency waiting "$page"
		write_on &
		pid=$!
		latency told "$page"
		stop "$pid"
		end_crowd
		write_on &
		pid=$!
		latency written "$page"
		stop "$pid"
	done
	row "p99 of queue pages beside $CROWD streams and polls that wait; without them" waiting alone ms '<= 2'
	row 'the same with 2 writes a second, each told to all; the writes without them' told written ms '<= 2'
	row 'pages a second beside them all; without' waiting-rate alone-rate 1/s -
}

# ---- from a write to the queue --------------------------------------------------------------------

# A second daemon on the same database; sets other_pid and other_port.
start_other() {
	local log=$work/other.log
	: >"$log"
	WINNOW_DATABASE_URL=$(cluster url app) "$build/winnowd" --port 0 >/dev/null 2>"$log" &
	other_pid=$!
	wait_until 30 grep -q '"listening"' "$log" || die "the other daemon did not start: $(tail -n 5 "$log")"
	other_port=$(sed -n '/"listening"/s/.*"port" *: *\([0-9]*\).*/\1/p' "$log")
}

other_is_ready() {
	local url=http://127.0.0.1:$other_port
	settled fresh 2>/dev/null
}

# All series in ms. A row's ceiling is the bound itself where the goal is not a plain ratio.
measure_fresh() {
	local round p50 p99 other_p50 other_p99 ranked count
	make_workspace fresh # of its own: it grows
	push fresh >/dev/null
	wait_until 60 settled fresh || die "the queue does not fill"
	start_other
	wait_until 60 other_is_ready || die "the other daemon's queue does not fill"
	for ((round = 1; round <= ROUNDS; round++)); do
		read -r p50 p99 other_p50 other_p99 ranked count < <("$build/bench/fresh" \
			"$port" "$other_port" fresh 100 "$((5 * SECONDS_EACH))" "$round") || die 'bench/fresh failed'
		note fresh "$p99"
		note fresh_p50 "$p50"
		note fresh_other "$other_p99"
		note fresh_other_p50 "$other_p50"
		note ranked "$ranked"
		note other_bound "$(calc "2.5 * $ranked + 100")"
	done
	stop "$other_pid"
	other_pid=''
	row "acknowledged write to the queue, $ITEMS items, 100 writes/s, p99 of $count; one ranking" \
		fresh ranked ms '<= 2.5'
	row 'the same, p50' fresh_p50 ranked ms -
	row 'the same at another daemon, p99; 2.5 rankings + 100 ms' fresh_other other_bound ms '<= 1'
	row 'the same at another daemon, p50; one ranking' fresh_other_p50 ranked ms -
}

# ---- start and memory -----------------------------------------------------------------------------

resident_bytes() { awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$daemon_pid/status"; }

# The most that was resident at a time.
peak_bytes() { awk '/^VmHWM/ { print $2 * 1024 }' "/proc/$daemon_pid/status"; }

# Sets seconds; not in a subshell, whose child the daemon would be.
first_page() {
	local begin
	begin=$(now)
	start_daemon
	until settled "$1" "$START_ITEMS" 2>/dev/null; do
		sleep 0.01
	done
	seconds=$(calc "$(now) - $begin")
}

read_out() {
	local begin table
	begin=$(now)
	for table in item_texts item_versions; do
		sql "COPY (SELECT * FROM winnow.$table WHERE workspace_id = '$1') TO '/dev/null' (FORMAT binary)"
	done
	calc "$(now) - $begin"
}

# What the queue needs of an item: its features as doubles, its id, the texts that a page shows.
raw_bytes() {
	sql "SELECT avg(16 + 8 * cardinality(v.feature_values) + octet_length(t.title) + octet_length(t.url) +
			octet_length(v.source) + octet_length(v.external_id) + octet_length(v.stream) +
			octet_length(v.kind) + octet_length(v.status) + octet_length(v.team) +
			octet_length(array_to_string(v.labels, '')))
		FROM winnow.item_versions v JOIN winnow.item_texts t ON t.workspace_id = v.workspace_id AND t.ref = v.text_ref
		WHERE v.workspace_id = '$1'"
}

# A workspace of START_ITEMS, where they are not as many as the others have.
fill_start() {
	[ "$START_ITEMS" != "$ITEMS" ] || return 0
	name=start
	make_workspace "$name"
	"$build/bench/backlog" "$START_ITEMS" >"$work/backlog.ndjson"
	push "$name" >/dev/null
	expect_outcome created "$START_ITEMS"
	"$build/bench/backlog" "$ITEMS" >"$work/backlog.ndjson"
	sql ANALYZE
}

measure_start() {
	local round name=$1 id seconds
	fill_start
	id=$(call GET "/v1/workspaces/$name" | json_text id)
	stop "$daemon_pid"
	for ((round = 0; round < ROUNDS; round++)); do
		first_page "$name"
		note first_page "$seconds"
		note memory "$(calc "($(resident_bytes) - $empty_bytes) / $START_ITEMS")"
		note peak "$(calc "($(peak_bytes) - $empty_bytes) / $START_ITEMS")"
		note raw "$(raw_bytes "$id")"
		note read_out "$(read_out "$id")"
		stop "$daemon_pid"
	done
	daemon_pid=''
	row "start to the first page, $START_ITEMS items; COPY TO of the same" first_page read_out s '<= 1.5'
	row 'resident memory an item; raw bytes' memory raw bytes '<= 1.5'
	row 'the most while it is loaded; raw bytes' peak raw bytes -
}

# ---- what-if --------------------------------------------------------------------------------------

# The weighted sum that is asked about.
readonly WHAT_IF_MODEL='{"name":"bench","kind":"weighted_sum","terms":[
	{"feature":"user_impact","weight":3,"scale":"value","unknown":"span"},
	{"feature":"fix_confidence","weight":2,"scale":"value","unknown":"span"},
	{"feature":"reversibility","weight":2,"scale":"value","unknown":"span"},
	{"feature":"cost_of_delay","weight":1,"scale":"value","unknown":"span"},
	{"feature":"effort","weight":1},{"feature":"demand","weight":1},
	{"feature":"affected_users","weight":1},{"feature":"severity","weight":1},
	{"feature":"evaluation_gap","weight":1},{"feature":"blocked_teams","weight":1}],
	"bands":[{"name":"next_sprint","at_least":20},{"name":"ready","at_least":15},{"name":"icebox"}]}'

# activate WORKSPACE VERSION MODEL: returns when the queue is by it.
activate() {
	local alias=$url/v1/workspaces/$1/aliases/active etag
	etag=$(curl --silent --show-error --fail --noproxy '*' --config - --dump-header - --output /dev/null \
		"$alias" <<<"header = \"Authorization: Bearer $BENCH_TOKEN\"" |
		tr -d '\r' | sed -n 's/^[Ee][Tt][Aa][Gg]: *//p')
	curl --silent --show-error --fail-with-body --noproxy '*' --config - --request PUT \
		--header "If-Match: $etag" --json "{\"model\":$2}" --output "$work/answer" "$alias" \
		<<<"header = \"Authorization: Bearer $BENCH_TOKEN\"" ||
		die "version $2 does not become active: $(head -c 1000 "$work/answer")"
	wait_until 60 ranked_by "$1" "$3" || die "the queue is not by $3"
}

ranked_by() {
	call GET "/v1/workspaces/$1/queue?limit=1" | grep -q "\"name\":\"$2\""
}

# ask_what_if WORKSPACE: one connection, one question after the other.
ask_what_if() {
	local out p50 p99 count failed
	out=$(wrk -t1 -c1 -d"$((2 * SECONDS_EACH))s" -s bench/whatif.lua "$url/v1/workspaces/$1/simulations" 2>&1)
	read -r p50 p99 count failed < <(sed -n 's/^latency //p' <<<"$out") || die "wrk: $out"
	[ "$failed" = 0 ] || die "$failed of $count what-ifs failed"
	note what_if_p50 "$p50"
	note what_if_p99 "$p99"
	note what_if_count "$count"
}

# The model is active for this part alone; the others take the workspace as it begins.
measure_what_if() {
	local round version
	wait_until 60 settled "$1" || die "the queue does not fill"
	version=$(call POST "/v1/workspaces/$1/models" "$WHAT_IF_MODEL" | json_number version)
	activate "$1" "$version" bench
	for ((round = 0; round < ROUNDS; round++)); do
		ask_what_if "$1"
		note decide "$("$build/bench/bench_engine" decide "$ITEMS" | cut -d ' ' -f 1)"
	done
	activate "$1" 1 triage_rubric
	row "what-if on $ITEMS items, over HTTP, p50; a decision on as many in the engine" \
		what_if_p50 decide ms -
	row "what-if, p99 of $(median_of what_if_count) a round; the same decision" \
		what_if_p99 decide ms '< 50 ms'
}

# ---- PostgreSQL's own order -----------------------------------------------------------------------

# give_memory SIZE: a restart, since shared_buffers needs one.
give_memory() {
	sql "ALTER SYSTEM SET shared_buffers = '$1'"
	cluster stop
	cluster start
}

fill_table() {
	local column columns=''
	for ((column = 0; column < 20; column++)); do
		columns+=", f$column float8 NOT NULL"
	done
	sql "CREATE UNLOGGED TABLE rows (id int8 NOT NULL$columns)"
	"$build/bench/bench_engine" rows "$ROWS" | sql 'COPY rows FROM STDIN (FORMAT binary)'
	sql 'VACUUM (ANALYZE, FREEZE) rows'
}

# order_ms explain|copy SETTINGS: the time that the statement takes when its rows are only counted,
# or written to nowhere.
order_ms() {
	local select="SELECT id FROM rows ORDER BY $sum DESC" begin
	export PGOPTIONS="-c work_mem=1GB $2"
	if [ "$1" = explain ]; then
		sql "EXPLAIN (ANALYZE, TIMING OFF) $select" | sed -n 's/^ *Execution Time: \(.*\) ms/\1/p'
	else
		begin=$(now)
		sql "COPY ($select) TO '/dev/null' (FORMAT binary)"
		calc "1000 * ($(now) - $begin)"
	fi
	unset PGOPTIONS
}

# select_ms SETTINGS: the same with a client that reads the ids, and does nothing with them.
select_ms() {
	printf 'SELECT id FROM rows ORDER BY %s DESC;\n' "$sum" >"$work/select.sql"
	PGOPTIONS="-c work_mem=1GB $1" "$(pgbench_program)" --no-vacuum --transactions=1 \
		--file="$work/select.sql" 2>"$work/pgbench.log" |
		sed -n 's/^latency average = \(.*\) ms/\1/p'
}

best_select_ms() {
	local jit
	for jit in on off; do
		select_ms "-c jit=$jit"
	done | sort -g | head -n 1
}

# The fastest of what PostgreSQL can do: with and without JIT, counted and written.
best_order_ms() {
	local how jit
	for how in explain copy; do
		for jit in on off; do
			order_ms "$how" "-c jit=$jit ${1:-}"
		done
	done | sort -g | head -n 1
}

measure_sql() {
	local round sum ours
	stop "$daemon_pid"
	daemon_pid=''
	use_database ceiling
	give_memory 2GB
	fill_table
	sum=$("$build/bench/bench_engine" sum)
	best_order_ms >/dev/null # warms up
	for ((round = 0; round < ROUNDS; round++)); do
		note sql_read "$(best_select_ms)"
		note sql "$(best_order_ms)"
		note sql_single "$(best_order_ms '-c max_parallel_workers_per_gather=0')"
		ours=$("$build/bench/bench_engine" decide "$ROWS")
		note whole "${ours% *}"
		note order "${ours#* }"
	done
	use_database winnow
	row "PostgreSQL's SELECT id ORDER BY of $ROWS x 20, read by a client; ids in order by the engine" \
		sql_read order ms '>= 10'
	row 'the same; in the engine with rules, blockers and overrides' sql_read whole ms -
	row 'PostgreSQL without a reader, parallel; ids in order by the engine, one thread' sql order ms -
	row 'PostgreSQL without a reader, not parallel; the same' sql_single order ms -
}

# ---- all of it ------------------------------------------------------------------------------------

measure_engine() {
	"$build/bench/bench_engine" | grep -E '^(rank|decide|fronts)' >>"$work/table"
}

# ---- proof ----------------------------------------------------------------------------------------

# append SERIES WORKSPACE [OPTION…]: single items, as fast as a daemon of its own takes them.
append() {
	stop "$daemon_pid"
	start_daemon "${@:3}"
	make_workspace "$2"
	call POST "/v1/workspaces/$2/items" '{"source":"tracker","external_id":"first","title":"First"}' >/dev/null
	BENCH_ROUND=$round script=bench/post.lua load "$1" "$url/v1/workspaces/$2/items"
}

# Checkpoints far more often than by default, so that some fall into the time that is measured.
measure_proof() {
	local round figures begin
	mkdir -p "$work/checkpoints"
	"$build/winnowd" checkpoint-key --checkpoint-key-file "$work/key" --checkpoint-name bench >/dev/null
	"$build/bench/proof" export $((RECORDS / 10)) >"$work/log.ndjson"
	for ((round = 1; round <= ROUNDS; round++)); do
		append without "without-$round"
		append with "with-$round" --checkpoint-key-file "$work/key" --jobs-every-ms 200 \
			--checkpoint-dir "$work/checkpoints" --checkpoint-records 1000
		figures=$("$build/bench/proof" verify "$RECORDS")
		note verify "$(calc "$RECORDS / ${figures% *} * 1000")"
		note hash "$(calc "$RECORDS / ${figures#* } * 1000")"
		begin=$(now)
		"$build/winnow" audit verify --quiet --file "$work/log.ndjson" >/dev/null
		note offline "$(calc "$RECORDS / 10 / ($(now) - $begin)")"
		begin=$(now)
		sha256sum "$work/log.ndjson" >/dev/null
		note sum "$(calc "$RECORDS / 10 / ($(now) - $begin)")"
	done
	[ -n "$(ls -A "$work/checkpoints")" ] || die 'no checkpoint was made'
	row 'single items, a checkpoint every 1,000 records; the same without the tree' with without 1/s '>= 0.9'
	row "verification of $RECORDS records in memory: rows, chain, tree; one SHA-256 over the same bytes" \
		verify hash 1/s '>= 0.5'
	row "the same from an export of $((RECORDS / 10)); sha256sum of the file" offline sum 1/s -
}

print_table() {
	printf '%s\n' '' \
		"Medians of $ROUNDS rounds; figure and ceiling were measured in turns, the ratio is their median." \
		'Goals in brackets are those of a later release.' ''
	{
		say 'figure; ceiling | figure | ceiling | ratio | goal'
		cat "$work/table"
	} | column --table --separator '|' --output-separator '|'
}

main() {
	local parts=${*:-ingest queue whatif post news fresh start engine proof sql}
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	start_cluster
	use_database winnow
	start_daemon
	BENCH_TOKEN=$(head -n 1 "$work/token")
	export BENCH_TOKEN
	token_id=$(call GET /v1/whoami | json_text token_id)
	empty_bytes=$(resident_bytes)
	"$build/bench/backlog" "$ITEMS" >"$work/backlog.ndjson"
	if [[ " $parts " != *' ingest '* && " $parts " == *\ @(queue|whatif|start)\ * ]]; then
		make_workspace ingest-1
		push ingest-1 >/dev/null
	fi
	local part
	for part in $parts; do
		warn "measuring: $part"
		case $part in
		ingest) measure_ingest ;;
		queue) measure_queue ingest-1 ;;
		whatif) measure_what_if ingest-1 ;;
		post) measure_post ;;
		news) measure_news ;;
		fresh) measure_fresh ;;
		start) measure_start ingest-1 ;;
		engine) measure_engine ;;
		proof) measure_proof ;;
		sql) measure_sql ;; # the last: it leaves no daemon
		*) die "there is no part $part" ;;
		esac
	done
	print_table
}

main "$@"
