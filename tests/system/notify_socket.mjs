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

/** TimeoutStartSec= of the service manager that this stands for. */
const start_limit_ms = 10_000;

export class NotifySocket {
  static async open(folder) {
    const socket = new NotifySocket();
    socket.path = join(folder, 'notify');
    socket.messages = [];
    socket.clear();
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
  /** Before a start. */
  clear() {
    this.messages.length = 0;
    this.cleared_ms = Date.now();
  }
  async until(text, limit_ms) { return until(text, () => this.last(text), limit_ms); }
  /**
   * Resolves when a service manager would kill: before READY=1 when `start_limit_ms` is over since clear() and so is what the start
   * asked for last, after it when nobody has said WATCHDOG=1 for `watchdog_ms`.
   */
  async until_silent(watchdog_ms, limit_ms) {
    return until('a silent process', () => {
      const ready = this.last('READY=1');
      const asked = this.last('EXTEND_TIMEOUT_USEC=');
      if (ready) return Date.now() - Math.max(ready.at, this.last('WATCHDOG=1')?.at ?? 0) >= watchdog_ms;
      const more_ms = asked ? asked.at - this.cleared_ms + Number(asked.text.split(/[= ]/)[1]) / 1000 : 0;
      return Date.now() - this.cleared_ms >= Math.max(start_limit_ms, more_ms);
    }, limit_ms);
  }
  close() { this.child.kill(); }
}
