#!/usr/bin/env bash
# Puts times into the demo backlog: render.sh < backlog.ndjson > loaded.ndjson
#   @now-3d@   a moment (RFC 3339, UTC); units m, h, d, w; @now@ is the present
#   @date+3d@  that moment's date
set -euo pipefail

now=$(printf '%(%s)T' -1)
backlog=$(cat)

# moment "@now-3d@" → its seconds since 1970
moment() {
	local offset=${1//[@a-z]/} unit=${1: -2:1}
	case $unit in
	m) printf '%s\n' $((now + offset * 60)) ;;
	h) printf '%s\n' $((now + offset * 3600)) ;;
	d) printf '%s\n' $((now + offset * 86400)) ;;
	*) printf '%s\n' $((now + offset * 604800)) ;;
	esac
}

replacements=''
while read -r placeholder; do
	case $placeholder in
	@now*) format='%Y-%m-%dT%H:%M:%SZ' ;;
	*) format='%Y-%m-%d' ;;
	esac
	text=$(TZ=UTC0 printf "%($format)T" "$(moment "$placeholder")")
	replacements+="s|$placeholder|$text|g"$'\n'
done < <(grep -oE '@(now|date)([+-][0-9]+[mhdw])?@' <<<"$backlog" | sort -u)

sed "$replacements" <<<"$backlog"
