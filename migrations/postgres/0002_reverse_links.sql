-- The partner's own authorization server for the reciprocal codes of a client, and one reverse link for each grant: the
-- tokens that the partner issued to us. Secrets, codes and tokens are sealed, each for its own row and column.

CREATE TABLE IF NOT EXISTS partners (
    client_id         TEXT   PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    name              TEXT   NOT NULL,
    token_url         TEXT   NOT NULL,
    partner_client_id TEXT   NOT NULL,
    client_secret     BYTEA  NOT NULL,
    scope             TEXT   NOT NULL,
    created_at        BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS reverse_links (
    grant_id          UUID   PRIMARY KEY REFERENCES grants (id) ON DELETE CASCADE,
    partner           TEXT   NOT NULL,
    state             TEXT   NOT NULL,
    version           BIGINT NOT NULL,
    seen_codes        BYTEA  NOT NULL,
    code              BYTEA,
    code_hash         BYTEA,
    code_profile      BYTEA,
    code_expires_at   BIGINT,
    attempts          BIGINT NOT NULL,
    next_attempt_at   BIGINT,
    access_token      BYTEA,
    refresh_token     BYTEA,
    token_scope       TEXT,
    tokens_from       BYTEA,
    tokens_profile    BYTEA,
    tokens_serial     BIGINT,
    fresh_until       BIGINT,
    tokens_expire_at  BIGINT,
    leased_until      BIGINT,
    last_error        TEXT,
    created_at        BIGINT NOT NULL,
    changed_at        BIGINT NOT NULL
);

-- Only codes that wait for their exchange stand in it, by the account at the partner that takes them.
CREATE INDEX IF NOT EXISTS reverse_links_due ON reverse_links (code_profile, next_attempt_at)
    WHERE next_attempt_at IS NOT NULL;
