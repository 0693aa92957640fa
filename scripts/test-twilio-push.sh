#!/bin/sh
# Twilio's own helper library for Python, unmodified but for the host, drives the whole of push verification; beside it a
# device that signs as the mobile SDKs do, and a receiver that checks webhooks with the library's validator. Packages go into
# target/twilio-venv.
set -eu
cd "$(dirname "$0")/.."

cargo build --locked --quiet
if [ ! -x target/twilio-venv/bin/python ]; then
    python3 -m venv target/twilio-venv
fi
target/twilio-venv/bin/pip install --quiet --requirement scripts/twilio/requirements.txt
exec target/twilio-venv/bin/python scripts/twilio/push.py "${CARGO_TARGET_DIR:-target}/debug/couplet"
