import { afterEach, beforeEach, expect, it, vi } from 'vitest';

import { call, confirm_password, get_settled_token, get_token, set_token, when_password_needed, when_unauthorised } from '../src/lib/api';

const problem = (status: number, code: string) =>
  new Response(JSON.stringify({ type: `urn:engine:problem:${code}`, title: code, detail: '' }), { status });
const fine = (body: unknown) => new Response(JSON.stringify(body), { status: 200 });
const token_of = (init?: RequestInit) => (init?.headers as Record<string, string>).authorization;

const unauthorised = vi.fn();

/** An engine that wants the password for /act until it was entered, and by then knows only the new token. */
function stub_engine() {
  let valid = 'Bearer old';
  vi.stubGlobal('fetch', vi.fn(async (path: string, init?: RequestInit) => {
    if (token_of(init) !== valid) return problem(401, 'invalid-token');
    if (path === '/api/sessions/confirm') {
      if (!String(init?.body).includes('right')) return problem(403, 'wrong-password');
      valid = 'Bearer new';
      return fine({ token: 'new' });
    }
    if (path === '/act' && valid === 'Bearer old') return problem(401, 'step-up-required');
    return fine({ done: true });
  }));
}

beforeEach(() => {
  set_token('old');
  when_unauthorised(unauthorised);
  unauthorised.mockClear();
  stub_engine();
});
afterEach(() => vi.unstubAllGlobals());

it('asks for the password, once, and repeats the call with the new token', async () => {
  const prompt = vi.fn(() => confirm_password('right', '').then(() => true));
  when_password_needed(prompt);
  expect(await call('POST', '/act', {})).toEqual({ done: true });
  expect(prompt).toHaveBeenCalledOnce();
  expect(get_token()).toBe('new');
  expect(unauthorised).not.toHaveBeenCalled();
});

it('gives the refusal back when nobody enters the password', async () => {
  when_password_needed(() => Promise.resolve(false));
  await expect(call('POST', '/act', {})).rejects.toMatchObject({ problem: { status: 401 } });
  expect(get_token()).toBe('old');
  expect(unauthorised).not.toHaveBeenCalled();
});

it('a wrong password leaves the session as it was', async () => {
  await expect(confirm_password('wrong', '')).rejects.toMatchObject({ problem: { status: 403 } });
  expect(get_token()).toBe('old');
});

it('a call that the replaced token was refused for is repeated with the new one', async () => {
  const confirming = confirm_password('right', '');
  const polled = call('GET', '/poll');
  await confirming;
  expect(await polled).toEqual({ done: true });
  expect(await get_settled_token()).toBe('new');
  expect(unauthorised).not.toHaveBeenCalled();
});

it('a session that is over is over', async () => {
  set_token('expired');
  await expect(call('GET', '/poll')).rejects.toMatchObject({ problem: { status: 401 } });
  await expect(confirm_password('right', '')).rejects.toMatchObject({ problem: { status: 401 } });
  expect(unauthorised).toHaveBeenCalledTimes(2);
});
