import { Alert, Button, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';

import { ApiProblem } from '../lib/api';

/** What went wrong, in the engine's own words, with the request id to quote and a way to try again. */
export function ProblemAlert({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  const problem = error instanceof ApiProblem ? error.problem : { title: String(error), detail: '', request_id: '' };
  return (
    <Alert color="red" title={problem.title} role="alert" my="sm">
      {problem.detail !== '' && <Text size="sm">{problem.detail}</Text>}
      {problem.request_id !== '' && (
        <Text size="xs" mt={4}>
          {t('error.request')}: {problem.request_id}
        </Text>
      )}
      {retry && (
        <Button size="xs" mt="xs" variant="default" onClick={retry}>
          {t('error.retry')}
        </Button>
      )}
    </Alert>
  );
}
