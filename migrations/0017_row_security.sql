-- The second wall between users: behind the conditions of the statements, the tables themselves show a user's statements that user's
-- rows. drover_tenant is the role of such statements, drover.user_id the user, both set for one transaction (docs/DATABASE_ROLES.md).

-- The user of the transaction; NULL: none, and no row is anybody's then.
CREATE FUNCTION tenant_id() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT nullif(current_setting('drover.user_id', true), '')::bigint
$$;

-- `belongs`: the condition under which a row is the tenant's own.
CREATE FUNCTION wall_off(walled regclass, belongs text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', walled);
  EXECUTE format('CREATE POLICY of_owner ON %s TO CURRENT_USER USING (true) WITH CHECK (true)', walled);
  EXECUTE format('CREATE POLICY of_app ON %s TO drover_app USING (true) WITH CHECK (true)', walled);
  EXECUTE format('CREATE POLICY of_reader ON %s FOR SELECT TO drover_reader USING (true)', walled);
  EXECUTE format('CREATE POLICY of_tenant ON %1$s TO drover_tenant USING (%2$s) WITH CHECK (%2$s)', walled, belongs);
END $$;

SELECT wall_off(name::regclass, 'user_id = tenant_id()')
  FROM unnest(ARRAY['user_data_keys', 'user_sessions', 'user_second_factors', 'user_recovery_codes', 'user_exchanges', 'bots', 'order_intents',
                    'fills', 'earnings', 'earning_totals', 'ledger_transactions']) AS name;
SELECT wall_off('users', 'id = tenant_id()');
SELECT wall_off(name::regclass, 'EXISTS (SELECT FROM user_exchanges a WHERE a.id = account_id AND a.user_id = tenant_id())')
  FROM unnest(ARRAY['positions', 'account_leases', 'credential_versions', 'risk_limits', 'loss_clearings']) AS name;
SELECT wall_off('ledger_postings', 'EXISTS (SELECT FROM ledger_transactions t WHERE t.id = transaction_id AND t.user_id = tenant_id())');
SELECT wall_off('kills', 'owner_id = tenant_id()');
-- Who approved or rejected an account is named to its owner.
CREATE POLICY of_tenant_deciders ON users FOR SELECT TO drover_tenant USING (role = 'admin');

-- A tenant's change makes a version that the tenant cannot make.
ALTER FUNCTION record_credential_version() SECURITY DEFINER;
ALTER FUNCTION record_credential_version() SET search_path = public, pg_temp;

-- Nobody acts under another one's name.
ALTER TABLE audit_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY of_owner ON audit_events TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY of_app ON audit_events TO drover_app USING (true) WITH CHECK (true);
CREATE POLICY of_reader ON audit_events FOR SELECT TO drover_reader USING (true);
CREATE POLICY of_tenant ON audit_events FOR INSERT TO drover_tenant WITH CHECK (actor = tenant_id());

ALTER FUNCTION settle_privileges() RENAME TO settle_group_privileges;
CREATE FUNCTION settle_tenant_privileges() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  walled regclass;
BEGIN
  GRANT SELECT ON user_data_keys, user_exchanges, earnings, earning_totals, bots, order_intents, fills, positions TO drover_tenant;
  GRANT SELECT (id, username, role, status), UPDATE (updated_at) ON users TO drover_tenant;
  GRANT INSERT ON user_data_keys, user_exchanges, bots, audit_events TO drover_tenant;
  GRANT UPDATE ON user_exchanges, bots TO drover_tenant;
  EXECUTE format('GRANT USAGE ON ALL SEQUENCES IN SCHEMA %I TO drover_tenant', current_schema());
  -- The tables may have got another owner.
  FOR walled IN SELECT polrelid::regclass FROM pg_policy WHERE polname = 'of_owner' LOOP
    EXECUTE format('ALTER POLICY of_owner ON %s TO CURRENT_USER', walled);
  END LOOP;
END $$;
CREATE FUNCTION settle_privileges() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM settle_group_privileges();
  PERFORM settle_tenant_privileges();
END $$;
REVOKE ALL ON FUNCTION wall_off(regclass, text), settle_group_privileges(), settle_tenant_privileges() FROM PUBLIC;
