#!/usr/bin/env bash
# Run by PostgreSQL's image when it makes its cluster: Winnow's roles and database.
set -euo pipefail

owner=$(cat /secrets/owner-password)
app=$(cat /secrets/app-password)
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres <<-SQL
	CREATE ROLE winnow_owner LOGIN PASSWORD '$owner';
	CREATE ROLE winnow_app LOGIN PASSWORD '$app';
	CREATE DATABASE winnow OWNER winnow_owner TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
	REVOKE ALL ON DATABASE winnow FROM PUBLIC;
	GRANT CONNECT, TEMPORARY ON DATABASE winnow TO winnow_app;
SQL
