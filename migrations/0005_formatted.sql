-- What was asked, so that an answer can be read again; gaps with the venue's own numbers and what became of them; tables that are
-- compiled from the raw records; retention.

alter table raw_records
  -- Name of the operation and its arguments ("symbol=BTC%2FUSDT&limit=500"); empty for frames and for records of older versions.
  add column operation text not null default '',
  add column arguments text not null default '';
-- Tables of instruments, of which an interpreter needs the latest before a row.
create index raw_records_instruments on raw_records (stream, received_at) where operation = 'instruments';

alter table data_gaps
  -- 'trades', 'candles', 'book', 'poll'; empty: everything that the stream carries.
  add column channel text not null default '',
  add column account text not null default '',
  add column symbol text not null default '',
  add column interval_name text not null default '',
  -- The venue's own numbers, both inclusive; null = unknown.
  add column first_missing bigint,
  add column last_missing bigint,
  add column state text not null default 'open' check (state in ('open', 'filled', 'partly', 'unfillable')),
  -- Why it is in that state.
  add column outcome text not null default '',
  add column attempts integer not null default 0,
  add column next_attempt_at timestamptz,
  add column settled_at timestamptz;
create index data_gaps_open on data_gaps (noted_at) where state = 'open';

-- How far each stream is compiled. A row that is stored behind this (a segment that could not be read at first) sets it back.
create table formatted_positions (
  stream text primary key,
  sequence bigint not null,
  received_at timestamptz not null,
  rows_read bigint not null default 0,
  rejected bigint not null default 0,
  updated_at timestamptz not null default now()
);

-- Each row of the following names the raw row that it came from (stream, sequence; received_at finds its partition).
-- Of several raw rows that say the same thing, which one a table keeps depends on these rows alone, never on the order of compiling.

-- The last complete list of an account in each hour.
create table formatted_balances (
  exchange text not null,
  account text not null,
  asset text not null,
  hour timestamptz not null,
  free numeric not null,
  locked numeric not null,
  stream text not null,
  sequence bigint not null,
  received_at timestamptz not null,
  compiler integer not null,
  compiled_at timestamptz not null default now(),
  primary key (exchange, account, asset, hour)
);

-- The furthest state that was heard of each order.
create table formatted_orders (
  exchange text not null,
  account text not null,
  symbol text not null,
  venue_order_id text not null,
  client_order_id text not null,
  side text not null,
  type text not null,
  status text not null,
  price numeric not null,
  quantity numeric not null,
  filled_quantity numeric not null,
  filled_notional numeric not null,
  updated_at timestamptz not null,
  -- False: the venue answered with ids only; status and amounts are what was asked for.
  complete boolean not null,
  -- No later state can follow.
  terminal boolean not null,
  stream text not null,
  sequence bigint not null,
  received_at timestamptz not null,
  compiler integer not null,
  compiled_at timestamptz not null default now(),
  primary key (exchange, account, symbol, venue_order_id)
);
create index formatted_orders_time on formatted_orders (account, updated_at);

-- Each execution once: the first record of it that names the fee.
create table formatted_fills (
  exchange text not null,
  account text not null,
  symbol text not null,
  trade_id text not null,
  venue_order_id text not null,
  client_order_id text not null,
  side text not null,
  price numeric not null,
  quantity numeric not null,
  fee numeric not null,
  fee_asset text not null,
  maker boolean not null,
  filled_at timestamptz not null,
  stream text not null,
  sequence bigint not null,
  received_at timestamptz not null,
  compiler integer not null,
  compiled_at timestamptz not null default now(),
  primary key (exchange, account, symbol, trade_id)
);
create index formatted_fills_time on formatted_fills (account, filled_at);

-- The last record of each candle.
create table formatted_candles (
  exchange text not null,
  symbol text not null,
  interval_name text not null,
  opens_at timestamptz not null,
  open numeric not null,
  high numeric not null,
  low numeric not null,
  close numeric not null,
  volume numeric not null,
  stream text not null,
  sequence bigint not null,
  received_at timestamptz not null,
  compiler integer not null,
  compiled_at timestamptz not null default now(),
  primary key (exchange, symbol, interval_name, opens_at)
);

-- Raw rows that could not be interpreted.
create table formatted_rejects (
  stream text not null,
  sequence bigint not null,
  received_at timestamptz not null,
  operation text not null,
  reason text not null,
  compiler integer not null,
  compiled_at timestamptz not null default now(),
  primary key (stream, sequence)
);
create index formatted_rejects_time on formatted_rejects (received_at);

create index formatted_balances_received on formatted_balances (received_at);
create index formatted_orders_received on formatted_orders (received_at);
create index formatted_fills_received on formatted_fills (received_at);
create index formatted_candles_received on formatted_candles (received_at);

-- Raw records before this moment may be gone; tables cannot be rebuilt from before it.
create table raw_retention (
  only_row boolean primary key default true check (only_row),
  kept_from timestamptz not null
);

-- Whether everything in a table of raw records is compiled. Looks at each stream's last number only.
create function raw_records_compiled(part regclass) returns boolean
language plpgsql stable set search_path = public, pg_temp as $$
declare
  missing boolean;
begin
  execute format(
    'with recursive streams as (
       (select stream from %1$s order by stream limit 1)
       union all
       select (select r.stream from %1$s r where r.stream > s.stream order by r.stream limit 1) from streams s where s.stream is not null)
     select exists (
       select from streams s left join formatted_positions p using (stream)
       where s.stream is not null
         and coalesce(p.sequence, -1) < (select r.sequence from %1$s r where r.stream = s.stream order by r.sequence desc limit 1))',
    part) into missing;
  return not missing;
end
$$;

-- Drops the partitions of days (UTC) that ended before `cutoff`, if everything in them is compiled, and at most `batch` such rows
-- of the default partition. Answers how many partitions went.
create function raw_records_drop_before(cutoff timestamptz, batch integer) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  part record;
  ends timestamptz;
  dropped integer := 0;
  deleted integer;
  gone_before timestamptz;
begin
  for part in
    select c.oid::regclass as name, to_date(right(c.relname, 8), 'YYYYMMDD') as day
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'raw_records'::regclass and c.relname ~ '^raw_records_[0-9]{8}$'
    order by c.relname
  loop
    ends := (part.day + 1)::timestamp at time zone 'utc';
    exit when ends > cutoff;
    continue when not raw_records_compiled(part.name);
    execute format('alter table raw_records detach partition %s', part.name);
    execute format('drop table %s', part.name);
    gone_before := greatest(gone_before, ends);
    dropped := dropped + 1;
  end loop;
  ends := date_trunc('day', cutoff at time zone 'utc') at time zone 'utc';
  with gone as (
    delete from raw_records_default where ctid = any(array(
      select d.ctid from raw_records_default d join formatted_positions p on p.stream = d.stream and p.sequence >= d.sequence
      where d.received_at < ends limit batch))
    returning received_at)
  select count(*), greatest(gone_before, max((date_trunc('day', received_at at time zone 'utc') + interval '1 day') at time zone 'utc'))
    into deleted, gone_before from gone;
  delete from formatted_rejects where received_at < ends;
  if gone_before is not null then
    insert into raw_retention (kept_from) values (gone_before)
      on conflict (only_row) do update set kept_from = greatest(raw_retention.kept_from, excluded.kept_from);
  end if;
  return dropped;
end
$$;
