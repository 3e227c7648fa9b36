import assert from 'node:assert/strict';

import { check } from '../check.mjs';

export default {
  clientId: (word) => `wire-${word}`,
  // It follows orderbook.1, whose messages replace the book that watchOrderBook keeps of the same symbol.
  cannot: ['watchBidsAsks'],
  // ccxt sends clientOrderId as it is; the exchange reads orderLinkId.
  findParams: { acknowledged: true },
  findByClientId: (client, id, symbol) => client.fetchOrder('', symbol, { orderLinkId: id, acknowledged: true }),
  // Without the unit the size of a market buy is money.
  marketBuy: (client, symbol, amount, params) => client.createOrder(symbol, 'market', 'buy', amount, undefined, { ...params, marketUnit: 'baseCoin' }),
  unfilledStatus: ['canceled'],
  orderIntervalMs: 60,
  errors: {
    wouldMatch: 'InvalidOrder',
    rateLimit: 'RateLimitExceeded',
    ban: 'RateLimitExceeded',
  },
  unknownOrder: '1999999999999999999',
  paths: { place: '/v5/order/create', balance: '/v5/account/wallet-balance', time: '/v5/market/time' },

  async extra({ client, symbol, far }) {
    await check('trades over the private WebSocket', async () => {
      const placed = await client.createOrderWs(symbol, 'limit', 'buy', 0.01, await far(), { clientOrderId: 'wire-ws-1' });
      assert.ok(placed.id);
      await client.cancelOrderWs(placed.id, symbol);
      while ((await client.fetchOpenOrders(symbol)).length > 0) await client.sleep(50);
    });
  },
};
