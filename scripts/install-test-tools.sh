#!/bin/sh
# Sees to what the tests need besides Rust: a C compiler, PostgreSQL's server, Chromium and its driver.
# Installs what is missing on Debian; elsewhere says what to install, and fails.
set -eu

has_any() {
    for program in "$@"; do
        if command -v "$program" >/dev/null; then return 0; fi
    done
    return 1
}

# `psql` alone is a mere client: what counts is the folder with the programs of the server.
has_postgresql_server() {
    for folder in "$(pg_config --bindir 2>/dev/null || true)" /usr/lib/postgresql/*/bin \
        "$(dirname "$(command -v initdb || echo /none/initdb)")"; do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && [ -x "$folder/postgres" ]; then return 0; fi
    done
    return 1
}

list_missing() {
    has_any cc || echo "gcc libc6-dev"
    has_postgresql_server || echo "postgresql"
    has_any chromium chromium-browser google-chrome google-chrome-stable || echo "chromium"
    has_any chromedriver || echo "chromium-driver"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

explain() {
    echo "The tests cannot run: missing (by the names of Debian's packages): $1" >&2
    echo "Install a C compiler (cc), PostgreSQL's server (initdb, pg_ctl, postgres), Chromium or Chrome," \
        "and the chromedriver of the same version. On Debian:" >&2
    echo "  sudo apt-get update && sudo apt-get install --yes $1" >&2
    exit 1
}

missing=$(list_missing | tr '\n' ' ')
if [ -z "$missing" ]; then exit 0; fi
if ! has_any apt-get; then explain "$missing"; fi
if [ "$(id -u)" -ne 0 ] && ! has_any sudo; then explain "$missing"; fi

echo "Installing for the tests: $missing"
as_root apt-get update || explain "$missing"
# shellcheck disable=SC2086 # a list of packages
as_root env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends $missing || explain "$missing"

missing=$(list_missing | tr '\n' ' ')
if [ -n "$missing" ]; then explain "$missing"; fi
