#!/bin/sh
# Twilio's own helper libraries, unmodified, against Couplet: in Python and in Node, each installed by its own package manager
# into target/twilio. Nothing is sent to Twilio.
set -eu

cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
work=$target/twilio
mkdir -p "$work"

for program in python3 node npm; do
    if ! command -v "$program" >/dev/null; then
        echo "The libraries can't run: $program is missing. On Debian:" \
            "sudo apt-get install --yes python3-venv nodejs npm" >&2
        exit 1
    fi
done

if [ ! -x "$work/python/bin/pip" ]; then python3 -m venv "$work/python"; fi
"$work/python/bin/pip" install --quiet --disable-pip-version-check --requirement tests/twilio/requirements.txt
cp tests/twilio/package.json tests/twilio/package-lock.json "$work/"
npm ci --prefix "$work" --ignore-scripts --no-audit --no-fund --loglevel=error

# Access tokens: each library makes its own of every vector at the same moment, and both say the same.
vectors=tests/vectors/twilio-access-tokens.json
COUPLET_TWILIO_TOKENS=$work/access-tokens.json cargo test --locked --test it -- twilio::access_token::vectors
"$work/python/bin/python" tests/twilio/access_tokens.py "$vectors" "$work/access-tokens.json" "$target/debug/couplet"
NODE_PATH=$work/node_modules node tests/twilio/access_tokens.cjs "$vectors" "$work/access-tokens.json"
