import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  test: { environment: 'jsdom', include: ['test/**/*.test.ts'] },
  build: {
    target: 'es2022',
    sourcemap: false,
    rollupOptions: {
      // The page; the API's contract to try (/docs) and to read (/redoc).
      input: ['index.html', 'docs.html', 'redoc.html'],
      output: {
        manualChunks: {
          mantine: ['@mantine/core', '@mantine/hooks', '@mantine/form', '@mantine/modals', '@mantine/notifications'],
          react: ['react', 'react-dom', '@tanstack/react-query', '@tanstack/react-router'],
        },
      },
    },
  },
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/user': 'http://127.0.0.1:8080', '/admin': 'http://127.0.0.1:8080', '/client': 'http://127.0.0.1:8080', '/ws': { target: 'ws://127.0.0.1:8080', ws: true } } },
});
