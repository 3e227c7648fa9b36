// usage: node ccxt_binance.mjs http://127.0.0.1:PORT
// Lets ccxt, REST and WebSocket, trade on a running paper exchange in Binance's dialect. Prints "N passed, N failed".
import assert from 'node:assert/strict';

import { check, fails, finish } from './check.mjs';
import { makeControl } from './paper_control.mjs';
import { ccxt, makeClient } from './redirect.mjs';

const url = process.argv[2] ?? process.env.PAPER_URL;
if (!url) {
  console.error('usage: node ccxt_binance.mjs http://127.0.0.1:PORT');
  process.exit(2);
}

const SYMBOL = 'BTC/USDT';
const control = makeControl(url);
await control.clearFaults();
await control.pause(false);
const keys = await control.openAccount({ USDT: '100000', BTC: '2' });
const client = await makeClient('binance', url, { apiKey: keys.api_key, secret: keys.api_secret });
const price = (value) => Number(client.priceToPrecision(SYMBOL, value));
const near = (a, b) => Math.abs(a - b) < 1e-6;
const market = async () => (await client.fetchBidsAsks([SYMBOL]))[SYMBOL];

await check('loads markets with filters', async () => {
  await client.loadMarkets();
  const m = client.market(SYMBOL);
  assert.equal(m.precision.price, 0.01);
  assert.equal(m.precision.amount, 0.00001);
  assert.equal(m.limits.cost.min, 5);
});

await check('tells the time', async () => {
  assert.ok(Math.abs((await client.fetchTime()) - Date.now()) < 2000);
});

await check('shows the balance', async () => {
  const b = await client.fetchBalance();
  assert.equal(b.USDT.free, 100000);
  assert.equal(b.BTC.total, 2);
});

await check('shows book, trades, ticker and candles', async () => {
  const book = await client.fetchOrderBook(SYMBOL, 10);
  assert.equal(book.bids.length, 10);
  assert.ok(book.bids[0][0] < book.asks[0][0]);
  await client.watchTrades(SYMBOL);
  assert.ok((await client.fetchTrades(SYMBOL)).length > 0);
  assert.ok((await client.fetchTicker(SYMBOL)).last > 0);
  assert.ok((await client.fetchOHLCV(SYMBOL, '1m', Date.now() - 3_600_000)).length > 0);
});

await check('rests, finds and cancels a limit order', async () => {
  const far = price((await market()).bid * 0.9);
  const placed = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, far, { clientOrderId: 'wire-rest-1' });
  assert.equal(placed.status, 'open');
  assert.equal(placed.clientOrderId, 'wire-rest-1');
  assert.equal((await client.fetchOrder(placed.id, SYMBOL)).price, far);
  assert.equal((await client.fetchOrder('', SYMBOL, { clientOrderId: 'wire-rest-1' })).id, placed.id);
  assert.ok((await client.fetchOpenOrders(SYMBOL)).some((o) => o.id === placed.id));
  assert.ok(near((await client.fetchBalance()).USDT.used, 0.01 * far));
  assert.equal((await client.cancelOrder(placed.id, SYMBOL)).status, 'canceled');
  assert.equal((await client.fetchBalance()).USDT.used, 0);
  assert.equal((await client.fetchOrder(placed.id, SYMBOL)).status, 'canceled');
});

await check('buys at market and lists its fills with the fee', async () => {
  const placed = await client.createOrder(SYMBOL, 'market', 'buy', 0.02);
  assert.equal(placed.status, 'closed');
  assert.equal(placed.filled, 0.02);
  const fills = (await client.fetchMyTrades(SYMBOL)).filter((t) => t.order === placed.id);
  assert.ok(fills.length > 0);
  assert.equal(fills[0].fee.currency, 'BTC');
  assert.equal(fills[0].takerOrMaker, 'taker');
});

await check('buys at market for an amount of money', async () => {
  const placed = await client.createMarketBuyOrderWithCost(SYMBOL, 1000);
  assert.equal(placed.status, 'closed');
  assert.ok(placed.cost <= 1000 && placed.cost > 990, String(placed.cost));
});

await check('sells at market', async () => {
  const placed = await client.createOrder(SYMBOL, 'market', 'sell', 0.01);
  assert.equal(placed.status, 'closed');
});

await check('expires what an IOC order cannot get', async () => {
  const placed = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price((await market()).bid * 0.9), { timeInForce: 'IOC' });
  assert.equal(placed.status, 'expired');
  assert.equal(placed.filled, 0);
});

