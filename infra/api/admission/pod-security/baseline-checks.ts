// The baseline level of the Pod Security Standards: what would let a pod out of its container. In the order of their
// ids, which is the order violations are told in.

import {
  badSeccomp,
  type Check,
  type CheckedContainer,
  containersOf,
  inUserNamespace,
  namedContainers,
  plural,
  quoted,
  seccompAllowed,
  setters,
  sorted,
  type Violation,
} from './check.ts';

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';
const seccompAnnotation = 'seccomp.security.alpha.kubernetes.io/pod';
const seccompContainerAnnotation = 'container.seccomp.security.alpha.kubernetes.io/';

const capabilities: ReadonlySet<string> = new Set(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  ),
);

/** Safe sysctls, by the version they came with. */
const sysctls: readonly (readonly [since: number, names: string])[] = [
  [
    0,
    'kernel.shm_rmid_forced net.ipv4.ip_local_port_range net.ipv4.tcp_syncookies net.ipv4.ping_group_range net.ipv4.ip_unprivileged_port_start',
  ],
  [27, 'net.ipv4.ip_local_reserved_ports'],
  [
    29,
    'net.ipv4.tcp_keepalive_time net.ipv4.tcp_fin_timeout net.ipv4.tcp_keepalive_intvl net.ipv4.tcp_keepalive_probes',
  ],
  [32, 'net.ipv4.tcp_rmem net.ipv4.tcp_wmem'],
];

const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

