// The audit trail over the real process: who did what, and that nobody can change it unseen.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { World, until } from './harness.mjs';

let world;
let traders;

const audit = (...args) => world.try_run(['audit', ...args]);
const in_folder = (name) => join(world.folder, name);
const heads = () => readFileSync(in_folder('audit_heads.log'), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
const verify = () => {
  const done = audit('verify', '-c', world.config, '-o', 'json');
  return { ...JSON.parse(done.stdout), status: done.status };
};
const list = async (query = '') => world.must('GET', `/admin/audit${query}`, { token: traders.admin.token });
/** As a superuser whom no trigger hears. */
const tamper = (sql) => world.sql(`SET session_replication_role = replica; ${sql}`);

before(async () => {
  world = await World.create();
  traders = await world.add_trader();
});
after(() => world?.close());

test('what people and the operator did is listed with who did it', async () => {
  const approved = await list('?action=account.approve');
  assert.equal(approved.total, 1);
  assert.equal(approved.items[0].actor, traders.admin.id);
  assert.equal(approved.items[0].subject, `account:${traders.account.id}`);
  const created = await list('?action=user.create&actor=0');
  assert.equal(created.total, 2);
  const answer = await world.call('GET', '/admin/audit?format=csv', { token: traders.admin.token });
  assert.match(answer.headers.get('content-type'), /text\/csv/);
  assert.equal(answer.text.trim().split('\r\n').length, 1 + (await list()).total);
  assert.equal((await world.call('GET', '/admin/audit', { token: traders.tenant.token })).status, 403);
});

test('no row holds an API key or its secret', () => {
  const all = world.sql("SELECT string_agg(detail || object, ' ') FROM audit_events");
  assert.ok(!all.includes(traders.account.keys.api_secret));
  assert.ok(!all.includes(traders.account.keys.api_key));
});

test('the running engine signs the trail into a file that only its user reads', async () => {
  await until('a head', () => existsSync(in_folder('audit_heads.log')) && heads().length > 0, 15_000);
  assert.equal(statSync(in_folder('audit_heads.log')).mode & 0o777, 0o600);
  assert.equal(audit('keys', '-c', world.config).stdout, readFileSync(in_folder('audit_keys.pem'), 'utf8'));
  const now = verify();
  assert.equal(now.status, 0, JSON.stringify(now));
  assert.ok(now.signed_to > 0);
});

test('a stopped engine has signed everything; a killed one leaves a trail that is whole', async () => {
  await world.kill_engine('SIGTERM');
  const rest = verify();
  assert.equal(rest.intact, true);
  assert.equal(rest.signed_to, rest.rows);
  await world.start_engine();
  await world.until_bot(traders.tenant, traders.account, 'running');
  for (let i = 0; i < 5; i += 1) await world.must('POST', '/client/login', { body: { username: traders.tenant.username, password: traders.tenant.password } });
  await world.kill_engine('SIGKILL');
  const killed = verify();
  assert.equal(killed.intact, true, JSON.stringify(killed));
  assert.equal(killed.rows, rest.rows + 5);
  await world.start_engine();
  await until('the rest to be signed', () => verify().signed_to === killed.rows, 15_000);
});

test('an exported trail is checked without database and engine', async () => {
  const file = in_folder('trail.jsonl');
  const done = audit('export', file, '-c', world.config);
  assert.equal(done.status, 0, done.stderr);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const evidence = ['--heads', in_folder('audit_heads.log'), '--public-key', in_folder('audit_keys.pem')];
  const checked = audit('verify', '--file', file, ...evidence);
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
  assert.match(checked.stdout, /nothing changed/);
  const by_itself = audit('verify', '--file', file, '-o', 'json');
  assert.equal(by_itself.status, 0, by_itself.stdout);
  assert.equal(JSON.parse(by_itself.stdout).trusted_own_keys, true);
  assert.notEqual(audit('export', file, '-c', world.config).status, 0, 'an export that is there is left alone');
});

test('what a superuser changes, deletes or cuts off is found, and the first row is named', async () => {
  await world.kill_engine('SIGTERM');
  const last = verify().rows;
  const row_of = (condition) => Number(world.sql(`SELECT c.seq FROM audit_chain c JOIN audit_events e ON e.id = c.event_id WHERE ${condition} ORDER BY 1 LIMIT 1`));
  const approval = row_of("action = 'account.approve'");
  world.sql('CREATE TABLE kept_events AS TABLE audit_events; CREATE TABLE kept_chain AS TABLE audit_chain; CREATE TABLE kept_heads AS TABLE audit_heads');
  const put_back = () => tamper('DELETE FROM audit_heads; DELETE FROM audit_chain; DELETE FROM audit_events; INSERT INTO audit_events OVERRIDING SYSTEM VALUE TABLE kept_events; INSERT INTO audit_chain TABLE kept_chain; INSERT INTO audit_heads TABLE kept_heads');
  for (const [sql, seq] of [
    ["UPDATE audit_events SET actor = NULL WHERE action = 'account.approve'", approval],
    ["DELETE FROM audit_events WHERE action = 'account.approve'", approval],
    [`DELETE FROM audit_events WHERE id = (SELECT event_id FROM audit_chain WHERE seq = ${approval}); DELETE FROM audit_chain WHERE seq = ${approval}`, approval],
    [`DELETE FROM audit_heads; DELETE FROM audit_chain WHERE seq > ${last - 3}; DELETE FROM audit_events WHERE id NOT IN (SELECT event_id FROM audit_chain)`, last - 2],
  ]) {
    tamper(sql);
    const found = verify();
    assert.equal(found.status, 1, sql);
    assert.equal(found.fault.seq, seq, `${sql}: ${found.fault.what}`);
    put_back();
    assert.equal(verify().status, 0, `put back after ${sql}`);
  }
});

test('a running engine notices that the trail is not what it signed', async () => {
  await world.start_engine();
  await until('the first look', () => verify().intact);
  tamper('DELETE FROM audit_heads; DELETE FROM audit_chain WHERE seq > 2; DELETE FROM audit_events WHERE id NOT IN (SELECT event_id FROM audit_chain)');
  await until('the complaint', () => world.log_text('engine').includes('the audit trail is not signed'), 15_000);
  assert.match(world.log_text('engine'), /not there any more/);
  assert.equal(verify().status, 1);
});

test('a restored database has a trail that is whole, and goes on', async () => {
  const other = await World.create({ start: false });
  try {
    copyFileSync(in_folder('audit_heads.log'), join(other.folder, 'audit_heads.log'));
    await other.start_engine();
    await other.add_user('carol');
    await other.kill_engine('SIGTERM');
    other.run('key', 'init', join(other.folder, 'backup_key'));
    other.run('backup', join(other.folder, 'backup'), '--key', join(other.folder, 'backup_key'), '-c', other.config);
    other.sql('SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner');
    other.run('-c', other.config, 'migrate');
    const done = other.try_run(['restore', join(other.folder, 'backup'), '--key', join(other.folder, 'backup_key'), '-c', other.config]);
    assert.equal(done.status, 0, done.stderr);
    assert.ok(readdirSync(other.folder).some((name) => name.startsWith('audit_heads.before-')), done.stderr);
    await other.start_engine();
    await other.add_user('dave');
    await other.kill_engine('SIGTERM');
    const verdict = JSON.parse(other.try_run(['audit', 'verify', '-c', other.config, '-o', 'json']).stdout);
    assert.equal(verdict.intact, true, JSON.stringify(verdict));
    assert.equal(verdict.signed_to, verdict.rows);
  } finally {
    await other.close();
  }
});
