-- Approval of a sign-in on a device as second factor: who wants it, which browsers were let in by it, and the sign-ins that
-- wait for it. A row is one question; it stays for a day after its end, so that no more are asked than a person can bear. Of
-- sessions from before it is not known how they began: none of them may be approved by a code.

ALTER TABLE users ADD COLUMN approval BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE users ADD COLUMN disowned_at BIGINT;
ALTER TABLE users ADD COLUMN password_by_code BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE sign_ins ADD COLUMN first_factor TEXT NOT NULL DEFAULT 'text_code';
ALTER TABLE sign_ins ADD COLUMN approved BOOLEAN NOT NULL DEFAULT FALSE;

CREATE TABLE IF NOT EXISTS approvals (
    id           BLOB   PRIMARY KEY,
    user_id      BLOB   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    secret_hash  BLOB   NOT NULL,
    epoch        BIGINT NOT NULL,
    first_factor TEXT   NOT NULL,
    number       BIGINT NOT NULL,
    device_id    BLOB,
    challenge_id BLOB,
    state        TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    decided_at   BIGINT,
    tell_at      BIGINT
);

CREATE INDEX IF NOT EXISTS approvals_by_user ON approvals (user_id, created_at);
CREATE INDEX IF NOT EXISTS approvals_by_end ON approvals (expires_at);
CREATE INDEX IF NOT EXISTS approvals_not_me ON approvals (state) WHERE state IN ('not_me', 'disowned');
