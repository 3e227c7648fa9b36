// `engine bots`, `orders`, `fills` and `positions` against a running engine, and what they say when there is none.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { World, until } from './harness.mjs';

let world, admin, alice, bob, account, token_file;

before(async () => {
  world = await World.create({ config: { bots: { sweep_interval: '1s' } } });
  admin = await world.add_user('root', { admin: true });
  alice = await world.add_user('alice');
  bob = await world.add_user('bob');
  account = await world.add_account(alice);
  await world.approve(admin, account);
  await world.until_bot(alice, account, 'running');
  token_file = join(world.folder, 'alice.token');
  writeFileSync(token_file, alice.token + '\n', { mode: 0o600 });
});
after(() => world.close());

const cli = (args, { token = token_file, url = world.http, ...rest } = {}) =>
  world.try_run([...args, '--url', url, ...(token ? ['--token-file', token] : [])], rest);
const json = (args, options) => {
  const done = cli([...args, '-o', 'json'], options);
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout);
};

test('bots list shows the bot as table, JSON and CSV', () => {
  const [bot] = json(['bots', 'list']);
  assert.equal(bot.account_id, account.id);
  assert.equal(bot.status.state, 'running');
  const table = cli(['bots', 'list']).stdout;
  assert.match(table, /^id +account +name +strategy +symbol +desired +state/);
  assert.match(table, /BTC\/USDT +running +running/);
  const csv = cli(['bots', 'list', '-o', 'csv']).stdout.split('\r\n');
  assert.equal(csv[0], 'id,account,name,strategy,symbol,desired,state,orders,reason');
  assert.match(csv[1], new RegExp(`^${bot.id},${account.id},grid`));
  assert.equal(json(['bots', 'list', '--state', 'stopped']).length, 0);
});

test('bots stop, start, pause, clone, show and diagnose do what they say', async () => {
  const [{ id }] = json(['bots', 'list']);
  const state = () => json(['bots', 'show', String(id)]).status.state;
  assert.equal(json(['bots', 'stop', String(id)])[0].desired, 'stopped');
  await until('the bot to stop', () => state() === 'stopped');
  assert.equal(json(['bots', 'start', String(id)])[0].desired, 'running');
  await until('the bot to run', () => state() === 'running');
  assert.equal(json(['bots', 'pause', String(id)])[0].desired, 'paused');
  await until('the bot to pause', () => state() === 'paused');
  const [copy] = json(['bots', 'clone', String(id), '--name', '=copy', '--symbol', 'ETH/USDT']);
  assert.equal(copy.symbol, 'ETH/USDT');
  assert.match(cli(['bots', 'list', '-o', 'csv']).stdout, /,'=copy,/);
  const diagnosis = json(['bots', 'diagnose', String(id)]);
  assert.ok(diagnosis.checks.length > 3);
  assert.match(cli(['bots', 'diagnose', String(id)]).stdout, /^check +ok +detail/);
  json(['bots', 'start', String(id)]);
  await until('the bot to run again', () => state() === 'running');
});

test('orders, fills and positions are listed as table, JSON and CSV', async () => {
  await world.set_price(60000);
  await until('orders to rest', () => json(['orders', 'list', '--state', 'accepted']).length > 0);
  await world.set_price(59900);
  const fills = await until('a fill', () => { const all = json(['fills', 'list']); return all.length > 0 && all; });
  const orders = json(['orders', 'list']);
  const filled = orders.find((o) => o.id === fills[0].order_id);
  assert.equal(filled.account_id, account.id);
  const csv = cli(['orders', 'list', '-o', 'csv', '--oldest-first']).stdout.trim().split('\r\n');
  assert.match(csv[0], /^id,venue_order_id,account_id,bot_id,exchange_name,symbol,side,/);
  assert.ok(csv.length > orders.length);
  assert.ok(csv.some((line) => line.startsWith(filled.id)));
  assert.equal(cli(['orders', 'list', '-o', 'csv', '--limit', '1']).stdout.trim().split('\r\n').length, 2);
  assert.match(cli(['orders', 'list', '--limit', '2']).stdout, /^id +created +account +bot +symbol/);
  assert.match(cli(['fills', 'list', '-o', 'csv']).stdout, /^id,order_id,trade_id,/);
  const sum = (text) => text.reduce((all, f) => all + (f.side === 'buy' ? 1 : -1) * Number(f.quantity), 0);
  const [position] = json(['positions', 'list']);
  assert.equal(position.symbol, 'BTC/USDT');
  assert.ok(Math.abs(Number(position.quantity) - sum(json(['fills', 'list']))) < 1e-4);
  const priced = await until('a price', () => json(['positions', 'list']).find((p) => p.price !== null));
  assert.ok(Number(priced.price) > 59000 && Number(priced.price) < 61000);
  assert.ok(priced.price_age_ms >= 0);
  assert.equal(cli(['orders', 'list', '--side', 'left']).status, 1);
  assert.equal(cli(['orders', 'list', '--user', String(bob.id)]).status, 77);
});

test('an order placed by hand at the exchange is listed as external and left alone', async () => {
  const { api_key, api_secret } = account.keys;
  const query = `symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.001&price=50000&newClientOrderId=by-hand&timestamp=${Date.now()}`;
  const signature = createHmac('sha256', api_secret).update(query).digest('hex');
  const placed = await world.call('POST', `/api/v3/order?${query}&signature=${signature}`, { base: world.paper, headers: { 'x-mbx-apikey': api_key } });
  assert.equal(placed.status, 200, placed.text);
  const [external] = await until('the external order', () => { const all = json(['orders', 'list', '--state', 'external']); return all.length > 0 && all; }, 20_000);
  assert.equal(external.client_order_id, 'by-hand');
  assert.equal(external.state, 'external');
  assert.equal(external.id, null);
  assert.ok(json(['orders', 'list']).every((o) => o.client_order_id !== 'by-hand'));
  const at_venue = (await world.paper_state()).accounts.flatMap((a) => a.orders).find((o) => o.client_order_id === 'by-hand');
  assert.match(at_venue.status, /new|open/i);
});

test('an order tells its life, and statistics count it', async () => {
  const closed = await until('a closed order', async () =>
    (await world.must('GET', '/api/orders?state=closed', { token: alice.token })).items.find((o) => o.status === 'filled'));
  const life = await world.must('GET', `/api/orders/${closed.id}`, { token: alice.token });
  assert.deepEqual(life.events.map((e) => e.event).filter((e) => e !== 'fill'), ['intent', 'sent', 'accepted', 'closed']);
  assert.ok(life.fills.length >= 1);
  assert.equal((await world.call('GET', `/api/orders/${closed.id}`, { token: bob.token })).status, 404);
  const statistics = await world.must('GET', '/admin/statistics/orders', { token: admin.token });
  assert.ok(statistics.sums.fills >= 1);
  assert.equal((await world.call('GET', '/admin/statistics/orders', { token: alice.token })).status, 403);
  const now = await world.must('GET', '/stats/now', { token: admin.token });
  assert.equal(now.orders.recent.window_seconds, 300);
  assert.match((await world.call('GET', '/metrics', { token: admin.token })).text, /engine_orders\{state="closed"\} [1-9]/);
});

test('refusals are told in the words of the API, with their exit codes', () => {
  const missing = cli(['bots', 'show', '999999']);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /Not found/);
  const wrong = cli(['bots', 'list', '--state', 'dancing']);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /state: is no state of a bot/);
  const bad = join(world.folder, 'bad.token');
  writeFileSync(bad, 'nonsense\n', { mode: 0o600 });
  const refused = cli(['bots', 'list'], { token: bad });
  assert.equal(refused.status, 77);
  assert.match(refused.stderr, /token/i);
  assert.ok(!refused.stderr.includes('nonsense'));
  assert.equal(cli(['bots', 'show', 'seven']).status, 2);
  assert.equal(world.try_run(['version', '-o', 'csv']).status, 2);
});

