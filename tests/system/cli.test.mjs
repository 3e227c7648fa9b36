// What goes wrong at the command line and at start: one clear error each, the right exit code, no crash.
import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { World } from './harness.mjs';

let world;
before(async () => { world = await World.create({ start: false }); });
after(() => world.close());

const serve = (...more) => world.try_run(['serve', '-c', world.config, ...more]);

test('version and help', () => {
  assert.match(world.run('version'), /^engine \d+\.\d+\.\d+ /);
  assert.equal(JSON.parse(world.run('version', '-o', 'json')).version.split('.').length, 3);
  assert.equal(world.try_run(['--help']).status, 0);
  assert.equal(world.try_run(['serv']).status, 2);
  assert.equal(world.try_run([]).status, 2);
});

test('a good configuration passes, a broken one reports every problem at once with lines', () => {
  assert.equal(world.try_run(['check-config', '-c', world.config]).status, 0);
  assert.equal(world.try_run(['--check-config', '-c', world.config]).status, 0);
  const broken = join(world.folder, 'broken.yaml');
  writeFileSync(broken, 'database: {url: "host=/nowhere"}\nweb:\n  prot: 80\n  port: 70000\nbots:\n  strategy: gird\n');
  const checked = world.try_run(['check-config', '-c', broken]);
  assert.equal(checked.status, 78);
  assert.match(checked.stderr, /broken\.yaml:3:\d+.*web\.prot.*did you mean.*port/i);
  assert.match(checked.stderr, /broken\.yaml:4:\d+.*web\.port/);
  assert.match(checked.stderr, /broken\.yaml:6:\d+.*bots\.strategy/);
  assert.equal(world.try_run(['serve', '-c', broken]).status, 78);
  writeFileSync(broken, 'database: [unclosed\n');
  assert.equal(world.try_run(['check-config', '-c', broken]).status, 78);
  assert.equal(world.try_run(['check-config', '-c', join(world.folder, 'missing.yaml')]).status, 78);
});

test('a missing, malformed, readable-by-all or wrong master key is one clear error', async () => {
  const config = readFileSync(world.config, 'utf8');
  const with_key = (path) => { const file = join(world.folder, 'other.yaml'); writeFileSync(file, config.replace(/master_key_file: "[^"]*"/, path)); return world.try_run(['serve', '-c', file]); };
  const none = with_key('token_life: 1h');
  assert.equal(none.status, 78);
  assert.match(none.stderr, /no master key.*engine key init/s);
  const bad = join(world.folder, 'bad_key');
  writeFileSync(bad, 'not hex\n', { mode: 0o600 });
  const malformed = with_key(`master_key_file: "${bad}"`);
  assert.equal(malformed.status, 78);
  assert.match(malformed.stderr, /master/);
  assert.ok(!malformed.stderr.includes('not hex'));
  chmodSync(bad, 0o644);
  assert.match(with_key(`master_key_file: "${bad}"`).stderr, /chmod/);

  await world.start_engine();
  await world.kill_engine('SIGTERM');
  const other = join(world.folder, 'other_key');
  world.run('key', 'init', other);
  const wrong = with_key(`master_key_file: "${other}"`);
  assert.equal(wrong.status, 78);
  assert.match(wrong.stderr, /not the (one|key|master)/i);
  assert.ok(!wrong.stderr.includes(readFileSync(other, 'utf8').trim()));
  assert.equal(world.try_run(['key', 'init', other]).status, 1);
});

test('commands say that the database is unreachable, and a start what is missing in its schema', () => {
  assert.equal(world.try_run(['migrate', '-c', world.config, '--set', 'database.owner_url=host=/nonexistent']).status, 69);
  world.sql('CREATE DATABASE ' + world.name + '_empty');
  const behind = serve('--set', `database.url=${world.database.replace(world.name, world.name + '_empty')}`);
  world.sql('DROP DATABASE ' + world.name + '_empty');
  assert.equal(behind.status, 78);
  assert.match(behind.stderr, /engine migrate/);
});

test('a port in use names the port', async () => {
  const holder = createServer();
  await new Promise((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address();
  const taken = serve('--set', `web.port=${port}`);
  holder.close();
  assert.equal(taken.status, 69);
  assert.match(taken.stderr, new RegExp(`${port}.*in use`, 's'));
});

test('migrate is idempotent and lists its files', () => {
  assert.match(world.run('migrate', '-c', world.config), /up to date/);
  const status = JSON.parse(world.run('migrate', 'status', '-c', world.config, '-o', 'json'));
  assert.ok(status.length >= 3 && status.every((row) => row.applied));
});

test('users: bad names, short passwords and duplicates are refused; passwords never come from argv', () => {
  const create = (name, password) => world.try_run(['-c', world.config, 'user', 'create', name, '--password-stdin'], { input: password + '\n' });
  assert.equal(create('carol', 'a-long-enough-password').status, 0);
  assert.match(create('carol', 'a-long-enough-password').stderr, /taken|exists/i);
  assert.equal(create('X', 'a-long-enough-password').status, 1);
  assert.match(create('dave', 'short').stderr, /8/);
  assert.equal(world.try_run(['-c', world.config, 'user', 'ban', 'nobody']).status, 1);
  assert.match(world.run('-c', world.config, 'user', 'list'), /carol/);
  assert.equal(world.try_run(['-c', world.config, 'user', 'create', 'erin', '--password', 'x']).status, 2);
});

test('an unknown exchange dialect and bad strategy parameters are configuration errors', () => {
  const dialect = serve('--set', 'bots.strategy=nothing');
  assert.equal(dialect.status, 78);
  assert.match(dialect.stderr, /bots\.strategy/);
});
