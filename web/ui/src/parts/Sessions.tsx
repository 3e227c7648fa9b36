import { Badge, Button, Group, Skeleton, Table, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { call } from '../lib/api';
import { format_utc } from '../lib/format';
import { notify } from '../lib/notify';
import { useSession } from '../lib/session';
import type { LoginSession } from '../lib/types';
import { ProblemAlert } from './ProblemAlert';

export function Sessions() {
  const { t } = useTranslation();
  const { drop } = useSession();
  const queries = useQueryClient();
  const sessions = useQuery({ queryKey: ['sessions'], queryFn: () => call<{ items: LoginSession[] }>('GET', '/api/sessions') });
  const end = useMutation({
    mutationFn: (id: string) => call('DELETE', `/api/sessions/${id}`),
    onSuccess: () => notify(t('security.ended')),
    onSettled: () => queries.invalidateQueries({ queryKey: ['sessions'] }),
  });
  const end_all = useMutation({ mutationFn: () => call('DELETE', '/api/sessions'), onSuccess: drop });
  return (
    <section>
      <Group justify="space-between">
        <Title order={2} size="h3">{t('security.sessions')}</Title>
        <Button size="xs" color="red.9" variant="outline" loading={end_all.isPending} onClick={() => end_all.mutate()}>{t('security.end_all')}</Button>
      </Group>
      {sessions.isError && <ProblemAlert error={sessions.error} retry={() => void sessions.refetch()} />}
      {end.isError && <ProblemAlert error={end.error} />}
      {sessions.isPending && <Skeleton h={80} />}
      {sessions.data !== undefined && (
        <Table.ScrollContainer minWidth={560} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('security.since')}</Table.Th>
                <Table.Th>{t('security.until')}</Table.Th>
                <Table.Th>{t('security.address')}</Table.Th>
                <Table.Th>{t('security.client')}</Table.Th>
                <Table.Th>{t('accounts.actions')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {sessions.data.items.map((session) => (
                <Table.Tr key={session.id}>
                  <Table.Td>{format_utc(session.created_at)}</Table.Td>
                  <Table.Td>{format_utc(session.expires_at)}</Table.Td>
                  <Table.Td>{session.address}</Table.Td>
                  <Table.Td><Text size="sm" lineClamp={2}>{session.client}</Text></Table.Td>
                  <Table.Td>
                    {session.current
                      ? <Badge color="teal.9" radius="sm">{t('security.this_one')}</Badge>
                      : <Button size="xs" variant="default" aria-label={t('security.end_session', { address: session.address })} onClick={() => end.mutate(session.id)}>{t('security.end')}</Button>}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </section>
  );
}
