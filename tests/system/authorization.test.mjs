// Who may do what: every path of the contract with every verb, by everybody. What is expected is read from the contract, so
// a route that says less than it does fails here.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Contract } from './contract.mjs';
import { World } from './harness.mjs';

const verbs = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];
/// Far beyond every id of the test.
const no_such_id = 999_999_999;
const absent = { id: no_such_id, invitation: no_such_id, member: no_such_id, name: 'nobody-at-all' };
/// What ends the session that asks: the next call has a new one.
const ends_sessions = new Set(['POST /client/logout', 'POST /api/auth/logout', 'DELETE /api/sessions']);
/// Locks and unlocks everybody out.
const locks = new Set(['POST /admin/lockdown', 'POST /admin/login/lock', 'POST /admin/trading/lock', 'POST /admin/release', 'POST /admin/login/unlock', 'POST /admin/trading/unlock']);

let world;
let contract;
let people;

before(async () => {
  world = await World.create();
  contract = await Contract.of(world.http);
  const admin = await world.add_user('root', { admin: true });
  const banned = await world.add_user('mallory');
  await world.must('POST', '/backend/ban-user/name/mallory/now', { token: admin.token });
  const out = await world.add_user('carol');
  await world.must('POST', '/client/logout', { token: out.token });
  people = { anonymous: {}, forged: { token: 'MTox.bm90LWEtdG9rZW4' }, 'logged out': out, banned, tenant: await world.add_user('alice'), admin };
});
after(() => world?.close());

const kind_of = (operation) => {
  const wanted = operation.security ?? contract.document.security;
  if (wanted.length === 0) return 'anyone';
  if (wanted.some((entry) => Object.keys(entry).length === 0)) return 'local';
  return wanted[0].bearer.includes('admin') ? 'admin' : 'user';
};
const is_somebody = (who) => who === 'tenant' || who === 'admin';
const path_of = (pattern) => pattern.replace(/\{(\w+)\}/g, (_, name) => (pattern.startsWith('/api/kill') ? '00000000-0000-7000-8000-000000000000'
  : pattern.startsWith('/api/sessions') ? '0123456789abcdef' : String(absent[name])));

/** The statuses that are right; undefined: everything but a refusal of the person. */
function expected(who, operation) {
  const kind = kind_of(operation);
  if (kind === 'anyone' || kind === 'local') return undefined;
  if (!is_somebody(who)) return 401;
  return kind === 'admin' && who !== 'admin' ? 403 : undefined;
}

async function log_in_again(person) {
  person.token = (await world.must('POST', '/client/login', { body: { username: person.username, password: person.password } })).token;
}

test('every operation refuses whom it does not serve, and only those', async (t) => {
  let asked = 0;
  for (const [method, pattern, operation] of contract.operations()) {
    const name = `${method} ${pattern}`;
    for (const who of Object.keys(people)) {
      if (who === 'admin' && locks.has(name)) continue;
      const body = method === 'GET' || method === 'DELETE' ? undefined : {};
      const answer = await world.call(method, path_of(pattern), { token: people[who].token, body });
      asked += 1;
      if (ends_sessions.has(name) && is_somebody(who)) await log_in_again(people[who]);
      const right = expected(who, operation);
      if (right !== undefined) assert.equal(answer.status, right, `${name} by ${who}: ${answer.text}`);
      else assert.ok(!(is_somebody(who) && [401, 403].includes(answer.status)), `${name} by ${who}: ${answer.status} ${answer.text}`);
      assert.ok(answer.status < 500 || answer.status === 503, `${name} by ${who}: ${answer.text}`);
      if (answer.status === 401 && kind_of(operation) !== 'anyone') assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/, name);
    }
  }
  t.diagnostic(`${asked} calls of ${contract.operations().length} operations by ${Object.keys(people).length} kinds of people`);
  assert.ok(asked >= contract.operations().length * (Object.keys(people).length - 1));
});

test('every verb that the contract does not name is refused by everybody the same way', async () => {
  for (const { path } of contract.paths) {
    const known = verbs.filter((verb) => contract.document.paths[path][verb.toLowerCase()]);
    for (const verb of verbs.filter((v) => !known.includes(v))) {
      for (const who of Object.keys(people)) {
        const answer = await world.call(verb, path_of(path), { token: people[who].token, body: verb === 'GET' ? undefined : {} });
        assert.equal(answer.status, 405, `${verb} ${path} by ${who}: ${answer.text}`);
        assert.deepEqual((answer.headers.get('allow') ?? '').split(', ').filter((v) => verbs.includes(v)).sort(), known.slice().sort(), path);
      }
    }
  }
});

test('what is somebody else\'s is not there, in the very words of what does not exist', async () => {
  const { tenant, admin } = people;
  const other = await world.add_user('bob');
  const account = await world.add_account(tenant);
  await world.approve(admin, account);
  const bot = await world.must('POST', '/api/bots', { token: tenant.token, 
    body: { account_id: account.id, strategy: 'grid', name: 'mine', parameters: { symbol: 'BTC/USDT', levels: '3', spacing: '0.001', order_notional: '50' } } });
  const room = await world.must('POST', '/api/rooms', { token: tenant.token, body: { account_id: account.id, name: 'mine' } });
  const own = { '/user/exchanges/{id}': account.id, '/api/accounts/{id}': account.id, '/api/bots/{id}': bot.id, '/api/rooms/{id}': room.id };
  let asked = 0;
  for (const [method, pattern, operation] of contract.operations()) {
    const prefix = Object.keys(own).find((start) => pattern === start || pattern.startsWith(`${start}/`));
    if (!prefix || kind_of(operation) !== 'user') continue;
    const ask = (id) => world.call(method, pattern.replace('{id}', id).replace(/\{\w+\}/g, '1'), { token: other.token, body: ['GET', 'DELETE'].includes(method) ? undefined : {} });
    const theirs = await ask(own[prefix]);
    const nothing = await ask(no_such_id);
    const words = ({ status, json }) => [status, json?.type, json?.title, json?.detail];
    assert.deepEqual(words(theirs), words(nothing), `${method} ${pattern}`);
    assert.ok(theirs.status >= 400, `${method} ${pattern}: ${theirs.text}`);
    asked += 1;
  }
  assert.ok(asked >= 15, `${asked} operations`);
});
