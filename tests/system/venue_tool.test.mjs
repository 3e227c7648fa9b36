// `engine venue`: what would be sent and what answers mean, without network or database.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const engine = process.env.DROVER_ENGINE;
const data = join(dirname(fileURLToPath(import.meta.url)), '..', 'data');

function run(args, input = '') {
  const done = spawnSync(engine, ['venue', ...args], { input, encoding: 'utf8' });
  return { code: done.status, out: done.stdout, err: done.stderr, json: () => JSON.parse(done.stdout) };
}
const vector = (venue, id) => JSON.parse(readFileSync(join(data, 'signing', `${venue}.json`), 'utf8')).find((v) => v.id === id);
const keys_of = (v) => JSON.stringify({ api_key: v.credentials.apiKey, api_secret: v.credentials.secret, passphrase: v.credentials.password ?? '' });

test('signs an order as the vectors say', () => {
  const v = vector('coinbaseexchange', 'coinbaseexchange-02');
  const arguments_ = { symbol: 'BTC/USD', side: 'buy', type: 'limit', price: '45000', quantity: '0.001', client_order_id: '11111111111141118111111111111111' };
  const sent = run(['sign', '--venue', 'coinbaseexchange', '--op', 'create_order', '--json', JSON.stringify(arguments_), '--at', String(v.clock_ms)], keys_of(v)).json();
  assert.equal(sent.method, 'POST');
  assert.equal(sent.url, v.expected.url);
  assert.equal(sent.headers['CB-ACCESS-KEY'], v.credentials.apiKey);
  const theirs = JSON.parse(v.expected.body);
  assert.deepEqual(JSON.parse(sent.body), { ...theirs, price: '45000' });
});

test('gives the very signature of a vector', () => {
  const v = vector('coinbaseexchange', 'coinbaseexchange-01');
  const sent = run(['sign', '--venue', 'coinbaseexchange', '--op', 'balances', '--at', String(v.clock_ms)], keys_of(v)).json();
  assert.equal(sent.url, v.expected.url);
  assert.deepEqual(sent.headers, v.expected.headers);
});

test('logs in on streams as the vectors say', () => {
  const logins = ['binance-08', 'bybit-08', 'okx-08', 'gate-09', 'coinbaseexchange-07', 'coinbase-07'];
  for (const id of logins) {
    const venue = id.split('-')[0];
    const v = vector(venue, id);
    const said = run(['sign', '--venue', venue, '--op', 'stream_login', '--json', '{"validity_window_ms":10000}', '--at', String(v.clock_ms),
      '--random', '00112233445566778899aabbccddeeff'], keys_of(v));
    assert.equal(said.code, 0, `${id}: ${said.err}`);
    const { url, frame } = said.json();
    // Coinbase has an address for the channels of users alone.
    assert.equal(url, venue === 'coinbase' ? 'wss://advanced-trade-ws-user.coinbase.com' : v.expected.url, id);
    for (const [name, value] of Object.entries(v.expected.frame)) {
      // The signature of a token differs each time.
      if (name === 'jwt') assert.equal(frame.jwt.split('.').length, 3);
      else assert.deepEqual(frame[name], value, `${id}: ${name}`);
    }
  }
  for (const venue of ['kraken', 'kucoin', 'mexc']) {
    const said = run(['sign', '--venue', venue, '--op', 'stream_login'], keys_of(vector(venue, `${venue}-01`)));
    assert.equal(said.code, 2);
    assert.match(said.err, /stream_access/);
  }
});

