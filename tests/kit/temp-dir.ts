// A directory of its own for each test, removed when the test is over.

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export function tempDir(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'shiplog-test-')));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
