#!/usr/bin/env bash
# Writes the reference pages that are made of the program's own tables: docs/errors.md from
# errors.def, docs/configuration.md from the option table. `--check` compares instead.
#
#   reference.sh BUILD_FOLDER [--check]
set -euo pipefail
cd "$(dirname "$0")/.."

errors_page() {
	cat <<-'TEXT'
		# Problem types

		Errors are `application/problem+json` (RFC 9457). `type` is `/problems/<slug>`, which the daemon
		serves as a page; `title` is constant per type; `errors` lists every fault with its JSON pointer.
		This table is made of `src/base/errors.def`.

		| status | type | title |
		|---|---|---|
	TEXT
	# shellcheck disable=SC2016 # the backquotes are Markdown's
	sed -n 's/^X(ERR_[A-Z_]*, \([0-9]*\), "\([^"]*\)", "\([^"]*\)").*/| \1 | `\2` | \3 |/p' \
		src/base/errors.def | sort -t'|' -k2,2n -k3,3
	cat <<-'TEXT'

		Answers that the HTTP library makes by itself, before the daemon sees the request, cannot be
		problems: a malformed request line or header gets a short HTML page with status 400 or 505.
	TEXT
}

configuration_page() {
	cat <<-'TEXT'
		# Configuration of winnowd

		Flags beat `WINNOW_*` variables, which beat defaults; unknown names of either are errors.
		`--check-config` checks and exits, `--print-config` shows what is in force. This page is what
		`winnowd --help` prints.

		```text
	TEXT
	"$1/winnowd" --help
	echo '```'
}

emit() {
	if [ "$mode" = --check ]; then
		diff -u "$1" - >&2 || { echo "$1 is out of date: run make docs" >&2 && return 1; }
	else
		cat >"$1"
	fi
}

mode=${2:-write}
errors_page | emit docs/errors.md
configuration_page "$1" | emit docs/configuration.md
