// Opens COUNT WebSockets over raw sockets, authenticates each and holds them: light enough to be the client of 10,000.
//   node bench/ws_idle.mjs HOST PORT PATH COUNT [TOKEN]      prints "ready", ends when its standard input ends
import { createConnection } from 'node:net';
import { randomBytes } from 'node:crypto';

const [host, port, path, count_text, token] = process.argv.slice(2);
const count = Number(count_text);
const at_once = 100;

function masked(text) {
  const body = Buffer.from(text);
  const mask = randomBytes(4);
  const head = body.length < 126 ? Buffer.from([0x81, 0x80 | body.length]) : Buffer.from([0x81, 0x80 | 126, body.length >> 8, body.length & 255]);
  const payload = Buffer.from(body.map((byte, i) => byte ^ mask[i & 3]));
  return Buffer.concat([head, mask, payload]);
}

function open() {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port: Number(port), noDelay: true });
    let seen = '';
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
    socket.on('connect', () => socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${host}:${port}\r\nUser-Agent: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`));
    socket.on('data', (bytes) => {
      const before = seen;
      seen = (seen + bytes.toString('latin1')).slice(-4096);
      if (!before.includes('\r\n\r\n') && seen.includes('\r\n\r\n')) {
        if (!token) resolve(socket);
        else socket.write(masked(JSON.stringify({ type: 'auth', payload: { token } })));
      }
      if (token && seen.includes('auth_success')) resolve(socket);
    });
  });
}

const sockets = [];
for (let done = 0; done < count; done += at_once)
  sockets.push(...await Promise.all(Array.from({ length: Math.min(at_once, count - done) }, open)));
for (const socket of sockets) socket.removeAllListeners('close');
console.log('ready');
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
