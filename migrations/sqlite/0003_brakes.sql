-- Failures that processes tell one another, so that a limit on guessing holds in all of them. The key is a keyed hash. Moments
-- are the database's own. Rows whose window is over are forgotten.

CREATE TABLE IF NOT EXISTS brakes (
    key        BLOB   PRIMARY KEY,
    began_at   BIGINT NOT NULL,
    ends_at    BIGINT NOT NULL,
    failures   BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS brakes_by_change ON brakes (changed_at);
