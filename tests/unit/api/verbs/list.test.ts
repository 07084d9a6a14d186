import { describe, expect, test } from 'vitest';
import type { AnyObject, ObjectMeta } from '../../../../streams/resources/meta.ts';
import { aConfigMap, aPodBody } from '../../../kit/api-objects.ts';
import { type ApiWorld, apiWorld } from '../../../kit/api-world.ts';

type List = {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: ObjectMeta & { readonly continue?: string; readonly remainingItemCount?: number };
  readonly items: readonly AnyObject[];
};

const path = '/api/v1/namespaces/default/configmaps';

function list(world: ApiWorld, query = '', from = path): Promise<List> {
  return world.ok<List>(`${from}${query}`);
}

function names({ items }: List): string[] {
  return items.map(({ metadata }) => metadata.name);
}

async function filled(count: number): Promise<ApiWorld> {
  const world = await apiWorld();
  for (let i = 0; i < count; i++) await world.create('configmaps', aConfigMap(`c${String(i).padStart(3, '0')}`));
  return world;
}

describe('a list', () => {
  test('has the objects as they were written, by name, at one revision', async () => {
    const world = await apiWorld();
    const b = await world.create('configmaps', aConfigMap('b'));
    const a = await world.create('configmaps', aConfigMap('a'));
    const listed = await list(world);
    expect(listed).toEqual({
      kind: 'ConfigMapList',
      apiVersion: 'v1',
      metadata: { resourceVersion: b.metadata.resourceVersion && a.metadata.resourceVersion },
      items: [a, b],
    });
  });

  test('of all namespaces is ordered by namespace and name', async () => {
    const world = await apiWorld();
    await world.create('namespaces', { metadata: { name: 'a' } });
    await world.create('namespaces', { metadata: { name: 'a-b' } });
    for (const namespace of ['default', 'a-b', 'a']) {
      for (const name of ['y', 'x']) await world.create('configmaps', { metadata: { name, namespace } });
    }
    const all = await list(world, '', '/api/v1/configmaps');
    const keys = all.items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
    expect(keys).toEqual(['a-b/x', 'a-b/y', 'a/x', 'a/y', 'default/x', 'default/y']);
    expect(keys).toEqual([...keys].sort());
  });

  test('of thousands is one JSON document', async () => {
    const world = await filled(300);
    expect(names(await list(world))).toHaveLength(300);
    const empty = await list(world, '?labelSelector=a%3Db');
    expect(empty.items).toEqual([]);
  });
});

describe('pages', () => {
  test('together are the list, with the count of what remains', async () => {
    const world = await filled(7);
    const first = await list(world, '?limit=3');
    expect(first.metadata.remainingItemCount).toBe(4);
    const second = await list(world, `?limit=3&continue=${first.metadata.continue}`);
    expect(second.metadata.remainingItemCount).toBe(1);
    const third = await list(world, `?limit=3&continue=${second.metadata.continue}`);
    expect(third.metadata).not.toHaveProperty('continue');
    expect(third.metadata).not.toHaveProperty('remainingItemCount');
    expect([first, second, third].flatMap(names)).toEqual(names(await list(world)));
  });

  test('are those of the first one’s revision, while objects come, change and go', async () => {
    const world = await filled(6);
    const whole = await list(world);
    const first = await list(world, '?limit=2');
    await world.create('configmaps', aConfigMap('c0025'));
    await world.update('configmaps', 'c004', (object) => ({ ...object, data: { changed: 'yes' } }));
    await world.ok(`${path}/c003`, { method: 'DELETE' });
    await world.ok(`${path}/c000`, { method: 'DELETE' });
    const rest = await list(world, `?continue=${first.metadata.continue}`);
    expect([...first.items, ...rest.items]).toEqual(whole.items);
    expect(rest.metadata.resourceVersion).toBe(whole.metadata.resourceVersion);
  });

  test('with a selector do not say what remains', async () => {
    const world = await apiWorld();
    for (const name of ['a', 'b', 'c']) await world.create('configmaps', { metadata: { name, labels: { x: 'y' } } });
    const first = await list(world, '?limit=1&labelSelector=x%3Dy');
    expect(first.metadata).not.toHaveProperty('remainingItemCount');
    const rest = await list(world, `?labelSelector=x%3Dy&continue=${first.metadata.continue}`);
    expect(names(rest)).toEqual(['b', 'c']);
  });

  test('of a revision no longer known answer 410 and how to go on inconsistently', async () => {
    const world = await filled(4);
    const first = await list(world, '?limit=2');
    await world.ok(`${path}/c002`, { method: 'DELETE' });
    await world.restart();
    const gone = await world.refused(`${path}?limit=2&continue=${first.metadata.continue}`);
    expect(gone).toMatchObject({ code: 410, reason: 'Expired' });
    expect(gone.message).toMatch(/^The provided continue parameter is too old to display a consistent list result\./);
    const rest = await list(world, `?limit=2&continue=${gone.metadata.continue}`);
    expect(names(rest)).toEqual(['c003']);
    expect(rest.metadata.resourceVersion).toBe(String(world.stack.view.revision('LOG')));
  });

  test.each([
    ['garbage', 'continue key is not valid'],
    [
      Buffer.from('{"v":"meta.k8s.io/v0","rv":1,"start":"a"}').toString('base64url'),
      'does not recognize this encoded version',
    ],
    [
      Buffer.from('{"v":"meta.k8s.io/v1","rv":"x","start":"a"}').toString('base64url'),
      'incorrect encoded start resourceVersion',
    ],
    [Buffer.from('null').toString('base64url'), 'continue key is not valid'],
  ])('refuse the token %s', async (token, text) => {
    const world = await apiWorld();
    const refused = await world.refused(`${path}?continue=${token}`);
    expect(refused).toMatchObject({ code: 400, reason: 'BadRequest' });
    expect(refused.message).toContain(text);
  });
});

