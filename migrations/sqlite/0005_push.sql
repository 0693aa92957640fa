-- Push verification: accounts of back ends, their services, the people there (entities), their devices (factors), the
-- questions to a device (challenges), and the webhooks with what is on its way to them. Auth tokens are sealed, secrets of
-- access tokens hashed.

CREATE TABLE IF NOT EXISTS push_accounts (
    id         BLOB   PRIMARY KEY,
    auth_token BLOB   NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS push_services (
    id                 BLOB    PRIMARY KEY,
    account_id         BLOB    NOT NULL REFERENCES push_accounts (id) ON DELETE CASCADE,
    friendly_name      TEXT    NOT NULL,
    code_length        BIGINT  NOT NULL,
    include_date       BOOLEAN NOT NULL,
    apn_credential_sid TEXT,
    fcm_credential_sid TEXT,
    created_at         BIGINT  NOT NULL,
    updated_at         BIGINT  NOT NULL
);

CREATE INDEX IF NOT EXISTS push_services_by_account ON push_services (account_id, created_at, id);

CREATE TABLE IF NOT EXISTS push_enrolments (
    id            BLOB   PRIMARY KEY,
    service_id    BLOB   NOT NULL REFERENCES push_services (id) ON DELETE CASCADE,
    identity      TEXT   NOT NULL,
    friendly_name TEXT,
    secret_hash   BLOB   NOT NULL,
    ttl           BIGINT NOT NULL,
    factor_id     BLOB,
    created_at    BIGINT NOT NULL,
    expires_at    BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS push_enrolments_by_service ON push_enrolments (service_id, identity);

-- `factors_made` counts those of the day `factors_made_on`; `event_id` tells which event changed the row last.
CREATE TABLE IF NOT EXISTS push_entities (
    id              BLOB   PRIMARY KEY,
    service_id      BLOB   NOT NULL REFERENCES push_services (id) ON DELETE CASCADE,
    identity        TEXT   NOT NULL,
    factors_made_on BIGINT NOT NULL,
    factors_made    BIGINT NOT NULL,
    event_id        BLOB,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    UNIQUE (service_id, identity)
);

CREATE INDEX IF NOT EXISTS push_entities_by_service ON push_entities (service_id, created_at, id);

CREATE TABLE IF NOT EXISTS push_factors (
    id            BLOB   PRIMARY KEY,
    entity_id     BLOB   NOT NULL REFERENCES push_entities (id) ON DELETE CASCADE,
    credential_id BLOB   NOT NULL UNIQUE,
    friendly_name TEXT   NOT NULL,
    status        TEXT   NOT NULL,
    public_key    TEXT   NOT NULL,
    sdk_version   TEXT,
    app_id        TEXT,
    platform      TEXT   NOT NULL,
    token         TEXT,
    metadata      TEXT,
    tries         BIGINT NOT NULL,
    event_id      BLOB   NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS push_factors_by_entity ON push_factors (entity_id, created_at, id);

-- That a challenge ran out is never stored: a pending one whose time is over has expired.
CREATE TABLE IF NOT EXISTS push_challenges (
    id             BLOB   PRIMARY KEY,
    entity_id      BLOB   NOT NULL REFERENCES push_entities (id) ON DELETE CASCADE,
    factor_id      BLOB   NOT NULL REFERENCES push_factors (id) ON DELETE CASCADE,
    status         TEXT   NOT NULL,
    details        TEXT   NOT NULL,
    hidden_details TEXT,
    metadata       TEXT,
    tries          BIGINT NOT NULL,
    event_id       BLOB,
    created_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    responded_at   BIGINT,
    expires_at     BIGINT NOT NULL
);

CREATE INDEX IF NOT EXISTS push_challenges_by_entity ON push_challenges (entity_id, created_at, id);
-- What waits for a person, without all that has ended.
CREATE INDEX IF NOT EXISTS push_challenges_waiting ON push_challenges (entity_id, status, expires_at);
CREATE INDEX IF NOT EXISTS push_challenges_by_factor ON push_challenges (factor_id, status, expires_at);

CREATE TABLE IF NOT EXISTS push_webhooks (
    id            BLOB    PRIMARY KEY,
    service_id    BLOB    NOT NULL REFERENCES push_services (id) ON DELETE CASCADE,
    friendly_name TEXT    NOT NULL,
    event_types   TEXT    NOT NULL,
    url           TEXT    NOT NULL,
    enabled       BOOLEAN NOT NULL,
    version       TEXT    NOT NULL,
    created_at    BIGINT  NOT NULL,
    updated_at    BIGINT  NOT NULL
);

CREATE INDEX IF NOT EXISTS push_webhooks_by_service ON push_webhooks (service_id, created_at, id);

CREATE TABLE IF NOT EXISTS push_deliveries (
    event_id        BLOB   NOT NULL,
    webhook_id      BLOB   NOT NULL REFERENCES push_webhooks (id) ON DELETE CASCADE,
    body            TEXT   NOT NULL,
    attempts        BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (event_id, webhook_id)
);

-- What has waited too long is found without looking at the rest.
CREATE INDEX IF NOT EXISTS push_deliveries_by_age ON push_deliveries (created_at);
CREATE INDEX IF NOT EXISTS push_deliveries_due ON push_deliveries (webhook_id, next_attempt_at);
