import { Button, Code, Group, Image, List, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { renderSVG } from 'uqr';

import { call, replace_session } from '../lib/api';
import { notify } from '../lib/notify';
import type { LoginAnswer, SecondFactorState } from '../lib/types';
import { ProblemAlert } from './ProblemAlert';

interface Enrolment {
  key: string;
  uri: string;
}
type Enrolled = LoginAnswer & { recovery_codes: string[] };

/** Shows the key once and takes the first code for it. */
function Enrol({ enrolment, done }: { enrolment: Enrolment; done: (codes: string[]) => void }) {
  const { t } = useTranslation();
  const [code, set_code] = useState('');
  const confirm = useMutation({
    mutationFn: () => replace_session<Enrolled>('/api/user/second-factor/confirm', { code: code.trim() }),
    onSuccess: (answer) => done(answer.recovery_codes),
  });
  return (
    <form onSubmit={(event) => { event.preventDefault(); confirm.mutate(); }}>
      <Stack maw={380}>
        <Text size="sm">{t('security.scan')}</Text>
        <Image src={`data:image/svg+xml,${encodeURIComponent(renderSVG(enrolment.uri, { border: 4 }))}`} w={200} h={200} alt={t('security.qr')} />
        <Text size="sm">{t('security.key')}: <Code>{enrolment.key}</Code></Text>
        {confirm.isError && <ProblemAlert error={confirm.error} />}
        <TextInput label={t('login.code')} inputMode="numeric" autoComplete="one-time-code" required value={code} onChange={(event) => set_code(event.currentTarget.value)} />
        <Group><Button type="submit" loading={confirm.isPending}>{t('security.confirm')}</Button></Group>
      </Stack>
    </form>
  );
}

function RecoveryCodes({ codes, close }: { codes: string[]; close: () => void }) {
  const { t } = useTranslation();
  return (
    <Stack>
      <Title order={3} size="h4">{t('security.recovery')}</Title>
      <Text size="sm">{t('security.recovery_hint')}</Text>
      <List listStyleType="none">{codes.map((code) => <List.Item key={code}><Code>{code}</Code></List.Item>)}</List>
      <Group><Button onClick={close}>{t('security.kept')}</Button></Group>
    </Stack>
  );
}

export function SecondFactor() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [enrolment, set_enrolment] = useState<Enrolment | null>(null);
  const [codes, set_codes] = useState<string[] | null>(null);
  const refresh = () => Promise.all(['second_factor', 'sessions'].map((key) => queries.invalidateQueries({ queryKey: [key] })));
  const state = useQuery({ queryKey: ['second_factor'], queryFn: () => call<SecondFactorState>('GET', '/api/user/second-factor') });
  const begin = useMutation({ mutationFn: () => call<Enrolment>('POST', '/api/user/second-factor'), onSuccess: set_enrolment });
  const remove = useMutation({
    mutationFn: () => call('DELETE', '/api/user/second-factor'),
    onSuccess: () => notify(t('security.turned_off')),
    onSettled: refresh,
  });
  const problem = state.error ?? begin.error ?? remove.error;
  const is_on = state.data?.enrolled === true;
  return (
    <section>
      <Title order={2} size="h3" mb="sm">{t('security.second')}</Title>
      {problem !== null && <ProblemAlert error={problem} retry={state.isError ? () => void state.refetch() : undefined} />}
      {state.isPending && <Skeleton h={60} />}
      {codes !== null && <RecoveryCodes codes={codes} close={() => set_codes(null)} />}
      {codes === null && enrolment !== null && (
        <Enrol enrolment={enrolment} done={(fresh) => { set_enrolment(null); set_codes(fresh); void refresh(); }} />
      )}
      {codes === null && enrolment === null && state.data !== undefined && (
        <Stack align="flex-start">
          <Text size="sm">{is_on ? t('security.second_on', { count: state.data.recovery_codes_left }) : t('security.second_off')}</Text>
          {is_on
            ? <Button color="red.9" variant="outline" loading={remove.isPending} onClick={() => remove.mutate()}>{t('security.turn_off')}</Button>
            : <Button loading={begin.isPending} onClick={() => begin.mutate()}>{t('security.turn_on')}</Button>}
        </Stack>
      )}
    </section>
  );
}
