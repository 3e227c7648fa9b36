import type { Problem } from './types';

/** A refusal by the engine, with everything a person needs to act on or report it. */
export class ApiProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail || problem.title);
  }
}

const unreachable: Problem = {
  title: 'The engine cannot be reached',
  detail: 'Check that it runs and that you are online; nothing was changed.',
  status: 0,
  request_id: '',
  errors: [],
};

type Listener = () => void;
let token = sessionStorage.getItem('token');
let on_unauthorised: Listener = () => {};

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

async function to_problem(answer: Response): Promise<Problem> {
  try {
    const body = (await answer.json()) as Partial<Problem>;
    return {
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

/** One call of the API; every POST carries an idempotency key. Throws ApiProblem. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
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
    if (answer.status === 401 && token !== null) on_unauthorised();
    throw new ApiProblem(await to_problem(answer));
  }
  const text = await answer.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
