import assert from 'node:assert/strict';

import { check, fails } from '../check.mjs';

const near = (a, b) => Math.abs(a - b) < 1e-6;
/** How long a private stream is given to be subscribed before something happens to the account. */
const SUBSCRIBED_MS = 400;
/** ccxt waits a second before it connects again at some venues. */
const RECONNECTED_MS = 1_600;
const BOOK_UPDATES = 20;

export async function nextOrder({ client, symbol }, id, status) {
  for (;;) {
    const found = (await client.watchOrders(symbol)).find((o) => o.id === id && (!status || o.status === status));
    if (found) return found;
  }
}

/** The first answers may still be about the connection that was cut. */
async function nextOrderInSpiteOfCuts(world, id) {
  for (;;) {
    try {
      return await nextOrder(world, id);
    } catch (error) {
      if (!(error instanceof world.ccxt.NetworkError)) throw error;
    }
  }
}

/** A recorded market cannot be moved: there another account sells until the order's turn has come. */
async function bringMarketTo(world, placed) {
  const name = world.symbol.replace('/', '');
  if (!(await world.control.isRecorded(name))) return world.control.price(name, world.price(placed.price * 0.99));
  const seller = await (await world.open({ [world.base]: '100' })).make();
  await seller.loadMarkets();
  return seller.createOrder(world.symbol, 'limit', 'sell', 100, placed.price, { timeInForce: 'IOC' });
}

export async function checkStreams(world) {
  const { venue, client, symbol, can, price, quote } = world;

  if (can('watchTicker'))
    await check('watches the ticker', async () => {
      const ticker = await client.watchTicker(symbol);
      assert.ok((ticker.last ?? ticker.bid) > 0);
    });

  if (can('watchBidsAsks'))
    await check('watches best bid and ask', async () => {
      const top = (await client.watchBidsAsks([symbol]))[symbol];
      assert.ok(top.bid < top.ask);
    });

  if (can('watchOrderBook'))
    await check('keeps an order book in step over many updates', async () => {
      let book;
      for (let i = 0; i < BOOK_UPDATES; i += 1) book = await client.watchOrderBook(symbol);
      assert.ok(book.bids[0][0] < book.asks[0][0]);
      assert.ok(book.bids.length >= 10);
    });

  if (can('watchTrades'))
    await check('watches trades', async () => {
      assert.ok((await client.watchTrades(symbol))[0].amount > 0);
    });

  if (can('watchOHLCV'))
    await check('watches candles', async () => {
      assert.ok((await client.watchOHLCV(symbol, venue.candle ?? '1m')).length > 0);
    });

  if (can('watchOrders')) {
    await check('hears of its own order from placing to cancelling', async () => {
      const far = await world.far();
      const id = venue.clientId('watch1');
      const heard = client.watchOrders(symbol);
      await client.sleep(SUBSCRIBED_MS);
      const placed = await world.buy(0.01, far, id);
      const first = (await heard).find((o) => o.id === placed.id) ?? (await nextOrder(world, placed.id));
      if (first.clientOrderId) assert.equal(first.clientOrderId, id);
      const cancelled = nextOrder(world, placed.id, 'canceled');
      await world.cancel(placed.id);
      assert.equal((await cancelled).id, placed.id);
    });

    await check('hears of fills when the market comes to its order', async () => {
      const trades = can('watchMyTrades') ? client.watchMyTrades(symbol) : null;
      await client.sleep(SUBSCRIBED_MS);
      const at = price((await world.bid()) * 0.9995);
      const placed = await world.buy(0.02, at, venue.clientId('fill1'));
      const filled = nextOrder(world, placed.id, 'closed');
      await bringMarketTo(world, { price: at });
      assert.ok(near((await filled).filled, 0.02));
      if (trades) assert.ok((await trades).every((t) => t.order === placed.id && t.amount > 0));
      const fills = await world.fillsOf(placed.id);
      assert.ok(near(fills.reduce((sum, t) => sum + t.amount, 0), 0.02));
      assert.ok(fills.every((t) => t.takerOrMaker === 'maker' && near(t.price, at)));
    });
  }

  if (can('watchBalance'))
    await check('hears of its balance', async () => {
      let changed = client.watchBalance();
      await client.sleep(SUBSCRIBED_MS);
      const before = (await client.fetchBalance(venue.balanceParams))[quote].total;
      await venue.marketBuy(client, symbol, 0.01, {});
      const after = async () => (await changed)[quote]?.total;
      for (let total = await after(); total === undefined || total >= before; total = await after()) changed = client.watchBalance();
    });

  if (can('watchOrders'))
    await check('comes back after its streams were cut', async () => {
      const watched = client.watchOrders(symbol);
      await client.sleep(SUBSCRIBED_MS);
      // Listening before the cut: the refusal may arrive before the answer to the call that causes it.
      const refused = fails(() => watched, world.ccxt.NetworkError);
      await world.fault({ kind: 'reset', websocket: true });
      await refused;
      const placed = await world.buy(0.01, await world.far(), venue.clientId('again1'));
      const heard = nextOrderInSpiteOfCuts(world, placed.id);
      await client.sleep(RECONNECTED_MS);
      await world.cancelAll();
      await heard;
    });
}
