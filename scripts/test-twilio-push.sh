#!/bin/sh
# Twilio's own helper libraries for Python and Node, unmodified but for the host, drive the whole of push verification; beside
# each a device that signs as the mobile SDKs do, and a receiver that checks webhooks with the library's validator. Packages
# go into target/twilio-venv and target/twilio-node.
set -eu
cd "$(dirname "$0")/.."
program="${CARGO_TARGET_DIR:-target}/debug/couplet"

cargo build --locked --quiet
if [ ! -x target/twilio-venv/bin/python ]; then
    python3 -m venv target/twilio-venv
fi
target/twilio-venv/bin/pip install --quiet --requirement scripts/twilio/requirements.txt
target/twilio-venv/bin/python scripts/twilio/push.py "$program"

mkdir -p target/twilio-node
cp scripts/twilio/package.json scripts/twilio/package-lock.json target/twilio-node/
(cd target/twilio-node && npm ci --silent --no-audit --no-fund)
target/twilio-venv/bin/python scripts/twilio/server.py "$program" node scripts/twilio/push.mjs target/twilio-node
