import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { setupPaths } from '../../../infra/setup/layout.mjs';
import { packagesAreInstalled } from '../../../infra/setup/npm-packages.mjs';
import { tempDir } from '../../kit/temp-dir.ts';

type Package = { version: string; integrity?: string; optional?: boolean; os?: string[]; cpu?: string[] };
type Packages = Record<string, Package>;

const locked: Packages = {
  '': { version: '0.1.0' },
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/a-elsewhere': {
    version: '1.0.0',
    integrity: 'sha512-d',
    optional: true,
    os: ['plan9'],
    cpu: [process.arch],
  },
};
const { '': _, 'node_modules/a-elsewhere': __, ...installed } = locked;

function checkout(packages: { readonly locked: Packages; readonly installed?: Packages }) {
  const paths = setupPaths(tempDir());
  const write = (file: string, value: Packages) => {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify({ lockfileVersion: 3, packages: value }));
  };
  write(paths.packageLock, packages.locked);
  if (packages.installed !== undefined) write(paths.installedLock, packages.installed);
  return { paths, relock: (value: Packages) => write(paths.packageLock, value) };
}

describe('the packages are installed', () => {
  test('when they are those of the lock file, without the optional ones of other platforms', () => {
    const { paths } = checkout({ locked, installed });
    expect(packagesAreInstalled(paths)).toBe(true);
    expect(packagesAreInstalled(paths)).toBe(true);
  });
});

describe('the packages are not installed', () => {
  test('when there are none', () => {
    expect(packagesAreInstalled(checkout({ locked }).paths)).toBe(false);
  });

  test.each([
    ['one is missing', {}],
    ['one has another version', { 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } }],
    ['one has another content', { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-z' } }],
    ['there is one too many', { ...installed, 'node_modules/b': { version: '1.0.0' } }],
  ])('when %s', (__, found) => {
    expect(packagesAreInstalled(checkout({ locked, installed: found }).paths)).toBe(false);
  });

  test('when the native part for this platform is missing, optional as it is', () => {
    const native = {
      version: '1.0.0',
      integrity: 'sha512-n',
      optional: true,
      os: [process.platform],
      cpu: [process.arch],
    };
    const withNative = { ...locked, 'node_modules/a-native': native };
    expect(packagesAreInstalled(checkout({ locked: withNative, installed }).paths)).toBe(false);
    const complete = { ...installed, 'node_modules/a-native': native };
    expect(packagesAreInstalled(checkout({ locked: withNative, installed: complete }).paths)).toBe(true);
  });

  test('when the lock file has changed since', () => {
    const { paths, relock } = checkout({ locked, installed });
    expect(packagesAreInstalled(paths)).toBe(true);
    relock({ ...locked, 'node_modules/a': { version: '2.0.0', integrity: 'sha512-b' } });
    expect(packagesAreInstalled(paths)).toBe(false);
  });
});
