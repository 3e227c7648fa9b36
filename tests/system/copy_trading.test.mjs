// A lead's grid trades, three followers with different sizing follow, and the engine is killed in the middle: every fill of the
// lead has one receipt per follower, and no follower has two orders for one signal.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { pause, Socket, until, World } from './harness.mjs';

const wave = [59_900, 60_130, 59_850, 60_200, 59_950, 60_100];
const sizings = {
  bob: { sizing: 'ratio', ratio: '0.5', max_slippage: '0.05', max_age_s: '60' },
  carol: { sizing: 'fixed', order_notional: '20', max_slippage: '0.05', max_age_s: '60' },
  dave: { sizing: 'equity', max_slippage: '0.05', max_age_s: '60' },
};

let world;
let lead;
let lead_account;
let room;
let followers;

const rows = (sql) => world.rows(sql);
const count = (sql) => Number(world.sql(sql));

before(async () => {
  world = await World.create({ config: { bots: { strategy: '', venue_processing_bound: '1s', validity_window: '1s', send_limit: '1s', backoff_floor: '50ms' } } });
  const admin = await world.add_user('root', { admin: true });
  await world.hold_market(60_000);
  const trader = async (name) => {
    const user = await world.add_user(name);
    const account = await world.add_account(user, { key: await world.paper_key() });
    await world.approve(admin, account);
    return { user, account };
  };
  ({ user: lead, account: lead_account } = await trader('alice'));
  room = await world.must('POST', '/api/rooms', { token: lead.token, body: { account_id: lead_account.id, name: 'Calm', symbols: ['BTC/USDT'] } });
  const invited = await world.must('POST', `/api/rooms/${room.id}/invitations`, { token: lead.token, body: { uses: 3 } });
  followers = [];
  for (const [name, parameters] of Object.entries(sizings)) {
    const { user, account } = await trader(name);
    const member = await world.must('POST', '/api/rooms/join', { token: user.token, body: { code: invited.code, account_id: account.id, parameters } });
    followers.push({ name, user, account, member });
  }
  const grid = { account_id: lead_account.id, strategy: 'grid', start: true, parameters: { symbol: 'BTC/USDT', levels: '3', spacing: '0.001', order_notional: '200' } };
  await world.must('POST', '/api/bots', { token: lead.token, body: grid });
  for (const { user, account } of [{ user: lead, account: lead_account }, ...followers]) await world.until_bot(user, account, 'running', 20_000);
});
after(() => world.close());

const signals = () => count(`SELECT count(*) FROM copy_signals WHERE room_id = ${room.id}`);

async function trade_until(what, enough) {
  let i = 0;
  await until(what, async () => {
    await world.set_price(wave[i++ % wave.length]);
    await pause(25);
    return enough();
  }, 60_000);
}

async function settle() {
  await until('complete signals', () => signals() > 0 && count('SELECT count(*) FROM copy_signals WHERE completed_at IS NULL') === 0, 90_000);
}

function check_receipts() {
  const fills = count(`SELECT count(*) FROM fills WHERE account_id = ${lead_account.id}`);
  assert.equal(signals(), fills, 'every fill of the lead is a signal, once');
  for (const { name, account } of followers) {
    assert.equal(count(`SELECT count(*) FROM copy_receipts WHERE account_id = ${account.id}`), fills, `${name} has one receipt for each`);
    assert.deepEqual(rows(`SELECT tag FROM order_intents WHERE account_id = ${account.id} GROUP BY tag HAVING count(*) > 1`), [], `${name} ordered twice`);
  }
  assert.deepEqual(rows(`SELECT i.tag FROM order_intents i WHERE i.account_id <> ${lead_account.id} AND NOT EXISTS (SELECT FROM copy_receipts r
    WHERE r.account_id = i.account_id AND r.outcome = 'taken' AND i.tag = 'signal:' || r.room_id || '.' || r.fill_id)`), [], 'an order has no receipt');
}

