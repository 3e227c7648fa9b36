import { ccxt } from '../redirect.mjs';

/** Kraken's counters of calls are low and fall slowly: each client keeps below both of them, as ccxt's own throttle would. */
const counters = new Map();
async function pace(client, key, limit, cost) {
  const counter = counters.get(key) ?? { used: 0, at: Date.now() };
  counters.set(key, counter);
  const now = Date.now();
  counter.used = Math.max(0, counter.used - (now - counter.at) / 1000) + cost;
  counter.at = now;
  if (counter.used > limit) await client.sleep((counter.used - limit) * 1000);
}
const send = ccxt.pro.kraken.prototype.fetch2;
ccxt.pro.kraken.prototype.fetch2 = async function paced(path, api = 'public', ...rest) {
  if (api === 'public') await pace(this, 'address', 10, 1);
  else if (path !== 'AddOrder' && path !== 'CancelOrder') await pace(this, this.apiKey, 15, path === 'TradesHistory' ? 2 : 1);
  return send.call(this, path, api, ...rest);
};

/** The end of an order comes without its symbol: ccxt then wakes only those who watch all orders. */
const watchOrders = ccxt.pro.kraken.prototype.watchOrders;
ccxt.pro.kraken.prototype.watchOrders = async function watchAll(_symbol, ...rest) {
  return watchOrders.call(this, undefined, ...rest);
};

/** ccxt's nonce is the millisecond: two requests of a key in the same one would be refused. */
const lastNonces = new Map();
ccxt.pro.kraken.prototype.nonce = function nonce() {
  const next = Math.max((lastNonces.get(this.apiKey) ?? 0) + 1, this.milliseconds());
  lastNonces.set(this.apiKey, next);
  return next;
};

export default {
  clientId: (word) => `wire-${word}`,
  // QueryOrders does not know client ids.
  findByClientId: null,
  unknownOrder: 'OQCLML-BW3P3-BUCMWZ',
  feeOfBuy: 'USDT',
  unfilledStatus: ['canceled', 'expired'],
  errors: {
    tooSmall: 'ExchangeError',
    cancelUnknown: 'InvalidOrder',
    findUnknown: 'InvalidOrder',
    duplicate: 'ExchangeError',
    wouldMatch: 'ExchangeError',
    signature: 'ExchangeError',
    // Requests carry a nonce and no time.
    clock: null,
    rateLimit: 'DDoSProtection',
    ban: 'DDoSProtection',
  },
  paths: { place: '/0/private/AddOrder', balance: '/0/private/BalanceEx', time: '/0/public/Time' },
};
