// Connecting accounts on the real process over the paper exchange: the routes of both older systems, regions, and what an
// administrator reviewed.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { after, before, test } from 'node:test';

import { until, World } from './harness.mjs';

const limit_ms = 1_000;

/** The exchange "regional" is the paper exchange, and its region "eu" a second one. */
class RegionWorld extends World {
  async start_paper(args) {
    await super.start_paper(args);
    this.home = { http: this.paper, process: this.paper_process };
    rmSync(`${this.folder}/paper.json`, { force: true });
    await super.start_paper(args);
    this.eu = { http: this.paper, process: this.paper_process };
    this.paper = this.home.http;
  }
  write_config(options = {}) {
    const addresses = (http) => {
      const ws = http.replace('http://', 'ws://');
      return `rest_url: "${http}", stream_url: "${ws}", ws_api_url: "${ws}/ws-api/v3"`;
    };
    const extra = `  - {name: regional, dialect: binance, ${addresses(this.home.http)}, regions: [{name: eu, ${addresses(this.eu.http)}}]}`;
    super.write_config({ ...options, extra });
  }
  async key_at(place, options = {}) {
    return this.must('POST', '/paper/accounts', { base: place.http, body: { balances: { USDT: '10000', BTC: '0.1' }, ...options } });
  }
  async orders_at(place, key) {
    const state = await this.must('GET', '/paper/state', { base: place.http });
    return state.accounts.filter((a) => a.api_key === key.api_key).flatMap((a) => a.orders).length;
  }
  async close() {
    this.home.process.kill('SIGTERM');
    await this.home.process.ended;
    await super.close();
  }
}

let world;
before(async () => { world = await RegionWorld.create(); });
after(() => world?.close());

const save = (user, body) => world.call('POST', '/api/accounts', { token: user.token, body });

test('the routes of both older systems show the same accounts, with and without a slash at the end', async () => {
  const alice = await world.add_user('alice');
  const key = await world.paper_key();
  const created = await save(alice, { exchange: 'paper', accountId: 'Main Account', apiKey: key.api_key, secretKey: key.api_secret, isActive: true });
  assert.equal(created.status, 201, created.text);
  assert.equal(created.json.status, 'PENDING');
  assert.equal(created.json.isActive, false);
  assert.ok(!created.text.includes(key.api_secret));
  for (const slash of ['', '/']) {
    const [info] = await world.must('GET', `/api/accounts${slash}`, { token: alice.token });
    const [account] = await world.must('GET', `/user/exchanges${slash}`, { token: alice.token });
    assert.equal(info.id, account.id);
    assert.equal(info.accountId, account.label);
    assert.equal(info.apiKey, account.api_key);
    assert.equal((await world.must('GET', `/user/exchanges/${account.id}${slash}`, { token: alice.token })).id, account.id);
    const renamed = await world.must('PATCH', `/user/exchanges/${account.id}${slash}`, { token: alice.token, body: { label: `Label ${slash}` } });
    assert.equal(renamed.label, `Label ${slash}`.trim());
    const refused = await world.call('PATCH', `/user/exchanges/${account.id}/toggle${slash}`, { token: alice.token, body: { is_active: true } });
    assert.equal(refused.status, 409);
    assert.equal(refused.json.code, '409');
  }
  assert.equal((await world.call('DELETE', `/api/accounts/${created.json.id}/`, { token: alice.token })).status, 204);
  assert.deepEqual(await world.must('GET', '/api/accounts', { token: alice.token }), []);
});

test('administrators see, approve and reject on the paths of the exchange manager', async () => {
  const admin = await world.add_user('root', { admin: true });
  const bob = await world.add_user('bob');
  const first = await world.add_account(bob, { exchange: 'paper' });
  const second = await world.add_account(bob, { exchange: 'paper' });
  for (const slash of ['', '/']) {
    const pending = await world.must('GET', `/admin/exchanges/pending${slash}`, { token: admin.token });
    assert.deepEqual(pending.map((a) => a.id), [first.id, second.id]);
    assert.equal(pending[0].user_username, 'bob');
    assert.equal((await world.must('GET', `/admin/exchanges${slash}?status=PENDING`, { token: admin.token })).length, 2);
  }
  await world.must('POST', `/admin/exchanges/${first.id}/approve/`, { token: admin.token, body: { notification_message: 'Your exchange has been approved!' } });
  await world.until_bot(bob, first, 'running');
  await world.must('POST', `/admin/exchanges/${second.id}/reject/`, { token: admin.token, body: { reason: 'Invalid API credentials' } });
  const rejected = await world.must('GET', `/user/exchanges/${second.id}`, { token: bob.token });
  assert.equal(rejected.status, 'REJECTED');
  assert.equal(rejected.error_message, 'Invalid API credentials');
  const own = await world.add_account(admin, { exchange: 'paper' });
  const refused = await world.call('POST', `/admin/exchanges/${own.id}/approve`, { token: admin.token, body: {} });
  assert.equal(refused.status, 403);
});

