// usage: node ccxt_gate_mexc.mjs http://127.0.0.1:PORT gate|mexc
// Lets ccxt, REST and WebSocket, live through the life of orders on a running paper exchange. Prints "N passed, N failed".
import assert from 'node:assert/strict';

import { check, fails, finish } from './check.mjs';
import { makeControl } from './paper_control.mjs';
import { ccxt, makeClient } from './redirect.mjs';

const [base, id] = process.argv.slice(2);
if (!base || !['gate', 'mexc'].includes(id)) {
  console.error('usage: node ccxt_gate_mexc.mjs http://127.0.0.1:PORT gate|mexc');
  process.exit(2);
}
const SYMBOL = 'BTC/USDT';
const isGate = id === 'gate';
const venue = `${base}/${id}`;
const keys = await makeControl(base).openAccount({ USDT: '100000', BTC: '2' }, { venue: id });
const client = await makeClient(id, venue, { apiKey: keys.api_key, secret: keys.api_secret });
const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const clientId = (n) => (isGate ? `t-wire-${n}` : `wire-${n}`);
let best;
const price = (share) => Number(client.priceToPrecision(SYMBOL, best * share));

await check('loads markets with filters', async () => {
  await client.loadMarkets();
  const m = client.market(SYMBOL);
  assert.ok(m.active);
  assert.equal(m.precision.price, 0.01);
  assert.equal(m.limits.cost.min, 5);
});

await check('tells the time', async () => {
  assert.ok(Math.abs((await client.fetchTime()) - Date.now()) < 2000);
});

await check('shows the balance', async () => {
  assert.equal((await client.fetchBalance()).USDT.free, 100000);
});

await check('shows book, ticker, trades and candles', async () => {
  const book = await client.fetchOrderBook(SYMBOL, 10);
  assert.equal(book.bids.length, 10);
  best = book.bids[0][0];
  await client.watchTrades(SYMBOL);
  assert.ok((await client.fetchTicker(SYMBOL)).last > 0);
  assert.ok((await client.fetchTrades(SYMBOL)).length > 0);
  assert.ok((await client.fetchOHLCV(SYMBOL, '1m', Date.now() - 3_600_000)).length > 0);
});

await check('rests, finds and cancels a limit order', async () => {
  const placed = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price(0.8), { clientOrderId: clientId(1) });
  const found = await client.fetchOrder(placed.id, SYMBOL);
  assert.equal(found.status, 'open');
  assert.equal(found.price, price(0.8));
  assert.equal(found.clientOrderId, clientId(1));
  const named = await client.fetchOrder(isGate ? clientId(1) : '', SYMBOL, { clientOrderId: clientId(1) });
  assert.equal(named.id, placed.id);
  assert.ok((await client.fetchOpenOrders(SYMBOL)).some((o) => o.id === placed.id));
  await client.cancelOrder(placed.id, SYMBOL);
  assert.equal((await client.fetchOrder(placed.id, SYMBOL)).status, 'canceled');
});

await check('buys at market for an amount of money', async () => {
  const placed = await client.createMarketBuyOrderWithCost(SYMBOL, 1000);
  const found = await client.fetchOrder(placed.id, SYMBOL);
  assert.equal(found.status, 'closed');
  assert.ok(found.cost > 980 && found.cost <= 1000, String(found.cost));
});

await check('sells at market and lists its fills with the fee', async () => {
  const placed = await client.createOrder(SYMBOL, 'market', 'sell', 0.02);
  assert.equal((await client.fetchOrder(placed.id, SYMBOL)).status, 'closed');
  const fills = (await client.fetchMyTrades(SYMBOL)).filter((t) => t.order === placed.id);
  assert.ok(fills.length > 0);
  assert.equal(fills[0].fee.currency, 'USDT');
  assert.equal(fills[0].takerOrMaker, 'taker');
});

await check('ends IOC and post-only orders as the venue does', async () => {
  const ioc = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price(0.8), { timeInForce: 'IOC' });
  assert.equal((await client.fetchOrder(ioc.id, SYMBOL)).status, 'canceled');
  const maker = () => client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price(1.1), { postOnly: true });
  if (isGate) await fails(maker, ccxt.OrderImmediatelyFillable);
  else assert.equal((await client.fetchOrder((await maker()).id, SYMBOL)).status, 'canceled');
});

await check('says no in the venue\'s words', async () => {
  await fails(() => client.createOrder(SYMBOL, 'limit', 'buy', 100, price(0.8)), ccxt.InsufficientFunds);
  const unknown = isGate ? '999999' : 'C02__999999';
  await fails(() => client.cancelOrder(unknown, SYMBOL), isGate ? ccxt.OrderNotFound : ccxt.BadRequest);
  const stranger = await makeClient(id, venue, { apiKey: keys.api_key, secret: 'wrong' });
  await fails(() => stranger.fetchBalance(), ccxt.AuthenticationError);
});

await check('cancels all orders', async () => {
  await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price(0.8));
  await client.createOrder(SYMBOL, 'limit', 'buy', 0.02, price(0.8));
  assert.equal((await client.fetchOpenOrders(SYMBOL)).length, 2);
  await client.cancelAllOrders(SYMBOL);
  assert.equal((await client.fetchOpenOrders(SYMBOL)).length, 0);
});

await check('streams ticker, book, trades and candles', async () => {
  assert.ok((await client.watchTicker(SYMBOL)).bid > 0);
  if (isGate) assert.ok((await client.watchBidsAsks([SYMBOL]))[SYMBOL].ask > 0);
  for (let i = 0; i < 10; i += 1) {
    const book = await client.watchOrderBook(SYMBOL);
    assert.ok(book.bids[0][0] < book.asks[0][0]);
  }
  assert.ok((await client.watchTrades(SYMBOL)).length > 0);
  assert.equal((await client.watchOHLCV(SYMBOL, '1m'))[0].length, 6);
});

await check('streams orders, fills and balances', async () => {
  const orders = client.watchOrders(SYMBOL);
  const fills = client.watchMyTrades(SYMBOL);
  const balance = client.watchBalance();
  await wait(1500);
  await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, price(1.02));
  assert.ok((await orders).length > 0);
  assert.equal((await fills).at(-1).fee.currency, isGate ? 'BTC' : 'USDT');
  const told = await balance;
  assert.ok(told.BTC || told.USDT);
});

await client.close();
finish();
