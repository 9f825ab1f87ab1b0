#!/usr/bin/env bash
# Installs what is missing, and says nothing when nothing is.
#   deps.sh GROUP…      groups: build run client test lint bench
# An entry is a Debian package, alternatives after "|", or package=command where a command of that
# name serves as well.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck source=lib.sh
. ./lib.sh

entries_of() {
	case $1 in
	build)
		echo gcc=cc make=make binutils=ar pkg-config=pkg-config libc6-dev libmicrohttpd-dev \
			libjansson-dev libpq-dev uuid-dev libssl-dev zlib1g-dev \
			'libcurl4-openssl-dev|libcurl4-gnutls-dev|libcurl4-nss-dev'
		;;
	run) echo tzdata 'postgresql|postgresql-17|postgresql-16|postgresql-15' curl=curl ;;
	client) echo curl=curl ;;
	test)
		echo libcmocka-dev python3 python3-pytest python3-requests python3-hypothesis \
			python3-psycopg2 python3-yaml python3-jsonschema pgbouncer haproxy
		;;
	lint) echo clang=clang clang-format=clang-format cppcheck=cppcheck shellcheck=shellcheck ;;
	bench) echo wrk=wrk ;;
	*) die "there is no group of packages called $1" ;;
	esac
}

installed() {
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# The package to install for an entry; nothing when it is there.
missing_of() {
	local entry=$1 package
	if [[ $entry == *=* ]]; then
		command -v "${entry#*=}" >/dev/null || echo "${entry%%=*}"
		return
	fi
	for package in ${entry//|/ }; do
		installed "$package" && return
	done
	echo "${entry%%|*}"
}

install_packages() {
	local as_root=() log
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null ||
			die "these packages are missing; install them as root: apt-get install $*"
		as_root=(sudo)
	fi
	say "Installing with apt-get: $*"
	log=$(mktemp)
	# shellcheck disable=SC2024 # the log is ours, not root's
	if ! { "${as_root[@]}" apt-get update &&
		"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
			apt-get install --yes --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
		tail -n 30 "$log" >&2
		rm -f "$log"
		die "apt-get failed; the end of what it said is above"
	fi
	rm -f "$log"
}

main() {
	local group entry missing=()
	if ! command -v dpkg-query >/dev/null; then
		warn "No dpkg here: install the equivalents of these Debian packages yourself, if need be:"
		for group in "$@"; do
			warn "  $(entries_of "$group")"
		done
		return
	fi
	for group in "$@"; do
		for entry in $(entries_of "$group"); do
			mapfile -t -O "${#missing[@]}" missing < <(missing_of "$entry")
		done
	done
	if ((${#missing[@]} > 0)); then
		install_packages "${missing[@]}"
	fi
}

main "$@"
