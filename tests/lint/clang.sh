#!/usr/bin/env bash
# clang compiles everything without a warning too.
set -euo pipefail

command -v clang >/dev/null || {
	echo "clang is not installed"
	[ "${REQUIRE_TOOLS:-}" = 1 ] && exit 1
	exit 77
}
unset MAKEFLAGS MFLAGS MAKELEVEL SANITIZE
make --silent --keep-going --jobs="$(nproc)" CC=clang BUILD="${BUILD:-build}/clang" CFLAGS=-Wno-unused-command-line-argument \
	all unit-programs
