// The engine's login over the real process: who may be it, and how an installation gets the roles.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { World } from './harness.mjs';

const exit_config = 78;
let world;

const serve = (...settings) => world.try_run(['serve', '-c', world.config, ...settings.flatMap((s) => ['--set', s])]);
const psql = (text) => execFileSync('psql', ['-X', '-q', '-d', world.cluster], { input: text, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });

before(async () => { world = await World.create({ start: false }); });
after(() => world?.close());

test('a superuser and the owner of the tables are refused with what to do', () => {
  for (const [url, why] of [[world.database, 'is a superuser'], [world.as('drover_test_owner'), 'owns the tables']]) {
    const done = serve(`database.url=${url}`);
    assert.equal(done.status, exit_config, done.stderr);
    assert.match(done.stderr, new RegExp(why));
    assert.match(done.stderr, /database\.url/);
    assert.match(done.stderr, /engine db roles \| psql/);
  }
});

test('migrating as the login of the engine says which setting to make', () => {
  const done = world.try_run(['migrate', '-c', world.config, '--set', `database.owner_url=${world.as('drover_test')}`]);
  assert.notEqual(done.status, 0);
  assert.match(done.stderr, /database\.owner_url/);
});

test('roles may be made again, and need two logins', () => {
  world.make_roles();
  const one = world.try_run(['db', 'roles', '-c', world.config, '--set', `database.owner_url=${world.as('drover_test')}`]);
  assert.equal(one.status, exit_config);
  assert.match(one.stderr, /owner_url must name the login that owns the tables/);
});

test('an installation whose engine owned everything is moved', async () => {
  const owned = () => world.rows("SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'").flat();
  world.sql("DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') LOOP EXECUTE format('ALTER TABLE %s OWNER TO drover_test', t); END LOOP; END $$");
  assert.deepEqual(owned(), ['drover_test']);
  assert.equal(serve().status, exit_config);
  psql(world.run('db', 'roles', '-c', world.config));
  assert.deepEqual(owned(), ['drover_test_owner']);
  world.run('migrate', '-c', world.config);
  await world.start_engine();
  await world.add_trader();
});
