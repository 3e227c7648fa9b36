import assert from 'node:assert/strict';

import { check } from '../check.mjs';

export async function checkMarket({ venue, client, symbol, can, base, quote }) {
  await check('loads markets with filters', async () => {
    await client.loadMarkets();
    const market = client.market(symbol);
    assert.equal(market.precision.price, 0.01);
    assert.equal(market.precision.amount, 0.00001);
    if (venue.minimumCost !== null) assert.equal(market.limits.cost.min, venue.minimumCost);
  });

  if (can('fetchTime'))
    await check('tells the time', async () => {
      assert.ok(Math.abs((await client.fetchTime()) - Date.now()) < 2000);
    });

  await check('shows the balance', async () => {
    const balance = await client.fetchBalance(venue.balanceParams);
    assert.equal(balance[quote].free, 100000);
    assert.equal(balance[base].total, 2);
  });

  await check('shows the book and the ticker', async () => {
    const book = await client.fetchOrderBook(symbol);
    assert.ok(book.bids.length >= 10);
    assert.ok(book.bids[0][0] < book.asks[0][0]);
    const ticker = await client.fetchTicker(symbol);
    assert.ok((ticker.last ?? ticker.bid) > 0);
  });

  await check('shows trades and candles', async () => {
    let trades = [];
    while (trades.length === 0) {
      trades = await client.fetchTrades(symbol);
      await client.sleep(100);
    }
    assert.ok(trades[0].price > 0 && trades[0].amount > 0);
    if (can('fetchOHLCV')) assert.ok((await client.fetchOHLCV(symbol, '1m', Date.now() - 600_000)).length > 0);
  });
}
