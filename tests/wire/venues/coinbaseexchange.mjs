import { randomUUID } from 'node:crypto';

import { paceRequests } from './pace.mjs';

/** Public requests are counted by address, private ones by key. */
paceRequests('coinbaseexchange', 8, (path, api, client) => (JSON.stringify(api).includes('rivate') ? client.apiKey : 'address'));

const ids = new Map();
/** Client ids must be UUIDs: one for each word. */
const idOf = (word) => {
  if (!ids.has(word)) ids.set(word, randomUUID());
  return ids.get(word);
};

export default {
  clientId: idOf,
  cancelledVanish: true,
  feeOfBuy: 'USDT',
  marketBuyByCost: (client, symbol, cost) => client.createMarketOrderWithCost(symbol, 'buy', cost),
  unfilledStatus: ['canceled', 'closed'],
  orderIntervalMs: 80,
  errors: {
    passphrase: 'AuthenticationError',
    tooSmall: 'BaseError',
    duplicate: 'ExchangeError',
    clock: 'AuthenticationError',
    wouldMatch: 'ExchangeError',
  },
  unknownOrder: 'd0c5340b-6d6c-49d9-b567-48c4bfca13d2',
  paths: { place: '/orders', balance: '/accounts', time: '/time' },
};