test('knows every venue, and each signs and lists the same operations', () => {
  const venues = run(['list']).json();
  assert.deepEqual(venues.map((v) => v.venue).sort(),
    ['binance', 'bybit', 'coinbase', 'coinbaseexchange', 'gate', 'kraken', 'kucoin', 'mexc', 'okx']);
  const operations = run(['sign', '--list']).json().map((o) => o.op);
  assert.ok(operations.includes('create_order') && operations.includes('market_frame'));
  for (const { venue } of venues) {
    const keys = keys_of(vector(venue, `${venue}-01`));
    const order = { symbol: 'BTC/USDT', side: 'sell', type: 'limit', price: '60000', quantity: '0.001', client_order_id: 'ab'.repeat(16) };
    const placed = run(['sign', '--venue', venue, '--op', 'create_order', '--json', JSON.stringify(order)], keys);
    assert.equal(placed.code, 0, `${venue}: ${placed.err}`);
    assert.match(placed.json().url, /^https:\/\//);
    const time = run(['sign', '--venue', venue, '--op', 'server_time']);
    assert.equal(time.code, 0, `${venue}: ${time.err}`);
    const login = run(['sign', '--venue', venue, '--op', 'market_subscription', '--json', '{"channel":"ticker","symbol":"BTC/USDT"}']);
    assert.ok(login.json().frames.length > 0, venue);
  }
});

test('asks of a test network what it wants', () => {
  const testnet = run(['list']).json().filter((v) => v.testnet).map((v) => v.venue).sort();
  assert.deepEqual(testnet, ['binance', 'bybit', 'coinbaseexchange', 'gate', 'okx']);
  const sign = (...more) => run(['sign', '--venue', 'okx', '--op', 'balances', ...more], keys_of(vector('okx', 'okx-01'))).json().headers;
  assert.equal(sign('--region', 'testnet')['x-simulated-trading'], '1');
  assert.equal(sign()['x-simulated-trading'], undefined);
  assert.equal(sign('--region', 'testnet', '--option', 'simulated=0')['x-simulated-trading'], undefined);
});

test('maps the error bodies of every venue', () => {
  for (const { venue } of run(['list']).json()) {
    const cases = JSON.parse(readFileSync(join(data, 'errors', `${venue}.json`), 'utf8'));
    const funds = cases.find((c) => /insufficient|not enough|oversold|balance/i.test(JSON.stringify(c)));
    const body = typeof funds.body === 'string' ? funds.body : JSON.stringify(funds.body);
    const said = run(['parse', '--venue', venue, '--op', 'create_order', '--status', String(funds.http_status)], body);
    assert.equal(said.json().error?.code, 'insufficient_funds', `${venue}: ${said.out}`);
    assert.equal(said.code, 0);
    const garbage = run(['parse', '--venue', venue, '--op', 'create_order'], '<html>');
    assert.equal(garbage.json().error.code, 'unknown_outcome', venue);
    assert.equal(garbage.code, 1);
  }
});

test('reads answers and frames', () => {
  const order = run(['parse', '--venue', 'coinbase', '--op', 'create_order', '--json', '{"symbol":"BTC/USD"}'],
    '{"success":true,"success_response":{"order_id":"o-1"}}').json();
  assert.equal(order.answer.venue_order_id, 'o-1');
  assert.equal(order.answer.complete, false);
  const frame = run(['parse', '--venue', 'coinbaseexchange', '--op', 'market_frame'],
    '{"type":"l2update","product_id":"BTC-USD","changes":[["buy","9","0"]],"time":"2024-11-20T12:00:00Z"}').json();
  assert.deepEqual(frame.events, [{ event: 'book', value: { symbol: 'BTC/USD', whole: false, first_id: 0, last_id: 0, previous_id: 0, bids: [['9', '0']], asks: [] } }]);
  const page = run(['parse', '--venue', 'coinbase', '--op', 'open_orders', '--json', '{"symbol":"BTC/USD"}'], '{"orders":[],"has_next":true,"cursor":"c"}').json();
  assert.match(page.next.query, /cursor=c/);
});

test('names what is wrong with the command line, never the secret', () => {
  const cases = [
    [['sign', '--op', 'balances'], /--venue and --op are required/],
    [['sign', '--venue', 'nasdaq', '--op', 'balances'], /unknown dialect "nasdaq" \(known: .*kraken/],
    [['sign', '--venue', 'kraken', '--op', 'teleport'], /unknown operation "teleport" \(known: server_time/],
    [['sign', '--venue', 'kraken', '--op', 'candles', '--json', '{"sybmol":"BTC/USDT"}'], /no argument "sybmol" \(it has: symbol/],
    [['sign', '--venue', 'kraken', '--op', 'create_order', '--json', '{"quantity":"-1"}'], /quantity: not an amount/],
    [['sign', '--venue', 'kraken', '--op', 'balances'], /credentials are expected on standard input/, '{"api_secret":"canary"'],
    [['sign', '--venue', 'kraken', '--op', 'balances', '--region', 'testnet'], /no test network/],
    [['parse', '--venue', 'kraken', '--op', 'balances', '--header', 'x'], /--header takes/],
  ];
  for (const [args, expected, input] of cases) {
    const said = run(args, input);
    assert.equal(said.code, 2, args.join(' ') + said.err);
    assert.match(said.err, expected);
    assert.doesNotMatch(said.err + said.out, /canary/);
  }
});