describe('resourceVersion and resourceVersionMatch', () => {
  /** Two objects, of which one has changed since revision `old`; `now` is the present. */
  async function changed() {
    const world = await apiWorld();
    await world.create('configmaps', aConfigMap('a'));
    const old = String(world.stack.view.revision('LOG'));
    await world.create('configmaps', aConfigMap('b'));
    return { world, old, now: String(world.stack.view.revision('LOG')) };
  }

  test.each([
    ['unset', () => '', 'now'],
    ['0', () => '?resourceVersion=0', 'now'],
    ['N: not older than N', (old: string) => `?resourceVersion=${old}`, 'now'],
    ['N, limit: exactly N', (old: string) => `?resourceVersion=${old}&limit=5`, 'old'],
    ['0, limit', () => '?resourceVersion=0&limit=5', 'now'],
    ['N, Exact', (old: string) => `?resourceVersion=${old}&resourceVersionMatch=Exact`, 'old'],
    ['N, NotOlderThan', (old: string) => `?resourceVersion=${old}&resourceVersionMatch=NotOlderThan`, 'now'],
    [
      'N, NotOlderThan, limit',
      (old: string) => `?resourceVersion=${old}&resourceVersionMatch=NotOlderThan&limit=5`,
      'now',
    ],
    ['0, NotOlderThan', () => '?resourceVersion=0&resourceVersionMatch=NotOlderThan', 'now'],
  ])('%s', async (_, query, expected) => {
    const { world, old, now } = await changed();
    const listed = await list(world, query(old));
    expect(listed.metadata.resourceVersion).toBe(expected === 'old' ? old : now);
    expect(names(listed)).toEqual(expected === 'old' ? ['a'] : ['a', 'b']);
  });

  const invalid = 'ListOptions.meta.k8s.io "" is invalid: ';
  test.each([
    [
      '?resourceVersionMatch=Exact',
      422,
      `${invalid}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided`,
    ],
    [
      '?resourceVersionMatch=Exact&resourceVersion=0',
      422,
      `${invalid}resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"`,
    ],
    [
      '?resourceVersionMatch=Near&resourceVersion=1',
      422,
      `${invalid}resourceVersionMatch: Unsupported value: "Near": supported values: "Exact", "NotOlderThan"`,
    ],
    ['?sendInitialEvents=true', 422, `${invalid}sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list`],
    ['?resourceVersion=abc', 400, undefined],
    ['?resourceVersion=-1', 400, undefined],
    ['?limit=abc', 400, undefined],
    [
      '?watch=1&sendInitialEvents=true',
      422,
      `${invalid}resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan`,
    ],
    [
      '?watch=1&resourceVersionMatch=NotOlderThan',
      422,
      `${invalid}resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided`,
    ],
    ['?watch=1&resourceVersion=abc', 400, undefined],
  ])('%s is refused', async (query, code, message) => {
    const world = await apiWorld();
    const refused = await world.refused(`${path}${query}`);
    expect(refused.code).toBe(code);
    if (message !== undefined) expect(refused.message).toBe(message);
  });

  test('an exact revision that is no longer known answers 410', async () => {
    const { world, old } = await changed();
    await world.restart();
    expect(await world.refused(`${path}?resourceVersion=${old}&resourceVersionMatch=Exact`)).toMatchObject({
      code: 410,
      reason: 'Expired',
      message: 'The resourceVersion for the provided list is too old.',
    });
  });

  test('with continue is refused', async () => {
    const { world, old } = await changed();
    const { metadata } = await list(world, '?limit=1');
    expect(await world.refused(`${path}?resourceVersion=${old}&continue=${metadata.continue}`)).toMatchObject({
      code: 400,
      message: 'specifying resource version is not allowed when using continue',
    });
  });

  test.each(['', '?resourceVersionMatch=NotOlderThan', '?watch=1', '/c0'])(
    'of the future is waited for a while and answered with 504: %s',
    async (what) => {
      const world = await apiWorld();
      await world.create('configmaps', aConfigMap('c0'));
      const revision = world.stack.view.revision('LOG') + 5;
      const separator = what.includes('?') ? '&' : '?';
      const asked = world.ask(`${path}${what}${separator}resourceVersion=${revision}`);
      await world.clock.advance(3_000);
      const answer = await asked;
      expect(answer.status).toBe(504);
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.json).toMatchObject({
        reason: 'Timeout',
        message: `Timeout: Too large resource version: ${revision}, current: ${revision - 5}`,
        details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }] },
      });
    },
  );

  test('of the near future is answered once it is there', async () => {
    const world = await apiWorld();
    const revision = world.stack.view.revision('LOG') + 1;
    const asked = list(world, `?resourceVersion=${revision}`);
    await world.clock.advance(1_000);
    await world.create('configmaps', aConfigMap('a'));
    expect(names(await asked)).toEqual(['a']);
  });
});

