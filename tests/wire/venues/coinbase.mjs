import { paceRequests } from './pace.mjs';

/** Public requests are counted by address, private ones by key. */
paceRequests('coinbase', 8, (path, api, client) => (JSON.stringify(api).includes('rivate') ? client.apiKey : 'address'));

/** ccxt sizes market buys by money only. */
const marketBuy = async (client, symbol, amount, params) => {
  const { asks } = await client.fetchOrderBook(symbol);
  return client.createOrder(symbol, 'market', 'buy', amount, asks[0][0], params);
};

export default {
  clientId: (word) => `wire-${word}`,
  // ccxt sends its own id unless it is called this.
  placeParams: (id) => ({ client_order_id: id }),
  findByClientId: null,
  balanceParams: { v3: true },
  feeOfBuy: 'USDT',
  marketBuy,
  marketBuySizedByCost: true,
  unfilledStatus: ['canceled'],
  errors: {
    tooSmall: 'ExchangeError',
    findUnknown: 'ExchangeError',
    cancelUnknown: 'BaseError',
    // The same client id answers with the order that has it.
    duplicate: null,
    wouldMatch: 'ExchangeError',
    // Tokens are made from our clock and checked against the exchange's; both wrong means the same to ccxt.
    clock: 'AuthenticationError',
  },
  unknownOrder: '11111111-1111-4111-8111-111111111111',
  paths: { place: '/api/v3/brokerage/orders', balance: '/api/v3/brokerage/accounts', time: '/v2/time' },
};