export const baselineChecks: readonly Check[] = [
  {
    id: 'appArmorProfile',
    since: 0,
    violation({ metadata, spec }) {
      const { text, contexts } = setters(
        spec,
        ({ appArmorProfile }) => appArmorProfile !== undefined && !seccompAllowed.has(appArmorProfile.type ?? ''),
      );
      const annotations = Object.entries(metadata?.annotations ?? {})
        .filter(([key, value]) => key.startsWith(appArmorAnnotation) && !allowedProfile(value, 'runtime/default'))
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      if (text === '' && annotations.length === 0) return undefined;
      const who = [text, annotations.length === 0 ? '' : plural(annotations.length, 'annotation')].filter(Boolean);
      const values = [
        ...sorted(contexts.map(({ appArmorProfile }) => appArmorProfile?.type ?? '')),
        ...sorted(annotations),
      ];
      return {
        reason: plural(values.length, 'forbidden AppArmor profile'),
        detail: `${who.join(' and ')} must not set AppArmor profile type to ${quoted(values)}`,
      };
    },
  },
  {
    id: 'capabilities_baseline',
    since: 0,
    violation({ spec }) {
      const added = ({ securityContext }: CheckedContainer) =>
        (securityContext?.capabilities?.add ?? []).filter((name) => !capabilities.has(name));
      const bad = containersOf(spec).filter((container) => added(container).length > 0);
      if (bad.length === 0) return undefined;
      const names = quoted(sorted(bad.flatMap(added)));
      const detail = `${namedContainers(bad)} must not include ${names} in securityContext.capabilities.add`;
      return { reason: 'non-default capabilities', detail };
    },
  },
  {
    id: 'hostNamespaces',
    since: 0,
    violation({ spec }) {
      const set = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((field) => spec[field] === true);
      return said('host namespaces', set.map((field) => `${field}=true`).join(', '));
    },
  },
  {
    id: 'hostPathVolumes',
    since: 0,
    violation({ spec: { volumes = [] } }) {
      const bad = volumes.filter(({ hostPath }) => hostPath !== undefined).map(({ name }) => name);
      return said('hostPath volumes', bad.length === 0 ? '' : `${plural(bad.length, 'volume')} ${quoted(bad)}`);
    },
  },
  {
    id: 'hostPorts',
    since: 0,
    violation({ spec }) {
      const used = ({ ports = [] }: CheckedContainer) => ports.flatMap(({ hostPort }) => (hostPort ? [hostPort] : []));
      const bad = containersOf(spec).filter((container) => used(container).length > 0);
      if (bad.length === 0) return undefined;
      const ports = sorted(bad.flatMap(used).map(String));
      const what = `${plural(ports.length, 'hostPort')} ${ports.join(', ')}`;
      return { reason: 'hostPort', detail: `${namedContainers(bad)} ${plural(bad.length, 'uses', 'use')} ${what}` };
    },
  },
  {
    id: 'hostProbesAndHostLifecycle',
    since: 34,
    violation({ spec }) {
      const bad = containersOf(spec).filter((container) => handlerHosts(container).length > 0);
      if (bad.length === 0) return undefined;
      const hosts = sorted(bad.flatMap(handlerHosts));
      const names = sorted(bad.map(({ name }) => name));
      const who = `${plural(names.length, 'container')} ${quoted(names)} ${plural(names.length, 'uses', 'use')}`;
      const what = `${plural(hosts.length, 'probe or lifecycle host')} ${quoted(hosts)}`;
      return { reason: 'probe or lifecycle host', detail: `${who} ${what}` };
    },
  },
  {
    id: 'privileged',
    since: 0,
    violation({ spec }) {
      const bad = containersOf(spec).filter(({ securityContext }) => securityContext?.privileged === true);
      return bad.length === 0
        ? undefined
        : { reason: 'privileged', detail: `${namedContainers(bad)} must not set securityContext.privileged=true` };
    },
  },
  {
    id: 'procMount',
    since: 0,
    violation({ spec }, minor) {
      if (inUserNamespace(spec, minor)) return undefined;
      const mount = ({ securityContext }: CheckedContainer) => securityContext?.procMount ?? 'Default';
      const bad = containersOf(spec).filter((container) => mount(container) !== 'Default');
      if (bad.length === 0) return undefined;
      const detail = `${namedContainers(bad)} must not set securityContext.procMount to ${quoted(sorted(bad.map(mount)))}`;
      return { reason: 'procMount', detail };
    },
  },
  {
    id: 'seLinuxOptions',
    since: 0,
    violation({ spec }, minor) {
      const allowed = new Set(minor >= 31 ? [...seLinuxTypes, 'container_engine_t'] : seLinuxTypes);
      const { text, contexts } = setters(
        spec,
        ({ seLinuxOptions: options }) =>
          options !== undefined && (!allowed.has(options.type ?? '') || Boolean(options.user) || Boolean(options.role)),
      );
      if (text === '') return undefined;
      const options = contexts.map(({ seLinuxOptions }) => seLinuxOptions ?? {});
      const types = sorted(options.map(({ type }) => type ?? '').filter((type) => !allowed.has(type)));
      const problems = [
        ...(types.length === 0 ? [] : [`${plural(types.length, 'type')} ${quoted(types)}`]),
        ...(options.some(({ user }) => user) ? ['user may not be set'] : []),
        ...(options.some(({ role }) => role) ? ['role may not be set'] : []),
      ];
      const detail = `${text} set forbidden securityContext.seLinuxOptions: ${problems.join('; ')}`;
      return { reason: 'seLinuxOptions', detail };
    },
  },
  {
    id: 'seccompProfile_baseline',
    since: 0,
    violation({ metadata, spec }, minor) {
      if (minor >= 19) return badSeccomp(spec);
      const keys = [seccompAnnotation, ...containersOf(spec).map(({ name }) => seccompContainerAnnotation + name)];
      const bad = keys
        .map((key) => [key, metadata?.annotations?.[key]] as const)
        .filter(([, value]) => value !== undefined && !allowedProfile(value, 'runtime/default', 'docker/default'))
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
      return said(
        'seccompProfile',
        bad.length === 0 ? '' : `forbidden ${plural(bad.length, 'annotation')} ${sorted(bad).join(', ')}`,
      );
    },
  },
  {
    id: 'sysctls',
    since: 0,
    violation({ spec }, minor) {
      const allowed = new Set(sysctls.flatMap(([since, names]) => (minor >= since ? names.split(' ') : [])));
      const bad = (spec.securityContext?.sysctls ?? []).map(({ name }) => name).filter((name) => !allowed.has(name));
      return said('forbidden sysctls', bad.join(', '));
    },
  },
  {
    id: 'windowsHostProcess',
    since: 0,
    violation({ spec }) {
      const { text } = setters(spec, ({ windowsOptions }) => windowsOptions?.hostProcess === true);
      return said('hostProcess', text && `${text} must not set securityContext.windowsOptions.hostProcess=true`);
    },
  },
];

function said(reason: string, detail: string): Violation | undefined {
  return detail === '' ? undefined : { reason, detail };
}

function allowedProfile(value: string, ...names: readonly string[]): boolean {
  return value === '' || names.includes(value) || value.startsWith('localhost/');
}

function handlerHosts(container: CheckedContainer): string[] {
  const { livenessProbe, readinessProbe, startupProbe, lifecycle } = container;
  return [livenessProbe, readinessProbe, startupProbe, lifecycle?.postStart, lifecycle?.preStop].flatMap((handler) =>
    [handler?.httpGet?.host, handler?.tcpSocket?.host].filter((host) => host !== undefined && host !== ''),
  ) as string[];
}