describe('a list by field', () => {
  async function withPods() {
    const world = await apiWorld();
    await world.create('pods', aPodBody('a', { nodeName: 'n1' }));
    await world.create('pods', aPodBody('b', { nodeName: 'n2', restartPolicy: 'Never' }));
    await world.create('pods', aPodBody('c', { hostNetwork: true }));
    return world;
  }

  test.each([
    ['metadata.name=b', ['b']],
    ['metadata.name!=b', ['a', 'c']],
    ['metadata.namespace=default', ['a', 'b', 'c']],
    ['metadata.namespace=other', []],
    ['spec.nodeName=n1', ['a']],
    ['spec.nodeName=', ['c']],
    ['spec.nodeName!=', ['a', 'b']],
    ['spec.nodeName=n1,metadata.name=b', []],
    ['spec.restartPolicy=Never', ['b']],
    ['spec.schedulerName=default-scheduler', ['a', 'b', 'c']],
    ['spec.serviceAccountName=default', ['a', 'b', 'c']],
    ['spec.hostNetwork=true', ['c']],
    ['spec.hostNetwork=false', ['a', 'b']],
    ['status.phase=Pending', ['a', 'b', 'c']],
    ['status.phase==Running', []],
    ['status.podIP=', ['a', 'b', 'c']],
    ['status.nominatedNodeName=x', []],
  ])('of pods: %s', async (selector, expected) => {
    const world = await withPods();
    const query = `?fieldSelector=${encodeURIComponent(selector)}`;
    expect(names(await list(world, query, '/api/v1/namespaces/default/pods'))).toEqual(expected);
    expect(names(await list(world, query, '/api/v1/pods'))).toEqual(expected);
  });

  test('of other kinds', async () => {
    const world = await apiWorld();
    await world.create('nodes', { metadata: { name: 'n1' }, spec: { unschedulable: true } });
    await world.create('nodes', { metadata: { name: 'n2' } });
    await world.create('secrets', { metadata: { name: 's1' } });
    await world.create('secrets', { metadata: { name: 's2' }, type: 'example.com/x' });
    const by = async (from: string, selector: string) =>
      names(await list(world, `?fieldSelector=${encodeURIComponent(selector)}`, from));
    expect(await by('/api/v1/nodes', 'spec.unschedulable=true')).toEqual(['n1']);
    expect(await by('/api/v1/nodes', 'spec.unschedulable=false')).toEqual(['n2']);
    expect(await by('/api/v1/secrets', 'type=Opaque')).toEqual(['s1']);
    expect(await by('/api/v1/namespaces', 'status.phase=Active')).toHaveLength(4);
    expect(await by('/api/v1/services', 'spec.type=ClusterIP')).toEqual(['kubernetes']);
    expect(await by('/api/v1/services', 'spec.clusterIP=10.96.0.1')).toEqual(['kubernetes']);
  });

  test.each(['spec.unknown=x', 'status.phase', 'constructor=x', '__proto__=x', 'a=b=c,,=d'])(
    '%s is refused',
    async (selector) => {
      const world = await apiWorld();
      const refused = await world.refused(`/api/v1/pods?fieldSelector=${encodeURIComponent(selector)}`);
      expect(refused).toMatchObject({ code: 400, reason: 'BadRequest' });
    },
  );

  test('of events says so in the words of both their groups', async () => {
    const world = await apiWorld();
    const involvedObject = { kind: 'Pod', namespace: 'default', name: 'a', uid: 'u' };
    await world.create('events', {
      metadata: { name: 'e1' },
      involvedObject,
      reason: 'Started',
      type: 'Normal',
      source: { component: 'kubelet' },
    });
    await world.create('events', {
      metadata: { name: 'e2' },
      involvedObject: { ...involvedObject, name: 'b' },
      reason: 'Failed',
      type: 'Warning',
      reportingComponent: 'x',
    });
    const by = async (from: string, selector: string) =>
      names(await list(world, `?fieldSelector=${encodeURIComponent(selector)}`, from));
    const core = '/api/v1/namespaces/default/events';
    expect(await by(core, 'involvedObject.name=a,involvedObject.kind=Pod,involvedObject.uid=u')).toEqual(['e1']);
    expect(await by(core, 'type!=Normal')).toEqual(['e2']);
    expect(await by(core, 'source=kubelet')).toEqual(['e1']);
    expect(await by(core, 'reportingComponent=x')).toEqual(['e2']);
    const events = '/apis/events.k8s.io/v1/namespaces/default/events';
    expect(await by(events, 'regarding.name=b')).toEqual(['e2']);
    expect(await by(events, 'reportingController=x')).toEqual(['e2']);
    expect(await by(events, 'type=Normal')).toEqual(['e1']);
  });
});

