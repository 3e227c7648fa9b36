// What must hold between the exchange's own ledger and the engine's database: at any instant (check_always), and once the
// engine has come to rest (check_settled).
import assert from 'node:assert/strict';

import { pause } from '../harness.mjs';
import { exact, to_text } from './exact.mjs';

const books_sql = `SELECT json_build_object(
  'intents', (SELECT coalesce(json_agg(json_build_array(replace(id::text, '-', ''), account_id, symbol, side, type, trim_scale(price)::text,
    trim_scale(quantity)::text, state, status, venue_order_id, trim_scale(filled_quantity)::text, trim_scale(reported_quantity)::text)), '[]') FROM order_intents),
  'fills', (SELECT coalesce(json_agg(json_build_array(account_id, symbol, trade_id, replace(coalesce(intent_id::text, ''), '-', ''), side,
    trim_scale(price)::text, trim_scale(quantity)::text, trim_scale(fee)::text, fee_asset, trim_scale(realised)::text)), '[]') FROM fills),
  'holdings', (SELECT coalesce(json_agg(json_build_array(account_id, asset, amount::text)), '[]') FROM (SELECT t.account_id, p.asset, sum(p.amount) AS amount
    FROM ledger_postings p JOIN ledger_transactions t ON t.id = p.transaction_id WHERE p.pocket = 'holdings' GROUP BY 1, 2) h),
  'earned', (SELECT coalesce(sum(amount), 0)::text FROM earnings),
  'totals', (SELECT coalesce(sum(amount), 0)::text FROM earning_totals),
  'unbalanced', (SELECT count(*) FROM (SELECT 1 FROM ledger_postings GROUP BY transaction_id, asset HAVING sum(amount) <> 0) x),
  'fill_entries', (SELECT count(*) FROM ledger_transactions WHERE cause_kind = 'fill'))`;

const intent_of = ([id, account, symbol, side, type, price, quantity, state, status, venue_order_id, filled, reported]) =>
  ({ id, account, symbol, side, type, price, quantity, state, status, venue_order_id, filled, reported });
const fill_of = ([account, symbol, trade_id, intent, side, price, quantity, fee, fee_asset, realised]) =>
  ({ account, symbol, trade_id, intent, side, price, quantity, fee, fee_asset, realised });

/** The database first: what is at the exchange afterwards was intended before. */
export async function read_books(world) {
  const stored = JSON.parse(world.sql(books_sql));
  const venue = await world.paper_state();
  const by_key = new Map(venue.accounts.map((a) => [a.api_key, a]));
  return {
    ...stored,
    intents: new Map(stored.intents.map(intent_of).map((i) => [i.id, i])),
    fills: stored.fills.map(fill_of),
    accounts: world.accounts.map((account) => ({ ...account, venue: by_key.get(account.keys.api_key) })),
  };
}

const same = (a, b) => exact(a) === exact(b);
const plain = (symbol) => symbol.replace('/', '');
export const is_resting = (order) => /^(new|open|partially_filled)$/i.test(order.status);
const id_of = (order) => order.client_order_id.replaceAll('-', '');
const never_placed = new Set(['not_placed', 'refused']);
const was_placed = new Set(['accepted', 'closed']);

function check_orders(account, intents) {
  const seen = new Set();
  for (const order of account.venue.orders) {
    const id = id_of(order);
    const where = `${account.exchange}: order ${order.order_id} with id '${order.client_order_id}'`;
    assert.ok(!seen.has(id), `${where}: a second order of one intent`);
    seen.add(id);
    const intent = intents.get(id);
    assert.ok(intent, `${where} has no intent`);
    assert.equal(intent.account, account.id, `${where} is on another account than its intent`);
    assert.equal(order.symbol, plain(intent.symbol), `${where}: symbol`);
    assert.equal(order.side.toLowerCase(), intent.side, `${where}: side`);
    assert.ok(same(order.quantity, intent.quantity), `${where}: quantity ${order.quantity} instead of ${intent.quantity}`);
    if (intent.type !== 'market') assert.ok(same(order.price, intent.price), `${where}: price ${order.price} instead of ${intent.price}`);
    // A venue may acknowledge an order and then reject it: it never could trade.
    if (never_placed.has(intent.state)) assert.ok(order.status.toLowerCase() === 'rejected', `${where} exists but its intent is ${intent.state}`);
  }
  for (const intent of intents.values())
    if (intent.account === account.id && was_placed.has(intent.state))
      assert.ok(seen.has(intent.id), `intent ${intent.id} on ${account.exchange} is ${intent.state}, but there never was such an order`);
}

