-- Sessions: one row per login, gone when the session ends. What authorises a request is kept in the engine's memory and
-- follows `users_changed`; auth_version orders what is read, so that a slow read never undoes a newer one.

ALTER TABLE users ADD COLUMN auth_version bigint NOT NULL DEFAULT 1 CHECK (auth_version > 0);

CREATE TABLE user_sessions (
  user_id       bigint NOT NULL REFERENCES users (id),
  -- Also in the token, whose signature is what makes it worth anything.
  id            text NOT NULL CONSTRAINT user_sessions_id_format CHECK (id ~ '^[0-9a-f]{16}$'),
  -- When the password was entered.
  created_at    timestamptz NOT NULL,
  expires_at    timestamptz NOT NULL,
  address       text NOT NULL DEFAULT '',
  client        text NOT NULL DEFAULT '',
  CONSTRAINT user_sessions_pkey PRIMARY KEY (user_id, id),
  CONSTRAINT user_sessions_life CHECK (expires_at > created_at)
);

-- Who changes sessions counts auth_version up in the same transaction, which also makes two logins of one user wait for
-- each other.
CREATE FUNCTION count_auth_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (OLD.role, OLD.status, OLD.epoch) IS DISTINCT FROM (NEW.role, NEW.status, NEW.epoch) THEN
    NEW.auth_version := greatest(NEW.auth_version, OLD.auth_version + 1);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER users_count_auth_version BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION count_auth_version();

DROP TRIGGER users_notify_auth_facts ON users;
CREATE TRIGGER users_notify_auth_facts AFTER UPDATE ON users
  FOR EACH ROW WHEN (OLD.auth_version IS DISTINCT FROM NEW.auth_version) EXECUTE FUNCTION notify_user_changed();

-- A new epoch ends every session.
CREATE FUNCTION end_sessions_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM user_sessions WHERE user_id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER users_end_sessions AFTER UPDATE ON users
  FOR EACH ROW WHEN (OLD.epoch IS DISTINCT FROM NEW.epoch) EXECUTE FUNCTION end_sessions_of_user();
