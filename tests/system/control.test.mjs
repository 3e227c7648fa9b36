// Emergency stops, locks and limits on the real process: while it trades, over kill -9, without its database, by signal and from
// the command line.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Cluster, is_open, pause, until, World } from './harness.mjs';

const rounds = Number(process.env.DROVER_LOCK_ROUNDS ?? 25);
/** What left before the answer may reach the exchange, which has one thread, a little later. */
const travel_ms = 250;
const accounts_of_world = 4;
const moving = { paper_args: ['--step-ms', '10', '--step-bps', '10'] };

/** Accounts that place and cancel all the time. */
async function trading_world(options = {}) {
  const world = await World.create({ ...moving, ...options });
  const admin = await world.add_user('root', { admin: true });
  const alice = await world.add_user('alice');
  const accounts = [];
  for (let i = 0; i < accounts_of_world; ++i) {
    const account = await world.add_account(alice, { label: `A${i}` });
    await world.approve(admin, account);
    accounts.push(account);
  }
  for (const account of accounts) await world.until_bot(alice, account, 'running');
  return { world, admin, alice, accounts };
}
const orders = async (world) => (await world.paper_state()).accounts.flatMap((a) => a.orders);
const open_orders = async (world) => (await orders(world)).filter(is_open);
const until_trading = (world) => until('orders at the exchange', async () => (await open_orders(world)).length > 0, 70_000);
/** Commands and psql block this process: the connection that it kept may be gone by then, so a read is asked for once more. */
const read = (world, user, path) => {
  const ask = () => world.must('GET', path, { token: user.token });
  return ask().catch((problem) => { if (problem.message !== 'fetch failed') throw problem; return ask(); });
};
const kill = (world, user, body) => world.must('POST', '/api/kill', { token: user.token, body });

const quantile = (values, q) => values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))];

test('no opening order leaves after the lock was answered, whatever waits for the rate budget', async (t) => {
  const { world, admin } = await trading_world({ config: { weight_limit: 2400 } });
  t.after(() => world.close());
  const took = [];
  for (let round = 0; round < rounds; ++round) {
    await until_trading(world);
    await pause(20 * (round % 10));
    const asked = Date.now();
    const lock = await world.must('POST', '/admin/trading/lock', { token: admin.token, body: { reason: `round ${round}` } });
    const answered = Date.now();
    took.push(answered - asked);
    assert.equal(lock.locked, true);
    await pause(travel_ms + 400);
    const late = (await orders(world)).filter((o) => o.created_ms > answered + travel_ms);
    assert.deepEqual(late, [], `round ${round}: orders came to exist after the lock was answered`);
    await world.must('POST', '/admin/trading/unlock', { token: admin.token });
  }
  t.diagnostic(`lock asked to answered: median ${quantile(took, 0.5)} ms, p99 ${quantile(took, 0.99)} ms, ${rounds} rounds`);
  // On a loaded machine the row may come after the answer, which then says so.
  await until('all rows', () => world.sql("SELECT count(*) FROM audit_events WHERE action = 'trading.lock'") === String(rounds));
});

test('a lock holds over a restart and shows as the reason', async (t) => {
  const { world, admin, alice, accounts } = await trading_world();
  t.after(() => world.close());
  await world.must('POST', '/admin/trading/lock', { token: admin.token, body: { reason: 'drill' } });
  await world.kill_engine('SIGKILL');
  const before = (await orders(world)).length;
  await world.start_engine();
  const bot = await world.until_bot(alice, accounts[0], 'locked', 20_000);
  assert.match(bot.reason, /Trading is locked by an administrator: drill/);
  await pause(1_000);
  assert.equal((await orders(world)).length, before);
  assert.match((await world.call('GET', '/metrics')).text, /^engine_trading_locked 1$/m);
  await world.must('POST', '/admin/trading/unlock', { token: admin.token });
  await world.until_bot(alice, accounts[0], 'running');
  assert.deepEqual(world.rows("SELECT action FROM audit_events WHERE action LIKE 'trading.%' ORDER BY id").flat(), ['trading.lock', 'trading.unlock']);
});

