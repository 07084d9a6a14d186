// `kubectl get nodes.metrics.k8s.io`: metrics-server's columns, a quantity for each resource.

import type { AnyObject } from '../../../streams/resources/meta.ts';
import { addQuantity, formatQuantity, type Quantity, quantityOf } from '../../../streams/resources/quantity.ts';
import { column } from './cells.ts';
import { list, named, tabled, text } from './entries.ts';

const quantity = (name: string) => column(name, 'string', { format: 'quantity' });
const window = column('Window', 'string', { format: 'duration' });

export const nodeMetricsTable = tabled(
  named,
  [quantity('cpu'), (object) => text(object, 'usage.cpu')],
  [quantity('memory'), (object) => text(object, 'usage.memory')],
  [window, (object) => text(object, 'window')],
);

export const podMetricsTable = tabled(
  named,
  [quantity('cpu'), (object) => sumOf(object, 'cpu')],
  [quantity('memory'), (object) => sumOf(object, 'memory')],
  [window, (object) => text(object, 'window')],
);

type Container = { readonly usage?: Readonly<Record<string, string>> };

function sumOf(object: AnyObject, resource: string): string {
  const none: Quantity = { nano: 0n, format: 'decimal' };
  const sum = list<Container>(object, 'containers').reduce(
    (all, { usage }) => addQuantity(all, quantityOf(usage?.[resource] ?? '0')),
    none,
  );
  return formatQuantity(sum);
}