await check('refuses a post-only order that would match', async () => {
  const through = price((await market()).ask * 1.01);
  await fails(() => client.createOrder(SYMBOL, 'limit', 'buy', 0.01, through, { postOnly: true }), ccxt.OrderImmediatelyFillable);
});

await check('keeps a post-only order that would not', async () => {
  const placed = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price((await market()).bid * 0.95), { postOnly: true });
  const open = await client.fetchOpenOrders(SYMBOL);
  assert.ok(open.some((o) => o.id === placed.id));
  await client.cancelAllOrders(SYMBOL);
  assert.equal((await client.fetchOpenOrders(SYMBOL)).length, 0);
});

await check('names its refusals as the venue does', async () => {
  const far = price((await market()).bid * 0.9);
  await fails(() => client.createOrder(SYMBOL, 'limit', 'buy', 100, far), ccxt.InsufficientFunds);
  await fails(() => client.createOrder(SYMBOL, 'limit', 'buy', 0.00002, far), ccxt.BadRequest);
  await fails(() => client.cancelOrder('999999999', SYMBOL), ccxt.OrderNotFound);
  await fails(() => client.fetchOrder('999999999', SYMBOL), ccxt.OrderNotFound);
  await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, far, { clientOrderId: 'wire-twice' });
  await fails(() => client.createOrder(SYMBOL, 'limit', 'buy', 0.01, far, { clientOrderId: 'wire-twice' }), ccxt.InvalidOrder);
  await client.cancelAllOrders(SYMBOL);
});

await check('refuses wrong keys, signatures and clocks', async () => {
  const stranger = await makeClient('binance', url, { apiKey: 'unknownkey0000000000000000000000', secret: 'x' });
  await fails(() => stranger.fetchBalance(), ccxt.AuthenticationError);
  const forger = await makeClient('binance', url, { apiKey: keys.api_key, secret: 'wrong' });
  await fails(() => forger.fetchBalance(), ccxt.AuthenticationError);
  await control.fault({ kind: 'clock_offset', ms: -60000, count: -1 });
  await fails(() => client.fetchBalance(), ccxt.InvalidNonce);
  await control.clearFaults();
});

await check('watches the ticker', async () => {
  assert.ok((await client.watchTicker(SYMBOL)).last > 0);
});

await check('watches best bid and ask', async () => {
  const top = (await client.watchBidsAsks([SYMBOL]))[SYMBOL];
  assert.ok(top.bid < top.ask);
});

await check('keeps an order book in step over many updates', async () => {
  let book;
  for (let i = 0; i < 20; i += 1) book = await client.watchOrderBook(SYMBOL);
  assert.ok(book.bids[0][0] < book.asks[0][0]);
  assert.ok(book.bids.length >= 15);
});

await check('watches candles', async () => {
  assert.ok((await client.watchOHLCV(SYMBOL, '1m')).length > 0);
});

async function nextOrder(id, status) {
  for (;;) {
    const found = (await client.watchOrders(SYMBOL)).find((o) => o.id === id && o.status === status);
    if (found) return found;
  }
}

await check('hears of its own order from placing to cancelling', async () => {
  const far = price((await market()).bid * 0.9);
  const first = client.watchOrders(SYMBOL);
  await client.sleep(300);
  const placed = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, far, { clientOrderId: 'wire-watch-1' });
  assert.equal((await first)[0].clientOrderId, 'wire-watch-1');
  const cancelled = nextOrder(placed.id, 'canceled');
  await client.cancelOrder(placed.id, SYMBOL);
  assert.equal((await cancelled).clientOrderId, 'wire-watch-1');
});

/** A recorded market cannot be moved: there another account sells until the order's turn has come. */
async function bringMarketTo(placed) {
  if (!(await control.isRecorded('BTCUSDT'))) return control.price('BTCUSDT', price(placed.price * 0.99));
  const other = await control.openAccount({ BTC: '100' });
  const seller = await makeClient('binance', url, { apiKey: other.api_key, secret: other.api_secret });
  await seller.loadMarkets();
  return seller.createOrder(SYMBOL, 'limit', 'sell', 100, placed.price, { timeInForce: 'IOC' });
}

await check('hears of fills when the market comes to its order', async () => {
  const placed = await client.createOrder(SYMBOL, 'limit', 'buy', 0.02, price((await market()).bid * 0.9995));
  const filled = nextOrder(placed.id, 'closed');
  await bringMarketTo(placed);
  const o = await filled;
  assert.equal(o.filled, 0.02);
  assert.ok(near(o.average, placed.price));
  const fills = (await client.fetchMyTrades(SYMBOL)).filter((t) => t.order === placed.id);
  assert.ok(fills.every((t) => t.takerOrMaker === 'maker'));
});