test('cancel and flatten leave nothing at the exchange and say so', async (t) => {
  const { world, admin, alice, accounts } = await trading_world();
  t.after(() => world.close());
  await until_trading(world);
  const own = await kill(world, alice, { verb: 'cancel', scope: 'account', id: accounts[0].id, reason: 'enough' });
  assert.equal(own.state, 'done', JSON.stringify(own));
  assert.equal(own.receipt.complete, true);
  assert.equal(own.receipt.bots, 1);
  const of = async (account) => (await world.paper_state()).accounts.find((a) => a.api_key === account.keys.api_key);
  assert.equal((await of(accounts[0])).orders.filter(is_open).length, 0);
  await world.until_bot(alice, accounts[1], 'running');
  await until('positions', () => world.sql('SELECT count(*) FROM positions WHERE quantity > 0.0005') !== '0', 60_000);
  let all = await kill(world, admin, { verb: 'flatten', scope: 'all' });
  all = await until('the flatten to be carried out', async () => {
    const now = await world.must('GET', `/api/kill/${all.id}`, { token: admin.token });
    return now.state === 'done' && now;
  }, 60_000);
  assert.equal(all.receipt.orders_open, 0);
  assert.equal((await open_orders(world)).length, 0);
  // What is less than the smallest order stays.
  assert.equal(world.sql('SELECT count(*) FROM positions WHERE quantity * 60000 > 10'), '0');
  await world.must('POST', `/api/kill/${own.id}/release`, { token: alice.token });
  assert.equal((await world.call('POST', `/api/kill/${all.id}/release`, { token: alice.token })).status, 404);
  await world.must('POST', `/api/kill/${all.id}/release`, { token: admin.token });
  await until_trading(world);
});

test('a kill that kill -9 cut short is carried on after the restart', async (t) => {
  const { world, admin } = await trading_world();
  t.after(() => world.close());
  await until_trading(world);
  await world.kill_engine('SIGTERM');
  await world.start_engine({ ENGINE_FAILPOINT: 'control.after_kill_row:kill:1' });
  // Orders that nothing fills or moves while the row is written.
  await world.must('POST', '/paper/market', { base: world.paper, body: { paused: true } });
  await until_trading(world);
  await assert.rejects(kill(world, admin, { verb: 'cancel', scope: 'all' }));
  assert.equal((await world.engine.ended).signal, 'SIGKILL');
  assert.equal(world.sql("SELECT state FROM kills"), 'working');
  assert.ok((await open_orders(world)).length > 0, 'nothing was cancelled yet');
  await world.start_engine();
  await until('the kill to be carried out', () => world.sql('SELECT state FROM kills') === 'done', 30_000);
  assert.equal((await open_orders(world)).length, 0);
  assert.equal(world.sql("SELECT receipt->>'complete' FROM kills"), 'true');
});

test('a kill works while PostgreSQL is away and is stored when it is back', async (t) => {
  const cluster = new Cluster();
  let world, admin;
  t.after(async () => {
    await world?.close();
    cluster.remove();
  });
  ({ world, admin } = await trading_world({ connection: cluster.connection }));
  await until_trading(world);
  cluster.stop();
  const asked = Date.now();
  const done = await kill(world, admin, { verb: 'cancel', scope: 'all', reason: 'database gone' });
  t.diagnostic(`answered after ${Date.now() - asked} ms without a database`);
  assert.equal(done.saved, false);
  await until('no order left', async () => (await open_orders(world)).length === 0, 10_000);
  cluster.start();
  await until('the row', () => { try { return world.sql('SELECT count(*) FROM kills') === '1'; } catch { return false; } }, 30_000);
  assert.equal(world.sql("SELECT count(*) FROM audit_events WHERE action = 'kill.cancel'"), '1');
  const row = await read(world, admin, `/api/kill/${done.id}`);
  assert.equal(row.saved, true);
});

