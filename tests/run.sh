#!/usr/bin/env bash
# Runs the suites, two at a time, and ends with one line "N passed, N failed".
#   tests/run.sh [PREFIX…]       tests/run.sh unit/base api/test_items check
#
# Suites: unit/<layer>/test_<name>   a cmocka program, built by make
#         api/test_<name>            a pytest file, black box over HTTP
#         check/<name>, lint/<name>  a script: exit 0 passed, 77 skipped (the last line says why)
# lint/ runs only when it is named. Everything is run from the repository's root.
#
# The suites of the store and above, and api/, get a database of their own each, empty, in a
# throw-away cluster, by WINNOW_TEST_DATABASE_URL (application role), WINNOW_TEST_OWNER_DATABASE_URL
# and WINNOW_TEST_ADMIN_DATABASE_URL (superuser; its database is `postgres`); api/ also WINNOWD and
# WINNOW_CLI, the paths of the programs.
#
# Environment: BUILD, SANITIZE, JOBS (2), SUITE_SECONDS (900), REQUIRE_TOOLS (1: a check whose tool
# is missing fails), KEEP (1: the logs stay); for api/ also WINNOW_TEST_SEED, WINNOW_TEST_KILLS,
# WINNOW_TEST_POOLER, WINNOW_TEST_NO_NOTIFY, WINNOW_TEST_HISTORIES, WINNOW_TEST_HISTORY_STEPS,
# WINNOW_TEST_TAIL_WRITERS, WINNOW_TEST_TAIL_POSTS, WINNOW_TEST_RESTARTS, WINNOW_TEST_STREAM_MIB and WINNOW_SHARED_DATA
# (tests/api/conftest.py).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
# shellcheck source=../deploy/local/lib.sh
. deploy/local/lib.sh

build=$(absolute "${BUILD:-build}")
jobs_max=${JOBS:-2}
((jobs_max <= 2)) || jobs_max=2
suite_seconds=${SUITE_SECONDS:-900}
work=$(mktemp -d "${TMPDIR:-/tmp}/winnow-test-XXXXXXXX")
chmod 711 "$work" # the cluster's user must get through

export BUILD=${BUILD:-build} PYTHONDONTWRITEBYTECODE=1
# What a caller's shell has set for a Winnow of its own is not for the suites.
for name in "${!WINNOW_@}" "${!PG@}"; do
	case $name in
	WINNOW_TEST_SEED | WINNOW_TEST_KILLS | WINNOW_SHARED_DATA) ;;
	WINNOW_TEST_HISTORIES | WINNOW_TEST_HISTORY_STEPS) ;;
	WINNOW_TEST_TAIL_WRITERS | WINNOW_TEST_TAIL_POSTS | WINNOW_TEST_RESTARTS) ;;
	WINNOW_TEST_POOLER | WINNOW_TEST_NO_NOTIFY | WINNOW_TEST_STREAM_MIB) ;;
	*) unset "$name" ;;
	esac
done
if [ -n "${SANITIZE:-}" ]; then
	export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_stack_use_after_return=1:strict_string_checks=1}
	export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
fi

# ---- which suites ---------------------------------------------------------------------------------

all_suites() {
	find tests/unit tests/api tests/check tests/lint -type f \
		\( -path 'tests/unit/*/test_*.c' -o -path 'tests/api/test_*.py' \
		-o -path 'tests/check/*.sh' -o -path 'tests/lint/*.sh' \) 2>/dev/null |
		sed 's|^tests/||; s|\.[a-z]*$||' | sort
}

