#!/usr/bin/env bash
# Each header compiles on its own, can be included twice, and has the guard that its path gives:
# src/base/arena.h WINNOW_BASE_ARENA_H, include/winnow/model.h WINNOW_MODEL_H.
set -euo pipefail
build=${BUILD:-build}
compiler=${CC:-cc}
read -ra foreign < <(pkg-config --cflags libpq libmicrohttpd jansson)

guard_of() {
	local name=${1#src/}
	name=${name#include/winnow/}
	printf 'WINNOW_%s\n' "$name" | tr 'a-z/.-' 'A-Z___'
}

result=0
while read -r header; do
	guard=$(guard_of "$header")
	if ! grep -q "^#ifndef $guard\$" "$header" || ! grep -q "^#define $guard\$" "$header"; then
		echo "$header: its guard is to be $guard"
		result=1
	fi
	name=${header#src/}
	name=${name#include/}
	printf '#include "%s"\n#include "%s"\n' "$name" "$name" |
		"$compiler" -x c -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only \
			-Isrc -Iinclude "-I$build" "${foreign[@]}" - || {
		echo "$header: does not compile on its own"
		result=1
	}
done < <(find src include -name '*.h' | sort)
exit "$result"