describe('a list by label', () => {
  async function labelled() {
    const world = await apiWorld();
    const all: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      a: { app: 'web', tier: 'front', n: '5' },
      b: { app: 'web', 'example.com/x': '' },
      c: { app: 'db', n: '50' },
      d: {},
    };
    for (const [name, labels] of Object.entries(all)) await world.create('configmaps', { metadata: { name, labels } });
    return world;
  }

  test.each([
    ['', 'abcd'],
    ['app=web', 'ab'],
    ['app==web', 'ab'],
    [' app = web ', 'ab'],
    ['app!=web', 'cd'],
    ['app', 'abc'],
    ['!app', 'd'],
    ['! app', 'd'],
    ['app in (web, db)', 'abc'],
    ['app in (web),tier', 'a'],
    ['app notin (web)', 'cd'],
    ['app=web,tier!=front', 'b'],
    ['example.com/x', 'b'],
    ['example.com/x=', 'b'],
    ['example.com/x in (,other)', 'b'],
    ['n>5', 'c'],
    ['n<50', 'a'],
    ['app=web,app=db', ''],
    ['constructor', ''],
    ['!constructor', 'abcd'],
    ['toString!=x', 'abcd'],
    ['valueOf notin (x)', 'abcd'],
  ])('%s', async (selector, expected) => {
    const world = await labelled();
    const listed = await list(world, `?labelSelector=${encodeURIComponent(selector)}`);
    expect(names(listed).join('')).toBe(expected);
  });

  test.each([
    'app=web,',
    ',app=web',
    'app in web',
    'app in ()',
    'app notin ()',
    'app in (a b)',
    '=web',
    'app=-web',
    'app=a=b',
    'a b',
    'app>x',
    'app<',
    '!app=web',
    'Ünicode=x',
    '/x=y',
    'a/b/c=d',
    `app=${'x'.repeat(64)}`,
    `${'x'.repeat(64)}=y`,
    'app in (web',
    '(app)',
  ])('%s is refused', async (selector) => {
    const world = await apiWorld();
    const refused = await world.refused(`${path}?labelSelector=${encodeURIComponent(selector)}`);
    expect(refused).toMatchObject({ code: 400, reason: 'BadRequest' });
  });
});
