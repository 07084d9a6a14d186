// The notation the bootstrap roles are written in, and the objects it stands for. A line at the margin names a role;
// what follows, indented, are its rules:
//
//   verbs | groups | resources | names        of resources; `core` is the group without a name
//   verbs | paths                              of what is no resource
//   events                                     the right to tell events, in both of their groups
//
// `read` stands for get, list and watch, `write` for the verbs that change. A line indented further goes on with the one
// above. After its name a role may say which aggregated role it joins and which label it gathers its own rules by.

import { assert } from '../../../../streams/base/assert.ts';
import type { Draft } from '../../../../streams/resources/meta.ts';
import type { ClusterRole, PolicyRule, Role } from '../../../../streams/resources/rbac.ts';

export const rbacGroup = 'rbac.authorization.k8s.io';
export const rbacVersion = `${rbacGroup}/v1`;

/** What marks an object as made and kept up by the API server. */
export const autoupdateAnnotation = 'rbac.authorization.kubernetes.io/autoupdate';
export const bootstrapMetadata = {
  annotations: { [autoupdateAnnotation]: 'true' },
  labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' },
} as const;

type Line = { readonly head: string; readonly rules: string[] };

export function clusterRolesOf(table: string, prefix = ''): Draft<ClusterRole>[] {
  return linesOf(table).map(({ head, rules }) => {
    const [name = '', ...marks] = head.split(' | ');
    const joins = markOf(marks, 'joins');
    const gathers = markOf(marks, 'gathers');
    const { annotations, labels } = bootstrapMetadata;
    return {
      apiVersion: rbacVersion,
      kind: 'ClusterRole',
      metadata: {
        name: `${prefix}${name}`,
        annotations,
        labels: joins === undefined ? labels : { ...labels, [aggregationLabel(joins)]: 'true' },
      },
      ...(gathers === undefined
        ? { rules: rules.map(ruleOf) }
        : { aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [aggregationLabel(gathers)]: 'true' } }] } }),
    };
  });
}

export function rolesOf(table: string, namespace: string): Draft<Role>[] {
  return linesOf(table).map(({ head, rules }) => ({
    apiVersion: rbacVersion,
    kind: 'Role',
    metadata: { name: head, namespace, ...bootstrapMetadata },
    rules: rules.map(ruleOf),
  }));
}

const shorthands: Readonly<Record<string, readonly string[]>> = {
  read: ['get', 'list', 'watch'],
  write: ['create', 'delete', 'deletecollection', 'patch', 'update'],
};

const eventsRule: PolicyRule = {
  verbs: ['create', 'patch', 'update'],
  apiGroups: ['', 'events.k8s.io'],
  resources: ['events'],
};

function ruleOf(line: string): PolicyRule {
  if (line === 'events') return eventsRule;
  const [verbText = [], ...columns] = line.split(' | ').map((column) => column.split(' '));
  const verbs = verbText.flatMap((verb) => shorthands[verb] ?? [verb]).sort();
  const [first = [], second, names] = columns;
  if (second === undefined) return { verbs, nonResourceURLs: first };
  return {
    verbs,
    apiGroups: first.map((group) => (group === 'core' ? '' : group)),
    resources: second,
    ...(names !== undefined && { resourceNames: names }),
  };
}

function linesOf(table: string): Line[] {
  const lines: Line[] = [];
  for (const text of table.split('\n')) {
    if (text === '') continue;
    const indent = text.length - text.trimStart().length;
    const rules = lines.at(-1)?.rules;
    if (indent === 0) lines.push({ head: text, rules: [] });
    else if (indent === 2) rules?.push(text.trim());
    else {
      assert(rules !== undefined && rules.length > 0, 'a line goes on with the one above it');
      rules[rules.length - 1] += ` ${text.trim()}`;
    }
  }
  return lines;
}

function markOf(marks: readonly string[], name: string): string | undefined {
  return marks.find((mark) => mark.startsWith(`${name} `))?.slice(name.length + 1);
}

function aggregationLabel(role: string): string {
  return `rbac.authorization.k8s.io/aggregate-to-${role}`;
}
