import { Badge, Button, Card, Code, Group, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';

import { call } from '../lib/api';
import { format_ago, format_utc } from '../lib/format';
import { notify } from '../lib/notify';
import { useSession } from '../lib/session';
import type { Proposal } from '../lib/types';
import { ProblemAlert } from './ProblemAlert';

const refresh_interval_ms = 15_000;

function ProposalCard({ proposal, is_own }: { proposal: Proposal; is_own: boolean }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const settle = () => queries.invalidateQueries({ queryKey: ['proposals'] });
  const confirm = useMutation({
    mutationFn: () => call('POST', `/admin/proposals/${proposal.id}/confirm`, { digest: proposal.digest }),
    onSuccess: () => notify(t('proposals.confirmed')),
    onSettled: settle,
  });
  const withdraw = useMutation({
    mutationFn: () => call('DELETE', `/admin/proposals/${proposal.id}`),
    onSuccess: () => notify(t('proposals.withdrawn')),
    onSettled: settle,
  });
  const error = confirm.error ?? withdraw.error;
  return (
    <Card withBorder component="article" aria-label={t(`proposals.${proposal.kind}`)}>
      <Stack gap="xs">
        <Group justify="space-between">
          <Text fw={600}>{t(`proposals.${proposal.kind}`)}</Text>
          <Badge radius="sm" variant="outline" color="gray.8">{proposal.subject}</Badge>
        </Group>
        {proposal.reason !== '' && <Text size="sm">{proposal.reason}</Text>}
        <Code block>{Object.entries(proposal.content).map(([name, value]) => `${name}: ${String(value)}`).join('\n')}</Code>
        <Text size="xs" c="dimmed" title={format_utc(proposal.expires_at)}>
          {t('proposals.by', { user: proposal.proposed_by, ago: format_ago(proposal.created_at, Date.now()) })}
        </Text>
        {error !== null && <ProblemAlert error={error} />}
        <Group>
          {is_own ? <Text size="sm">{t('proposals.own')}</Text>
            : <Button size="xs" color="teal.9" loading={confirm.isPending} disabled={proposal.state !== 'open'} onClick={() => confirm.mutate()}>{t('proposals.confirm')}</Button>}
          <Button size="xs" color="red.9" variant="outline" loading={withdraw.isPending} disabled={proposal.state !== 'open'} onClick={() => withdraw.mutate()}>
            {t(is_own ? 'proposals.take_back' : 'proposals.refuse')}
          </Button>
        </Group>
      </Stack>
    </Card>
  );
}

/** What waits for another administrator; nothing when nothing does. */
export function Proposals() {
  const { t } = useTranslation();
  const { user } = useSession();
  const waiting = useQuery({
    queryKey: ['proposals'],
    queryFn: async () => (await call<{ items: Proposal[] }>('GET', '/admin/proposals')).items,
    refetchInterval: refresh_interval_ms,
  });
  if (waiting.isError) return <ProblemAlert error={waiting.error} retry={() => void waiting.refetch()} />;
  if (waiting.data === undefined || waiting.data.length === 0) return null;
  return (
    <>
      <Title order={2} size="h3" mt="xl" mb="md">{t('proposals.title')}</Title>
      <Stack>{waiting.data.map((p) => <ProposalCard key={p.id} proposal={p} is_own={p.proposed_by === user?.id} />)}</Stack>
    </>
  );
}
