// What the exchanges say of keys, kept and acted on, and what no administrator does alone, on the real process.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { until, World } from './harness.mjs';

const probe_interval = '2s';
const suspended_within_ms = 6_000;

class ProbingWorld extends World {
  write_config(options) {
    super.write_config(options);
    const text = readFileSync(this.config, 'utf8');
    writeFileSync(this.config, text.replace('security: {', `security: {key_probe_interval: ${probe_interval}, `));
  }
  async add_user(name, options) {
    const user = await super.add_user(name, options);
    (this.passwords ??= {})[name] = user.password;
    return user;
  }
  async log_in(username) {
    const { token, user } = await this.must('POST', '/client/login', { body: { username, password: this.passwords[username] } });
    return { token, id: user.id };
  }
  rights(account, permissions) {
    return this.must('PATCH', '/paper/accounts', { base: this.paper, body: { api_key: account.keys.api_key, permissions } });
  }
  show(user, account) { return this.must('GET', `/user/exchanges/${account.id}`, { token: user.token }); }
  confirm(admin, proposal) {
    return this.call('POST', `/admin/proposals/${proposal.id}/confirm`, { token: admin.token, body: { digest: proposal.digest } });
  }
}

let world, root, alice;
before(async () => {
  world = await ProbingWorld.create();
  root = await world.add_user('root', { admin: true });
  alice = await world.add_user('alice');
});
after(() => world?.close());

test('what the exchange says of a key is kept, shown to owner and administrator, and refreshed', async () => {
  const account = await world.add_account(alice);
  const first = (await world.show(alice, account)).probe;
  assert.equal(first.passed, true);
  assert.equal(first.may_trade, true);
  assert.equal(first.may_withdraw, false);
  assert.equal(typeof first.clock_offset_ms, 'number');
  const [pending] = await world.must('GET', '/admin/exchanges/pending', { token: root.token });
  assert.equal(pending.probe.may_withdraw, false);
  const [info] = await world.must('GET', '/api/accounts', { token: alice.token });
  assert.deepEqual([info.canTrade, info.canWithdraw], [true, false]);
  await until('a newer probe', async () => (await world.show(alice, account)).probe.at > first.at);
  await world.must('DELETE', `/user/exchanges/${account.id}`, { token: alice.token });
});

test('a key that gains the right to withdraw leaves APPROVED and stops, with a reason, until it is corrected and approved again', async () => {
  const account = await world.add_account(alice);
  await world.approve(root, account);
  await world.until_bot(alice, account, 'running');
  await world.rights(account, { withdraw: true });
  const began = performance.now();
  const suspended = await until('the account is suspended', async () => {
    const now = await world.show(alice, account);
    return now.status === 'PENDING' && now.bot.state === 'waiting_approval' && now;
  }, suspended_within_ms);
  console.log(`suspended and stopped after ${Math.round(performance.now() - began)} ms with an interval of ${probe_interval}`);
  assert.equal(suspended.is_active, false);
  assert.equal(suspended.probe.may_withdraw, true);
  assert.match(suspended.error_message, /can withdraw/);
  assert.match(suspended.bot.reason, /can withdraw/);
  const refused = await world.call('POST', `/admin/exchanges/${account.id}/approve`, { token: root.token, body: {} });
  assert.equal(refused.status, 409);
  assert.equal(refused.json.type, 'urn:engine:problem:key-refused');

  await world.rights(account, { withdraw: false });
  const corrected = await world.must('POST', `/user/exchanges/${account.id}/probe`, { token: alice.token });
  assert.equal(corrected.probe.passed, true);
  assert.equal(corrected.error_message, null);
  assert.equal(corrected.status, 'PENDING');
  await world.approve(root, account);
  await world.until_bot(alice, account, 'running');
  assert.equal(world.sql(`SELECT count(*) FROM audit_events WHERE action = 'account.suspend' AND object = 'account:${account.id}'`), '1');
  await world.must('DELETE', `/user/exchanges/${account.id}`, { token: alice.token });
});

