-- Refresh tokens: a session that has one is renewed under a new id with each use of it, and ended when a used one comes again.

ALTER TABLE user_sessions
  -- SHA-256 of the token's part that stays as long as the session, and of the one that is new with each use.
  ADD COLUMN family_hash text CONSTRAINT user_sessions_family_format CHECK (family_hash ~ '^[0-9a-f]{64}$'),
  ADD COLUMN refresh_hash text CONSTRAINT user_sessions_refresh_format CHECK (refresh_hash ~ '^[0-9a-f]{64}$'),
  -- What it was called before the last renewal, and how long that is good.
  ADD COLUMN previous_id text CONSTRAINT user_sessions_previous_format CHECK (previous_id ~ '^[0-9a-f]{16}$'),
  ADD COLUMN previous_until timestamptz,
  ADD CONSTRAINT user_sessions_renewable CHECK ((family_hash IS NULL) = (refresh_hash IS NULL)
    AND (previous_id IS NULL) = (previous_until IS NULL) AND (previous_id IS NULL OR family_hash IS NOT NULL));
CREATE UNIQUE INDEX user_sessions_of_family ON user_sessions (family_hash) WHERE family_hash IS NOT NULL;

-- Reports see which sessions there are, not what renews them.
ALTER FUNCTION settle_privileges() RENAME TO settle_privileges_before_refresh_tokens;
CREATE FUNCTION settle_privileges() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM settle_privileges_before_refresh_tokens();
  REVOKE ALL ON user_sessions FROM drover_reader;
  GRANT SELECT (user_id, id, created_at, expires_at, address, client, previous_id, previous_until) ON user_sessions TO drover_reader;
END $$;
REVOKE ALL ON FUNCTION settle_privileges_before_refresh_tokens() FROM PUBLIC;
