-- Requests that a user marked with an Idempotency-Key, and their answers: the same request again is answered, not carried out (docs/API.md).

CREATE TABLE idempotency_keys (
  user_id      bigint NOT NULL REFERENCES users (id),
  -- "POST /api/bots"
  route        text NOT NULL CHECK (length(route) <= 200),
  key          text NOT NULL CHECK (length(key) BETWEEN 1 AND 64),
  -- SHA-256 of path, query and body.
  request_hash text NOT NULL CONSTRAINT idempotency_keys_hash_format CHECK (request_hash ~ '^[0-9a-f]{64}$'),
  created_at   timestamptz NOT NULL DEFAULT now(),
  -- NULL: it was begun, and what came of it is not on record.
  status       integer CHECK (status BETWEEN 100 AND 599),
  -- JSON: [["Location","/api/bots/3"]]
  headers      text NOT NULL DEFAULT '[]',
  -- NULL: not kept, as it held a secret or was too large.
  body         text,
  CONSTRAINT idempotency_keys_pkey PRIMARY KEY (user_id, route, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);
SELECT wall_off('idempotency_keys', 'user_id = tenant_id()');

ALTER FUNCTION settle_privileges() RENAME TO settle_privileges_before_idempotency;
CREATE FUNCTION settle_privileges() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM settle_privileges_before_idempotency();
  GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency_keys TO drover_tenant;
  REVOKE ALL ON idempotency_keys FROM drover_reader;
END $$;
REVOKE ALL ON FUNCTION settle_privileges_before_idempotency() FROM PUBLIC;
