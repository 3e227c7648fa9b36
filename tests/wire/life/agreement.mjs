import assert from 'node:assert/strict';

import { check } from '../check.mjs';

const near = (a, b) => Math.abs(a - b) < 1e-6;

export async function checkAgreement(world) {
  const { venue, client, control, symbol } = world;

  await check('agrees with the exchange about orders, fills and balances', async () => {
    await world.cancelAll();
    const theirs = (await control.state(world.keys.api_key)).accounts[0];
    const ids = theirs.orders.map((o) => o.client_order_id).filter((id) => id !== '');
    assert.equal(new Set(ids).size, ids.length, 'no order was placed twice');
    assert.ok(theirs.orders.every((o) => !['open', 'partially_filled'].includes(o.status)));
    const mine = await client.fetchMyTrades(symbol, undefined, 100);
    assert.equal(mine.length, theirs.fills.length);
    assert.ok(near(mine.reduce((sum, t) => sum + t.amount, 0), theirs.fills.reduce((sum, f) => sum + Number(f.quantity), 0)));
    const balance = await client.fetchBalance(venue.balanceParams);
    for (const [asset, { free, locked }] of Object.entries(theirs.balances)) {
      assert.ok(near(balance[asset].total, Number(free) + Number(locked)), `${asset}: ${balance[asset].total} is not ${free}`);
      assert.equal(Number(locked), 0);
    }
  });

  await control.enforceLimits(world.name, true);
  await check('was never refused for asking too often', async () => {
    assert.equal((await control.limits())[world.name].denied, world.deniedBefore);
  });
}
