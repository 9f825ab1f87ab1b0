#!/usr/bin/env bash
# Runs the fuzzers that `make fuzz` has built, one after the other, FUZZ_SECONDS each.
#   tests/fuzz/run.sh BUILD [NAME…]       tests/fuzz/run.sh build/fuzz fuzz_model
#
# tests/fuzz/corpus is what they begin with; what they find on the way stays in BUILD/corpus for the
# next run. An input that ends a fuzzer is kept in BUILD/found: fix it, and put it into the corpus.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=$1
shift
mkdir -p "$build/found"

run_fuzzer() {
	local name=$1 kept=$build/corpus/${1#fuzz_}
	mkdir -p "$kept"
	printf '==== %s\n' "$name"
	"$build/tests/fuzz/$name" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=20 -rss_limit_mb=4096 \
		-print_final_stats=1 -verbosity=0 -artifact_prefix="$build/found/$name-" \
		"$kept" "tests/fuzz/corpus/${name#fuzz_}"
}

if (($# == 0)); then
	for source in tests/fuzz/fuzz_*.c; do
		source=${source##*/}
		set -- "$@" "${source%.c}"
	done
fi
for name in "$@"; do
	run_fuzzer "$name"
done