function check_fills(account, books) {
  const orders = new Map(account.venue.orders.map((o) => [o.order_id, id_of(o)]));
  const trades = new Map(account.venue.fills.map((f) => [`${f.symbol} ${f.trade_id}`, f]));
  const booked = books.fills.filter((f) => f.account === account.id);
  for (const fill of booked) {
    const where = `${account.exchange}: booked trade ${fill.trade_id}`;
    const trade = trades.get(`${plain(fill.symbol)} ${fill.trade_id}`) ?? trades.get(`${plain(fill.symbol)} ${Number(fill.trade_id)}`);
    assert.ok(trade, `${where} never happened`);
    assert.equal(fill.intent, orders.get(trade.order_id), `${where} belongs to another intent`);
    assert.equal(fill.side, trade.side.toLowerCase(), `${where}: side`);
    for (const what of ['price', 'quantity', 'fee']) assert.ok(same(fill[what], trade[what]), `${where}: ${what} ${fill[what]} instead of ${trade[what]}`);
    assert.equal(fill.fee_asset, trade.fee_asset, `${where}: asset of the fee`);
  }
  return { booked: booked.length, happened: account.venue.fills.length };
}

/** Holds at any instant, also while the engine is dead. */
export function check_always(books) {
  for (const account of books.accounts) {
    check_orders(account, books.intents);
    check_fills(account, books);
  }
  assert.equal(books.unbalanced, 0, 'entries of the ledger that do not sum to zero');
  assert.equal(books.fill_entries, books.fills.filter((f) => f.intent).length, 'ledger entries and fills differ in number');
  assert.ok(same(books.earned, books.totals), `earnings are ${books.earned}, their totals ${books.totals}`);
  const realised = books.fills.reduce((sum, f) => sum + exact(f.realised), 0n);
  assert.equal(to_text(realised), to_text(exact(books.earned)), 'earnings are not what the fills realised');
}

/** As check_always() while the engine works: what looks wrong because the two are not read at the same moment looks right soon. */
export async function check_alive(world, limit_ms = 5_000) {
  for (const end = Date.now() + limit_ms; ;) {
    try {
      return check_always(await read_books(world));
    } catch (problem) {
      if (Date.now() >= end) throw problem;
    }
    await pause(100);
  }
}

/** Why the engine has not come to rest yet, or nothing. */
export function why_unsettled(books) {
  for (const intent of books.intents.values())
    if (['intended', 'unknown'].includes(intent.state)) return `intent ${intent.id} is ${intent.state}`;
  for (const account of books.accounts) {
    const { booked, happened } = check_fills(account, books);
    if (booked !== happened) return `${happened - booked} trades of ${account.exchange} are not booked`;
    const resting = new Map(account.venue.orders.map((o) => [id_of(o), is_resting(o)]));
    for (const intent of books.intents.values()) {
      if (intent.account !== account.id || !was_placed.has(intent.state)) continue;
      const wrong = resting.get(intent.id) !== (intent.state === 'accepted');
      if (wrong) return `intent ${intent.id} of ${account.exchange} is ${intent.state}, its order is ${resting.get(intent.id) ? 'open' : 'ended'}`;
    }
  }
}

/** When all is booked, the books show what the exchange's own wallets do, to the last digit. */
export function check_settled(books, before) {
  check_always(books);
  assert.equal(why_unsettled(books), undefined);
  for (const account of books.accounts) {
    const moved = new Map(books.holdings.filter(([id]) => id === account.id).map(([, asset, amount]) => [asset, exact(amount)]));
    const assets = new Set([...moved.keys(), ...Object.keys(account.venue.balances), ...Object.keys(before)]);
    for (const asset of assets) {
      const held = account.venue.balances[asset] ?? { free: '0', locked: '0' };
      const change = exact(held.free) + exact(held.locked) - exact(before[asset] ?? '0');
      assert.equal(to_text(moved.get(asset) ?? 0n), to_text(change), `${account.exchange}: the books' change of ${asset} is not the wallet's`);
    }
  }
}
