-- The audit trail shows tampering: each row's place and content go into a chain of hashes, in the transaction that writes the row.
--
--   hash(n) = SHA-256(hash(n - 1) || row(n)), hash(0) = 32 zero bytes
--   row(n)  = the netstrings ("5:hello,") of number, id, microseconds since 1970, actor (empty: none), action, object, detail
--
-- Numbers have no gaps and follow the order of the commits. Heads are signed outside of the database (docs/AUDIT.md).

CREATE TABLE audit_chain (
  seq      bigint PRIMARY KEY CHECK (seq > 0),
  event_id bigint NOT NULL REFERENCES audit_events (id),
  hash     bytea NOT NULL CHECK (length(hash) = 32),
  CONSTRAINT audit_chain_event_once UNIQUE (event_id)
);

CREATE FUNCTION audit_netstring(content text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT octet_length(content) || ':' || content || ','
$$;

CREATE FUNCTION audit_hash(before bytea, seq bigint, event audit_events) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(before || convert_to(
    audit_netstring(seq::text) || audit_netstring(event.id::text) ||
    audit_netstring((extract(epoch FROM event.at) * 1000000)::bigint::text) || audit_netstring(coalesce(event.actor::text, '')) ||
    audit_netstring(event.action) || audit_netstring(event.object) || audit_netstring(event.detail), 'UTF8'))
$$;

-- At the commit, when everything else is done: whoever holds the end of the chain waits for nobody, and only while it commits do others
-- wait for it. Each statement of the function sees what was committed before it, so the end is the end (READ COMMITTED; under stricter
-- levels the number's uniqueness fails the transaction).
CREATE FUNCTION chain_audit_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  last audit_chain;
BEGIN
  PERFORM pg_advisory_xact_lock(x'64726f76617564'::bigint);
  SELECT * INTO last FROM audit_chain ORDER BY seq DESC LIMIT 1;
  IF NOT FOUND THEN
    last.seq := 0;
    last.hash := decode(repeat('00', 32), 'hex');
  END IF;
  INSERT INTO audit_chain (seq, event_id, hash) VALUES (last.seq + 1, NEW.id, audit_hash(last.hash, last.seq + 1, NEW));
  RETURN NULL;
END $$;

-- What was written before there was a chain.
DO $$
DECLARE
  event audit_events;
  before bytea := decode(repeat('00', 32), 'hex');
  number bigint := 0;
BEGIN
  FOR event IN SELECT * FROM audit_events ORDER BY id LOOP
    number := number + 1;
    before := audit_hash(before, number, event);
    INSERT INTO audit_chain (seq, event_id, hash) VALUES (number, event.id, before);
  END LOOP;
END $$;

CREATE CONSTRAINT TRIGGER audit_events_chained AFTER INSERT ON audit_events
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION chain_audit_event();
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();

-- Public halves of the keys that sign heads; a key comes out of a master key.
CREATE TABLE audit_keys (
  id         text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{16}$'),
  public_key text NOT NULL CHECK (public_key <> ''),
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER audit_keys_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_keys
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();

-- Signed ends of the chain, as they are in the head file, too.
CREATE TABLE audit_heads (
  seq       bigint PRIMARY KEY,
  hash      bytea NOT NULL CHECK (length(hash) = 32),
  signed_at timestamptz NOT NULL,
  key_id    text NOT NULL REFERENCES audit_keys (id),
  signature bytea NOT NULL CHECK (length(signature) = 64)
);
CREATE TRIGGER audit_heads_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_heads
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_history();

-- As administrators read it.
CREATE INDEX audit_events_of_actor ON audit_events (actor, id);
CREATE INDEX audit_events_of_action ON audit_events (action, id);
CREATE INDEX audit_events_by_time ON audit_events (at);
