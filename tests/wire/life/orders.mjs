import assert from 'node:assert/strict';

import { check, fails } from '../check.mjs';

const near = (a, b) => Math.abs(a - b) < 1e-6;

export async function checkOrders(world) {
  const { venue, client, symbol, price, can, quote, error } = world;

  await check('rests, finds and cancels a limit order', async () => {
    const far = await world.far();
    const id = venue.clientId('rest1');
    const placed = await world.buy(0.01, far, id);
    const order = await world.settled(placed.id, (o) => o.status === 'open');
    assert.equal(order.price, far);
    assert.equal(order.amount, 0.01);
    assert.equal(order.filled, 0);
    if (venue.findByClientId) assert.equal((await world.findByClientId(id)).id, placed.id);
    assert.ok((await client.fetchOpenOrders(symbol)).some((o) => o.id === placed.id && (!o.clientOrderId || o.clientOrderId === id)));
    const used = (await client.fetchBalance(venue.balanceParams))[quote].used;
    assert.ok(used >= 0.01 * far - 1e-6 && used <= 0.01 * far * 1.01, String(used));
    await world.cancel(placed.id);
    if (venue.cancelledVanish) await fails(() => world.find(placed.id), error('findUnknown'));
    else await world.settled(placed.id, (o) => o.status === 'canceled');
    assert.ok(near((await client.fetchBalance(venue.balanceParams))[quote].used, 0));
  });

  await check('buys at market and lists its fills with the fee', async () => {
    const placed = await venue.marketBuy(client, symbol, 0.02, {});
    const order = await world.settled(placed.id, (o) => o.status === 'closed');
    if (!venue.marketBuySizedByCost) assert.ok(near(order.filled, 0.02), String(order.filled));
    const fills = await world.fillsOf(placed.id);
    assert.ok(near(fills.reduce((sum, t) => sum + t.amount, 0), order.filled));
    assert.equal(fills[0].fee.currency, venue.feeOfBuy);
    assert.ok(fills[0].fee.cost > 0);
    assert.equal(fills[0].takerOrMaker, 'taker');
  });

  if (can('createMarketBuyOrderWithCost'))
    await check('buys at market for an amount of money', async () => {
      const placed = await venue.marketBuyByCost(client, symbol, 1000);
      const order = await world.settled(placed.id, (o) => o.status === 'closed' || (o.status === 'canceled' && o.filled > 0));
      const cost = order.cost ?? order.filled * order.average;
      assert.ok(cost <= 1000 && cost > 980, String(cost));
    });

  await check('sells at market', async () => {
    const placed = await client.createOrder(symbol, 'market', 'sell', 0.01);
    const order = await world.settled(placed.id, (o) => o.status === 'closed');
    assert.ok(near(order.filled, 0.01));
  });

  for (const timeInForce of ['IOC', 'FOK']) {
    if (venue.cannot.includes(timeInForce)) continue;
    await check(`ends what an ${timeInForce} order cannot get`, async () => {
      const far = await world.far();
      const params = venue.timeInForceParams?.(timeInForce) ?? { timeInForce };
      if (timeInForce === 'FOK' && error('unfilledFok')) return fails(() => world.buy(0.01, far, null, params), error('unfilledFok'));
      const placed = await world.buy(0.01, far, null, params);
      if (venue.cancelledVanish) return fails(() => world.find(placed.id), error('findUnknown'));
      const order = await world.settled(placed.id, (o) => o.status !== 'open');
      assert.ok(venue.unfilledStatus.includes(order.status), order.status);
      assert.equal(order.filled, 0);
    });
    await check(`fills an ${timeInForce} order that crosses`, async () => {
      const params = venue.timeInForceParams?.(timeInForce) ?? { timeInForce };
      const placed = await world.buy(0.001, price((await world.ask()) * 1.01), null, params);
      const order = await world.settled(placed.id, (o) => o.status === 'closed');
      assert.ok(near(order.filled, 0.001));
    });
  }

  await check('does not let a post-only order take', async () => {
    const through = price((await world.ask()) * 1.01);
    const place = () => world.buy(0.01, through, null, venue.postOnlyParams);
    if (venue.postOnly === 'refused') return fails(place, error('wouldMatch'));
    const placed = await place();
    if (venue.cancelledVanish) return fails(() => world.find(placed.id), error('findUnknown'));
    const order = await world.settled(placed.id, (o) => o.status !== 'open');
    assert.ok(['canceled', 'expired', 'rejected'].includes(order.status), order.status);
    assert.equal(order.filled, 0);
  });

  await check('keeps a post-only order that would not', async () => {
    const placed = await world.buy(0.01, price((await world.bid()) * 0.95), null, venue.postOnlyParams);
    await world.settled(placed.id, (o) => o.status === 'open');
    if (can('cancelAllOrders')) await client.cancelAllOrders(symbol);
    await world.cancelAll();
  });

  await check('hears of a partial fill by asking', async () => {
    await world.control.pause(true);
    try {
      const other = await (await world.open({ [world.base]: '5' })).make();
      await other.loadMarkets();
      const at = price(((await world.bid()) + (await world.ask())) / 2);
      const placed = await world.buy(0.02, at, venue.clientId('part1'));
      await other.createOrder(symbol, 'limit', 'sell', 0.005, at, {});
      const order = await world.settled(placed.id, (o) => o.filled > 0);
      assert.ok(near(order.filled, 0.005));
      assert.equal(order.status, 'open');
      await world.cancel(placed.id);
      await other.close();
    } finally {
      await world.control.pause(false);
    }
  });
}
