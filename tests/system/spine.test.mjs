// The thin line through everything, over the real parts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { is_open, Socket, until, World } from './harness.mjs';

let world;
let admin;
let tenant;
before(async () => {
  world = await World.create({ paper_args: ['--step-ms', '20', '--step-bps', '5'] });
  admin = await world.add_user('root', { admin: true });
  tenant = await world.add_user('alice');
});
after(() => world.close());

test('a new account is probed, sealed and PENDING; approval starts its bot within a second', async () => {
  const account = await world.add_account(tenant, { label: 'Spine' });
  assert.equal(account.status, 'PENDING');
  assert.equal(account.is_active, false);
  assert.match(account.api_key, /^.{4}\*{4}.{4}$/);
  const stored = world.sql(`SELECT api_key || api_secret FROM user_exchanges WHERE id = ${account.id}`);
  assert.ok(!stored.includes(account.keys.api_key) && !stored.includes(account.keys.api_secret));

  const pending = await world.must('GET', '/admin/exchanges/pending', { token: admin.token });
  assert.ok(pending.some((row) => row.id === account.id && row.user_username === 'alice'));
  await world.approve(admin, account);
  const bot = await world.until_bot(tenant, account, 'running', 1_000);
  assert.equal(bot.strategy, 'grid');
});

test('fills become earnings, on the socket and in the ledger, and everything adds up', async () => {
  const socket = await Socket.open(world, '/ws/earnings', { token: tenant.token });
  const update = await socket.next('earnings_update', (m) => m.payload.amount && m.payload.amount !== '0', 60_000);
  assert.match(update.payload.total, /^-?\d+(\.\d+)?$/);
  assert.ok(Number.isInteger(update.seq));
  socket.close();
  const imbalance = world.sql('SELECT count(*) FROM (SELECT asset FROM ledger_postings GROUP BY asset HAVING sum(amount) <> 0) x');
  assert.equal(imbalance, '0');
  const [[sum, total]] = world.rows("SELECT (SELECT sum(amount) FROM earnings), (SELECT sum(amount) FROM earning_totals)");
  assert.equal(sum, total);
});

test('every order at the exchange is explained by exactly one intent', async () => {
  const state = await world.paper_state();
  const ours = state.accounts.flatMap((a) => a.orders).map((o) => o.client_order_id);
  assert.ok(ours.length > 0);
  assert.equal(new Set(ours).size, ours.length);
  const intents = new Set(world.rows("SELECT replace(id::text, '-', '') FROM order_intents").map(([id]) => id));
  for (const id of ours) assert.ok(intents.has(id), `order ${id} has no intent`);
});

test('what the exchange said was kept', async () => {
  await until('raw records', () => Number(world.sql('SELECT count(*) FROM raw_records')) > 10);
  const secrets = world.sql("SELECT count(*) FROM raw_records WHERE convert_from(body, 'UTF8') LIKE '%signature=%'");
  assert.equal(secrets, '0');
});

test('switching off stops the bot within a second and leaves no order behind', async () => {
  const account = await world.add_account(tenant, { label: 'Toggle' });
  await world.approve(admin, account);
  await world.until_bot(tenant, account, 'running');
  const open = async () => (await world.paper_state()).accounts.find((a) => a.api_key === account.keys.api_key)?.orders.filter(is_open) ?? [];
  await until('open orders', async () => (await open()).length > 0);
  await world.must('PATCH', `/user/exchanges/${account.id}/toggle`, { token: tenant.token, body: { is_active: false } });
  await until('bot off', async () => ['off', 'stopped'].includes((await world.bot(tenant, account)).state), 1_500);
  await until('no open orders', async () => (await open()).length === 0, 3_000);
  await world.must('PATCH', `/user/exchanges/${account.id}/toggle`, { token: tenant.token, body: { is_active: true } });
  await world.until_bot(tenant, account, 'running', 2_000);
});

