// Users and their sessions on the real process: what ends a session is in force on REST and on open sockets within a second, and
// after kill -9.
import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { Socket, until, World } from './harness.mjs';

const limit_ms = 1_000;
const closed_because_unauthorised = 4401;

const log_in = async (world, user) => (await world.must('POST', '/client/login', { body: { username: user.username, password: user.password } })).token;
const status_of = async (world, token) => (await world.call('GET', '/api/user', { token })).status;

/** A session with an open socket; `gone()` answers after how many milliseconds both were refused. */
async function open_session(world, user) {
  const token = await log_in(world, user);
  const socket = await Socket.open(world, '/ws/dashboard', { token });
  return {
    token, socket,
    lives: async () => (await status_of(world, token)) === 200 && socket.close_code === undefined,
    gone: async (began) => {
      await until('REST refuses', async () => (await status_of(world, token)) === 401, limit_ms);
      await until('the socket is closed', () => socket.close_code !== undefined, limit_ms);
      assert.equal(socket.close_code, closed_because_unauthorised);
      return performance.now() - began;
    },
  };
}

test('what ends a session is in force on REST and open sockets within a second', async (t) => {
  const world = await World.create();
  t.after(() => world.close());
  const admin = await world.add_user('root', { admin: true });
  const alice = await world.add_user('alice');
  const bob = await open_session(world, await world.add_user('bob'));

  const ends = {
    logout: { by: (session) => world.must('POST', '/client/logout', { token: session.token }), others_live: true },
    'ending it from another session': { by: async (session, other) => {
      const { items } = await world.must('GET', '/api/sessions', { token: session.token });
      const { id } = items.find((s) => s.current);
      await world.must('DELETE', `/api/sessions/${id}`, { token: other.token });
    }, others_live: true },
    'ending all': { by: (session) => world.must('DELETE', '/api/sessions', { token: session.token }) },
    'a password from the command line': { by: () => {
      alice.password = 'a quite different one';
      assert.equal(world.try_run(['-c', world.config, 'user', 'set-password', 'alice', '--password-stdin'], { input: `${alice.password}\n` }).status, 0);
    } },
    'a password changed by its owner': { by: async (session) => {
      const wanted = 'one more different one';
      const fresh = await world.must('POST', '/api/user/password', { token: session.token, body: { current_password: alice.password, new_password: wanted } });
      alice.password = wanted;
      assert.equal(await status_of(world, fresh.token), 200);
    } },
    'a new role': { by: () => world.must('PATCH', `/admin/users/${alice.id}`, { token: admin.token, body: { role: 'admin' } }),
      after: () => world.must('PATCH', `/admin/users/${alice.id}`, { token: admin.token, body: { role: 'tenant' } }) },
    'a ban': { by: () => world.must('POST', '/backend/ban-user/name/alice/now', { token: admin.token }),
      after: () => world.must('POST', '/backend/unban-user/name/alice/now', { token: admin.token }) },
    'a ban from the command line': { by: () => world.run('-c', world.config, 'user', 'ban', 'alice'),
      after: () => world.run('-c', world.config, 'user', 'unban', 'alice') },
  };
  for (const [name, { by, after, others_live }] of Object.entries(ends)) {
    const session = await open_session(world, alice);
    const other = await open_session(world, alice);
    await by(session, other);
    const began = performance.now();
    const took = await session.gone(began);
    if (!others_live) await other.gone(began);
    else assert.ok(await other.lives(), `${name}: the other session goes on`);
    assert.ok(await bob.lives(), `${name}: another user's session goes on`);
    t.diagnostic(`${name}: refused and closed ${took.toFixed(0)} ms after it was done`);
    await after?.();
  }
});

