#!/usr/bin/env bash
# Nothing is left open in the sources: no notes to self, no placeholders, no switched-off code, no
# debugging. (The brackets keep this file from finding itself.)
set -euo pipefail

result=0
places=(src include migrations tests bench deploy tools Makefile openapi.yaml)
existing=()
for place in "${places[@]}"; do
	[ ! -e "$place" ] || existing+=("$place")
done

reject() { # PATTERN WHY
	if grep -rnIE "$1" "${existing[@]}"; then
		echo "$2"
		result=1
	fi
}

reject '\b([T]ODO|[F]IXME|[X]XX|[H]ACK|[W]IP)\b' 'finish it, or file an issue'
reject '\b[n]ot (yet )?implemented|\b[s]tub\b|[l]orem ipsum' 'finish it, or leave it out'
if grep -rnE '^[[:space:]]*#[[:space:]]*if 0' --include='*.[ch]' src include tests; then
	echo 'delete it: git remembers'
	result=1
fi
if grep -rnE '\bstrcpy\(|\bstrcat\(|\bsprintf\(|\bgets\(|\bstrtok\(|\balloca\(' \
	--include='*.[ch]' src include; then
	echo 'use struct buf, struct str or snprintf'
	result=1
fi
exit "$result"
