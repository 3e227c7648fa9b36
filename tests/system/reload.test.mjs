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
