// The fuzz as a whole: its areas with their shares, and the endless run of requests one seed stands for.

import { seededRandom } from '../../streams/base/random.ts';
import { bodies, typedObjects } from './areas/bodies.ts';
import { customObjects, definitions } from './areas/custom.ts';
import { policies, rules } from './areas/expressions.ts';
import { headers, paths, queries } from './areas/http.ts';
import { impersonation, tokens } from './areas/identity.ts';
import { patches } from './areas/patches.ts';
import { continues, selectors } from './areas/reads.ts';
import { Draw } from './draw.ts';
import type { Area, FuzzRequest } from './request.ts';

/** Shares are of a thousand requests. */
export const areas: readonly Area[] = [
  { name: 'bodies', share: 160, draw: bodies },
  { name: 'typed objects', share: 120, draw: typedObjects },
  { name: 'patches', share: 180, draw: patches },
  { name: 'paths', share: 80, draw: paths },
  { name: 'headers', share: 60, draw: headers },
  { name: 'queries', share: 80, draw: queries },
  { name: 'selectors', share: 60, draw: selectors },
  { name: 'continue tokens', share: 40, draw: continues },
  { name: 'definitions', share: 40, draw: definitions },
  { name: 'custom objects', share: 50, draw: customObjects },
  { name: 'rules', share: 40, draw: rules },
  { name: 'policies', share: 40, draw: policies },
  { name: 'tokens', share: 25, draw: tokens },
  { name: 'impersonation', share: 25, draw: impersonation },
];

export type Drawn = { readonly area: string; readonly request: FuzzRequest };

/** The requests of a seed, without end; of one area where it is named. */
export function* requests(seed: string, only?: string): Generator<Drawn, never> {
  const random = seededRandom(seed);
  const choice = new Draw(random.stream('area'));
  const draws = new Map(areas.map(({ name }) => [name, new Draw(random.stream(name))]));
  const chosen = areas.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0)
    throw new Error(`no area is called ${only}; there are ${areas.map(({ name }) => name).join(', ')}`);
  const ways = chosen.map((area) => [area.share, () => area] as const);
  for (;;) {
    const area = choice.way(ways);
    yield { area: area.name, request: area.draw(draws.get(area.name) as Draw) };
  }
}
