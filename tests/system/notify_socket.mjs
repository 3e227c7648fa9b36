// A NOTIFY_SOCKET as a service manager offers it. Node has no datagram sockets of the file system, so perl holds it.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { until } from './harness.mjs';

const receiver = `
use Socket; $| = 1;
socket(my $s, PF_UNIX, SOCK_DGRAM, 0) or die $!;
bind($s, sockaddr_un($ARGV[0])) or die $!;
while (defined(recv($s, my $text, 65536, 0))) { $text =~ s/\\n/ /g; print "$text\\n"; }
`;

export class NotifySocket {
  static async open(folder) {
    const socket = new NotifySocket();
    socket.path = join(folder, 'notify');
    socket.messages = [];
    socket.child = spawn('perl', ['-e', receiver, socket.path], { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: socket.child.stdout }).on('line', (text) => socket.messages.push({ text, at: Date.now() }));
    await until('notify socket', () => existsSync(socket.path));
    return socket;
  }
  /** What a service manager puts into the environment; `watchdog_ms`: 0 = no watchdog. */
  environment(watchdog_ms = 0) {
    return { NOTIFY_SOCKET: this.path, ...(watchdog_ms > 0 ? { WATCHDOG_USEC: String(watchdog_ms * 1000) } : {}) };
  }
  all(text) { return this.messages.filter((m) => m.text.startsWith(text)); }
  last(text) { return this.all(text).at(-1); }
  clear() { this.messages.length = 0; }
  async until(text, limit_ms) { return until(text, () => this.last(text), limit_ms); }
  /** Resolves when nobody has said WATCHDOG=1 for so long: then a service manager kills. */
  async until_silent(watchdog_ms, limit_ms) {
    await this.until('WATCHDOG=1', limit_ms);
    return until('an unfed watchdog', () => Date.now() - this.last('WATCHDOG=1').at >= watchdog_ms, limit_ms);
  }
  close() { this.child.kill(); }
}
