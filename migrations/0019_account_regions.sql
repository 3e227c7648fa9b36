-- Which of the exchange's addresses an account trades at: one that the operator configured, by its name. The credentials are sealed
-- for that one, so that a changed row opens nothing.
ALTER TABLE user_exchanges ADD COLUMN region text NOT NULL DEFAULT 'default'
  CONSTRAINT user_exchanges_region_format CHECK (region ~ '^[a-z0-9][a-z0-9_-]{0,31}$');
