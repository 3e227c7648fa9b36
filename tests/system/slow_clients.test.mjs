// Clients that never finish what they began (headers, bodies, reading): each kind is told or cut within its budget, and who
// behaves is served meanwhile. Loopback gives every one an address of its own.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';

import { pause, until, World } from './harness.mjs';

/// Of each kind.
const clients = 250;
const drip_ms = 400;
/// The longest budget of the server is ten seconds; a loaded machine may come late.
const patience_ms = 30_000;

let world;
let token;

before(async () => {
  world = await World.create();
  token = (await world.add_user('alice')).token;
});
after(() => world?.close());

const kinds = {
  'a header without an end': {
    begin: 'GET /healthz HTTP/1.1\r\nHost: drover\r\n',
    drip: (n) => `X-${n}: a\r\n`,
    answer: /^HTTP\/1\.1 408 /,
  },
  'a body that does not come': {
    begin: 'POST /client/login HTTP/1.1\r\nHost: drover\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n{',
    drip: () => ' ',
    answer: /^HTTP\/1\.1 408 /,
  },
  'a chunked body without an end': {
    begin: 'POST /client/login HTTP/1.1\r\nHost: drover\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n',
    drip: () => '1\r\n \r\n',
    answer: /^HTTP\/1\.1 408 /,
  },
  'nothing at all': { begin: '', drip: () => '', answer: /^$/ },
};

function open_slow(kind, number) {
  const { port } = new URL(world.http);
  const client = { heard: '', closed: false };
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: `127.1.${number >> 8}.${(number & 255) || 255}` });
  socket.on('connect', () => kind.begin && socket.write(kind.begin));
  socket.on('data', (data) => { client.heard += data; });
  for (const event of ['close', 'error']) socket.on(event, () => { client.closed = true; });
  let sent = 0;
  const timer = setInterval(() => {
    if (client.closed) return clearInterval(timer);
    const more = kind.drip(sent++);
    return more && socket.writable && socket.write(more);
  }, drip_ms);
  client.end = () => { clearInterval(timer); socket.destroy(); };
  return client;
}

for (const [name, kind] of Object.entries(kinds)) {
  test(`${clients} clients with ${name} are cut, and the others served`, async (t) => {
    const began = performance.now();
    const slow = Array.from({ length: clients }, (_, i) => open_slow(kind, i + 1));
    t.after(() => slow.forEach((client) => client.end()));
    const took_ms = [];
    const all_gone = until('all slow clients gone', () => slow.every((client) => client.closed), patience_ms);
    let gone = false;
    all_gone.then(() => { gone = true; }, () => { gone = true; });
    while (!gone) {
      const asked = performance.now();
      const answer = await world.call('GET', '/user/exchanges/', { token });
      took_ms.push(performance.now() - asked);
      assert.equal(answer.status, 200, answer.text);
      await pause(20);
    }
    await all_gone;
    for (const client of slow) assert.match(client.heard, kind.answer);
    took_ms.sort((a, b) => a - b);
    t.diagnostic(`all cut after ${Math.round(performance.now() - began)} ms; ${took_ms.length} requests meanwhile, p99 ${took_ms[Math.ceil(took_ms.length * 0.99) - 1].toFixed(1)} ms`);
    assert.ok(took_ms.length >= 20, `${took_ms.length} requests`);
  });
}

test('one address gets so many connections and no more, and others are not touched', async (t) => {
  const { port } = new URL(world.http);
  const open = [];
  t.after(() => open.forEach((client) => client.end()));
  const silent = { begin: '', drip: () => '', answer: /^$/ };
  for (let i = 0; i < 64; ++i) open.push(open_slow(silent, 600));
  const refused = await new Promise((resolve) => {
    let heard = '';
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: '127.1.2.88' });
    socket.on('data', (data) => { heard += data; });
    socket.on('close', () => resolve(heard));
    socket.on('error', () => {});
  });
  assert.match(refused, /^HTTP\/1\.1 503 [^]*too many connections/i);
  assert.equal((await world.call('GET', '/user/exchanges/', { token })).status, 200);
});
