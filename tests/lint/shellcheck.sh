#!/usr/bin/env bash
# The scripts pass shellcheck.
set -euo pipefail

command -v shellcheck >/dev/null || {
	echo "shellcheck is not installed"
	[ "${REQUIRE_TOOLS:-}" = 1 ] && exit 1
	exit 77
}
{
	find deploy tools tests bench -name '*.sh' -print0 2>/dev/null
	printf '.ci/run\0'
} | xargs -0 shellcheck
