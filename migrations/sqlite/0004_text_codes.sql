-- Codes that were sent by text message. All keys and hashes are keyed: without the server's keys nobody learns a browser, a
-- number or a code from them. A browser has one row for each use of a code. Rows that have expired are forgotten.

CREATE TABLE IF NOT EXISTS text_codes (
    key        BLOB    PRIMARY KEY,
    phone_hash BLOB    NOT NULL,
    code_hash  BLOB    NOT NULL,
    tries      BIGINT  NOT NULL,
    spent      BOOLEAN NOT NULL,
    expires_at BIGINT  NOT NULL
);

CREATE INDEX IF NOT EXISTS text_codes_by_end ON text_codes (expires_at);
CREATE INDEX IF NOT EXISTS users_by_phone ON users (phone);
