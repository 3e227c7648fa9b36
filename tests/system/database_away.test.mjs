// PostgreSQL is away, hangs, or refuses (RELIABILITY REL-20…23, REL-06): no new order, cancels go on, the API says so, nothing is
// lost or doubled, and all is well again within seconds.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { check_alive, check_settled, is_resting, read_books, why_unsettled } from './crash/books.mjs';
import { Cluster, pause, Socket, until, World } from './harness.mjs';

const opening = { USDT: '1000000', BTC: '10' };
const bots = { strategy: '', venue_processing_bound: '500ms', validity_window: '1s', send_limit: '1s', sweep_interval: '1s', backoff_floor: '50ms', backoff_ceiling: '500ms' };
const grid = { symbol: 'BTC/USDT', levels: 3, spacing: '0.0003', order_notional: '50' };
/** Its quotes are renewed every second: while the database is away they can only be cancelled. */
const quotes = { symbol: 'ETH/USDT', bid_spread: '0.0005', ask_spread: '0.0005', refresh_s: 1, tolerance: '0', levels: 2 };
const recovery_ms = 5_000;
/** A start without PostgreSQL tries again at least this often. */
const start_retry_ms = 10_000;

let cluster;
let world;
let admin;
let tenant;
let account;

before(async () => {
  cluster = new Cluster();
  world = await World.create({ connection: cluster.connection, paper_args: ['--step-ms', '50', '--step-bps', '4'],
    config: { bots, web: { limits: { enabled: false } } } });
  admin = await world.add_user('root', { admin: true });
  tenant = await world.add_user('alice');
  account = await world.add_account(tenant, { key: await world.paper_key({ balances: opening }) });
  account.exchange = 'binance';
  world.accounts = [account];
  await world.approve(admin, account);
  for (const [strategy, parameters] of [['grid', grid], ['market_making', quotes]])
    await world.must('POST', '/api/bots', { token: tenant.token, body: { account_id: account.id, strategy, parameters, start: true } });
  await until_trading();
});
after(async () => {
  try {
    await world?.close();
  } finally {
    cluster?.remove();
  }
});

const ready = async () => (await world.call('GET', '/readyz')).status === 200;
const venue_account = async () => (await world.paper_state()).accounts.find((a) => a.api_key === account.keys.api_key);
const count_orders = async () => (await venue_account()).orders.length;
const count_quotes = async () => (await venue_account()).orders.filter((o) => o.symbol === 'ETHUSDT' && is_resting(o)).length;

async function until_trading(limit_ms = 20_000) {
  const least = (await count_orders()) + 2;
  await until('new orders', async () => (await count_orders()) >= least, limit_ms);
}

/** It answers again within the time that is allowed, strategies go on after the pause that they make after a refused order, and
 * nothing was lost or doubled meanwhile. */
async function check_recovery() {
  await until('readiness', ready, recovery_ms);
  await until_trading();
  await check_alive(world);
}

/** Orders that were on their way may still arrive; from then on the exchange sees no new one. */
async function check_no_new_orders(for_ms = 2_500) {
  await pause(1_000);
  const before_now = await count_orders();
  await pause(for_ms);
  assert.equal(await count_orders(), before_now, 'an order was placed although its intent could not be written');
}

async function check_api_says_so() {
  const unready = await until('unreadiness', async () => {
    const answer = await world.call('GET', '/readyz');
    return answer.status === 503 && answer.json;
  }, 10_000);
  assert.match(unready.checks.database, /PostgreSQL/);
  assert.equal((await world.call('GET', '/healthz')).status, 200);
  const asked = Date.now();
  const answer = await world.call('GET', '/api/earnings/summary', { token: tenant.token });
  assert.equal(answer.status, 503, answer.text);
  assert.ok(answer.headers.get('retry-after'));
  // What was told before is told again, with what the bots do now, and says so.
  const told = await world.call('GET', '/api/bots', { token: tenant.token });
  assert.deepEqual([told.status, told.headers.get('x-stale'), told.json.stale, told.json.total], [200, 'true', true, 2], told.text);
  assert.ok(Date.now() - asked < 12_000, `the answer took ${Date.now() - asked} ms`);
}

test('start without PostgreSQL: it listens, answers 503, and works when PostgreSQL comes', async () => {
  await world.kill_engine('SIGTERM');
  cluster.stop('fast');
  await world.start_engine();
  assert.equal((await world.call('GET', '/healthz')).status, 200);
  const unready = await world.call('GET', '/readyz');
  assert.equal(unready.status, 503);
  assert.match(unready.json.checks.database, /PostgreSQL does not answer/);
  // A good token is not called bad because nobody can look it up.
  assert.equal((await world.call('GET', '/api/user', { token: tenant.token })).status, 503);
  assert.equal((await world.call('POST', '/client/login', { body: { username: 'alice', password: tenant.password } })).status, 503);
  cluster.start();
  await until('readiness', ready, start_retry_ms + 2_000);
  await until_trading();
  await check_alive(world);
});

test('a database that does not exist, and a role that does not, end the start', () => {
  for (const [url, words] of [[world.database.replace(world.name, 'nowhere'), /database "nowhere" does not exist/],
    [world.database.replace('user=postgres', 'user=nobody_here'), /role "nobody_here" does not exist/],
    ['host=/tmp port=none', /database\.url/]]) {
    const done = world.try_run(['serve', '-c', world.config, '--set', `database.url=${url}`]);
    assert.equal(done.status, 78, done.stderr);
    assert.match(done.stderr, words);
  }
});

