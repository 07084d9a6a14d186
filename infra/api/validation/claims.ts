// What makes the spec of a PersistentVolumeClaim invalid: of a claim itself, of a stateful set's templates, and of a
// pod's ephemeral volumes.

import type { LabelSelector } from '../../../streams/resources/meta.ts';
import { type Check, isAbsent, type Rule } from './check.ts';
import { dnsSubdomain, quantity } from './formats.ts';
import { labelSelectorProblems } from './label-selector.ts';
import { amountOf } from './resources.ts';
import { fields, type Json, oneOf, required, sameValue } from './rules.ts';

export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
type Source = {
  readonly apiGroup?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
};

const source: Rule<Source> = fields<Source>(
  { name: required(), kind: required() },
  ({ apiGroup = '', kind }, check) => {
    if (apiGroup === '' && kind && kind !== 'PersistentVolumeClaim')
      check.invalid(kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
  },
);

export const claimSpec: Rule<Json> = fields<Json>(
  {
    accessModes: required(modes, 'at least 1 access mode is required'),
    selector: selectorRule,
    resources: storageRequest,
    storageClassName: dnsSubdomain,
    volumeMode: oneOf('Block', 'Filesystem'),
    dataSource: source,
    dataSourceRef: source,
    volumeAttributesClassName: dnsSubdomain,
  },
  ({ dataSource, dataSourceRef }: { dataSource?: Source; dataSourceRef?: Source }, check) => {
    if (isAbsent(dataSource) || isAbsent(dataSourceRef)) return;
    const { namespace, ...local } = dataSourceRef;
    if (namespace) check.invalid('dataSource', 'may not be specified when dataSourceRef.namespace is specified');
    else if (!sameValue(dataSource, local)) check.invalid('dataSource', 'must match dataSourceRef');
  },
);

function modes(list: readonly string[], check: Check): void {
  for (const mode of list) if (!accessModes.includes(mode)) check.notSupported(mode, accessModes);
  const others = list.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.includes(mode));
  if (others && list.includes('ReadWriteOncePod'))
    check.forbidden('may not use ReadWriteOncePod with other access modes');
}

function selectorRule(selector: LabelSelector, check: Check): void {
  check.add(labelSelectorProblems(selector, check.pathOf()));
}

function storageRequest({ requests }: { readonly requests?: Readonly<Record<string, string>> }, check: Check): void {
  const storage = requests?.storage;
  check.enterKey('storage');
  if (storage === undefined) check.required();
  else {
    quantity(storage, check);
    const amount = amountOf(storage);
    if (amount !== undefined && amount.nano <= 0n) check.invalid(storage, 'must be greater than zero');
  }
  check.leave();
}