for (const [how, stop] of [
  ['rejecting', (account) => world.must('POST', `/admin/exchanges/${account.id}/reject`, { token: admin.token, body: { reason: 'No' } })],
  ['deleting', (account) => world.must('DELETE', `/user/exchanges/${account.id}`, { token: tenant.token })],
]) {
  test(`${how} stops the bot within a second`, async () => {
    const account = await world.add_account(tenant, { label: how });
    await world.approve(admin, account);
    await world.until_bot(tenant, account, 'running');
    await stop(account);
    const placed = () => world.sql(`SELECT count(*) FROM order_intents WHERE account_id = ${account.id}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const then = placed();
    for (const price of [59_000, 61_000, 60_000]) await world.set_price(price);
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(placed(), then);
  });
}

test('a ban closes sockets, refuses tokens and stops bots within a second', async () => {
  const bob = await world.add_user('bob');
  const account = await world.add_account(bob, { label: 'Ban' });
  await world.approve(admin, account);
  await world.until_bot(bob, account, 'running');
  const socket = await Socket.open(world, '/ws/dashboard', { token: bob.token });
  const other = await Socket.open(world, '/ws/dashboard', { token: tenant.token });
  await world.must('POST', '/backend/ban-user/name/bob/now', { token: admin.token, body: {} });
  const code = await Promise.race([socket.closed, new Promise((resolve) => setTimeout(resolve, 1_000, 'still open'))]);
  assert.equal(code, 4401);
  assert.equal((await world.call('GET', '/user/exchanges/', { token: bob.token })).status, 401);
  assert.equal(other.close_code, undefined);
  other.close();
  await until('bot stopped', () => world.sql(`SELECT count(*) FROM order_intents WHERE account_id = ${account.id} AND state IN ('intended','accepted','unknown')`) === '0', 5_000);
});

test('keys that do not work, or can withdraw, are refused with the reason', async () => {
  const wrong = await world.call('POST', '/user/exchanges/', {
    token: tenant.token, body: { exchange_name: 'binance', api_key: 'x'.repeat(64), api_secret: 'y'.repeat(64), label: 'Wrong' } });
  assert.equal(wrong.status, 422);
  assert.match(wrong.json.detail, /does not accept this key/);
  const rich = await world.paper_key({ permissions: { trade: true, withdraw: true, read: true, ip_restrict: false } });
  const refused = await world.call('POST', '/user/exchanges/', {
    token: tenant.token, body: { exchange_name: 'binance', api_key: rich.api_key, api_secret: rich.api_secret, label: 'Rich' } });
  assert.equal(refused.status, 422);
  assert.match(refused.json.detail, /withdraw/);
  assert.equal(world.sql("SELECT count(*) FROM user_exchanges WHERE label IN ('Wrong', 'Rich')"), '0');
});

test('nobody approves their own account, and tenants see only theirs', async () => {
  const own = await world.add_account(admin, { label: 'Own' });
  const answer = await world.call('POST', `/admin/exchanges/${own.id}/approve`, { token: admin.token, body: { notification_message: '' } });
  assert.ok([403, 409].includes(answer.status), answer.text);
  assert.equal((await world.call('GET', `/user/exchanges/${own.id}`, { token: tenant.token })).status, 404);
  assert.equal((await world.call('GET', '/admin/exchanges/pending', { token: tenant.token })).status, 403);
});

test('SIGTERM drains and ends with 0 within the limit', async () => {
  const started = Date.now();
  const how = await world.kill_engine('SIGTERM');
  assert.deepEqual(how, { code: 0, signal: null });
  assert.ok(Date.now() - started < 20_000);
  const unsettled = world.sql("SELECT count(*) FROM order_intents WHERE state = 'intended'");
  assert.equal(unsettled, '0');
  await world.start_engine();
});

test('no secret reached a log', () => {
  const logs = world.log_text('engine');
  for (const secret of [tenant.password, admin.password, tenant.token]) assert.ok(!logs.includes(secret));
  const keys = JSON.stringify(logs.match(/api_secret/g) ?? []);
  assert.equal(keys, '[]');
});
