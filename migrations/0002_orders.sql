-- Orders: leases, intents, fills, positions, and what a bot remembers.
--
-- An intent is committed before its request leaves; its id is the client order id at the venue. Every write about an order
-- carries the lease epoch of its account, so that an engine that lost the account cannot write and so cannot trade.

CREATE TABLE account_leases (
  account_id  bigint PRIMARY KEY REFERENCES user_exchanges (id),
  epoch       bigint NOT NULL CHECK (epoch > 0),
  engine_name text NOT NULL CHECK (engine_name <> ''),
  acquired_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE order_intents (
  id                uuid PRIMARY KEY,
  account_id        bigint NOT NULL REFERENCES user_exchanges (id),
  user_id           bigint NOT NULL REFERENCES users (id),
  exchange_name     text NOT NULL CHECK (exchange_name <> ''),
  symbol            text NOT NULL CHECK (symbol <> ''),
  side              text NOT NULL CHECK (side IN ('buy', 'sell')),
  type              text NOT NULL CHECK (type IN ('limit', 'market', 'limit_maker')),
  tif               text NOT NULL CHECK (tif IN ('gtc', 'ioc', 'fok')),
  price             numeric NOT NULL CHECK (price >= 0),
  quantity          numeric NOT NULL CHECK (quantity > 0),
  tag               text NOT NULL,
  state             text NOT NULL DEFAULT 'intended'
                    CHECK (state IN ('intended', 'accepted', 'unknown', 'refused', 'not_placed', 'closed')),
  status            text NOT NULL DEFAULT 'open'
                    CHECK (status IN ('open', 'partially_filled', 'filled', 'cancelled', 'rejected', 'expired')),
  venue_order_id    text NOT NULL DEFAULT '',
  -- Sum of the booked fills, and what the venue says: an order is closed only when they agree.
  filled_quantity   numeric NOT NULL DEFAULT 0 CHECK (filled_quantity >= 0),
  reported_quantity numeric NOT NULL DEFAULT 0 CHECK (reported_quantity >= 0),
  reason            text NOT NULL DEFAULT '',
  created_at        timestamptz NOT NULL,
  -- From this moment on the venue refuses the request: "not found" becomes proof.
  dead_after        timestamptz NOT NULL,
  updated_at        timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT order_intents_dies_after_birth CHECK (dead_after > created_at),
  CONSTRAINT order_intents_closed_has_all_fills
    CHECK (state <> 'closed' OR (status NOT IN ('open', 'partially_filled') AND filled_quantity >= reported_quantity))
);
CREATE INDEX order_intents_open ON order_intents (account_id) WHERE state IN ('intended', 'accepted', 'unknown');
CREATE INDEX order_intents_of_venue_order ON order_intents (account_id, venue_order_id) WHERE venue_order_id <> '';
CREATE INDEX order_intents_of_account ON order_intents (account_id, created_at);

CREATE TABLE fills (
  id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id     bigint NOT NULL REFERENCES user_exchanges (id),
  user_id        bigint NOT NULL REFERENCES users (id),
  -- NULL: an order that the engine did not place; the books do not know it.
  intent_id      uuid REFERENCES order_intents (id),
  symbol         text NOT NULL CHECK (symbol <> ''),
  trade_id       text NOT NULL CHECK (trade_id <> ''),
  venue_order_id text NOT NULL,
  side           text NOT NULL CHECK (side IN ('buy', 'sell')),
  price          numeric NOT NULL CHECK (price >= 0),
  quantity       numeric NOT NULL CHECK (quantity > 0),
  fee            numeric NOT NULL,
  fee_asset      text NOT NULL,
  maker          boolean NOT NULL,
  quote_asset    text NOT NULL,
  realised       numeric NOT NULL DEFAULT 0,
  earning_id     bigint REFERENCES earnings (id),
  at             timestamptz NOT NULL,
  recorded_at    timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT fills_trade_key UNIQUE (account_id, symbol, trade_id)
);
CREATE INDEX fills_of_intent ON fills (intent_id);

CREATE TABLE positions (
  account_id   bigint NOT NULL REFERENCES user_exchanges (id),
  symbol       text NOT NULL CHECK (symbol <> ''),
  quantity     numeric NOT NULL DEFAULT 0,
  cost         numeric NOT NULL DEFAULT 0,
  realised     numeric NOT NULL DEFAULT 0,
  -- Every fill up to this trade of the venue is stored.
  complete_to  text NOT NULL DEFAULT '',
  updated_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (account_id, symbol)
);

-- Which strategy an account runs and what the strategy remembers. No row: the configured default, from the beginning.
CREATE TABLE bots (
  account_id bigint PRIMARY KEY REFERENCES user_exchanges (id),
  strategy   text NOT NULL DEFAULT '',
  parameters jsonb NOT NULL DEFAULT '{}',
  state      text NOT NULL DEFAULT '',
  updated_at timestamptz NOT NULL DEFAULT now()
);
