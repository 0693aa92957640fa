#!/bin/sh
# Runs every target of fuzz/ for FUZZ_SECONDS (1200 unless given) or ten million inputs, whichever comes first, as many at once as
# there are cores. Names on the command line choose targets. Fails on a finding, and says where the input is.
set -eu
cd "$(dirname "$0")/.."
export FUZZ_SECONDS="${FUZZ_SECONDS:-1200}"

command -v cargo-fuzz >/dev/null || cargo install --locked cargo-fuzz

# No sanitizer: the crate forbids `unsafe`, so that one would only watch other people's code, at half the speed; and so the
# stable compiler will do.
cargo fuzz build --sanitizer none

host=$(rustc --version --verbose | sed -n 's/^host: //p')
export PROGRAMS="fuzz/target/$host/release"
# shellcheck disable=SC2016
one='
mkdir -p "fuzz/corpus/$0" "fuzz/artifacts/$0"
log="fuzz/artifacts/$0/log"
if "$PROGRAMS/$0" -max_total_time="$FUZZ_SECONDS" -runs=10000000 -max_len=1024 -timeout=10 -print_final_stats=1 \
    -artifact_prefix="fuzz/artifacts/$0/" "fuzz/corpus/$0" "fuzz/seeds/$0" >"$log" 2>&1; then
    echo "$0: $(sed -n "s/^stat::number_of_executed_units: *//p" "$log") inputs, no finding"
else
    echo "$0: a FINDING, see $log"
    grep --text --before-context=2 --after-context=3 "panicked at" "$log" || tail -n 20 "$log"
    exit 1
fi'
if [ $# -eq 0 ]; then
    # shellcheck disable=SC2046
    set -- $(cargo fuzz list)
fi
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 sh -c "$one"