test('an ended session stays ended and a living one lives after kill -9', async (t) => {
  const world = await World.create();
  t.after(() => world.close());
  const alice = await world.add_user('alice');
  const ended = await log_in(world, alice);
  const living = await log_in(world, alice);
  await world.must('POST', '/client/logout', { token: ended });
  await world.kill_engine('SIGKILL');
  await world.start_engine();
  assert.equal(await status_of(world, ended), 401);
  assert.equal(await status_of(world, living), 200);
});

test('the eleventh login ends the first session', async (t) => {
  const world = await World.create();
  t.after(() => world.close());
  const alice = await world.add_user('alice');
  const first = await open_session(world, alice);
  const tokens = [];
  for (let i = 0; i < 10; ++i) tokens.push(await log_in(world, alice));
  await first.gone(performance.now());
  for (const token of tokens) assert.equal(await status_of(world, token), 200);
  assert.equal((await world.must('GET', '/api/sessions', { token: tokens[0] })).items.length, 10);
});

const problem_of = (answer) => answer.json.type.replace('urn:engine:problem:', '');

test('the first administrator comes by a secret that is good once', async (t) => {
  const world = await World.create();
  t.after(() => world.close());
  const body = { username: 'chief', password: 'a fine long password' };
  const guess = await world.call('POST', '/client/bootstrap', { body: { ...body, secret: 'guess' } });
  assert.equal(problem_of(guess), 'bootstrap-refused');
  const secret = world.run('-c', world.config, 'user', 'bootstrap').trim();
  const chief = await world.must('POST', '/client/bootstrap', { body: { ...body, secret } });
  assert.equal(chief.role, 'admin');
  const again = await world.call('POST', '/client/bootstrap', { body: { ...body, username: 'second', secret } });
  assert.equal(problem_of(again), 'bootstrap-refused');
  const another = world.try_run(['-c', world.config, 'user', 'bootstrap']);
  assert.notEqual(another.status, 0);
  assert.match(another.stderr, /there is an administrator already/);
  assert.equal(await status_of(world, await log_in(world, body)), 200);
  assert.ok(!world.log_text('engine').includes(secret));
});

test('who may register follows the configuration, also while it runs', async (t) => {
  const world = await World.create();
  t.after(() => world.close());
  const admin = await world.add_user('root', { admin: true });
  const carol = { username: 'carol', password: 'a fine long password' };
  const register = (body) => world.call('POST', '/client/register', { body });
  assert.equal(problem_of(await register(carol)), 'registration-closed');

  const set_mode = async (mode) => {
    world.write_config({ extra: `auth: {registration: ${mode}}` });
    world.engine.kill('SIGHUP');
    await until(`registration ${mode}`, () => world.log_text('engine').includes(`"after":"${mode}"`) || world.log_text('engine').includes(`after=${mode}`));
  };
  await set_mode('invite');
  const refused = await until('invite in force', async () => { const r = await register(carol); return problem_of(r) === 'invitation-refused' && r; });
  assert.equal(refused.status, 403);
  const { code } = await world.must('POST', '/admin/invitations', { token: admin.token, body: { note: 'for carol' } });
  assert.equal((await register({ ...carol, invitation: code })).status, 202);
  assert.equal(problem_of(await register({ username: 'dave', password: carol.password, invitation: code })), 'invitation-refused');
  assert.equal(await status_of(world, await log_in(world, carol)), 200);
  assert.equal(world.sql(`SELECT count(*) FROM user_invitations WHERE code_hash = '${code}'`), '0');

  await set_mode('open');
  const fresh = await until('open in force', async () => { const r = await register({ ...carol, username: 'erin' }); return r.status === 202 && r; });
  const taken = await register({ ...carol, username: 'root' });
  assert.equal(taken.status, 202);
  assert.equal(taken.text, fresh.text);
});

