// SIGHUP: what may change while running changes, the rest is named, and a broken file changes nothing.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { until, World } from './harness.mjs';

let world;
let original;
before(async () => {
  world = await World.create();
  original = readFileSync(world.config, 'utf8');
});
after(() => world.close());

const lines = () => world.log_text('engine').trim().split('\n').map((line) => JSON.parse(line));

/** Writes the file, sends SIGHUP, and answers the lines that follow, up to the one with `last_message`. */
async function reload(text, last_message) {
  writeFileSync(world.config, text);
  const before_lines = lines().length;
  world.engine.kill('SIGHUP');
  const fresh = () => lines().slice(before_lines);
  await until(last_message, () => fresh().some((l) => l.msg.includes(last_message)));
  return fresh();
}

test('the log level is taken over, with its old and new value', async () => {
  const said = await reload(original.replace('log: {format: json}', 'log: {format: json, level: debug}'), 'was read again');
  const change = said.find((l) => l.msg === 'SIGHUP: changed');
  assert.deepEqual([change.key, change.before, change.after], ['log.level', 'info', 'debug']);
});

test('limits and rates are taken over while it runs, and put back', async () => {
  const admin = await world.add_user('root', { admin: true });
  const tenant = await world.add_user('alice');
  const account = await world.add_account(tenant);
  const risk = () => world.must('GET', `/api/accounts/${account.id}/risk`, { token: tenant.token });
  const reads = async (count) => {
    const answers = await Promise.all(Array.from({ length: count }, () => world.call('GET', '/api/user', { token: tenant.token })));
    return answers.filter((a) => a.status === 429).length;
  };
  assert.equal(await reads(5), 0);
  const before = await risk();
  const fresh = `${original.replace(/^bots:$/m, 'bots:\n  limits: {max_open_orders: 3}\n  restart_intensity: 7')
    .replace(/^web: \{/m, 'web: {login_locked: true, limits: {user_read: {per_second: 1, burst: 2}}, ')}shutdown_limit: 19s\n`;
  assert.notEqual(fresh.indexOf('max_open_orders'), -1);
  assert.notEqual(fresh.indexOf('burst: 2'), -1);
  const said = await reload(fresh, 'was read again');
  const changed = Object.fromEntries(said.filter((l) => l.msg === 'SIGHUP: changed').map((l) => [l.key, l.after]));
  for (const [key, value] of [['bots.limits.max_open_orders', '3'], ['bots.restart_intensity', '7'], ['web.limits.user_read.burst', '2'],
    ['web.login_locked', 'true'], ['shutdown_limit', '19s']])
    assert.equal(changed[key], value, `${key} of ${JSON.stringify(changed)}`);
  assert.deepEqual(said.filter((l) => l.msg.includes('needs a restart')).map((l) => l.key), []);
  await until('the new rate', async () => (await reads(6)) > 0);
  const asked = await world.call('POST', '/client/login', { body: { username: 'alice', password: tenant.password } });
  assert.equal(asked.status, 403, asked.text);
  await reload(original, 'was read again');
  await until('the old rate', async () => (await reads(6)) === 0);
  const back = await risk();
  assert.deepEqual(back.in_force, before.in_force);
  assert.equal((await world.call('POST', '/client/login', { body: { username: 'alice', password: tenant.password } })).status, 200);
  await reload(original.replace(/^bots:$/m, 'bots:\n  limits: {max_open_orders: 3}'), 'was read again');
  await until('the new limit', async () => (await risk()).in_force.max_open_orders === 3);
  assert.equal((await world.must('GET', '/admin/locks', { token: admin.token })).items.length, 3);
});

test('the handbook names what is taken over, no more and no less', () => {
  const table = readFileSync(new URL('../../app/reload.cpp', import.meta.url), 'utf8').match(/reloadable\{([^}]*)\}/)[1];
  const chapter = readFileSync(new URL('../../docs/OPERATIONS.md', import.meta.url), 'utf8').match(/## Reload([\s\S]*?)\n## /)[1];
  const rows = chapter.split('\n').filter((line) => line.startsWith('| `')).map((line) => line.split('|')[1]);
  const quoted = (text, mark) => [...text.matchAll(new RegExp(`${mark}([a-z_.*]+)${mark}`, 'g'))].map((m) => m[1]).sort();
  assert.deepEqual(quoted(rows.join(' '), '`'), quoted(table, '"'));
});

test('what needs a restart is named, and no value of it is shown', async () => {
  const said = await reload(original.replace('dbname=', 'application_name=secretive dbname='), 'was read again');
  assert.ok(said.some((l) => l.msg.includes('needs a restart') && l.key === 'database.url'));
  assert.doesNotMatch(JSON.stringify(said), /secretive/);
});

test('a broken file leaves everything as it was and is named with its line', async () => {
  const line = original.split('\n').length;
  const said = await reload(`${original}shutdwon_limit: 5s\n`, 'the old one stays in force');
  const problem = said.find((l) => l.problem);
  assert.match(problem.problem, new RegExp(`config.yaml:${line}`));
  assert.match(problem.problem, /shutdown_limit/);
  assert.equal((await world.call('GET', '/healthz')).status, 200);
  const check = world.try_run(['check-config', '-c', world.config]);
  assert.equal(check.status, 78);
  assert.match(check.stderr, new RegExp(`config.yaml:${line}`));
});
