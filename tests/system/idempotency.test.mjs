// Idempotency-Key over the real process: what is sent again is not done again, whatever happened to the first answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until, World } from './harness.mjs';

let world;
let alice;
let account;

const grid = (symbol) => ({ account_id: account.id, strategy: 'grid', parameters: { symbol, levels: '3', spacing: '0.01', order_notional: '50' } });
const post = (path, body, key, user = alice) => world.call('POST', path, { token: user.token, body, headers: { 'idempotency-key': key } });
const create = (key, symbol) => post('/api/bots', grid(symbol), key);
const is_replayed = (answer) => answer.headers.get('idempotent-replayed') === 'true';
const type_of = (answer) => answer.json.type.split(':').pop();
const bots_on = (symbol) => Number(world.sql(`SELECT count(*) FROM bots WHERE symbol = '${symbol}'`));

before(async () => {
  world = await World.create({ config: { bots: { strategy: '' } } });
  alice = await world.add_user('alice');
  account = await world.add_account(alice);
});
after(() => world?.close());

test('a change that was answered is answered again, after a kill -9 too', async () => {
  const first = await create('k1', 'BTC/USDT');
  assert.equal(first.status, 201, first.text);
  assert.ok(!is_replayed(first));
  await world.kill_engine('SIGKILL');
  await world.start_engine();
  const again = await create('k1', 'BTC/USDT');
  assert.equal(again.status, 201, again.text);
  assert.ok(is_replayed(again));
  assert.equal(again.text, first.text);
  assert.equal(again.headers.get('location'), first.headers.get('location'));
  assert.equal(bots_on('BTC/USDT'), 1);
  const other = await create('k1', 'ETH/USDT');
  assert.equal(other.status, 422, other.text);
  assert.equal(type_of(other), 'idempotency-key-reused');
  assert.equal(bots_on('ETH/USDT'), 0);
});

test('of many at the same moment one is carried out', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => create('k2', 'ETH/USDT')));
  const made = answers.filter((a) => a.status === 201 && !is_replayed(a));
  assert.equal(made.length, 1);
  for (const answer of answers) assert.ok(answer.status === 201 ? answer.text === made[0].text : type_of(answer) === 'request-in-progress', answer.text);
  assert.equal(bots_on('ETH/USDT'), 1);
});

test('an engine that is killed between doing it and keeping the answer does not do it again', async () => {
  await world.kill_engine('SIGTERM');
  await world.start_engine({ ENGINE_FAILPOINT: 'web.before_keeping_answer:kill:1' });
  await assert.rejects(create('k3', 'SOL/USDT'), /fetch failed/);
  assert.equal((await world.engine.ended).signal, 'SIGKILL');
  assert.equal(bots_on('SOL/USDT'), 1);
  await world.start_engine();
  for (let i = 0; i < 2; i += 1) {
    const again = await create('k3', 'SOL/USDT');
    assert.equal(again.status, 409, again.text);
    assert.equal(type_of(again), 'outcome-unknown');
  }
  assert.equal(bots_on('SOL/USDT'), 1);
});

test('a secret that is shown once is kept nowhere', async () => {
  const body = { name: 'script', scope: 'read' };
  const first = await post('/api/tokens', body, 'k4');
  assert.equal(first.status, 201, first.text);
  const again = await post('/api/tokens', body, 'k4');
  assert.equal(again.status, 409, again.text);
  assert.equal(type_of(again), 'shown-once');
  assert.equal(world.sql("SELECT status, body IS NULL FROM idempotency_keys WHERE key = 'k4'"), '201\tt');
  assert.ok(!world.sql('SELECT string_agg(idempotency_keys::text, \' \') FROM idempotency_keys').includes(first.json.token));
  assert.equal((await world.must('GET', '/api/tokens', { token: alice.token })).items.length, 1);
});

test('exchange keys that came with a request are not in what is kept', async () => {
  const keys = await world.paper_key();
  const added = await post('/user/exchanges/', { exchange_name: 'binance', api_key: keys.api_key, api_secret: keys.api_secret, label: 'Second' }, 'k5');
  assert.equal(added.status, 201, added.text);
  const kept = world.sql('SELECT string_agg(idempotency_keys::text, \' \') FROM idempotency_keys');
  assert.ok(!kept.includes(keys.api_secret) && !kept.includes(keys.api_key));
});

test('keys are forgotten after a day', async () => {
  world.sql("UPDATE idempotency_keys SET created_at = created_at - interval '25 hours'");
  const anew = await create('k1', 'BTC/USDT');
  assert.equal(anew.status, 201, anew.text);
  assert.ok(!is_replayed(anew));
  assert.equal(bots_on('BTC/USDT'), 2);
  await world.kill_engine('SIGTERM');
  await world.start_engine();
  await until('old keys to be gone', () => world.sql('SELECT count(*) FROM idempotency_keys') === '1');
});
