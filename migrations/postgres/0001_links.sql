-- Moments are whole milliseconds since 1970 (UTC). Hashes and sealed values are raw bytes.
-- Nothing that a redemption or a refresh changes stands in an index, so each touches one row by its primary key.

CREATE TABLE IF NOT EXISTS clients (
    id                  TEXT    PRIMARY KEY,
    settings            TEXT    NOT NULL,
    secret_hash         BYTEA,
    former_secret_hash  BYTEA,
    former_secret_until BIGINT,
    enabled             BOOLEAN NOT NULL,
    created_at          BIGINT  NOT NULL
);

CREATE TABLE IF NOT EXISTS users (
    id            UUID   PRIMARY KEY,
    login         TEXT   NOT NULL,
    login_key     TEXT   NOT NULL UNIQUE,
    email         TEXT,
    phone         TEXT,
    password_hash TEXT,
    disabled_at   BIGINT,
    sign_in_epoch BIGINT NOT NULL,
    created_at    BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS sign_ins (
    id          UUID   PRIMARY KEY,
    user_id     UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_hash BYTEA  NOT NULL,
    epoch       BIGINT NOT NULL,
    created_at  BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS sign_ins_by_user ON sign_ins (user_id);

CREATE TABLE IF NOT EXISTS grants (
    id                 UUID    PRIMARY KEY,
    user_id            UUID    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id          TEXT    NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scope              TEXT    NOT NULL,
    state              TEXT    NOT NULL,
    code_hash          BYTEA   NOT NULL,
    code_expires_at    BIGINT  NOT NULL,
    redirect_uri       TEXT    NOT NULL,
    redirect_uri_given BOOLEAN NOT NULL,
    code_challenge     TEXT,
    created_at         BIGINT  NOT NULL,
    redeemed_at        BIGINT,
    last_used_at       BIGINT,
    revoked_at         BIGINT,
    refresh_hash       BYTEA,
    generation         BIGINT  NOT NULL,
    refresh_used       BOOLEAN NOT NULL,
    rotations          BYTEA   NOT NULL
);

CREATE INDEX IF NOT EXISTS grants_by_user ON grants (user_id, client_id);
CREATE INDEX IF NOT EXISTS grants_by_client ON grants (client_id);

CREATE TABLE IF NOT EXISTS keys (
    purpose    TEXT   NOT NULL,
    serial     BIGINT NOT NULL,
    kid        TEXT   NOT NULL,
    sealed     BYTEA  NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (purpose, serial)
);
