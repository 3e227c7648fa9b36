import assert from 'node:assert/strict';

import { check, fails } from '../check.mjs';

export default {
  clientId: (word) => `wire-${word}`,
  errors: { tooSmall: 'BadRequest', afterPlacing: 'RequestTimeout', rateLimit: 'DDoSProtection', ban: 'DDoSProtection', halted: 'MarketClosed' },
  unfilledStatus: ['expired'],
  paths: { place: '/api/v3/order', balance: '/api/v3/account', time: '/api/v3/time' },

  async extra({ client, symbol, fault, far, ccxt, venue }) {
    await check('trades over the WebSocket API', async () => {
      const placed = await client.createOrderWs(symbol, 'limit', 'buy', 0.01, await far(), { clientOrderId: 'wire-ws-1' });
      assert.equal(placed.status, 'open');
      assert.equal((await client.cancelOrderWs(placed.id, symbol)).status, 'canceled');
    });

    await check('takes an unreadable answer for an empty one', async () => {
      await fault({ kind: 'garbage', path: venue.paths.balance });
      assert.equal((await client.fetchBalance()).USDT, undefined);
      await fault({ kind: 'rate_limit', path: venue.paths.balance, ms: 1000 });
      await fails(() => client.fetchBalance(), ccxt.DDoSProtection);
    });
  },
};
