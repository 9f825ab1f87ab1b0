#!/usr/bin/env bash
# migrations/: 0001_what_it_does.sql, numbered without gaps; one that a release tag holds is never
# edited, renamed or removed.
set -euo pipefail
export LC_ALL=C

result=0
next=1
for file in migrations/*; do
	name=$(basename "$file")
	if [[ ! $name =~ ^[0-9]{4}_[a-z0-9_]+\.sql$ ]]; then
		echo "$file: a migration is named 0001_what_it_does.sql"
		result=1
	elif ((10#${name%%_*} != next)); then
		echo "$file: number $next is expected here"
		result=1
	fi
	((++next))
done

release=$(git describe --tags --abbrev=0 --match 'v[0-9]*' 2>/dev/null || :)
if [ -n "$release" ]; then
	while read -r file; do
		if ! git show "$release:$file" | cmp -s - "$file"; then
			echo "$file: differs from $release; write a new migration instead"
			result=1
		fi
	done < <(git ls-tree --name-only "$release" migrations/)
fi
exit "$result"