/** RFC 6238 of a base32 key. */
function totp(key, steps = 0) {
  const bits = [...key].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const bytes = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', bytes).update(counter).digest();
  return String((mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('with a second factor a login needs a code that is good once, and the key is stored sealed', async (t) => {
  const world = await World.create();
  t.after(() => world.close());
  const root = await world.add_user('root', { admin: true });
  const try_login = (code) => world.call('POST', '/client/login', { body: { username: root.username, password: root.password, code } });
  const { key, uri } = await world.must('POST', '/api/user/second-factor', { token: root.token });
  assert.ok(uri.startsWith(`otpauth://totp/Drover:root?secret=${key}&`));
  const done = await world.must('POST', '/api/user/second-factor/confirm', { token: root.token, body: { code: totp(key) } });
  assert.equal(await status_of(world, root.token), 401, 'a session from before ends');
  assert.equal(await status_of(world, done.token), 200);
  assert.equal(problem_of(await try_login()), 'second-factor-required');
  const code = totp(key, 1);
  assert.equal((await try_login(code)).status, 200);
  assert.equal(problem_of(await try_login(code)), 'wrong-code');
  assert.equal((await try_login(done.recovery_codes[0])).status, 200);
  assert.equal(problem_of(await try_login(done.recovery_codes[0])), 'wrong-code');

  await world.kill_engine('SIGKILL');
  await world.start_engine();
  assert.equal(problem_of(await try_login(done.recovery_codes[0])), 'wrong-code', 'used before the restart');
  assert.equal((await try_login(done.recovery_codes[1])).status, 200, 'the sealed key opens after it');
  const stored = world.sql('SELECT sealed_key FROM user_second_factors') + world.sql("SELECT string_agg(code_hash, ' ') FROM user_recovery_codes");
  for (const secret of [key, ...done.recovery_codes]) assert.ok(!stored.includes(secret));

  assert.equal(world.try_run(['-c', world.config, 'user', 'reset-second-factor', 'root']).status, 0);
  assert.equal((await try_login()).status, 200);
});

test('what a stolen token must not do asks for the password', async (t) => {
  const world = await World.create({ config: { extra: 'auth: {confirm_after: 1s}' } });
  t.after(() => world.close());
  const root = await world.add_user('root', { admin: true });
  const lockdown = (token) => world.call('POST', '/admin/lockdown', { token, body: { reason: 'drill' } });
  const refused = await until('the password is old', async () => {
    const answer = await world.call('POST', '/admin/invitations', { token: root.token, body: {} });
    return answer.status === 401 && answer;
  });
  assert.equal(problem_of(refused), 'step-up-required');
  assert.match(refused.headers.get('www-authenticate'), /insufficient_user_authentication/);
  assert.equal(problem_of(await lockdown(root.token)), 'step-up-required');
  const socket = await Socket.open(world, '/ws/dashboard', { token: root.token });
  const { token } = await world.must('POST', '/api/sessions/confirm', { token: root.token, body: { password: root.password } });
  assert.equal(await status_of(world, root.token), 401, 'the old session was replaced');
  await until('its socket is closed', () => socket.close_code === closed_because_unauthorised, limit_ms);
  assert.equal((await lockdown(token)).status, 200);
});

test('an API token works on REST and sockets until it is revoked, also after kill -9', async (t) => {
  const world = await World.create();
  t.after(() => world.close());
  const alice = await world.add_user('alice');
  const bound = { name: 'bot', scope: 'read', addresses: ['127.0.0.0/8'] };
  const made = await world.must('POST', '/api/tokens', { token: alice.token, body: bound });
  await world.must('POST', '/api/tokens', { token: alice.token, body: { ...bound, addresses: ['203.0.113.1'] } }).then(async (elsewhere) =>
    assert.equal(await status_of(world, elsewhere.token), 401));
  assert.equal(await status_of(world, made.token), 200);
  assert.equal((await world.call('DELETE', '/api/sessions', { token: made.token })).status, 403);
  assert.equal(world.sql(`SELECT count(*) FROM user_api_tokens WHERE hash LIKE '%' || substr('${made.token}', 10, 20) || '%'`), '0');
  await world.kill_engine('SIGKILL');
  await world.start_engine();
  assert.equal(await status_of(world, made.token), 200);
  const socket = await Socket.open(world, '/ws/earnings', { headers: { 'user-agent': 'bot', authorization: `Bearer ${made.token}` } });
  await socket.next('auth_success');
  const token = await log_in(world, alice);
  await world.must('DELETE', `/api/tokens/${made.id}`, { token });
  assert.equal(await status_of(world, made.token), 401);
  await until('the socket is closed', () => socket.close_code === closed_because_unauthorised, limit_ms);
  assert.ok(!world.log_text('engine').includes(made.token));
});

test('a refresh token goes on over kill -9, is good once however many try, and one used again ends its session', async (t) => {
  const world = await World.create();
  t.after(() => world.close());
  const alice = await world.add_user('alice');
  const body = { username: 'alice', password: alice.password, refresh: true };
  const first = await world.must('POST', '/api/auth/login', { body });
  assert.equal(first.expires_in, 900);
  const refresh = (refresh_token) => world.call('POST', '/api/auth/refresh', { body: { refresh_token } });
  const socket = await Socket.open(world, '/ws/dashboard', { token: first.token });
  const second = (await refresh(first.refresh_token)).json;
  assert.equal(await status_of(world, second.token), 200);
  socket.send({ type: 'auth', payload: { token: second.token } });
  await socket.next('auth_success');
  await world.kill_engine('SIGKILL');
  await world.start_engine();
  assert.equal(await status_of(world, second.token), 200);
  assert.equal(await status_of(world, first.token), 200, 'calls under way have a minute');
  assert.equal(world.sql(`SELECT count(*) FROM user_sessions WHERE ROW(user_sessions.*)::text LIKE '%${second.refresh_token.split('_')[3].slice(0, 40)}%'`), '0');

  const listening = await Socket.open(world, '/ws/dashboard', { token: second.token });
  const racers = await Promise.all(Array.from({ length: 8 }, () => refresh(second.refresh_token)));
  assert.equal(racers.filter((answer) => answer.status === 200).length, 1);
  const began = performance.now();
  await until('REST refuses', async () => (await status_of(world, second.token)) === 401, limit_ms);
  await until('the socket is closed', () => listening.close_code === closed_because_unauthorised, limit_ms);
  t.diagnostic(`refused and closed ${(performance.now() - began).toFixed(0)} ms after a refresh token was used twice`);
  assert.equal(problem_of(await refresh(racers.find((answer) => answer.status === 200).json.refresh_token)), 'refresh-token-refused');
  assert.equal(world.sql("SELECT count(*) FROM audit_events WHERE action = 'user.refresh_token_reused'"), '1');
  assert.ok(!world.log_text('engine').includes(second.refresh_token));
});

test('a public key is registered by its holder, outlives kill -9, and revoked is nobody\'s ever again', async (t) => {
  const world = await World.create();
  t.after(() => world.close());
  const alice = await world.add_user('alice');
  const bob = await world.add_user('bob');
  const pair = generateKeyPairSync('ed25519');
  const public_key = pair.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('hex');
  const register = async (user) => {
    const { session_id } = await world.must('GET', '/api/auth', { token: user.token });
    const signature = sign(null, `drover-key-registration-v1\n${user.id}\n${session_id}\n${public_key}`, pair.privateKey).toString('hex');
    return world.call('POST', '/api/keys', { token: user.token, body: { public_key, signature, name: 'laptop' } });
  };
  const made = await register(alice);
  assert.equal(made.status, 201, made.text);
  assert.equal(problem_of(await register(bob)), 'key-taken');
  await world.kill_engine('SIGKILL');
  await world.start_engine();
  assert.equal((await world.must('GET', '/api/user', { token: alice.token })).public_key, public_key);
  await world.must('DELETE', `/api/keys/${made.json.id}`, { token: alice.token });
  assert.equal((await world.must('GET', '/api/user', { token: alice.token })).public_key, null);
  assert.equal(problem_of(await register(bob)), 'key-taken');
  assert.equal(world.sql("SELECT string_agg(action, ' ' ORDER BY id) FROM audit_events WHERE action LIKE '%public_key'"), 'user.register_public_key user.revoke_public_key');
});

test('tokens of an older system count where they are accepted, until the sessions are ended', async (t) => {
  const world = await World.create();
  t.after(() => world.close());
  const alice = await world.add_user('alice');
  const key = 'the older system\'s key';
  const make = (id) => {
    const head = `${id}:${Math.floor(Date.now() / 1000)}`;
    return Buffer.from(`${head}:${createHmac('sha256', key).update(head).digest('hex')}`).toString('base64');
  };
  assert.equal(await status_of(world, make(alice.id)), 401);
  const file = join(world.folder, 'legacy_key');
  writeFileSync(file, key, { mode: 0o600 });
  world.write_config({ extra: `auth: {legacy_tokens: true, legacy_token_key_file: ${file}}` });
  await world.kill_engine('SIGTERM');
  await world.start_engine();
  const old = make(alice.id);
  assert.equal(await status_of(world, old), 200);
  assert.equal(await status_of(world, make(alice.id + 100)), 401);
  assert.equal((await world.must('GET', '/api/auth', { token: old })).kind, 'plain');
  const refused = await world.call('POST', '/api/tokens', { token: old, body: { name: 'x', scope: 'read' } });
  assert.equal(problem_of(refused), 'session-needed');
  await world.must('DELETE', '/api/sessions', { token: alice.token });
  assert.equal(await status_of(world, make(alice.id)), 401);
});

test('signing keys rotate under load without a refusal, and a key that is taken out is refused at once', async (t) => {
  const world = await World.create();
  t.after(() => world.close());
  const file = join(world.folder, 'token_keys');
  const old_line = readFileSync(file, 'utf8').trim();
  const reloads = () => world.log_text('engine').split('\n').filter((line) => line.includes('token keys are read anew'));
  const reload = async (lines, signs) => {
    const before = reloads().length;
    writeFileSync(file, lines.join('\n') + '\n');
    world.engine.kill('SIGHUP');
    await until(`${signs} signs`, () => reloads().length > before && reloads().at(-1).includes(signs));
  };
  const alice = await world.add_user('alice');
  const jwt = (await world.must('POST', '/client/login', { body: { username: 'alice', password: alice.password, token_format: 'jwt' } })).token;
  assert.equal(JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url')).sub, String(alice.id));
  const socket = await Socket.open(world, '/ws/dashboard', { token: jwt });

  const least_asked = 50;
  let asked = 0;
  let running = true;
  const load = Array.from({ length: 4 }, async () => {
    for (; running; ++asked) assert.equal(await status_of(world, asked % 2 ? jwt : alice.token), 200);
  });
  const fresh_line = `k2 ${randomBytes(32).toString('hex')}`;
  let rotations = 1;
  for (let round = 0; round < 3 || asked < least_asked; ++round, rotations += 2) {
    await reload([fresh_line, old_line], 'k2');
    await reload([old_line, fresh_line], old_line.split(' ')[0]);
  }
  await reload([fresh_line, old_line], 'k2');
  running = false;
  await Promise.all(load);
  assert.equal(socket.close_code, undefined);
  const next = await log_in(world, alice);

  await reload([fresh_line], 'k2');
  for (const token of [jwt, alice.token]) assert.equal(await status_of(world, token), 401);
  await until('the socket is closed', () => socket.close_code === closed_because_unauthorised, 2 * limit_ms);
  assert.equal(await status_of(world, next), 200);
  writeFileSync(file, 'nonsense\n');
  world.engine.kill('SIGHUP');
  await until('the broken file is refused', () => world.log_text('engine').includes('the token keys stay as they were'));
  assert.equal(await status_of(world, next), 200);
  t.diagnostic(`${asked} requests while the keys rotated ${rotations} times, none refused`);
});
