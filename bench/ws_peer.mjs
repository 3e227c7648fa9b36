// The peer of ws_idle_bytes: npm `ws` with the same exchange of messages. Prints its port.
import { createRequire } from 'node:module';

const { WebSocketServer } = createRequire(new URL('../tests/system/package.json', import.meta.url))('ws');
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('listening', () => console.log(server.address().port));
server.on('connection', (socket) => {
  socket.send(JSON.stringify({ type: 'welcome', payload: { auth_required: true } }));
  socket.on('message', () => socket.send(JSON.stringify({ type: 'auth_success', payload: { user_id: 1 } })));
});
process.on('SIGUSR2', () => global.gc?.());
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