test('one administrator acts alone; of two none makes a third, lets a key withdraw or ends a lockdown alone', async () => {
  const made = await world.must('PATCH', `/admin/users/${(await world.add_user('second')).id}`, { token: root.token, body: { role: 'admin' } });
  assert.equal(made.role, 'admin');
  const second = await world.log_in('second');
  const bob = await world.add_user('bob');

  const proposed = await world.call('PATCH', `/admin/users/${bob.id}`, { token: root.token, body: { role: 'admin' } });
  assert.equal(proposed.status, 202, proposed.text);
  const text = JSON.stringify(proposed.json.content);
  assert.equal(createHash('sha256').update(text).digest('hex'), proposed.json.digest);
  assert.equal((await world.confirm(root, proposed.json)).status, 403);
  const tenant = await world.call('GET', '/admin/proposals', { token: bob.token });
  assert.equal(tenant.status, 403);
  const waiting = await world.must('GET', '/admin/proposals', { token: second.token });
  assert.equal(waiting.four_eyes, true);
  assert.deepEqual(waiting.items.map((p) => p.id), [proposed.json.id]);
  assert.equal((await world.confirm(second, proposed.json)).json.state, 'done');
  assert.equal(world.sql(`SELECT role FROM users WHERE id = ${bob.id}`), 'admin');

  // The waiver.
  const account = await world.add_account(alice);
  await world.rights(account, { withdraw: true });
  await world.must('POST', `/user/exchanges/${account.id}/probe`, { token: alice.token });
  const waiver = await world.call('POST', `/admin/exchanges/${account.id}/waive`, { token: root.token, body: { reason: 'a fund of its own', reviewed_version: 1 } });
  assert.equal(waiver.status, 202, waiver.text);
  assert.equal((await world.confirm(second, waiver.json)).status, 200);
  await world.approve(root, account);
  await world.until_bot(alice, account, 'running');
  const probed = (await world.show(alice, account)).probe.at;
  await until('probed again', async () => (await world.show(alice, account)).probe.at > probed);
  assert.equal((await world.bot(alice, account)).state, 'running');
  assert.equal((await world.show(alice, account)).withdraw_waived, true);

  // The lockdown: one is enough to begin it.
  await world.must('POST', '/admin/lockdown', { token: root.token, body: { reason: 'drill' } });
  const release = await world.call('POST', '/admin/release', { token: root.token, body: { reason: 'over' } });
  assert.equal(release.status, 202, release.text);
  assert.equal(release.json.content.reason, 'drill');
  assert.ok((await world.must('GET', '/admin/locks', { token: root.token })).items.find((l) => l.name === 'lockdown').locked);
  assert.equal((await world.confirm(second, release.json)).status, 200);
  assert.ok(!(await world.must('GET', '/admin/locks', { token: root.token })).items.find((l) => l.name === 'lockdown').locked);
});

test('a master key is rotated once two administrators agreed, once', async () => {
  const rotate = () => world.try_run(['key', 'rotate', '-c', world.config]);
  const alone = rotate();
  assert.notEqual(alone.status, 0);
  assert.match(alone.stderr, /two administrators must agree/);
  const second = await world.log_in('second');
  const proposal = await world.must('POST', '/admin/proposals', { token: root.token, body: { kind: 'rotate_master_key', reason: 'yearly' } });
  assert.notEqual(rotate().status, 0);
  assert.equal((await world.confirm(second, proposal)).json.state, 'confirmed');
  const done = rotate();
  assert.equal(done.status, 0, done.stderr);
  assert.equal((await world.must('GET', `/admin/proposals/${proposal.id}`, { token: second.token })).state, 'done');
  assert.notEqual(rotate().status, 0);
});

test('who gets rid of the other administrators is not alone at once, and the last one stays', async () => {
  for (const name of ['second', 'bob']) await world.must('POST', `/backend/ban-user/name/${name}/now`, { token: root.token });
  assert.equal((await world.must('GET', '/admin/proposals', { token: root.token })).four_eyes, true);
  assert.equal((await world.call('POST', '/backend/unban-user/name/bob/now', { token: root.token })).status, 202);
  assert.equal((await world.call('PATCH', `/admin/users/${root.id}`, { token: root.token, body: { role: 'tenant' } })).status, 409);
});
