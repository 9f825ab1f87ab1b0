#!/bin/sh
# Makes a C source of the migrations: embed-migrations.sh migrations/0001_name.sql … > migrations.c
# The array and its count are declared in src/store/migrate.h.
set -eu
export LC_ALL=C

awk '
function literal(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	return "\"" text "\\n\""
}
BEGIN {
	print "/* Made of migrations/ by tools/embed-migrations.sh. */"
	print "#include \"store/migrate.h\""
	print ""
	print "const struct embedded_migration embedded_migrations[] = {"
}
FNR == 1 {
	if (count++)
		print "\t},"
	name = FILENAME
	sub(/^.*\//, "", name)
	sub(/\.sql$/, "", name)
	if (name !~ /^[0-9][0-9][0-9][0-9]_[a-z0-9_]+$/) {
		print FILENAME ": a migration is named 0001_what_it_does.sql" > "/dev/stderr"
		failed = 1
		exit 1
	}
	print "\t{"
	print "\t\t.version = " substr(name, 1, 4) + 0 ","
	print "\t\t.name = \"" name "\","
	print "\t\t.sql ="
}
{ print "\t\t" literal($0) }
END {
	if (failed)
		exit 1
	print "\t},"
	print "};"
	print ""
	print "const size_t embedded_migration_count = " count ";"
}' "$@"
