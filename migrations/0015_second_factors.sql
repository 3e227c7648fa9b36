-- Authenticator apps of users, and the recovery codes for when the app is lost.

CREATE TABLE user_second_factors (
  user_id    bigint PRIMARY KEY REFERENCES users (id),
  -- Sealed with the user's data key; opens only in this row, for this version.
  sealed_key text NOT NULL CHECK (sealed_key <> ''),
  version    bigint NOT NULL CHECK (version > 0),
  confirmed  boolean NOT NULL DEFAULT false,
  -- The last step of 30 seconds whose code was used: no code is good twice.
  last_step  bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE user_recovery_codes (
  user_id   bigint NOT NULL REFERENCES user_second_factors (user_id) ON DELETE CASCADE,
  code_hash text NOT NULL CONSTRAINT user_recovery_codes_hash_format CHECK (code_hash ~ '^[0-9a-f]{64}$'),
  CONSTRAINT user_recovery_codes_pkey PRIMARY KEY (user_id, code_hash)
);
