// kill -9 of the real engine at every named step of an order's life: after the restart no order is doubled, none forgotten,
// and the books are the same as the exchange's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { pause, root, until, World } from './harness.mjs';

const failpoints = [...readFileSync(join(root, 'engine/orders/README.md'), 'utf8').matchAll(/`(orders\.[a-z_]+)`/g)].map((m) => m[1]);
const kills_per_point = Number(process.env.DROVER_KILLS_PER_POINT ?? 1);
const wave = [59_900, 60_130, 59_850, 60_200, 59_950, 60_100];

let world;
let tenant;
let account;

before(async () => {
  world = await World.create({ config: { bots: { venue_processing_bound: '1s', validity_window: '1s', send_limit: '1s', backoff_floor: '50ms' } } });
  const admin = await world.add_user('root', { admin: true });
  tenant = await world.add_user('alice');
  account = await world.add_account(tenant);
  await world.must('POST', '/paper/market', { base: world.paper, body: { paused: true } });
  await world.set_price(60_000);
  await world.approve(admin, account);
  await world.until_bot(tenant, account, 'running');
});
after(() => world.close());

/** Moves the price until the engine has died at its failpoint. The kill before may have left an order of unknown fate, and no
 * other one leaves until its validity is over. */
async function trade_until_dead() {
  const end = Date.now() + 40_000;
  for (let i = 0; Date.now() < end && !world.engine.how; ++i) {
    await world.set_price(wave[i % wave.length]);
    await pause(25);
  }
  return world.engine.how;
}

async function check_books() {
  const mine = (await world.paper_state()).accounts.find((a) => a.api_key === account.keys.api_key);
  const orders = mine.orders;
  const ids = orders.map((o) => o.client_order_id);
  assert.equal(new Set(ids).size, ids.length, 'an order was doubled');
  const intents = new Map(world.rows("SELECT replace(id::text, '-', ''), state FROM order_intents").map(([id, state]) => [id, state]));
  for (const order of orders) {
    assert.ok(intents.has(order.client_order_id), `order ${order.client_order_id} has no intent`);
    assert.ok(!['not_placed', 'refused'].includes(intents.get(order.client_order_id)), `order ${order.client_order_id} exists but is written off`);
  }
  const placed = new Set(ids);
  for (const [id, state] of intents)
    if (['accepted', 'closed'].includes(state)) assert.ok(placed.has(id), `intent ${id} is ${state} but never existed`);
  const trades = new Set(mine.fills.map((f) => String(f.trade_id)));
  const fills = world.rows(`SELECT trade_id FROM fills WHERE account_id = ${account.id}`).map(([id]) => id);
  assert.equal(new Set(fills).size, fills.length);
  assert.deepEqual(new Set(fills), trades, 'fills and trades differ');
  assert.equal(world.sql('SELECT count(*) FROM (SELECT asset FROM ledger_postings GROUP BY asset HAVING sum(amount) <> 0) x'), '0');
}

/** What never arrived is proven dead only after its validity, the exchange's own delay and two looks: some 16 s. */
const proof_limit_ms = 60_000;
/** Quiet: nothing intended or unknown is left, and every trade of the exchange is booked. */
async function settle() {
  await world.until_bot(tenant, account, 'running', proof_limit_ms);
  await until('settled intents', () => world.sql("SELECT count(*) FROM order_intents WHERE state IN ('intended', 'unknown')") === '0', proof_limit_ms);
  await until('booked trades', async () => {
    const mine = (await world.paper_state()).accounts.find((a) => a.api_key === account.keys.api_key);
    return Number(world.sql(`SELECT count(*) FROM fills WHERE account_id = ${account.id}`)) === mine.fills.length;
  }, 20_000);
}

assert.ok(failpoints.length >= 12, 'engine/orders/README.md names the failpoints');
for (const name of failpoints) {
  test(`kill -9 at ${name}`, async () => {
    for (let round = 0; round < kills_per_point; ++round) {
      await world.kill_engine('SIGKILL');
      await world.start_engine({ ENGINE_FAILPOINT: `${name}:kill:${1 + round}` });
      const how = await trade_until_dead();
      assert.equal(how?.signal, 'SIGKILL', 'the failpoint was never reached');
      await world.start_engine();
      await settle();
      await check_books();
    }
  });
}

test('the same earnings after any number of restarts', async () => {
  const total = async () => (await world.must('GET', '/api/earnings/summary', { token: tenant.token })).map((row) => `${row.source} ${row.asset} ${row.amount}`);
  await settle();
  const before_kill = await total();
  assert.ok(before_kill.length > 0, 'nothing was earned');
  await world.kill_engine('SIGKILL');
  await world.start_engine();
  await settle();
  assert.deepEqual(await total(), before_kill);
});
