import { defineConfig } from 'vitest/config';

// Tests start servers and processes: two workers suit a two-core machine. Waiting for a condition has its own deadline in
// the test; this one only ends a test that hangs.
export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/kit/properties.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    reporters: ['default'],
  },
});
