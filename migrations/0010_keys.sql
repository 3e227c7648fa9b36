-- Master keys that may be changed while the engine runs, and credentials that cannot be put back to what they were.

-- Which master keys this database knows, by their public ids; the keys themselves are never here. The current one wraps, an old one
-- still has data keys that it wrapped, a retired one has none and is not taken up again.
CREATE TABLE master_keys (
  id          text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
  check_value text NOT NULL CHECK (check_value <> ''),
  state       text NOT NULL CHECK (state IN ('current', 'old', 'retired')),
  created_at  timestamptz NOT NULL DEFAULT now(),
  changed_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX master_keys_one_current ON master_keys (state) WHERE state = 'current';

INSERT INTO master_keys (id, check_value, state)
  SELECT split_part(value, '.', 2), value, 'current' FROM engine_meta WHERE key = 'master_key_check';
DELETE FROM engine_meta WHERE key = 'master_key_check';

-- Read off the wrapped text, so that the two cannot disagree.
ALTER TABLE user_data_keys ADD COLUMN master_key_id text NOT NULL GENERATED ALWAYS AS (split_part(wrapped, '.', 2)) STORED;
CREATE INDEX user_data_keys_by_master_key ON user_data_keys (master_key_id, user_id);

-- Every version of an account's credentials that there was; destroying them counts as one more. A row of user_exchanges whose version
-- is not the newest here was put back, and is not used.
CREATE TABLE credential_versions (
  account_id bigint NOT NULL REFERENCES user_exchanges (id),
  version    bigint NOT NULL CHECK (version > 0),
  at         timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, version)
);
INSERT INTO credential_versions (account_id, version)
  SELECT id, CASE WHEN deleted_at IS NULL THEN credential_version ELSE credential_version + 1 END FROM user_exchanges;
CREATE TRIGGER credential_versions_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON credential_versions
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();

CREATE FUNCTION record_credential_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO credential_versions (account_id, version)
    VALUES (NEW.id, CASE WHEN NEW.deleted_at IS NULL THEN NEW.credential_version ELSE NEW.credential_version + 1 END)
    ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER user_exchanges_version_made AFTER INSERT ON user_exchanges
  FOR EACH ROW EXECUTE FUNCTION record_credential_version();
CREATE TRIGGER user_exchanges_version_changed AFTER UPDATE ON user_exchanges
  FOR EACH ROW WHEN ((OLD.credential_version, OLD.deleted_at) IS DISTINCT FROM (NEW.credential_version, NEW.deleted_at))
  EXECUTE FUNCTION record_credential_version();

-- The first of two walls; the second is that the engine compares versions before it opens anything.
CREATE FUNCTION refuse_old_credentials() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the credentials of account % do not go back to an older version', NEW.id USING ERRCODE = 'DR003';
END $$;
CREATE TRIGGER user_exchanges_version_goes_on BEFORE UPDATE ON user_exchanges
  FOR EACH ROW WHEN (NEW.credential_version < OLD.credential_version OR (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL))
  EXECUTE FUNCTION refuse_old_credentials();
