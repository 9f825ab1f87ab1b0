#!/bin/sh
# Makes the registry of SQL statements: embed-statements.sh header|source src/store/sql/*.sql
#
# One file holds one statement. Its first line declares the types of what goes in and comes out:
#     -- (uuid, int8) -> int8, bytea, text
#     -- (uuid) -> ()
# The file insert_item.sql becomes STMT_INSERT_ITEM. `struct statement_info` is declared in
# src/store/statement.h.
set -eu
export LC_ALL=C

what=$1
shift

awk -v what="$what" '
function literal(text) {
	gsub(/\\/, "\\\\", text)
	gsub(/"/, "\\\"", text)
	return "\"" text "\\n\""
}
function fail(message) {
	print FILENAME ":1: " message > "/dev/stderr"
	failed = 1
	exit 1
}
# "uuid , int8" → "uuid, int8"; counts into `listed`.
function types(text, names, i, out) {
	listed = 0
	gsub(/[ \t]/, "", text)
	if (text == "" || text == "()")
		return ""
	listed = split(text, names, ",")
	for (i = 1; i <= listed; i++) {
		if (names[i] !~ /^([a-z][a-z0-9_]*\.)?[a-z][a-z0-9_]*(\[\])?$/)
			fail("\"" names[i] "\" is not the name of a type")
		out = out (i > 1 ? ", " : "") names[i]
	}
	return out
}
BEGIN {
	print "/* Made of src/store/sql/ by tools/embed-statements.sh. */"
	if (what == "header") {
		print "#ifndef WINNOW_GEN_STATEMENTS_H"
		print "#define WINNOW_GEN_STATEMENTS_H"
		print ""
		print "enum statement {"
	} else {
		print "#include \"store/statement.h\""
		print ""
		print "const struct statement_info statement_infos[STMT_COUNT] = {"
	}
}
FNR == 1 {
	sub(/\r$/, "")
	if (!match($0, /^-- \([^)]*\) -> .+$/))
		fail("the first line must be like \"-- (uuid, int8) -> int8, text\"")
	name = FILENAME
	sub(/^.*\//, "", name)
	sub(/\.sql$/, "", name)
	if (name !~ /^[a-z][a-z0-9_]*$/)
		fail("a statement is named in lower case with underscores")
	close_at = index($0, ")")
	params = types(substr($0, 5, close_at - 5))
	param_count = listed
	results = types(substr($0, close_at + 4))
	if (what == "header") {
		print "\tSTMT_" toupper(name) ","
		next
	}
	if (count++)
		print "\t},"
	print "\t[STMT_" toupper(name) "] = {"
	print "\t\t.name = \"" name "\","
	print "\t\t.params = \"" params "\","
	print "\t\t.results = \"" results "\","
	print "\t\t.param_count = " param_count ","
	print "\t\t.sql ="
	next
}
what == "source" { print "\t\t" literal($0) }
END {
	if (failed)
		exit 1
	if (what == "header") {
		print "\tSTMT_COUNT"
		print "};"
		print ""
		print "#endif"
	} else {
		print "\t},"
		print "};"
	}
}' "$@"