test('the token comes from a file, the environment or standard input, never from the command line', () => {
  const env = { DROVER_TOKEN: alice.token, DROVER_URL: world.http };
  assert.equal(world.try_run(['bots', 'list'], { env }).status, 0);
  assert.equal(cli(['bots', 'list', '--token-stdin'], { token: '', input: alice.token + '\n' }).status, 0);
  const none = cli(['bots', 'list'], { token: '', env: { DROVER_TOKEN: '' } });
  assert.equal(none.status, 77);
  assert.match(none.stderr, /--token-file/);
  assert.equal(cli(['bots', 'list', '--token', alice.token]).status, 2);
  const open = join(world.folder, 'open.token');
  writeFileSync(open, alice.token, { mode: 0o644 });
  assert.match(cli(['bots', 'list'], { token: open }).stderr, /chmod/);
});

test('an engine that is away, or something else in its place, is one clear message', async () => {
  const holder = createServer();
  await new Promise((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const { port } = holder.address();
  await new Promise((resolve) => holder.close(resolve));
  const away = cli(['bots', 'list'], { url: `http://127.0.0.1:${port}` });
  assert.equal(away.status, 69);
  assert.match(away.stderr, new RegExp(`cannot reach the engine at http://127.0.0.1:${port}.*refused`, 'i'));
  const other = cli(['bots', 'list'], { url: world.paper });
  assert.notEqual(other.status, 0);
  assert.match(other.stderr, /not as an engine does|not an engine/);
  assert.equal(cli(['bots', 'list'], { url: 'ftp://nowhere' }).status, 2);
});

test('another user sees nothing of it', () => {
  const file = join(world.folder, 'bob.token');
  writeFileSync(file, bob.token, { mode: 0o600 });
  assert.deepEqual(json(['bots', 'list'], { token: file }), []);
  const [{ id }] = json(['bots', 'list']);
  assert.equal(cli(['bots', 'stop', String(id)], { token: file }).status, 1);
});
