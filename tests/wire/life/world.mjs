import { makeControl } from '../paper_control.mjs';
import { ccxt, makeClient } from '../redirect.mjs';

/** What a description (venues/*.mjs) may leave out. Names of errors are ccxt's classes; null = ccxt cannot show it. */
const usual = {
  symbol: 'BTC/USDT',
  options: {},
  /** Client methods that ccxt does not have, or not usefully, at this venue. */
  cannot: [],
  credentials: (keys) => ({ apiKey: keys.api_key, secret: keys.api_secret, password: keys.passphrase }),
  account: {},
  clientId: (word) => `wire${word}`,
  placeParams: (id) => ({ clientOrderId: id }),
  findParams: {},
  findByClientId: (client, id, symbol) => client.fetchOrder('', symbol, { clientOrderId: id }),
  cancelParams: {},
  postOnlyParams: { postOnly: true },
  marketBuy: (client, symbol, amount, params) => client.createOrder(symbol, 'market', 'buy', amount, undefined, params),
  marketBuyByCost: (client, symbol, cost) => client.createMarketBuyOrderWithCost(symbol, cost),
  /** What IOC and FOK orders that get nothing end as, in ccxt's words. */
  unfilledStatus: ['expired', 'canceled'],
  /** "refused", or "cancelled" after it was accepted. */
  postOnly: 'refused',
  /** Cancelled orders without fills cannot be found any more. */
  cancelledVanish: false,
  feeOfBuy: 'BTC',
  minimumCost: 5,
  clockOffsetMs: -60_000,
  /** Between two orders, where the venue's limit of orders is low: the script is no storm. */
  orderIntervalMs: 0,
  /** The venue's limits are too low even for this script; the dialect's unit tests show them. */
  withoutLimits: false,
  errors: {
    funds: 'InsufficientFunds',
    tooSmall: 'InvalidOrder',
    cancelUnknown: 'OrderNotFound',
    findUnknown: 'OrderNotFound',
    duplicate: 'InvalidOrder',
    wouldMatch: 'OrderImmediatelyFillable',
    key: 'AuthenticationError',
    signature: 'AuthenticationError',
    clock: 'InvalidNonce',
    afterPlacing: 'BaseError',
    rateLimit: 'RateLimitExceeded',
    ban: 'NetworkError',
    serverError: 'BaseError',
    halted: 'BaseError',
  },
  /** An order id that has the venue's form and names nothing. */
  unknownOrder: '999999999',
  /** Starts of the paths that faults strike, without the prefix. */
  paths: { place: '/', balance: '/', time: '/' },
};

/** Leaves `interval` ms between orders of a client. */
function paceOrders(client, interval) {
  if (interval === 0) return;
  const place = client.createOrder.bind(client);
  let next = 0;
  client.createOrder = async (...args) => {
    const wait = next - Date.now();
    next = Math.max(next, Date.now()) + interval;
    if (wait > 0) await client.sleep(wait);
    return place(...args);
  };
}

export async function openWorld(name, description, url, atRoot) {
  const venue = { ...usual, ...description, errors: { ...usual.errors, ...description.errors } };
  const control = makeControl(url);
  await control.clearFaults();
  await control.pause(false);
  await control.enforceLimits(name, !venue.withoutLimits);
  const deniedBefore = (await control.limits())[name].denied;
  const [base, quote] = venue.symbol.split('/');
  const open = async (balances) => {
    const keys = await control.openAccount(balances, { venue: name, ...venue.account });
    const make = (changes = {}) =>
      makeClient(venue.ccxt ?? name, atRoot ? url : `${url}/${name}`, { ...venue.credentials(keys), ...changes }, venue.options);
    return { keys, make };
  };
  const { keys, make } = await open({ [quote]: '100000', [base]: '2' });
  const client = await make();
  paceOrders(client, venue.orderIntervalMs);
  const symbol = venue.symbol;
  const price = (value) => Number(client.priceToPrecision(symbol, value));
  const book = () => client.fetchOrderBook(symbol);
  const world = {
    name, venue, deniedBefore, control, client, keys, make, open, symbol, base, quote, price, ccxt,
    can: (method) => Boolean(client.has[method]) && !venue.cannot.includes(method),
    error: (kind) => (venue.errors[kind] ? ccxt[venue.errors[kind]] : null),
    bid: async () => (await book()).bids[0][0],
    ask: async () => (await book()).asks[0][0],
    /** A price at which a buy order rests. */
    far: async () => price((await book()).bids[0][0] * 0.9),
    buy: (amount, at, id, params = {}) =>
      client.createOrder(symbol, 'limit', 'buy', amount, at, { ...(id ? venue.placeParams(id) : {}), ...params }),
    find: (id) => client.fetchOrder(id, symbol, venue.findParams),
    findByClientId: (id) => venue.findByClientId(client, id, symbol),
    cancel: (id) => client.cancelOrder(id, symbol, venue.cancelParams),
    fault: (fault) => control.fault({ venue: name, ...fault }),
    /** Asks until the order is as wanted: acknowledgements come before the work at some venues. */
    async settled(id, wanted) {
      for (;;) {
        const order = await world.find(id);
        if (wanted(order)) return order;
        await client.sleep(50);
      }
    },
    async cancelAll() {
      for (const order of await client.fetchOpenOrders(symbol)) await world.cancel(order.id);
      while ((await client.fetchOpenOrders(symbol)).length > 0) await client.sleep(50);
    },
    fillsOf: async (id) => (await client.fetchMyTrades(symbol)).filter((trade) => trade.order === id),
  };
  return world;
}
