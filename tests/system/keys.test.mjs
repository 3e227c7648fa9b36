// Master keys over the real process: rotation while bots trade and the process is killed, sealed start, seal and unseal.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { World, until } from './harness.mjs';

let world;
let traders;
const passphrase = 'a passphrase of the operator';

const key_file = () => join(world.folder, 'master_key');
const key_lines = () => readFileSync(key_file(), 'utf8').trim().split('\n');
const ready = async () => (await world.call('GET', '/readyz')).json;
const command = (args, input) => world.try_run([...args, '-c', world.config], { input });
const wrapped_by = () => world.rows('SELECT master_key_id, count(*) FROM user_data_keys GROUP BY 1 ORDER BY 2 DESC');

before(async () => {
  world = await World.create();
  traders = await world.add_trader();
});
after(() => world?.close());

test('a rotation wraps everything by a fresh key while the bot trades on', async () => {
  const running = await world.bot(traders.tenant, traders.account);
  const old = JSON.parse(command(['key', 'status', '-o', 'json']).stdout);
  assert.equal(old.keys.length, 1);
  const done = command(['key', 'rotate']);
  assert.equal(done.status, 0, done.stderr);
  assert.match(done.stdout, /2 data keys|1 data keys/);
  const now = JSON.parse(command(['key', 'status', '-o', 'json']).stdout);
  assert.notEqual(now.master_key, old.master_key);
  assert.deepEqual(now.keys.map((key) => key.state).sort(), ['current', 'retired']);
  assert.deepEqual(wrapped_by().map(([id]) => id), [now.master_key]);
  assert.equal(key_lines().length, 2);
  assert.equal(statSync(key_file()).mode & 0o777, 0o600);
  const { state, since, restarts } = await world.bot(traders.tenant, traders.account);
  assert.deepEqual({ state, since, restarts }, { state: 'running', since: running.since, restarts: running.restarts });
  const again = await world.add_account(traders.tenant, { label: 'After' });
  await world.approve(traders.admin, again);
  await world.until_bot(traders.tenant, again, 'running');
});

test('a key that is connected already is found after a rotation, too', async () => {
  const { account } = traders;
  const twice = await world.call('POST', '/user/exchanges/', {
    token: traders.tenant.token, body: { exchange_name: 'binance', api_key: account.keys.api_key, api_secret: account.keys.api_secret, label: 'Twice' } });
  assert.equal(twice.status, 409, twice.text);
});

test('a rotation that is killed anywhere goes on by itself', async () => {
  // Data keys of users without accounts, each genuine: wrapped while the engine ran.
  for (let i = 0; i < 6; i += 1) await world.add_account(await world.add_user(`user${i}`), { label: 'One' });
  for (const point of ['keys.settle:kill:3', 'keys.after_fingerprint_key:kill:2', 'keys.rewrapped_row:kill:1', 'keys.rewrapped_row:kill:4', 'keys.before_commit:kill:2', 'keys.after_commit:kill:2', 'keys.before_retire:kill:2']) {
    await world.kill_engine('SIGTERM');
    await world.start_engine({ ENGINE_FAILPOINT: point });
    await until('the start to have looked for an unfinished rotation', () => JSON.parse(command(['key', 'status', '-o', 'json']).stdout || '{"rotating":true}').rotating === false);
    const rotated = command(['key', 'rotate']);
    assert.notEqual(rotated.status, 0, `${point}: ${rotated.stdout}`);
    assert.equal((await world.engine.ended).signal, 'SIGKILL', point);
    await world.start_engine();
    const newest = key_lines()[0];
    await until(`${point}: everything wrapped by the newest key`, () => {
      const status = JSON.parse(command(['key', 'status', '-o', 'json']).stdout);
      return !status.rotating && wrapped_by().length === 1 && wrapped_by()[0][0] === status.master_key && status.keys.filter((key) => key.state === 'old').length === 0;
    });
    const count = key_lines().length;
    const repeated = command(['key', 'rotate', '--drop-old']);
    assert.equal(repeated.status, 0, repeated.stderr);
    assert.ok(!key_lines().includes(newest) && key_lines().length === 1, `${point}: ${count} keys`);
  }
  await world.until_bot(traders.tenant, traders.account, 'running');
});

test('credentials that were moved or put back stop the bot and are on record', async () => {
  const { tenant, admin, account } = traders;
  const other = await world.add_account(tenant, { label: 'Other' });
  await world.approve(admin, other);
  await world.until_bot(tenant, other, 'running');
  world.sql(`UPDATE user_exchanges SET api_secret = (SELECT api_secret FROM user_exchanges WHERE id = ${account.id}) WHERE id = ${other.id}`);
  await world.must('PATCH', `/user/exchanges/${other.id}/toggle`, { token: tenant.token, body: { is_active: false } });
  await world.must('PATCH', `/user/exchanges/${other.id}/toggle`, { token: tenant.token, body: { is_active: true } });
  const moved = await world.until_bot(tenant, other, 'quarantined');
  assert.match(moved.reason, /CREDENTIAL_TAMPERED/);
  await until('audit', () => world.sql(`SELECT count(*) FROM audit_events WHERE action = 'CREDENTIAL_TAMPERED' AND object = 'account:${other.id}'`) !== '0');

  world.sql(`CREATE TABLE saved AS SELECT * FROM user_exchanges WHERE id = ${account.id}`);
  const fresh = await world.paper_key();
  await world.must('PATCH', `/user/exchanges/${account.id}`, { token: tenant.token, body: { api_key: fresh.api_key, api_secret: fresh.api_secret } });
  world.sql(`SET session_replication_role = replica; UPDATE user_exchanges a SET api_key = s.api_key, api_secret = s.api_secret, credential_version = s.credential_version,
    reviewed_version = s.reviewed_version, status = s.status, is_active = false, key_fingerprint = s.key_fingerprint FROM saved s WHERE a.id = s.id; DROP TABLE saved`);
  await world.must('PATCH', `/user/exchanges/${account.id}/toggle`, { token: tenant.token, body: { is_active: true } });
  const back = await world.until_bot(tenant, account, 'quarantined');
  assert.match(back.reason, /CREDENTIAL_ROLLED_BACK/);
  await until('audit', () => world.sql(`SELECT count(*) FROM audit_events WHERE action = 'CREDENTIAL_ROLLED_BACK' AND object = 'account:${account.id}'`) !== '0');
});

