#!/usr/bin/env bash
# C sources are laid out by clang-format 14, which .clang-format is written for (others differ).
set -euo pipefail

for tool in clang-format-14 clang-format ''; do
	if [ -n "$tool" ] && "$tool" --version 2>/dev/null | grep -q 'version 14\.'; then
		break
	fi
done
if [ -z "$tool" ]; then
	echo "clang-format 14 is not installed"
	[ "${REQUIRE_TOOLS:-}" = 1 ] && exit 1
	exit 77
fi
find src include tests bench -name '*.[ch]' -print0 2>/dev/null |
	xargs -0 -r "$tool" --dry-run -Werror --ferror-limit=3
