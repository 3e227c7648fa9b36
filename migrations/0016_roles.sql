-- Who may do what. Three groups, of which logins are members (docs/DATABASE_ROLES.md):
--
--   drover_app     the engine's own work: reads everything, adds to histories, changes what is not one; no DDL, no TRUNCATE
--   drover_tenant  what it does on behalf of one user
--   drover_reader  reports: no credentials, changes nothing

DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['drover_app', 'drover_tenant', 'drover_reader'] LOOP
    CONTINUE WHEN to_regrole(wanted) IS NOT NULL;
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
    EXCEPTION
      WHEN duplicate_object OR unique_violation THEN NULL;
      WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'there is no role %, and % may not make one; as a superuser run: engine db roles | psql -d postgres', wanted, current_user;
    END;
  END LOOP;
END $$;

-- Runs before and after the migrations of every engine migrate, as the owner of the tables: tables of later migrations get their
-- privileges by what they are. What refuses changes by refuse_change_of_history() is a history; rows of kept tables go on for ever.
CREATE FUNCTION settle_privileges() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  part record;
  rights text;
  kept CONSTANT text[] := ARRAY['users', 'user_data_keys', 'user_exchanges', 'master_keys', 'engine_meta', 'account_leases', 'positions', 'bots',
    'earning_totals', 'copy_rooms', 'copy_invitations', 'copy_members', 'copy_signals', 'kills', 'engine_locks', 'risk_limits',
    'loss_clearings', 'data_gaps', 'raw_retention'];
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO drover_app, drover_tenant, drover_reader', current_schema());
  FOR part IN
    SELECT c.oid::regclass AS name, c.relname AS short, EXISTS (
             SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgfoid = 'refuse_change_of_history'::regproc) AS is_history
    FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
  LOOP
    rights := CASE
      WHEN part.short IN ('schema_migrations', 'audit_chain') THEN 'SELECT'
      WHEN part.is_history OR part.short ~ '^raw_records' THEN 'SELECT, INSERT'
      WHEN part.short IN ('order_intents', 'fills') THEN 'SELECT, INSERT'
      WHEN part.short = ANY (kept) THEN 'SELECT, INSERT, UPDATE'
      ELSE 'SELECT, INSERT, UPDATE, DELETE'
    END;
    EXECUTE format('REVOKE ALL ON %s FROM PUBLIC, drover_app, drover_tenant, drover_reader', part.name);
    EXECUTE format('GRANT %s ON %s TO drover_app', rights, part.name);
    IF part.short NOT IN ('users', 'user_exchanges', 'user_data_keys', 'user_second_factors', 'user_recovery_codes', 'user_invitations',
                          'master_keys', 'engine_meta', 'copy_invitations') THEN
      EXECUTE format('GRANT SELECT ON %s TO drover_reader', part.name);
    END IF;
  END LOOP;
  -- What was intended and what was traded stays; what became of it may change.
  GRANT UPDATE (state, status, venue_order_id, filled_quantity, reported_quantity, reason, updated_at, sent_at, accepted_at, unknown_at, ended_at)
    ON order_intents TO drover_app;
  GRANT UPDATE (intent_id, realised, earning_id) ON fills TO drover_app;
  GRANT SELECT (id, username, role, status, created_at, last_login_at) ON users TO drover_reader;
  GRANT SELECT (id, user_id, exchange_name, label, status, is_active, error_message, credential_version, reviewed_version, approved_by,
                approved_at, rejected_by, rejected_at, created_at, updated_at, deleted_at) ON user_exchanges TO drover_reader;
  EXECUTE format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO drover_app', current_schema());
  REVOKE ALL ON FUNCTION settle_privileges(), raw_records_prepare_days(integer), raw_records_drop_before(timestamptz, integer) FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION raw_records_prepare_days(integer), raw_records_drop_before(timestamptz, integer) TO drover_app;
  -- Partitions that are made while the engine runs.
  EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT ON TABLES TO drover_app, drover_reader', current_schema());
END $$;
