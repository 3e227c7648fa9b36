// SIGTERM under load, again and again: exit 0 in time, nothing left in the air, and further signals change nothing.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { pause, Socket, until, World } from './harness.mjs';

const drains = Number(process.env.DROVER_DRAINS ?? 20);
const drain_limit_ms = 20_000;
const accounts_in_use = 5;
const wave = [59_900, 60_130, 59_850, 60_200, 59_950, 60_100];

let world;
let tenant;
const accounts = [];

before(async () => {
  // Twenty starts a minute ask more than the exchange's limit allows.
  world = await World.create({ paper_args: ['--no-limits'],
    config: { weight_limit: 60_000, bots: { venue_processing_bound: '1s', validity_window: '1s', send_limit: '1s' } } });
  const admin = await world.add_user('root', { admin: true });
  tenant = await world.add_user('alice');
  await world.hold_market(60_000);
  for (let i = 0; i < accounts_in_use; ++i) {
    const account = await world.add_account(tenant, { label: `Account ${i}` });
    await world.approve(admin, account);
    accounts.push(account);
  }
  for (const account of accounts) await world.until_bot(tenant, account, 'running');
});
after(() => world.close());

/** Until told otherwise the market moves and somebody asks; answers a function that ends it. */
function put_under_load() {
  let on = true;
  const market = (async () => {
    for (let i = 0; on; ++i) {
      await world.set_price(wave[i % wave.length]);
      await pause(5);
    }
  })();
  const reader = (async () => {
    while (on) await world.call('GET', '/user/exchanges/', { token: tenant.token }).catch(() => {});
  })();
  return async () => {
    on = false;
    await Promise.all([market, reader]);
  };
}

const fills = () => Number(world.sql('SELECT count(*) FROM fills'));

test(`${drains} drains under load end with 0 and leave no order in the air`, { timeout: drains * 60_000 }, async () => {
  let slowest = 0;
  for (let round = 0; round < drains; ++round) {
    const stop_load = put_under_load();
    const seen = fills();
    await until('trades', () => fills() > seen, 30_000);
    const began = Date.now();
    const how = await world.kill_engine('SIGTERM');
    slowest = Math.max(slowest, Date.now() - began);
    await stop_load();
    assert.deepEqual(how, { code: 0, signal: null }, `round ${round}`);
    assert.equal(world.sql("SELECT count(*) FROM order_intents WHERE state = 'intended'"), '0', `round ${round}`);
    await world.start_engine();
  }
  assert.ok(slowest <= drain_limit_ms, `${slowest} ms`);
});

test('a second and a third signal are harmless, sockets hear 1001', async () => {
  const socket = await Socket.open(world, '/ws/dashboard', { token: tenant.token });
  // An answer that takes its time holds the drain open for a moment.
  await world.must('POST', '/paper/faults', { base: world.paper, body: { kind: 'latency', count: 1000, ms: 500, path: '/api/v3/order' } });
  await world.set_price(wave[1]);
  await world.set_price(wave[2]);
  world.engine.kill('SIGTERM');
  world.engine.kill('SIGINT');
  world.engine.kill('SIGTERM');
  assert.deepEqual(await world.engine.ended, { code: 0, signal: null });
  assert.equal(await socket.closed, 1001);
  await world.must('DELETE', '/paper/faults', { base: world.paper });
});

test('the exchange holds exactly what the journal says', async () => {
  await world.start_engine();
  for (const account of accounts) await world.until_bot(tenant, account, 'running', 20_000);
  await until('settled intents', () => world.sql("SELECT count(*) FROM order_intents WHERE state IN ('intended', 'unknown')") === '0', 30_000);
  const placed = new Set((await world.paper_state()).accounts.flatMap((a) => a.orders.map((o) => o.client_order_id)));
  const accepted = world.rows("SELECT replace(id::text, '-', '') FROM order_intents WHERE state IN ('accepted', 'closed')").map(([id]) => id);
  assert.deepEqual(new Set(accepted), placed);
});
