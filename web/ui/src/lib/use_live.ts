import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { LiveConnection, type LiveMessage, type LiveState } from './live';
import { useSession } from './session';
import type { EarningsUpdate } from './types';

type UpdateListener = (update: EarningsUpdate) => void;
const listeners = new Set<UpdateListener>();

/** Calls `listener` for every earning as it happens. */
export function useEarningsUpdates(listener: UpdateListener) {
  useEffect(() => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, [listener]);
}

/** Keeps the page's one socket while somebody is logged in; answers its state. */
export function useLive(): LiveState {
  const { user, drop } = useSession();
  const [state, set_state] = useState<LiveState>('connecting');
  const queries = useQueryClient();

  useEffect(() => {
    if (user === null) return;
    const on_message = (message: LiveMessage) => {
      if (message.type === 'earnings_update') {
        const update = message.payload as unknown as EarningsUpdate;
        for (const listener of listeners) listener(update);
      } else if (message.type === 'bot_update') {
        void queries.invalidateQueries({ queryKey: ['accounts'] });
      }
    };
    const connection = new LiveConnection(on_message, set_state, drop);
    connection.start();
    return () => connection.stop();
  }, [user, drop, queries]);

  return state;
}
