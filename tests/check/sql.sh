#!/usr/bin/env bash
# src/store/sql: one statement per file, its types on the first line, as many types as $n; no SQL is
# written into C.
set -euo pipefail
export LC_ALL=C

check_statement() {
	awk -v file="$1" '
		function fault(text) {
			print file ": " text
			faults++
		}
		NR == 1 {
			if ($0 !~ /^-- \([a-z0-9_., \[\]]*\) -> (\(\)|[a-z0-9_., \[\]]+)$/)
				fault("the first line must be like \"-- (uuid, int8) -> int8, text\"")
			params = $0
			sub(/^-- \(/, "", params)
			sub(/\).*/, "", params)
			declared = params ~ /[a-z]/ ? split(params, types, ",") : 0
			next
		}
		# What literals, quoted bodies and comments hold is no statement.
		{
			gsub(/\047[^\047]*\047/, "")
			sub(/--.*/, "")
			text = text $0 "\n"
		}
		END {
			while ((from = index(text, "$$")) && (to = index(substr(text, from + 2), "$$")))
				text = substr(text, 1, from - 1) substr(text, from + to + 3)
			rest = text
			while (match(rest, /\$[0-9]+/)) {
				number = substr(rest, RSTART + 1, RLENGTH - 1) + 0
				used[number] = 1
				if (number > highest)
					highest = number
				rest = substr(rest, RSTART + RLENGTH)
			}
			if (highest != declared)
				fault("declares " declared + 0 " parameters, uses $1 to $" highest + 0)
			for (i = 1; i <= highest; i++)
				if (!(i in used))
					fault("$" i " is not used")
			sub(/;[ \t\n]*$/, "", text)
			if (text ~ /;/)
				fault("holds more than one statement")
			if (text !~ /[A-Za-z]/)
				fault("holds no statement")
			# Of a row type all columns are meant; of a table they are named.
			if (toupper(text) ~ /SELECT[ \t\n]+\*/ && text !~ /FROM[ \t\n]+unnest\(/)
				fault("SELECT *: name the columns, a later migration may add one")
			exit faults > 0
		}' "$1"
}

result=0
for file in src/store/sql/*.sql; do
	[ -e "$file" ] || break
	check_statement "$file" || result=1
done
if grep -rnE '"[[:space:]]*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH) ' --include='*.c' src |
	grep -v '^src/store/migrate'; then
	echo "SQL belongs into src/store/sql"
	result=1
fi
exit "$result"