test('a second engine on the same database exits 3 within 5 s; the first one goes on', async () => {
  const began = Date.now();
  const second = world.try_run(['serve', '-c', world.config]);
  assert.equal(second.status, 3, second.stderr);
  assert.match(second.stderr, /another engine/);
  assert.ok(Date.now() - began < 5_000, `it took ${Date.now() - began} ms`);
  await until_trading();
  await check_alive(world);
});

for (const mode of ['fast', 'immediate'])
  test(`PostgreSQL stops (${mode}) while bots trade: no new order, quotes are cancelled, 503; back within 5 s`, async () => {
    const socket = await Socket.open(world, '/ws/dashboard', { token: tenant.token });
    await until('resting quotes', async () => (await count_quotes()) > 0);
    assert.equal((await world.must('GET', '/api/bots', { token: tenant.token })).stale, undefined);
    cluster.stop(mode);
    await check_no_new_orders();
    assert.equal(await count_quotes(), 0, 'quotes were not cancelled');
    await check_api_says_so();
    await socket.next('heartbeat', (m) => m.payload.stale === true);
    assert.equal(world.engine.how, undefined);
    cluster.start();
    await check_recovery();
    await socket.next('heartbeat', (m) => m.payload.stale === false && m.received_ms > socket.messages.findLast((x) => x.payload?.stale).received_ms);
    socket.close();
  });

test('a smart shutdown: old connections are served, new ones refused; nothing is lost or doubled', async () => {
  const smart = spawn('bash', ['-c', `source "$0/scripts/lib/common.sh"; cd "$1"; as_postgres_user "$1" "$(postgres_bin)/pg_ctl" -D "$1/data" -s -w -t 60 -m smart stop`,
    join(import.meta.dirname, '../..'), cluster.data], { stdio: 'ignore' });
  const stopped = new Promise((resolve) => smart.on('exit', resolve));
  await until('new connections refused', () => {
    try { world.sql('SELECT 1'); return false; } catch { return true; }
  });
  await pause(1_000);
  assert.equal(world.engine.how, undefined);
  cluster.stop('fast');
  await stopped;
  await check_no_new_orders(500);
  cluster.start();
  await check_recovery();
});

test('backends are terminated again and again: nothing is lost or doubled', async () => {
  for (let i = 0; i < 10; ++i) {
    world.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'drover'");
    await pause(200);
  }
  await check_recovery();
  assert.equal(world.engine.how, undefined, 'losing the lock for a moment is no reason to stop');
});

test('a database that became read-only takes no intents, so nothing is sent; afterwards it goes on', async () => {
  world.sql('ALTER SYSTEM SET default_transaction_read_only = on');
  world.sql('SELECT pg_reload_conf()');
  await check_no_new_orders();
  assert.equal(world.engine.how, undefined);
  execFileSync('psql', ['-X', '-q', '-d', world.database, '-c', 'SET default_transaction_read_only = off', '-c', 'ALTER SYSTEM RESET default_transaction_read_only', '-c', 'SELECT pg_reload_conf()']);
  await check_recovery();
});

test('no connection is left at the start: it waits until there is one', async () => {
  await world.kill_engine('SIGTERM');
  // Enough for the engine and for this test's own questions afterwards.
  world.sql('ALTER SYSTEM SET max_connections = 32');
  cluster.stop('fast');
  cluster.start();
  const holders = [];
  const refused = () => {
    try { world.sql('SELECT 1'); return false; } catch { return true; }
  };
  await until('all connections taken', async () => {
    // Idle ones: their backends go with them.
    holders.push(spawn('psql', ['-X', '-q', '-d', world.database], { stdio: ['pipe', 'ignore', 'ignore'] }));
    await pause(50);
    return refused();
  }, 15_000);
  await world.start_engine();
  assert.match((await world.call('GET', '/readyz')).json.checks.database, /too many clients/);
  for (const holder of holders) holder.kill('SIGKILL');
  await until('holders gone', () => !refused(), 10_000);
  await until('readiness', ready, start_retry_ms + 2_000);
  world.sql('ALTER SYSTEM RESET max_connections');
  await until_trading();
  await check_alive(world);
});

test('PostgreSQL hangs (SIGSTOP): noticed within 10 s, no new order; back within 5 s', async () => {
  const postmaster = Number(readFileSync(join(cluster.data, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(postmaster)], { encoding: 'utf8' }).trim().split(/\s+/).map(Number);
  const all = [postmaster, ...children];
  assert.equal((await world.must('GET', '/api/bots', { token: tenant.token })).stale, undefined);
  for (const pid of all) process.kill(pid, 'SIGSTOP');
  try {
    await check_no_new_orders();
    await check_api_says_so();
    await pause(Number(process.env.DROVER_HANG_MS ?? 12_000));
    assert.equal(world.engine.how, undefined);
  } finally {
    for (const pid of all) {
      try { process.kill(pid, 'SIGCONT'); } catch { /* it has ended */ }
    }
  }
  await check_recovery();
});

test('at the end every trade is booked, the ledger is the wallet to the last digit', async () => {
  await world.must('POST', '/paper/market', { base: world.paper, body: { paused: true } });
  const ids = (await world.must('GET', '/api/bots', { token: tenant.token })).items.map((b) => b.id);
  for (const id of ids) await world.must('POST', `/api/bots/${id}/pause`, { token: tenant.token });
  await until('rest', async () => why_unsettled(await read_books(world)) === undefined, 30_000);
  check_settled(await read_books(world), opening);
});
