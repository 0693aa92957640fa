#!/bin/sh
# Runs all tests with a book of every secret that comes by, in a folder that also gets every log and database; the last test,
# secret_scan, looks for the former in the latter. The folder is gone afterwards. Arguments go to `cargo test`.
set -eu

COUPLET_TEST_LEDGER=$(mktemp -d -t couplet-ledger.XXXXXX)
export COUPLET_TEST_LEDGER
# What a failed test left running may still write there.
trap 'rm -rf "$COUPLET_TEST_LEDGER" || { sleep 3; rm -rf "$COUPLET_TEST_LEDGER"; }' EXIT
mkdir "$COUPLET_TEST_LEDGER/logs" "$COUPLET_TEST_LEDGER/databases"
# PostgreSQL runs as another user when the tests run as root.
chmod -R 0777 "$COUPLET_TEST_LEDGER"
cargo test --locked "$@"