await check('hears of its balance', async () => {
  const changed = client.watchBalance();
  await client.sleep(100);
  await client.createOrder(SYMBOL, 'market', 'buy', 0.01);
  assert.ok((await changed).USDT.total > 0);
});

await check('trades over the WebSocket API', async () => {
  const far = price((await market()).bid * 0.9);
  const placed = await client.createOrderWs(SYMBOL, 'limit', 'buy', 0.01, far, { clientOrderId: 'wire-ws-1' });
  assert.equal(placed.status, 'open');
  const cancelled = await client.cancelOrderWs(placed.id, SYMBOL);
  assert.equal(cancelled.status, 'canceled');
});

await check('may have placed an order whose answer was an error', async () => {
  const far = price((await market()).bid * 0.9);
  await control.fault({ kind: 'error_after_placing', path: '/api/v3/order', method: 'POST' });
  await fails(() => client.createOrder(SYMBOL, 'limit', 'buy', 0.01, far, { clientOrderId: 'wire-unknown-1' }), ccxt.RequestTimeout);
  assert.equal((await client.fetchOrder('', SYMBOL, { clientOrderId: 'wire-unknown-1' })).status, 'open');
  await client.cancelAllOrders(SYMBOL);
});

await check('loses an answer but not the order', async () => {
  const far = price((await market()).bid * 0.9);
  await control.fault({ kind: 'timeout_after_placing', path: '/api/v3/order', method: 'POST', ms: 300 });
  await fails(() => client.createOrder(SYMBOL, 'limit', 'buy', 0.01, far, { clientOrderId: 'wire-unknown-2' }), ccxt.NetworkError);
  assert.equal((await client.fetchOrder('', SYMBOL, { clientOrderId: 'wire-unknown-2' })).status, 'open');
  await client.cancelAllOrders(SYMBOL);
});

await check('loses the connection before the order is placed', async () => {
  const far = price((await market()).bid * 0.9);
  await control.fault({ kind: 'reset', path: '/api/v3/order', method: 'POST' });
  await fails(() => client.createOrder(SYMBOL, 'limit', 'buy', 0.01, far, { clientOrderId: 'wire-unknown-3' }), ccxt.NetworkError);
  await fails(() => client.fetchOrder('', SYMBOL, { clientOrderId: 'wire-unknown-3' }), ccxt.OrderNotFound);
});

await check('hears of limits and bans', async () => {
  for (const kind of ['rate_limit', 'ban']) {
    await control.fault({ kind, path: '/api/v3/account', ms: 1000 });
    await fails(() => client.fetchBalance(), ccxt.DDoSProtection);
  }
  await control.fault({ kind: 'error_5xx', path: '/api/v3/account' });
  await fails(() => client.fetchBalance(), ccxt.BaseError);
  await control.fault({ kind: 'garbage', path: '/api/v3/account' });
  assert.equal((await client.fetchBalance()).USDT, undefined, 'ccxt takes an unreadable answer for an empty one');
  await control.fault({ kind: 'maintenance', count: -1 });
  await fails(() => client.createOrder(SYMBOL, 'market', 'buy', 0.01), ccxt.MarketClosed);
  await control.clearFaults();
});

await check('answers late when told to', async () => {
  await control.fault({ kind: 'latency', path: '/api/v3/time', ms: 400 });
  const before = Date.now();
  await client.fetchTime();
  assert.ok(Date.now() - before >= 395);
});

await check('comes back after its streams were cut', async () => {
  const watched = client.watchOrders(SYMBOL);
  await client.sleep(200);
  // Listening before the cut: the refusal may arrive before the answer to the call that causes it.
  const refused = fails(() => watched, ccxt.NetworkError);
  await control.fault({ kind: 'reset', path: '/ws-api' });
  await refused;
  const again = client.watchOrders(SYMBOL);
  await client.sleep(300);
  await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price((await market()).bid * 0.9), { clientOrderId: 'wire-again-1' });
  assert.equal((await again).at(-1).clientOrderId, 'wire-again-1');
  await client.cancelAllOrders(SYMBOL);
});

await check('agrees with the exchange about every order', async () => {
  const mine = await client.fetchOrders(SYMBOL);
  const theirs = (await control.state(keys.api_key)).accounts[0].orders;
  assert.deepEqual(mine.map((o) => o.id), theirs.map((o) => String(o.order_id)));
  const ids = theirs.map((o) => o.client_order_id);
  assert.equal(new Set(ids).size, ids.length);
});

finish();
