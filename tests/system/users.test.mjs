// Users and their sessions on the real process: what ends a session is in force on REST and on open sockets within a second, and
// after kill -9.
import assert from 'node:assert/strict';
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
