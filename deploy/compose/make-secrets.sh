#!/bin/sh
# Makes the passwords of deploy/compose.yaml, once. Winnow's user can read its own alone; PostgreSQL
# reads all of them as root before it starts.
set -eu

cd /secrets
[ ! -e complete ] || exit 0

secret() {
	od -An -N24 -tx1 /dev/urandom | tr -d ' \n'
}

umask 077
owner=$(secret)
app=$(secret)
secret >postgres-password
printf '%s' "$owner" >owner-password
printf '%s' "$app" >app-password
printf 'postgresql://winnow_owner:%s@postgres/winnow\n' "$owner" >owner-url
printf 'postgresql://winnow_app:%s@postgres/winnow\n' "$app" >app-url
chown 65500:65500 owner-url app-url /token
chown 999:999 owner-password app-password postgres-password # the image's postgres
chmod 755 .
touch complete
