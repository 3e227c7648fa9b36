-- Emergency stops, locks of the whole engine, and risk limits that somebody set.

CREATE TABLE kills (
  id            uuid PRIMARY KEY,
  verb          text NOT NULL CHECK (verb IN ('halt', 'cancel', 'flatten')),
  scope         text NOT NULL CHECK (scope IN ('bot', 'account', 'user', 'exchange', 'all')),
  -- Of a bot, account or user; 0 otherwise.
  scope_id      bigint NOT NULL DEFAULT 0,
  -- Of an exchange.
  scope_name    text NOT NULL DEFAULT '',
  -- Whose bots are stopped; NULL: those of many.
  owner_id      bigint REFERENCES users (id),
  -- NULL: the operator of the machine.
  asked_by      bigint REFERENCES users (id),
  by_admin      boolean NOT NULL,
  asked_through text NOT NULL CHECK (asked_through <> ''),
  -- Chosen by the caller: the same one again is the same kill.
  key           text NOT NULL DEFAULT '' CHECK (length(key) <= 64),
  reason        text NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
  asked_at      timestamptz NOT NULL,
  -- done: carried out as far as it could be; it holds until it is released.
  state         text NOT NULL DEFAULT 'working' CHECK (state IN ('working', 'done', 'released')),
  receipt       jsonb NOT NULL DEFAULT '{}',
  released_by   bigint REFERENCES users (id),
  released_at   timestamptz,
  CONSTRAINT kills_released_has_time CHECK ((state = 'released') = (released_at IS NOT NULL))
);
CREATE UNIQUE INDEX kills_key ON kills (coalesce(asked_by, 0), key) WHERE key <> '';
CREATE UNIQUE INDEX kills_one_active ON kills (verb, scope, scope_id, scope_name, by_admin) WHERE state <> 'released';
CREATE INDEX kills_of_owner ON kills (owner_id, asked_at) WHERE owner_id IS NOT NULL;
CREATE INDEX kills_by_time ON kills (asked_at);

CREATE TABLE engine_locks (
  name       text PRIMARY KEY CHECK (name IN ('login', 'trading', 'lockdown')),
  locked     boolean NOT NULL,
  reason     text NOT NULL DEFAULT '' CHECK (length(reason) <= 500),
  -- NULL: the operator of the machine.
  changed_by bigint REFERENCES users (id),
  changed_at timestamptz NOT NULL
);

-- NULL: not set, the configured value holds. 0: no limit.
CREATE TABLE risk_limits (
  -- 0: the whole engine.
  account_id            bigint NOT NULL CHECK (account_id >= 0),
  -- The owner's own, never looser than the administrator's.
  by_owner              boolean NOT NULL,
  max_order_notional    numeric CHECK (max_order_notional >= 0),
  max_open_orders       int CHECK (max_open_orders >= 0),
  max_position_notional numeric CHECK (max_position_notional >= 0),
  max_daily_loss        numeric CHECK (max_daily_loss >= 0),
  price_collar          numeric CHECK (price_collar BETWEEN 0 AND 1),
  max_orders_per_minute int CHECK (max_orders_per_minute >= 0),
  updated_by            bigint REFERENCES users (id),
  updated_at            timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, by_owner),
  CONSTRAINT risk_limits_engine_has_no_owner CHECK (account_id > 0 OR NOT by_owner)
);

-- Losses from before this moment count no more.
CREATE TABLE loss_clearings (
  -- 0: the whole engine.
  account_id bigint PRIMARY KEY CHECK (account_id >= 0),
  cleared_at timestamptz NOT NULL,
  cleared_by bigint REFERENCES users (id)
);

-- Today's losses are read at the start.
CREATE INDEX fills_booked_by_time ON fills (recorded_at) WHERE intent_id IS NOT NULL;
