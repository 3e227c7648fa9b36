import { Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';

export function NotFound() {
  const { t } = useTranslation();
  return (
    <>
      <Title order={1}>404</Title>
      <Text>{t('not_found')}</Text>
    </>
  );
}
