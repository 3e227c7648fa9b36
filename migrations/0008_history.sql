-- Orders, fills and positions as their owners read them: when what happened to an order, and indexes that make a page a range.

alter table order_intents
  -- When the engine first knew that the venue has the order; NULL: never.
  add column accepted_at timestamptz,
  -- When its outcome first was not known; stays when it is known again.
  add column unknown_at timestamptz,
  -- When it was refused, proved absent or closed; NULL again when a late fill shows that it lives.
  add column ended_at timestamptz;

create function note_order_times() returns trigger language plpgsql as $$
begin
  if new.state in ('accepted', 'closed') and new.accepted_at is null then new.accepted_at := now(); end if;
  if new.state = 'unknown' and new.unknown_at is null then new.unknown_at := now(); end if;
  if new.state in ('refused', 'not_placed', 'closed') then
    new.ended_at := coalesce(new.ended_at, now());
  else
    new.ended_at := null;
  end if;
  return new;
end $$;
create trigger order_intents_times before update on order_intents
  for each row when (old.state is distinct from new.state) execute function note_order_times();

-- What is known of orders from before: the last change.
update order_intents set ended_at = updated_at where state in ('refused', 'not_placed', 'closed');

create index order_intents_of_user on order_intents (user_id, created_at, id);
-- Nearly all orders are closed; the others are what people look for.
create index order_intents_not_closed on order_intents (user_id, created_at, id) where state <> 'closed';
create index fills_of_user on fills (user_id, at, id);

-- Statistics over all users read spans of time; rows come in that order, so a few bytes for each thousand of rows are enough.
create index order_intents_by_time on order_intents using brin (created_at) with (pages_per_range = 16);
create index fills_by_time on fills using brin (at) with (pages_per_range = 16);
