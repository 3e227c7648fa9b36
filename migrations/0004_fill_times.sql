-- Not every venue's trade ids count up: the time of the trade says where its list of fills goes on.
ALTER TABLE positions ADD COLUMN complete_at timestamptz;
