#!/usr/bin/env bash
# cppcheck finds nothing. What is suppressed, and why, stands in tests/lint/cppcheck.suppressions.
set -euo pipefail
build=${BUILD:-build}

command -v cppcheck >/dev/null || {
	echo "cppcheck is not installed"
	[ "${REQUIRE_TOOLS:-}" = 1 ] && exit 1
	exit 77
}
mkdir -p "$build/cppcheck"
cppcheck --quiet --error-exitcode=1 --std=c11 --platform=unix64 --enable=warning,performance,portability \
	--inline-suppr --suppressions-list=tests/lint/cppcheck.suppressions \
	--cppcheck-build-dir="$build/cppcheck" -j 2 -D__x86_64__ -D_GNU_SOURCE -Isrc -Iinclude "-I$build" \
	--template='{file}:{line}: {id}: {message}' src
