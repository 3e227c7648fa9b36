// Shapes of web/openapi.yaml that the page uses. Amounts are decimal strings: they are never parsed into numbers for money.
export type Role = 'tenant' | 'admin';

export interface SessionUser {
  id: number;
  username: string;
  role: Role;
}

export interface LoginSession {
  id: string;
  created_at: string;
  expires_at: string;
  address: string;
  client: string;
  current: boolean;
}

export interface SecondFactorState {
  enrolled: boolean;
  recovery_codes_left: number;
}

export interface LoginAnswer {
  token: string;
  expires_in: number;
  user: SessionUser;
}

export type AccountStatus = 'PENDING' | 'APPROVED' | 'REJECTED';

export interface BotInfo {
  state: string;
  reason: string;
  since: string;
  strategy: string;
  symbol: string;
  open_orders: number;
}

export interface Account {
  id: number;
  user_id: number;
  exchange_name: string;
  label: string;
  status: AccountStatus;
  is_active: boolean;
  error_message: string | null;
  created_at: string;
  updated_at: string;
  api_key: string;
  credential_version: number;
  region: string;
  withdraw_waived: boolean;
  probe: Probe | null;
  bot: BotInfo;
}

/** What the exchange said of a key; rights are null where it does not say. */
export interface Probe {
  at: string;
  passed: boolean;
  reason: string;
  may_read: boolean | null;
  may_trade: boolean | null;
  may_withdraw: boolean | null;
  address_bound: boolean | null;
  clock_offset_ms: number | null;
}

export interface Proposal {
  id: number;
  kind: 'withdraw_waiver' | 'end_lockdown' | 'grant_admin' | 'rotate_master_key';
  subject: string;
  content: Record<string, unknown>;
  digest: string;
  reason: string;
  state: 'open' | 'confirmed' | 'done' | 'withdrawn';
  proposed_by: number;
  created_at: string;
  expires_at: string;
}

export interface ConnectionFigures {
  message_age_ms: number | null;
  latency_last_ms: number | null;
  latency_median_ms: number | null;
  requests: number;
  errors: number;
  breaker: 'closed' | 'half_open' | 'open';
  reason: string;
}

export interface AccountHealth {
  state: 'ok' | 'degraded' | 'down' | 'idle';
  reasons: string[];
  account: ConnectionFigures;
}

export interface PendingAccount {
  id: number;
  user_id: number;
  user_username: string;
  user_email: string;
  exchange_name: string;
  label: string;
  created_at: string;
  credential_version?: number;
  region: string;
  withdraw_waived: boolean;
  probe: Probe | null;
}

export interface ExchangeInfo {
  name: string;
  needs_passphrase: boolean;
  regions: { name: string; base_url: string }[];
}

export interface EarningsTotal {
  source: string;
  asset: string;
  amount: string;
  count: number;
}

export interface SeriesPoint {
  at: string;
  amount: string;
  total: string;
}

export interface Earning {
  id: number;
  account_id: number;
  source: string;
  asset: string;
  amount: string;
  at: string;
}

export interface Problem {
  /** "urn:engine:problem:…", or empty where the engine was not heard. */
  type: string;
  title: string;
  detail: string;
  status: number;
  request_id: string;
  errors: { pointer: string; detail: string }[];
}

export interface EarningsUpdate {
  account_id: number;
  source: string;
  asset: string;
  amount: string;
  total: string;
  at: string;
  /** The state at the start of a connection, not something that was just earned. */
  snapshot?: boolean;
}
