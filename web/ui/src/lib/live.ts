import { get_settled_token, get_token } from './api';

export type LiveState = 'connecting' | 'live' | 'stale' | 'offline';
export interface LiveMessage {
  type: string;
  payload: Record<string, unknown>;
  seq?: number;
}

const backoff_floor_ms = 500;
const backoff_ceiling_ms = 15_000;
const stale_after_ms = 75_000;
const closed_by_policy = 4401;

/** Wait before reconnect number `attempt`, with full jitter; `random` is in [0, 1). */
export function reconnect_delay_ms(attempt: number, random: number) {
  const most = Math.min(backoff_ceiling_ms, backoff_floor_ms * 2 ** attempt);
  return backoff_floor_ms / 2 + random * most;
}

/** One WebSocket for the whole page: authenticates, resumes after a drop from the last sequence number, reconnects. */
export class LiveConnection {
  private socket: WebSocket | null = null;
  private attempt = 0;
  private last_seq = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stale_timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;
  private token: string | null = null;

  constructor(
    private readonly on_message: (message: LiveMessage) => void,
    private readonly on_state: (state: LiveState) => void,
    private readonly on_refused: () => void,
  ) {}

  start() {
    this.on_state('connecting');
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/ws/dashboard`);
    this.socket = socket;
    socket.onopen = () => {
      this.token = get_token();
      socket.send(JSON.stringify({ type: 'auth', payload: { token: this.token } }));
    };
    socket.onmessage = (event) => this.handle(JSON.parse(String(event.data)) as LiveMessage);
    socket.onclose = (event) => this.closed(event.code);
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.stale_timer);
    this.socket?.close();
  }

  private handle(message: LiveMessage) {
    clearTimeout(this.stale_timer);
    this.stale_timer = setTimeout(() => this.on_state('stale'), stale_after_ms);
    if (message.type === 'auth_success') {
      this.attempt = 0;
      this.on_state('live');
      if (this.last_seq > 0) this.socket?.send(JSON.stringify({ type: 'resume', payload: { seq: this.last_seq } }));
    }
    if (message.seq !== undefined && message.seq > this.last_seq) this.last_seq = message.seq;
    this.on_message(message);
  }

  /** The session ended; if only because a new one has taken its place, the page goes on with that. */
  private async refused() {
    const token = await get_settled_token();
    if (this.stopped) return;
    if (token !== null && token !== this.token) this.start();
    else this.on_refused();
  }

  private closed(code: number) {
    if (this.stopped) return;
    if (code === closed_by_policy) {
      void this.refused();
      return;
    }
    this.on_state('offline');
    this.timer = setTimeout(() => this.start(), reconnect_delay_ms(this.attempt++, Math.random()));
  }
}
