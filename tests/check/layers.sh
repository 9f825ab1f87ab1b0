#!/usr/bin/env bash
# Arrows point down only, and each foreign library stays in its place:
#
#     winnowd → http, jobs → service → live → store, intake → codec → engine → base
#     winnow  → cli → intake, codec, engine, base
#
# First by the #include lines, then by the undefined symbols of the two lowest layers' archives.
set -euo pipefail
build=${BUILD:-build}
export LC_ALL=C

check_includes() {
	grep -rnE '^[[:space:]]*#[[:space:]]*include' --include='*.[ch]' --include='*.def' src include |
		awk '
		function fault(text) {
			printf "%s:%s: %s\n", file, line, text
			faults++
		}
		# src/http/resources/items.c → http, src/winnowd.c → winnowd.c
		function layer_of(path, parts) {
			if (path ~ /^include\//)
				return "winnow"
			split(path, parts, "/")
			return parts[2]
		}
		# May `from` include a header of `to`?
		function may_see(from, to) {
			if (from == to || to == "winnow")
				return from != "base" || to == "base"
			if (to == "gen")
				return 1
			if (!(to in rank))
				return 0
			if (from == "winnowd.c")
				return to != "cli"
			if (from == "winnow.c")
				return to == "cli" || rank[to] <= rank["codec"] || to == "intake"
			if (from == "cli")
				return rank[to] <= rank["codec"] || to == "intake"
			return to != "cli" && rank[to] < rank[from]
		}
		BEGIN {
			split("base engine codec intake store live service http jobs cli", names)
			split("0    1      2     3      3     4    5       6    6    6", ranks)
			for (i in names)
				rank[names[i]] = ranks[i]

			# Foreign header (the beginning of its name) → where it may be included, a pattern.
			place["microhttpd.h"] = "^src/http/server/"
			place["libpq"] = "^src/store/"
			place["postgres"] = "^src/store/"
			place["pg_config"] = "^src/store/"
			place["jansson.h"] = "^src/(codec|intake|http)/"
			place["curl/"] = "^src/(cli|jobs)/"
			place["uuid/"] = "^src/base/"
			place["openssl/"] = "^src/base/"
			place["zlib.h"] = "^src/base/"
			# What of base a pure engine has a use for: no clock, no log, no threads.
			pure = "^base/(arena|buf|str|map|num|error|diag|sha256|bulk)[.]h$"
			# And of the C library.
			pure_system = "^(assert|float|inttypes|limits|math|stdarg|stdbool|stddef|stdint|stdio|stdlib|string)[.]h$"
		}
		{
			split($0, at, ":")
			file = at[1]
			line = at[2]
			if (!match($0, /["<][^">]*[">]/)) {
				fault("an include that this check cannot read")
				next
			}
			quoted = substr($0, RSTART, 1) == "\""
			header = substr($0, RSTART + 1, RLENGTH - 2)
			from = layer_of(file)

			if (!quoted) {
				for (name in place)
					if (index(header, name) == 1) {
						users[name, from] = users[name, from] == "" || users[name, from] == file ? file : "several"
						if (file !~ place[name])
							fault("<" header "> does not belong here")
					}
				if ((from == "engine" || from == "winnow") && header !~ pure_system)
					fault("the engine is pure: no <" header ">")
				next
			}
			if (header !~ /\//) {
				fault("\"" header "\": headers are named by their path below src/ or include/")
				next
			}
			to = header
			sub(/\/.*/, "", to)
			if (!may_see(from, to))
				fault("\"" header "\": " from " must not know " to)
			if (from == "engine" && to == "base" && header !~ pure)
				fault("\"" header "\": the engine is pure")
			if (from == "winnow" && to != "winnow")
				fault("\"" header "\": a public header stands alone")
			if (header == "gen/statements.h" && from != "store")
				fault("\"" header "\" is the store'"'"'s")
			if (header == "gen/assets.h" && from != "http")
				fault("\"" header "\" is for http")
		}
		END {
			for (from in names)
				if (users["curl/", names[from]] == "several") {
					print "src/" names[from] ": <curl/curl.h> is included by one file alone"
					faults++
				}
			exit faults > 0
		}'
}

# exported NAME…: what the shared libraries of these names define.
exported() {
	local name
	for name in "$@"; do
		nm -D --defined-only "$("${CC:-cc}" -print-file-name="$name")" | awk '{ sub(/@.*/, "", $3); print $3 }'
	done | sort -u
}

defined() { nm --defined-only "$@" 2>/dev/null | awk 'NF == 3 && $2 ~ /[A-Z]/ { print $3 }' | sort -u; }
undefined() { nm --undefined-only "$@" 2>/dev/null | awk '$1 == "U" { print $2 }' | sort -u; }

# What every object may ask of the tool chain.
toolchain='^(_GLOBAL_OFFSET_TABLE_|__stack_chk_fail|__tls_get_addr|__popcountdi2)$'

# check_symbols WHAT ARCHIVE < allowed symbols
check_symbols() {
	local strangers
	strangers=$(comm -13 <(sort -u - <(defined "$2")) <(undefined "$2") | grep -vE "$toolchain" || :)
	[ -n "$strangers" ] || return 0
	printf '%s\n' "$strangers" | sed "s|^|$1 uses |"
	return 1
}

check_archives() {
	local result=0
	exported libc.so.6 libm.so.6 libcrypto.so libuuid.so libz.so |
		check_symbols base "$build/lib/base.a" || result=1
	# Memory, strings, sorting, assertions, formatting into memory; with their fortified names.
	{
		exported libm.so.6
		defined "$build/lib/base.a" | grep -vE '^(clock|log|options|workq|metric)_' || :
		printf '%s\n' abort __assert_fail malloc calloc realloc reallocarray free qsort qsort_r bsearch \
			memchr memcmp memcpy memmove memset strchr strcmp strlen strncmp strnlen strrchr \
			snprintf vsnprintf __snprintf_chk __vsnprintf_chk __memcpy_chk __memmove_chk __memset_chk
	} | check_symbols engine "$build/lib/engine.a" || result=1
	return "$result"
}

result=0
check_includes || result=1
if [ -f "$build/lib/base.a" ] && [ -f "$build/lib/engine.a" ]; then
	check_archives || result=1
else
	echo "$build/lib/base.a and engine.a are not built"
	result=1
fi
exit "$result"
