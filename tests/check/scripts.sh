#!/usr/bin/env bash
# Every script parses, can be run, and stops at the first failure.
set -euo pipefail

result=0
fault() {
	echo "$1"
	result=1
}

while read -r file; do
	interpreter=$(head -n 1 "$file")
	case $interpreter in
	'#!/usr/bin/env bash') bash -n "$file" || fault "$file: does not parse" ;;
	'#!/bin/sh') sh -n "$file" || fault "$file: does not parse" ;;
	'# shellcheck shell=bash') # sourced
		bash -n "$file" || fault "$file: does not parse"
		continue
		;;
	*) fault "$file: begins with #!/usr/bin/env bash or #!/bin/sh" ;;
	esac
	[ -x "$file" ] || fault "$file: is not executable"
	grep -qE '^set -eu(o pipefail)?$' "$file" || fault "$file: sets -euo pipefail"
done < <({
	find deploy tools tests bench -name '*.sh' 2>/dev/null
	echo .ci/run
} | sort)
exit "$result"