# The long ones first, so that the two workers end together.
chosen_suites() {
	local suite prefix
	if (($# == 0)); then
		set -- api unit check
	fi
	for prefix in "$@"; do
		while read -r suite; do
			case $suite in "$prefix"*) printf '%s\n' "$suite" ;; esac
		done < <(all_suites)
	done | awk '!seen[$0]++'
}

needs_database() {
	case $1 in
	api/* | unit/store/* | unit/live/* | unit/service/* | unit/http/* | unit/jobs/*) return 0 ;;
	*) return 1 ;;
	esac
}

# ---- running one ----------------------------------------------------------------------------------

# The words of `env` that give a suite its database.
database_settings() {
	local name
	name=$(tr -c 'a-z0-9\n' _ <<<"$1")
	deploy/local/cluster.sh createdb "$work" "$name"
	printf '%s\n' \
		"WINNOW_TEST_DATABASE_URL=$(deploy/local/cluster.sh url "$work" app "$name")" \
		"WINNOW_TEST_OWNER_DATABASE_URL=$(deploy/local/cluster.sh url "$work" owner "$name")" \
		"WINNOW_TEST_ADMIN_DATABASE_URL=$(deploy/local/cluster.sh url "$work" admin postgres)"
}

# run_command LOG COMMAND…: with the time limit; remembers the process for the clean-up.
run_command() {
	local log=$1 code=0
	shift
	timeout --kill-after=10 "$suite_seconds" "$@" >"$log" 2>&1 </dev/null &
	printf '%s\n' $! >"$log.pid"
	wait $! || code=$?
	rm -f "$log.pid"
	[ "$code" != 124 ] || printf 'stopped after %s s\n' "$suite_seconds" >>"$log"
	return "$code"
}

# Each counter prints "passed failed skipped" of one suite: LOG or report, exit code.

# TAP. What a plan promises and no line tells has failed: the program crashed, or gave up early.
count_tap() {
	awk -v code="$2" '
		/^1\.\.[0-9]+/ { planned += substr($0, 4) }
		/^(not )?ok .*# SKIP/ { skipped++; next }
		/^ok [0-9]/ { passed++ }
		/^not ok [0-9]/ { failed++ }
		END {
			missing = planned - passed - failed - skipped
			if (missing > 0)
				failed += missing
			if (code != 0 && failed == 0)
				failed = 1
			if (code == 0 && planned == 0)
				failed = 1 # no test at all
			print passed + 0, failed + 0, skipped + 0
		}' "$1"
}

count_junit() {
	[ -s "$1" ] || {
		echo "0 1 0"
		return
	}
	tr '>' '\n' <"$1" | awk -v code="$2" '
		function attribute(name) {
			if (!match($0, " " name "=\"[0-9]+\""))
				return 0
			return substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4) + 0
		}
		/<testsuite / {
			bad = attribute("failures") + attribute("errors")
			skipped = attribute("skipped")
			passed = attribute("tests") - bad - skipped
		}
		END {
			if (code != 0 && bad == 0)
				bad = 1
			print (passed > 0 ? passed : 0), bad + 0, skipped + 0
		}'
}

run_suite() {
	local suite=$1 code=0 started=$SECONDS log settings=() counts
	log=$work/logs/${suite//\//.}
	if needs_database "$suite"; then
		mapfile -t settings < <(database_settings "$suite")
	fi
	case $suite in
	unit/*)
		settings+=(CMOCKA_MESSAGE_OUTPUT=TAP)
		run_command "$log" env "${settings[@]}" "$build/tests/$suite" || code=$?
		counts=$(count_tap "$log" "$code")
		;;
	api/*)
		settings+=("WINNOWD=$build/winnowd" "WINNOW_CLI=$build/winnow")
		run_command "$log" env "${settings[@]}" /usr/bin/python3 -m pytest -q -rs --tb=short \
			-p no:cacheprovider --junitxml="$log.xml" "tests/$suite.py" || code=$?
		counts=$(count_junit "$log.xml" "$code")
		;;
	*)
		run_command "$log" "tests/$suite.sh" || code=$?
		case $code in
		0) counts="1 0 0" ;;
		77) counts="0 0 1" ;;
		*) counts="0 1 0" ;;
		esac
		;;
	esac
	printf '%s\n' "$counts" >"$work/counts/${suite//\//.}"
	progress "$suite" "$counts" $((SECONDS - started))
	skip_reasons "$suite" "$log" "${counts##* }"
}

progress() {
	local passed failed skipped word=ok
	read -r passed failed skipped <<<"$2"
	[ "$failed" = 0 ] || word=FAILED
	printf '%-6s %-40s %5d passed%s%s  %ds\n' "$word" "$1" "$passed" \
		"$([ "$failed" = 0 ] || printf ', %d failed' "$failed")" \
		"$([ "$skipped" = 0 ] || printf ', %d skipped' "$skipped")" "$3"
}

skip_reasons() {
	case $1 in
	unit/*) sed -n 's/^.*ok [0-9]* .*# SKIP */       skipped: /p' "$2" ;;
	api/*) sed -n 's/^SKIPPED /       skipped: /p' "$2" ;;
	*) [ "$3" = 0 ] || printf '       skipped: %s\n' "$(tail -n 1 "$2")" ;;
	esac
}

# ---- all of them ----------------------------------------------------------------------------------

clean_up() {
	local file
	trap '' INT TERM
	for file in "$work"/logs/*.pid; do
		[ ! -f "$file" ] || kill -TERM "$(cat "$file")" 2>/dev/null || :
	done
	wait || :
	deploy/local/cluster.sh remove "$work" || :
	if [ "${KEEP:-}" = 1 ]; then
		say "Logs: $work/logs"
	else
		rm -rf "$work"
	fi
}

show_failures() {
	local suite passed failed skipped
	for suite in "$@"; do
		read -r passed failed skipped <"$work/counts/${suite//\//.}" || failed=1
		if ((failed > 0)); then
			printf '\n==== %s\n' "$suite"
			tail -n 200 "$work/logs/${suite//\//.}" 2>/dev/null || say "it did not run"
		fi
	done
}

main() {
	local suites suite running=0 passed failed
	mapfile -t suites < <(chosen_suites "$@")
	if ((${#suites[@]} == 0)); then
		warn "no suite begins with: $*"
		say "0 passed, 1 failed"
		exit 1
	fi
	mkdir "$work/logs" "$work/counts"
	trap clean_up EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	for suite in "${suites[@]}"; do
		if needs_database "$suite"; then
			deploy/local/cluster.sh start "$work" --throw-away
			break
		fi
	done
	for suite in "${suites[@]}"; do
		if ((running >= jobs_max)); then
			wait -n || :
			((running--))
		fi
		run_suite "$suite" &
		((++running))
	done
	wait || :

	show_failures "${suites[@]}"
	# A suite without counts did not come to its end.
	read -r passed failed < <(cat "$work"/counts/* /dev/null | awk -v suites=${#suites[@]} '
		{ passed += $1; failed += $2 }
		END { print passed + 0, failed + suites - NR }')
	clean_up
	trap - EXIT
	say "$passed passed, $failed failed"
	((failed == 0))
}

main "$@"
