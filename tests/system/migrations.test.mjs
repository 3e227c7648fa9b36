// kill -9 in the middle of a migration: what was begun is not there, and the next run goes on from the same place.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { World } from './harness.mjs';

let world;
before(async () => {
  world = await World.create({ start: false });
});
after(() => world.close());

const applied = () => Number(world.sql('SELECT count(*) FROM schema_migrations'));
const migrate = (env) => world.try_run(['-c', world.config, 'migrate'], { env });

test('a killed migration leaves nothing behind and is done by the next run', () => {
  const all = applied();
  assert.ok(all >= 5);
  const tables = world.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
  world.sql('DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner');
  for (const [name, nth, left] of [['migrations.before_commit', 1, 0], ['migrations.before_commit', 3, 2], ['migrations.after_commit', 2, 4]]) {
    assert.equal(migrate({ ENGINE_FAILPOINT: `${name}:kill:${nth}` }).signal, 'SIGKILL');
    assert.equal(applied(), left, name);
  }
  assert.equal(migrate().status, 0);
  assert.equal(applied(), all);
  assert.equal(world.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), tables);
});

test('the engine does not start on a schema that is behind, and says what to do', () => {
  world.sql('DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)');
  const done = world.try_run(['serve', '-c', world.config]);
  assert.equal(done.status, 78);
  assert.match(done.stderr, /run: engine migrate/);
});
