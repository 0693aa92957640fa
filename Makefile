# What people and CI call, under the same names.
.PHONY: run test test-twilio lint bench endurance model fuzz

# The first look: an embedded database, a demo user, and a page that plays the Alexa app.
run:
	cargo run --release -- dev

# Everything, on both databases and in a browser; installs what is missing for that on Debian. At last every log and database that
# the tests left is searched for every secret that came by.
test:
	scripts/install-test-tools.sh
	scripts/test-with-ledger.sh

# Twilio's own helper libraries for Python and Node against Couplet; needs both, with their package managers.
test-twilio:
	scripts/test-twilio.sh
	scripts/test-twilio-push.sh

# A hundred rounds of killing the server under load on each database, and twenty of stopping PostgreSQL.
endurance:
	scripts/install-test-tools.sh
	COUPLET_ROUNDS=100 cargo test --locked --test endurance -- --nocapture

lint:
	cargo fmt --all --check
	cargo clippy --locked --all-targets -- --deny warnings

# Measurements, against what the same machine can do at best in the same run.
bench:
	scripts/install-test-tools.sh
	cargo bench --locked --bench reciprocal
	cargo bench --locked --bench throughput -- --write

# The life of a link against its specification (tests/model/): ten thousand histories on each database, or COUPLET_CASES.
model:
	scripts/install-test-tools.sh
	COUPLET_CASES=$${COUPLET_CASES:-10000} cargo test --locked --test model -- --nocapture

# Every parser of what comes from outside (fuzz/): each for FUZZ_SECONDS (1200) or ten million inputs.
fuzz:
	scripts/fuzz.sh
