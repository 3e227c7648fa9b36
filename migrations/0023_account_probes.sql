-- What the exchange said of an account's key when it was last asked; NULL rights: it does not say. probe_problem NULL: the key passed.
ALTER TABLE user_exchanges
  ADD COLUMN probe_at timestamptz,
  ADD COLUMN probe_problem text CHECK (length(probe_problem) BETWEEN 1 AND 1000),
  ADD COLUMN may_read boolean,
  ADD COLUMN may_trade boolean,
  ADD COLUMN may_withdraw boolean,
  ADD COLUMN address_bound boolean,
  ADD COLUMN clock_offset_ms integer,
  -- Two administrators let the key of this version be used although it may withdraw.
  ADD COLUMN waived_version bigint,
  ADD COLUMN waived_by bigint REFERENCES users (id),
  ADD CONSTRAINT user_exchanges_probe_has_a_time CHECK (probe_at IS NOT NULL OR num_nonnulls(probe_problem, may_read, may_trade, may_withdraw) = 0),
  ADD CONSTRAINT user_exchanges_waived_by_somebody CHECK ((waived_version IS NULL) = (waived_by IS NULL)),
  ADD CONSTRAINT user_exchanges_not_self_waived CHECK (waived_by IS DISTINCT FROM user_id),
  -- A key that may withdraw trades for nobody who was not let (SEC-11).
  ADD CONSTRAINT user_exchanges_no_withdrawals
    CHECK (status <> 'APPROVED' OR may_withdraw IS NOT TRUE OR waived_version IS NOT DISTINCT FROM credential_version);
CREATE INDEX user_exchanges_by_probe ON user_exchanges (probe_at NULLS FIRST, id) WHERE deleted_at IS NULL AND status <> 'REJECTED';
