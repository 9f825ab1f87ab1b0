# shellcheck shell=bash
# What the scripts of this folder share. Sourced, not run.

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() {
	warn "winnow: $*"
	exit 1
}

# absolute PATH: also of what does not exist yet.
absolute() {
	case $1 in
	/*) printf '%s\n' "$1" ;;
	*) printf '%s\n' "$PWD/$1" ;;
	esac
}

# wait_until SECONDS COMMAND…: polls ten times a second; false when the time is up.
wait_until() {
	local tries=$(($1 * 10))
	shift
	while ! "$@"; do
		((tries-- > 0)) || return 1
		sleep 0.1
	done
}

# percent_encode TEXT, for use inside a URL.
percent_encode() {
	local LC_ALL=C text=$1 out='' char i
	for ((i = 0; i < ${#text}; i++)); do
		char=${text:i:1}
		case $char in
		[A-Za-z0-9._~-]) out+=$char ;;
		*) out+=$(printf '%%%02X' "'$char") ;;
		esac
	done
	printf '%s\n' "$out"
}

# 192 random bits in hexadecimal digits.
random_secret() {
	od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}