test('a lock and a kill that were taken while PostgreSQL is away outlive kill -9 and a start without it', async (t) => {
  const cluster = new Cluster();
  let world, admin, alice, accounts;
  t.after(async () => {
    await world?.close();
    cluster.remove();
  });
  ({ world, admin, alice, accounts } = await trading_world({ connection: cluster.connection }));
  await until_trading(world);
  cluster.stop();
  const lock = await world.must('POST', '/admin/trading/lock', { token: admin.token, body: { reason: 'database gone' } });
  const done = await kill(world, alice, { verb: 'cancel', scope: 'user', reason: 'out' });
  for (const answer of [lock, done]) assert.deepEqual([answer.saved, answer.survives_restart], [false, true], JSON.stringify(answer));
  await world.kill_engine('SIGKILL');
  const placed = (await orders(world)).length;
  await world.start_engine();
  assert.equal((await world.call('GET', '/readyz')).status, 503);
  const metrics = (await world.call('GET', '/metrics')).text;
  assert.match(metrics, /^engine_trading_locked 1$/m);
  assert.match(metrics, /^engine_kills_active 1$/m);
  // Nobody can log in yet, but signals are heard, and outlive the process as well.
  world.engine.kill('SIGUSR1');
  await until('the receipt', () => /kill answered.*SIGUSR1.*"survives_restart":"?true/.test(world.log_text('engine')));
  await world.kill_engine('SIGKILL');
  await world.start_engine();
  assert.match((await world.call('GET', '/metrics')).text, /^engine_kills_active 2$/m);
  await pause(1_000);
  cluster.start();
  await until('readiness', async () => (await world.call('GET', '/readyz')).status === 200, 30_000);
  await until('the rows', () => world.sql('SELECT count(*) FROM kills') === '2' && world.sql('SELECT locked FROM engine_locks') === 't', 10_000);
  assert.deepEqual(world.rows("SELECT action FROM audit_events WHERE action IN ('kill.cancel', 'kill.halt', 'trading.lock') ORDER BY action").flat(), ['kill.cancel', 'kill.halt', 'trading.lock']);
  await until('no order left', async () => (await open_orders(world)).length === 0, 20_000);
  const bot = await world.until_bot(alice, accounts[0], 'locked', 20_000);
  assert.match(bot.reason, /database gone|halted|cancelled/);
  assert.equal((await orders(world)).length, placed, 'an opening order left');
  assert.equal((await read(world, alice, `/api/kill/${done.id}`)).saved, true);
  const note = readFileSync(join(world.folder, 'held_controls'), 'utf8');
  await until('an empty note', () => /"kills":\[\],"locks":\[\]/.test(readFileSync(join(world.folder, 'held_controls'), 'utf8')));
  assert.doesNotMatch(note, new RegExp(accounts[0].keys.api_key));
  await world.must('POST', '/admin/trading/unlock', { token: admin.token });
  for (const held of (await read(world, admin, '/api/kill?active=true')).items)
    await world.must('POST', `/api/kill/${held.id}/release`, { token: admin.token });
  await until_trading(world);
});

test('SIGUSR1 halts, SIGUSR2 cancels, with the receipt in the log and a row', async (t) => {
  const { world, alice, accounts } = await trading_world();
  t.after(() => world.close());
  await until_trading(world);
  world.engine.kill('SIGUSR1');
  await until('the receipt', () => /kill answered.*SIGUSR1/.test(world.log_text('engine')));
  await world.until_bot(alice, accounts[0], 'locked');
  world.engine.kill('SIGUSR2');
  await until('the receipt', () => /kill answered.*SIGUSR2/.test(world.log_text('engine')));
  await until('no order left', async () => (await open_orders(world)).length === 0);
  assert.deepEqual(world.rows('SELECT verb, scope, asked_through, asked_by IS NULL FROM kills ORDER BY asked_at'),
    [['halt', 'all', 'signal SIGUSR1', 't'], ['cancel', 'all', 'signal SIGUSR2', 't']]);
});

test('the command line locks, kills, releases and sets limits', async (t) => {
  const { world, admin, alice, accounts } = await trading_world();
  t.after(() => world.close());
  const tokens = {};
  for (const user of [admin, alice]) writeFileSync((tokens[user.username] = join(world.folder, `${user.username}.token`)), user.token, { mode: 0o600 });
  const cli = (user, ...args) => world.try_run([...args, '--url', world.http, '--token-file', tokens[user.username]]);
  const json = (user, ...args) => {
    const done = cli(user, ...args, '-o', 'json');
    assert.equal(done.status, 0, done.stderr);
    return JSON.parse(done.stdout);
  };
  assert.equal(json(admin, 'lock', 'trading', '--reason', 'drill')[0].locked, true);
  assert.equal(json(admin, 'locks').find((l) => l.name === 'trading').reason, 'drill');
  assert.equal(json(admin, 'unlock', 'trading')[0].locked, false);
  assert.equal(cli(alice, 'lock', 'trading').status, 77);
  const stopped = json(alice, 'kill', 'halt', '--account', String(accounts[0].id), '--reason', 'lunch');
  assert.equal(stopped.scope.id, accounts[0].id);
  assert.match(cli(alice, 'kill', 'list', '--active').stdout, /halt +account/);
  assert.equal(json(alice, 'kill', 'show', stopped.id).state, 'done');
  assert.equal(json(alice, 'kill', 'release', stopped.id).state, 'released');
  assert.equal(cli(alice, 'kill', 'cancel', '--all').status, 77);
  assert.equal(cli(alice, 'kill', 'cancel').status, 2);
  assert.equal(json(alice, 'risk', 'set', '--account', String(accounts[0].id), '--max-open-orders', '1').in_force.max_open_orders, 1);
  assert.equal(json(alice, 'risk', 'set', '--account', String(accounts[0].id), '--max-daily-loss', '9.5').in_force.max_open_orders, 1);
  assert.match(cli(alice, 'risk', 'show', '--account', String(accounts[0].id)).stdout, /max_daily_loss +9\.5/);
  const bot = (await read(world, alice, `/api/bots?account=${accounts[0].id}`)).items[0];
  await until('the broken limit to be named', async () => {
    const { checks } = await read(world, alice, `/api/bots/${bot.id}/diagnosis`);
    return checks.some((c) => /max_open_orders: \d+ against a limit of 1/.test(c.detail));
  }, 20_000);
  assert.equal(json(admin, 'lockdown', '--reason', 'drill')[0].locked, true);
  assert.match(cli(alice, 'bots', 'list').stderr, /locked the engine down/);
  assert.equal(json(admin, 'release')[0].locked, false);
});
