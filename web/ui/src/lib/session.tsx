import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from 'react';

import { call, get_token, set_token, when_unauthorised, with_code } from './api';
import type { LoginAnswer, SessionUser } from './types';

interface Session {
  user: SessionUser | null;
  ready: boolean;
  login: (username: string, password: string, code: string) => Promise<void>;
  logout: () => Promise<void>;
  drop: () => void;
}

const SessionContext = createContext<Session | null>(null);

export function SessionProvider({ children }: { children: ReactNode }) {
  const [user, set_user] = useState<SessionUser | null>(null);
  const [ready, set_ready] = useState(get_token() === null);

  const drop = useCallback(() => {
    set_token(null);
    set_user(null);
  }, []);

  useEffect(() => {
    when_unauthorised(drop);
    if (get_token() === null) return;
    call<SessionUser>('GET', '/api/user')
      .then(set_user, drop)
      .finally(() => set_ready(true));
  }, [drop]);

  const login = useCallback(async (username: string, password: string, code: string) => {
    const answer = await call<LoginAnswer>('POST', '/client/login', with_code({ username, password }, code));
    set_token(answer.token);
    set_user(answer.user);
  }, []);

  const logout = useCallback(async () => {
    await call('POST', '/client/logout').catch(() => undefined);
    drop();
  }, [drop]);

  const value = useMemo(() => ({ user, ready, login, logout, drop }), [user, ready, login, logout, drop]);
  return <SessionContext.Provider value={value}>{children}</SessionContext.Provider>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('useSession needs a SessionProvider');
  return session;
}