test('followers with different sizing follow the lead, also through kill -9', async () => {
  await trade_until('first signals', () => signals() >= 5);
  for (let kill = 0; kill < 3; ++kill) {
    const seen = signals();
    await trade_until('more signals', () => signals() > seen);
    await world.kill_engine();
    await world.start_engine();
  }
  for (const { user, account } of [{ user: lead, account: lead_account }, ...followers]) await world.until_bot(user, account, 'running', 30_000);
  const seen = signals();
  await trade_until('signals after the kills', () => signals() > seen + 2);
  await settle();
  check_receipts();
  for (const { name, account } of followers)
    assert.ok(count(`SELECT count(*) FROM copy_receipts WHERE account_id = ${account.id} AND outcome = 'taken'`) > 0, `${name} took none`);
  for (const { account } of followers) {
    const mine = (await world.paper_state()).accounts.find((a) => a.api_key === account.keys.api_key);
    const ids = mine.orders.map((o) => o.client_order_id);
    assert.equal(new Set(ids).size, ids.length, 'an order was doubled at the exchange');
  }
});

test('the API shows receipts to those they are for', async () => {
  const [bob] = followers;
  const own = (await world.must('GET', `/api/rooms/${room.id}/receipts`, { token: bob.user.token })).items;
  assert.ok(own.length > 0);
  assert.ok(own.every((r) => r.name === 'bob' && r.account_id === bob.account.id));
  const taken = own.find((r) => r.outcome === 'taken');
  assert.match(taken.client_order_id, /^[0-9a-f]{32}$/);
  const all = (await world.must('GET', `/api/rooms/${room.id}/receipts?limit=200`, { token: lead.token })).items;
  assert.deepEqual(new Set(all.map((r) => r.name)), new Set(Object.keys(sizings)));
  assert.ok(all.every((r) => !('quantity' in r) && !('reason' in r) && !('account_id' in r)));
  const members = (await world.must('GET', `/api/rooms/${room.id}/members`, { token: lead.token })).items;
  assert.equal(members.length, 3);
  assert.ok(members.every((m) => m.drift !== null && !('account_id' in m) && !('bot_id' in m)));
  const stranger = await world.add_user('eve');
  for (const path of ['', '/members', '/signals', '/receipts', '/invitations'])
    assert.equal((await world.call('GET', `/api/rooms/${room.id}${path}`, { token: stranger.token })).status, 404, path);
});

test('leaving, a ban and closing stop the bots with a reason', async () => {
  const [bob, carol, dave] = followers;
  await world.must('POST', `/api/rooms/${room.id}/leave`, { token: bob.user.token });
  const bot_of = (f) => world.must('GET', `/api/bots/${f.member.bot_id}`, { token: f.user.token });
  await until('the bot of who left', async () => (await bot_of(bob)).status.state === 'stopped');
  assert.equal((await bot_of(bob)).status.reason, 'You left the room');
  world.sql(`UPDATE users SET status = 'banned' WHERE id = ${carol.user.id}`);
  await until('the end of the banned', () => world.sql(`SELECT state FROM copy_members WHERE id = ${carol.member.id}`) === 'ended');
  await world.must('POST', `/api/rooms/${room.id}/close`, { token: lead.token, body: { reason: 'holidays' } });
  await until('the bot of the closed room', async () => (await bot_of(dave)).status.state === 'stopped');
  assert.equal((await bot_of(dave)).status.reason, 'The lead closed the room: holidays');
  const before_count = signals();
  const fills = () => count(`SELECT count(*) FROM fills WHERE account_id = ${lead_account.id}`);
  const seen = fills();
  await trade_until('fills of the lead alone', () => fills() > seen);
  assert.equal(signals(), before_count);
});

test('an invitation for the time of a connection is open while the lead is connected', async () => {
  const { user, account } = { user: lead, account: lead_account };
  const fresh = await world.must('POST', '/api/rooms', { token: user.token, body: { account_id: account.id, name: 'Live' } });
  const socket = await Socket.open(world, '/ws/dashboard', { token: user.token });
  const made = await world.must('POST', `/api/rooms/${fresh.id}/invitations`, { token: user.token, body: { while_connected: true } });
  await until('a longer life', async () => {
    const [now] = (await world.must('GET', `/api/rooms/${fresh.id}/invitations`, { token: user.token })).items;
    return now.open && now.expires_at > made.expires_at;
  }, 45_000);
  socket.close();
});
