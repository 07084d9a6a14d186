// Writes `infra/api/kinds/facts.generated.json` from Kubernetes' Go modules. Needs `go` on the PATH. Run by hand when
// the pinned version changes:
//
//     node infra/api/kinds/generate/main.ts
//
// Running it twice gives the same bytes; `--check` only compares and fails when the committed file is stale.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fetchPackages, MODULES_VERSION } from './go-modules.ts';
import { buildTables } from './table.ts';

const target = fileURLToPath(new URL('../facts.generated.json', import.meta.url));
const text = render();

if (process.argv.includes('--check')) {
  const current = existsSync(target) ? readFileSync(target, 'utf8') : '';
  if (current !== text) {
    console.error('facts.generated.json is stale: run `node infra/api/kinds/generate/main.ts`');
    process.exitCode = 1;
  }
} else {
  writeFileSync(target, text);
  console.log(`${Buffer.byteLength(text)} bytes written to infra/api/kinds/facts.generated.json`);
}

/** One type per line, so that a new Kubernetes version shows as a readable difference. */
function render(): string {
  const packages: string[] = [];
  for (const [pkg, table] of buildTables(fetchPackages())) {
    const types = Object.entries(table).map(([name, lines]) => `   ${JSON.stringify(name)}: ${JSON.stringify(lines)}`);
    packages.push(
      `  ${JSON.stringify(pkg.alias)}: {"package": "${pkg.openapi}", "types": {\n${types.join(',\n')}\n  }}`,
    );
  }
  return `{\n "version": "${MODULES_VERSION}",\n "packages": {\n${packages.join(',\n')}\n }\n}\n`;
}
