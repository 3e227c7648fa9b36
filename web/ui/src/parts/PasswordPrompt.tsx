import { Button, Group, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { confirm_password, is_problem, when_password_needed } from '../lib/api';
import { ProblemAlert } from './ProblemAlert';

type Answer = (confirmed: boolean) => void;

function Prompt({ answer }: { answer: Answer }) {
  const { t } = useTranslation();
  const [problem, set_problem] = useState<unknown>(null);
  const [busy, set_busy] = useState(false);
  const [wants_code, set_wants_code] = useState(false);
  const form = useForm({ initialValues: { password: '', code: '' } });

  const submit = form.onSubmit(async ({ password, code }) => {
    set_busy(true);
    set_problem(null);
    try {
      await confirm_password(password, code.trim());
      answer(true);
    } catch (error) {
      if (is_problem(error, 'second-factor-required')) set_wants_code(true);
      else set_problem(error);
      set_busy(false);
    }
  });

  return (
    <Modal opened onClose={() => answer(false)} closeButtonProps={{ 'aria-label': t('close') }} title={t('login.confirm_title')} zIndex={400}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{t('login.confirm_why')}</Text>
          {problem !== null && <ProblemAlert error={problem} />}
          <PasswordInput label={t('login.password')} autoComplete="current-password" data-autofocus required {...form.getInputProps('password')} />
          {wants_code && <TextInput label={t('login.code')} description={t('login.code_hint')} autoComplete="one-time-code" autoFocus required {...form.getInputProps('code')} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={() => answer(false)}>{t('login.cancel')}</Button>
            <Button type="submit" loading={busy}>{t('login.confirm_submit')}</Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}

/** Asks for the password whenever a call needs it entered a short while ago; several calls share one question. */
export function PasswordPrompt() {
  const [waiting, set_waiting] = useState<Answer[]>([]);

  useEffect(() => {
    when_password_needed(() => new Promise((resolve) => set_waiting((all) => [...all, resolve])));
    return () => when_password_needed(() => Promise.resolve(false));
  }, []);

  if (waiting.length === 0) return null;
  const answer: Answer = (confirmed) => {
    for (const resolve of waiting) resolve(confirmed);
    set_waiting([]);
  };
  return <Prompt answer={answer} />;
}