test('a key file that others may read, or that lost a key, is refused', async () => {
  await world.kill_engine('SIGTERM');
  const text = readFileSync(key_file(), 'utf8');
  for (const mode of [0o644, 0o640, 0o606, 0o660]) {
    chmodSync(key_file(), mode);
    const refused = command(['serve']);
    assert.equal(refused.status, 78, mode.toString(8));
    assert.match(refused.stderr, /chmod 0600/);
  }
  chmodSync(key_file(), 0o400);
  await world.start_engine();
  await world.kill_engine('SIGTERM');
  chmodSync(key_file(), 0o600);
  const other = join(world.folder, 'unrelated');
  world.run('key', 'init', other);
  writeFileSync(key_file(), readFileSync(other, 'utf8'));
  assert.match(command(['serve']).stderr, /not the key this database was sealed with/);
  writeFileSync(key_file(), text);
  assert.match(command(['serve', '--set', `security.master_key=${key_lines()[0]}`]).stderr, /do not belong into the configuration/);
});

test('seal stops everything and drops the keys; unseal brings it back on the same port', async () => {
  await world.start_engine();
  const http = world.http;
  const sealed = command(['seal']);
  assert.equal(sealed.status, 0, sealed.stderr);
  assert.equal((await ready()).status, 'sealed');
  assert.equal((await world.call('GET', '/healthz')).status, 200);
  const refused = await world.call('POST', '/user/exchanges/', { token: traders.tenant.token, body: { exchange_name: 'binance', api_key: 'k', api_secret: 's', label: 'x' } });
  assert.equal(refused.status, 503);
  assert.equal(refused.json.type, 'urn:engine:problem:sealed');
  assert.match(refused.headers.get('content-type'), /problem\+json/);
  for (const path of ['/', '/api/user', '/metrics', '/openapi.json', '/nothing']) assert.equal((await world.call('GET', path)).status, 503, path);
  assert.match(command(['key', 'rotate']).stderr, /sealed/);
  assert.equal(command(['unseal']).status, 0);
  await until('running again', async () => (await ready().catch(() => ({}))).status === 'ready');
  assert.equal(world.http, http);
  assert.equal((await world.call('GET', '/api/user', { token: traders.tenant.token })).status, 200);
});

test('under a passphrase the engine starts sealed and opens for that passphrase only', async () => {
  await world.kill_engine('SIGTERM');
  const locked = join(world.folder, 'locked');
  const made = world.try_run(['key', 'init', '--passphrase-stdin', '--memory-mib', '16', '--passes', '1', locked], { input: `${passphrase}\n` });
  assert.equal(made.status, 0, made.stderr);
  const before_keys = readFileSync(key_file(), 'utf8');
  writeFileSync(key_file(), readFileSync(locked, 'utf8') + before_keys);
  await world.start_engine();
  assert.equal((await ready()).status, 'sealed');
  assert.equal(statSync(join(world.folder, 'operator.sock')).mode & 0o777, 0o600);
  const wrong = command(['unseal', '--passphrase-stdin'], 'another passphrase\n');
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /passphrase/);
  assert.equal((await ready()).status, 'sealed');
  assert.equal(command(['unseal', '--passphrase-stdin'], `${passphrase}\n`).status, 0);
  await until('running', async () => (await ready().catch(() => ({}))).status === 'ready');
  const status = JSON.parse(command(['key', 'status', '-o', 'json']).stdout);
  assert.equal(status.keys.find((key) => key.state === 'current').id, status.master_key);
  assert.ok(!world.log_text('engine').includes(passphrase));
  const cmdline = readFileSync(`/proc/${world.engine.pid}/cmdline`, 'latin1') + readFileSync(`/proc/${world.engine.pid}/environ`, 'latin1');
  assert.ok(!cmdline.includes(passphrase));
  const rotated = command(['key', 'rotate', '--passphrase-stdin', '--drop-old'], `${passphrase}\n`);
  assert.equal(rotated.status, 0, rotated.stderr);
  assert.ok(key_lines().every((line) => line.startsWith('p1.')), 'the fresh key is under the passphrase as well');
  await world.kill_engine('SIGTERM');
  assert.ok(!existsSync(join(world.folder, 'operator.sock')));
  await world.start_engine();
  await world.kill_engine('SIGTERM');
  assert.equal((await world.engine.ended).code, 0, 'a sealed engine ends in order');
});
