import { Button, Group, Modal, Skeleton, Stack, Table, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { call } from '../lib/api';
import { format_ago, format_utc } from '../lib/format';
import { notify } from '../lib/notify';
import { useSession } from '../lib/session';
import type { PendingAccount } from '../lib/types';
import { KeyProbe } from '../parts/KeyProbe';
import { ProblemAlert } from '../parts/ProblemAlert';
import { Proposals } from '../parts/Proposals';

interface Decision {
  account: PendingAccount;
  approve: boolean;
}

function DecisionModal({ decision, close }: { decision: Decision; close: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [text, set_text] = useState('');
  const { account, approve } = decision;
  const decide = useMutation({
    mutationFn: () => {
      const path = `/admin/exchanges/${account.id}/${approve ? 'approve' : 'reject'}`;
      const body = approve ? { notification_message: text, reviewed_version: account.credential_version } : { reason: text };
      return call('POST', path, body);
    },
    onSuccess: () => {
      notify(t(approve ? 'approvals.approved' : 'approvals.rejected'));
      close();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['pending'] }),
  });
  return (
    <Modal opened onClose={close} closeButtonProps={{ 'aria-label': t('close') }} title={t(approve ? 'approvals.approve_title' : 'approvals.reject_title', { label: account.label })}>
      <Stack>
        {approve && <Text size="sm">{t('approvals.approve_text')}</Text>}
        {decide.isError && <ProblemAlert error={decide.error} />}
        <TextInput data-autofocus label={t(approve ? 'approvals.message' : 'approvals.reason')} value={text} required={!approve}
          onChange={(event) => set_text(event.currentTarget.value)} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>{t('approvals.cancel')}</Button>
          <Button color={approve ? 'teal.9' : 'red.9'} loading={decide.isPending} disabled={!approve && text.trim() === ''}
            onClick={() => decide.mutate()}>{t(approve ? 'approvals.approve' : 'approvals.reject')}</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

export function Approvals() {
  const { t } = useTranslation();
  const { user } = useSession();
  const [decision, set_decision] = useState<Decision | null>(null);
  const pending = useQuery({
    queryKey: ['pending'],
    queryFn: () => call<PendingAccount[]>('GET', '/admin/exchanges/pending'),
    enabled: user?.role === 'admin',
  });
  if (user?.role !== 'admin') return <Text>{t('forbidden')}</Text>;
  return (
    <>
      <Title order={1} size="h2" mb="md">{t('approvals.title')}</Title>
      {pending.isError && <ProblemAlert error={pending.error} retry={() => void pending.refetch()} />}
      {pending.isPending && <Skeleton h={120} />}
      {pending.data?.length === 0 && <Text>{t('approvals.empty')}</Text>}
      {pending.data !== undefined && pending.data.length > 0 && (
        <Table.ScrollContainer minWidth={640} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('approvals.user')}</Table.Th>
                <Table.Th>{t('accounts.exchange')}</Table.Th>
                <Table.Th>{t('accounts.label')}</Table.Th>
                <Table.Th>{t('approvals.waiting')}</Table.Th>
                <Table.Th>{t('accounts.actions')}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {pending.data.map((account) => (
                <Table.Tr key={account.id}>
                  <Table.Td>{account.user_username}</Table.Td>
                  <Table.Td>{account.exchange_name}{account.region !== 'default' && <Text size="xs" c="dimmed">{account.region}</Text>}</Table.Td>
                  <Table.Td>{account.label}<KeyProbe probe={account.probe} waived={account.withdraw_waived} /></Table.Td>
                  <Table.Td title={format_utc(account.created_at)}>{format_ago(account.created_at, Date.now())}</Table.Td>
                  <Table.Td>
                    <Group gap="xs" wrap="nowrap">
                      <Button size="xs" color="teal.9" onClick={() => set_decision({ account, approve: true })}>{t('approvals.approve')}</Button>
                      <Button size="xs" color="red.9" variant="outline" onClick={() => set_decision({ account, approve: false })}>{t('approvals.reject')}</Button>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Proposals />
      {decision !== null && <DecisionModal decision={decision} close={() => set_decision(null)} />}
    </>
  );
}
