import assert from 'node:assert/strict';

import { check, fails } from '../check.mjs';

export async function checkFaults(world) {
  const { venue, client, control, ccxt, error } = world;
  const path = venue.paths.place;

  /** The order exists although the call failed. */
  async function isThere(id) {
    const open = await client.fetchOpenOrders(world.symbol);
    assert.equal(open.length, 1);
    if (venue.findByClientId) assert.equal((await world.findByClientId(id)).id, open[0].id);
    await world.cancelAll();
  }

  await check('has nothing open before the faults', world.cancelAll);

  await check('may have placed an order whose answer was an error', async () => {
    const far = await world.far();
    const id = venue.clientId('unknown1');
    await world.fault({ kind: 'error_after_placing', path, method: 'POST' });
    await fails(() => world.buy(0.01, far, id), error('afterPlacing'));
    await isThere(id);
  });

  await check('loses an answer but not the order', async () => {
    const far = await world.far();
    const id = venue.clientId('unknown2');
    await world.fault({ kind: 'timeout_after_placing', path, method: 'POST', ms: 300 });
    await fails(() => world.buy(0.01, far, id), ccxt.NetworkError);
    await isThere(id);
  });

  await check('loses the connection before the order is placed', async () => {
    const far = await world.far();
    const id = venue.clientId('unknown3');
    await world.fault({ kind: 'reset', path, method: 'POST' });
    await fails(() => world.buy(0.01, far, id), ccxt.NetworkError);
    assert.equal((await client.fetchOpenOrders(world.symbol)).length, 0);
    if (venue.findByClientId) await fails(() => world.findByClientId(id), error('findUnknown') ?? ccxt.BaseError);
  });

  await check('hears of limits, bans, errors and halts', async () => {
    const balance = () => client.fetchBalance(venue.balanceParams);
    for (const [kind, name] of [['rate_limit', 'rateLimit'], ['ban', 'ban'], ['error_5xx', 'serverError'], ['html', 'serverError']]) {
      await world.fault({ kind, path: venue.paths.balance, ms: 1000 });
      if (error(name)) await fails(balance, error(name));
      await control.clearFaults();
    }
    await world.fault({ kind: 'maintenance', count: -1 });
    const far = await world.far();
    await fails(() => world.buy(0.01, far), error('halted'));
    await control.clearFaults();
    assert.equal((await client.fetchOpenOrders(world.symbol)).length, 0);
  });

  await check('answers late when told to', async () => {
    await world.fault({ kind: 'latency', path: venue.paths.time, ms: 400 });
    const before = Date.now();
    await client.fetchTime();
    assert.ok(Date.now() - before >= 395);
  });
}
