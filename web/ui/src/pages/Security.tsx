import { Stack, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { PasswordChange } from '../parts/PasswordChange';
import { SecondFactor } from '../parts/SecondFactor';
import { Sessions } from '../parts/Sessions';

/** What users can do for the safety of their own login. */
export function Security() {
  const { t } = useTranslation();
  return (
    <Stack gap="xl" maw={760}>
      <Title order={1} size="h2">{t('security.title')}</Title>
      <SecondFactor />
      <PasswordChange />
      <Sessions />
    </Stack>
  );
}