test('an account trades in its region, and is reviewed again when it moves', async () => {
  const admin = await world.add_user('second-root', { admin: true });
  const carol = await world.add_user('carol');
  const exchanges = await world.must('GET', '/api/v1/exchanges', { token: carol.token });
  const regional = exchanges.items.find((e) => e.name === 'regional');
  assert.deepEqual(regional.regions, [{ name: 'default', base_url: world.home.http }, { name: 'eu', base_url: world.eu.http }]);

  // The key is known in the region only, so that the probe proves where it was asked.
  const key = await world.key_at(world.eu);
  const body = { exchange_name: 'regional', api_key: key.api_key, api_secret: key.api_secret, label: 'Europe' };
  const elsewhere = await world.call('POST', '/user/exchanges', { token: carol.token, body });
  assert.equal(elsewhere.status, 422);
  assert.equal(elsewhere.json.errors[0].pointer, '/api_key');
  for (const base_url of ['http://127.0.0.1:1', `${world.eu.http}.evil.example`, `${world.eu.http}/path`, 'http://169.254.169.254']) {
    const foreign = await world.call('POST', '/user/exchanges', { token: carol.token, body: { ...body, base_url } });
    assert.equal(foreign.status, 422);
    assert.equal(foreign.json.errors[0].pointer, '/base_url');
  }
  const account = await world.must('POST', '/user/exchanges', { token: carol.token, body: { ...body, base_url: `${world.eu.http}/` } });
  assert.equal(account.region, 'eu');
  await world.approve(admin, account);
  await world.until_bot(carol, account, 'running');
  await until('orders in the region', async () => (await world.orders_at(world.eu, key)) > 0);

  // The same key at the other address as well: moving there is allowed, and waits for approval.
  await world.key_at(world.home, { api_key: key.api_key, api_secret: key.api_secret });
  const began = performance.now();
  const moved = await world.must('PATCH', `/user/exchanges/${account.id}`, { token: carol.token, body: { region: 'default' } });
  assert.equal(moved.status, 'PENDING');
  assert.equal(moved.credential_version, 2);
  await until('the bot has stopped', async () => (await world.bot(carol, account)).state === 'waiting_approval', limit_ms);
  console.log(`moved and stopped within ${Math.round(performance.now() - began)} ms`);
  const stale = await world.call('POST', `/admin/exchanges/${account.id}/approve`, { token: admin.token, body: { reviewed_version: 1 } });
  assert.equal(stale.status, 409);
  const blind = await world.call('POST', `/admin/exchanges/${account.id}/approve`, { token: admin.token, body: {} });
  assert.equal(blind.status, 422);
  assert.equal(blind.json.errors[0].pointer, '/reviewed_version');
  await world.must('POST', `/admin/exchanges/${account.id}/approve`, { token: admin.token, body: { reviewed_version: 2 } });
  await world.until_bot(carol, account, 'running');
  await until('orders at the exchange itself', async () => (await world.orders_at(world.home, key)) > 0);
});

test("another user's account answers as one that does not exist, on every route", async () => {
  const dave = await world.add_user('dave');
  const eve = await world.add_user('eve');
  const account = await world.add_account(dave, { exchange: 'paper' });
  const routes = [
    ['GET', '/user/exchanges/ID'], ['PATCH', '/user/exchanges/ID', { label: 'mine' }], ['PATCH', '/user/exchanges/ID', { region: 'eu' }],
    ['PATCH', '/user/exchanges/ID/toggle', { is_active: false }], ['GET', '/user/exchanges/ID/health'],
    ['DELETE', '/user/exchanges/ID'], ['DELETE', '/api/accounts/ID'], ['POST', '/api/accounts', { id: 'ID', accountId: 'mine' }],
  ];
  for (const [method, path, body] of routes) {
    const ask = async (id) => {
      const sent = body && { ...body, ...(body.id && { id }) };
      const answer = await world.call(method, path.replace('ID', id), { token: eve.token, body: sent });
      const { request_id, instance, ...rest } = answer.json;
      return { status: answer.status, rest };
    };
    const foreign = await ask(account.id);
    assert.equal(foreign.status, 404, `${method} ${path}`);
    assert.deepEqual(foreign, await ask(999_999), `${method} ${path}`);
  }
  assert.equal((await world.must('GET', `/user/exchanges/${account.id}`, { token: dave.token })).label, 'Main');
});
