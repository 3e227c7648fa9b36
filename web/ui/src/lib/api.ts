import type { LoginAnswer, Problem } from './types';

/** A refusal by the engine, with everything a person needs to act on or report it. */
export class ApiProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

const unreachable: Problem = {
  type: '',
  title: 'The engine cannot be reached',
  detail: 'Check that it runs and that you are online; nothing was changed.',
  status: 0,
  request_id: '',
  errors: [],
};

const problem_prefix = 'urn:engine:problem:';
/** Whether the engine refused with this code of docs/API.md. */
export function is_problem(error: unknown, code: string) {
  return error instanceof ApiProblem && error.problem.type === problem_prefix + code;
}

type Listener = () => void;
/** Answers whether the password was entered and a new token set. */
type PasswordPrompt = () => Promise<boolean>;
let token = sessionStorage.getItem('token');
let on_unauthorised: Listener = () => {};
let ask_for_password: PasswordPrompt = () => Promise.resolve(false);
/** While the session is being replaced: what is refused meanwhile is refused for the old token's sake. */
let replacing: Promise<unknown> | null = null;

export function set_token(value: string | null) {
  token = value;
  if (value === null) sessionStorage.removeItem('token');
  else sessionStorage.setItem('token', value);
}
export function get_token() {
  return token;
}
export function when_unauthorised(listener: Listener) {
  on_unauthorised = listener;
}
export function when_password_needed(prompt: PasswordPrompt) {
  ask_for_password = prompt;
}
/** The token that counts once a replacement under way has come to its end. */
export async function get_settled_token() {
  await replacing?.catch(() => undefined);
  return token;
}

/** A call whose answer is a new session in the place of this one. Throws ApiProblem. */
export async function replace_session<T extends LoginAnswer>(path: string, body: Record<string, string>): Promise<T> {
  // Not to be repeated: its own refusal must not wait for itself.
  const answer = call<T>('POST', path, body, true);
  replacing = answer.then((login) => set_token(login.token));
  try {
    await replacing;
  } finally {
    replacing = null;
  }
  return answer;
}

/** `code` only where one was typed. */
export const with_code = (body: Record<string, string>, code: string) => (code === '' ? body : { ...body, code });

/** Enters the password again. Throws ApiProblem. */
export const confirm_password = (password: string, code: string) =>
  replace_session('/api/sessions/confirm', with_code({ password }, code));

async function to_problem(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as Partial<Problem>;
    return {
      type: body.type ?? '',
      title: body.title ?? `HTTP ${answer.status}`,
      detail: body.detail ?? '',
      status: answer.status,
      request_id: body.request_id ?? '',
      errors: body.errors ?? [],
    };
  } catch {
    return { ...unreachable, title: `HTTP ${answer.status}`, status: answer.status };
  }
}

/**
 * One call of the API; every POST carries an idempotency key. Where the engine wants the password again, it is asked for and the
 * call repeated, once. Throws ApiProblem.
 */
export async function call<T>(method: string, path: string, body?: unknown, is_repeated = false): Promise<T> {
  const used = token;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  if (method === 'POST') headers['idempotency-key'] = crypto.randomUUID?.() ?? String(Math.random());
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new ApiProblem(unreachable);
  }
  if (!answer.ok) {
    const refused = new ApiProblem(await to_problem(answer));
    if (answer.status !== 401 || used === null) throw refused;
    if (is_problem(refused, 'step-up-required')) {
      if (is_repeated || !(await ask_for_password())) throw refused;
      return call<T>(method, path, body, true);
    }
    const settled = is_repeated ? used : await get_settled_token();
    if (settled !== null && settled !== used) return call<T>(method, path, body, true);
    on_unauthorised();
    throw refused;
  }
  const text = await answer.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
