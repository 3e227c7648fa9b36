-- What the exchanges said, byte for byte, before anybody interpreted it; and what could not be heard.

create table raw_records (
  stream text not null,
  -- Counts up by one within a stream; a stream's first number is the microsecond of its first record.
  sequence bigint not null,
  received_at timestamptz not null,
  -- The same moment with its nanoseconds.
  received_ns bigint not null,
  -- 0 REST response, 1 WebSocket frame.
  kind smallint not null check (kind in (0, 1)),
  -- HTTP status, 0 for frames.
  status integer not null,
  endpoint text not null,
  -- Account label, empty for public data.
  account text not null,
  body bytea not null,
  -- received_at belongs to the record, so a copy of the same record is refused on any day.
  primary key (stream, sequence, received_at)
) partition by range (received_at);

create table raw_records_default partition of raw_records default;

-- Whatever the venue said about one account, in order.
create index raw_records_account on raw_records (account, received_at) where account <> '';

create table data_gaps (
  stream text not null,
  sequence bigint not null,
  noted_at timestamptz not null,
  gap_from timestamptz not null,
  gap_to timestamptz not null,
  reason text not null,
  primary key (stream, sequence)
);
create index data_gaps_time on data_gaps (stream, gap_from);

-- Makes the partitions of today and the next days (UTC). A day that already has rows in the default partition stays there:
-- moving them would lock the table for as long as it takes.
create function raw_records_prepare_days(days integer) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  day date;
  part text;
begin
  for day in select (now() at time zone 'utc')::date + i from generate_series(0, days - 1) i loop
    part := 'raw_records_' || to_char(day, 'YYYYMMDD');
    continue when to_regclass('public.' || part) is not null;
    continue when exists (
      select from raw_records_default
      where received_at >= day::timestamp at time zone 'utc' and received_at < (day + 1)::timestamp at time zone 'utc');
    execute format('create table %I partition of raw_records for values from (%L) to (%L)', part,
                   day::timestamp at time zone 'utc', (day + 1)::timestamp at time zone 'utc');
  end loop;
end
$$;
