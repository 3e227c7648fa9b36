-- When an order's request was handed to the connection, as the engine knew it when it next wrote about the order; NULL: it was not,
-- or that is not known.
alter table order_intents add column sent_at timestamptz;
