// What makes the security contexts of a pod and of its containers invalid: users and groups, profiles, sysctls, what
// Windows has of its own, and what does not exist there.

import { type Check, isAbsent, type Rule } from './check.ts';
import { dnsSubdomain, localPath, userId } from './formats.ts';
import { type CheckedSpec, podScope } from './pod-scope.ts';
import { each, fields, type Json, oneOf } from './rules.ts';

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'];
type Profile = { readonly type?: string; readonly localhostProfile?: string };

const seccompProfile: Rule<Profile> = (profile, check) => {
  const { type = '', localhostProfile } = profile;
  if (type === '') check.required('type is required when seccompProfile is set', '.type');
  else if (!profileTypes.includes(type)) check.notSupported(type, profileTypes, '.type');
  check.enter('localhostProfile');
  if (type !== 'Localhost') {
    if (localhostProfile !== undefined) check.invalid(profile, 'can only be set when seccomp type is Localhost');
  } else if (localhostProfile === undefined) check.required('must be set when seccomp type is Localhost');
  else localPath(localhostProfile, check);
  check.leave();
};

const appArmorProfile: Rule<Profile> = ({ type = '', localhostProfile }, check) => {
  const sub = '.localhostProfile';
  if (type === 'Localhost') {
    const missing = localhostProfile === undefined || localhostProfile === '';
    if (missing) return check.required('must be set when AppArmor type is Localhost', sub);
    if (localhostProfile.trim() !== localhostProfile)
      check.invalid(localhostProfile, 'must not be padded with whitespace', sub);
    if (Buffer.byteLength(localhostProfile) > 4095) check.tooLong(4095, sub);
  } else if (type === '') check.required('type is required when appArmorProfile is set', '.type');
  else if (!profileTypes.includes(type)) check.notSupported(type, profileTypes, '.type');
  else if (localhostProfile !== undefined)
    check.invalid(localhostProfile, 'can only be set when AppArmor type is Localhost', sub);
};

const windowsOptions: Rule<object> = fields({
  gmsaCredentialSpecName: dnsSubdomain,
  gmsaCredentialSpec: (spec: string, check) => {
    if (spec.length > 64 * 1024) check.invalid(spec, 'gmsaCredentialSpec size must be under 64 KiB');
  },
  runAsUserName: (name: string, check) => windowsUser(name, check),
});

const netBios = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const windowsDomain =
  /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

const windowsUser: Rule<string> = (name, check) => {
  const tell = (detail: string) => check.invalid(name, `runAsUserName${detail}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(name)) return tell(' cannot contain control characters');
  const parts = name.split('\\');
  if (parts.length > 2) return tell(' cannot contain more than one backslash');
  const user = parts.at(-1) ?? '';
  const domain = parts.length === 2 ? (parts[0] ?? '') : undefined;
  if (domain !== undefined && domain.length >= 256) tell("'s Domain length must be under 256 characters");
  if (domain !== undefined && !netBios.test(domain) && !windowsDomain.test(domain))
    tell("'s Domain doesn't match the NetBios nor the DNS format");
  if (user === '') tell("'s User cannot be empty");
  else if (user.length > 104) tell("'s User length must not be longer than 104 characters");
  if (/^[. ]+$/.test(user)) tell("'s User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user)) tell(`'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
};

/** Of one container. */
export const securityContext: Rule<Json> = fields<Json>(
  {
    runAsUser: userId,
    runAsGroup: userId,
    procMount: (mount: string, check) => {
      if (mount !== 'Default' && mount !== 'Unmasked') check.notSupported(mount, ['Default', 'Unmasked']);
      if (mount === 'Unmasked' && podScope(check).spec.hostUsers !== false)
        check.invalid(mount, '`hostUsers` must be false to use `Unmasked`');
    },
    seccompProfile,
    windowsOptions,
    appArmorProfile,
  },
  (context, check) => {
    if (context.allowPrivilegeEscalation !== false) return;
    if (context.privileged === true)
      check.invalid(context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true');
    const { add = [] } = (context.capabilities ?? {}) as { readonly add?: readonly string[] };
    if (add?.includes('CAP_SYS_ADMIN'))
      check.invalid(context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN');
  },
);

const sysctlForm = /^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$/;
const sysctlText =
  'must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$';
const ipcNamespace = /^(kernel\.(shmall|shmmax|shmmni|shm_rmid_forced|msgmax|msgmnb|msgmni|sem)$|fs\.mqueue\.)/;

function sysctls(list: readonly { readonly name?: string }[], check: Check): void {
  const { spec } = podScope(check);
  const seen = new Set<string>();
  for (const [i, { name = '' }] of list.entries()) {
    const sub = `[${i}].name`;
    if (name === '') check.required('', sub);
    else if (name.length > 253 || !sysctlForm.test(name)) check.invalid(name, sysctlText, sub);
    else if (seen.has(name)) check.duplicate(name, sub);
    seen.add(name);
    const dotted = name.replaceAll('/', '.');
    if (spec.hostNetwork === true && dotted.startsWith('net.'))
      check.invalid(name, "may not be specified when 'hostNetwork' is true", sub);
    else if (spec.hostIPC === true && ipcNamespace.test(dotted))
      check.invalid(name, "may not be specified when 'hostIPC' is true", sub);
  }
}

/** Of the pod. */
export const podSecurityContext: Rule<Json> = fields<Json>({
  fsGroup: userId,
  runAsUser: userId,
  runAsGroup: userId,
  supplementalGroups: each(userId),
  sysctls,
  fsGroupChangePolicy: oneOf('Always', 'OnRootMismatch'),
  seccompProfile,
  windowsOptions,
  appArmorProfile,
  supplementalGroupsPolicy: oneOf('Merge', 'Strict'),
  seLinuxChangePolicy: oneOf('MountOption', 'Recursive'),
});

const notOnWindows = {
  spec: ['hostUsers', 'hostPID', 'hostIPC', 'shareProcessNamespace'],
  pod: 'appArmorProfile seLinuxOptions seccompProfile fsGroup fsGroupChangePolicy sysctls runAsUser runAsGroup supplementalGroups supplementalGroupsPolicy seLinuxChangePolicy'.split(
    ' ',
  ),
  container:
    'appArmorProfile seLinuxOptions seccompProfile capabilities readOnlyRootFilesystem privileged allowPrivilegeEscalation procMount runAsUser runAsGroup'.split(
      ' ',
    ),
} as const;

/** What the operating system a pod names does not have. */
export const operatingSystem: Rule<CheckedSpec> = (spec, check) => {
  const os = spec.os;
  if (isAbsent(os)) return;
  if (isAbsent(os.name)) return check.required('', '.os.name');
  if (os.name !== 'linux' && os.name !== 'windows') return check.notSupported(os.name, ['linux', 'windows'], '.os');
  const context = (spec.securityContext ?? {}) as Json;
  const refuse = (owner: Json, fields: readonly string[], { path, text }: { path: string; text: string }) => {
    for (const field of fields)
      if (!isAbsent(owner[field]) && owner[field] !== false) check.forbidden(text, `${path}.${field}`);
  };
  const windows = os.name === 'windows';
  const text = windows ? 'cannot be set for a windows pod' : 'windows options cannot be set for a linux pod';
  if (windows) refuse(spec as unknown as Json, notOnWindows.spec, { path: '', text });
  refuse(context, windows ? notOnWindows.pod : ['windowsOptions'], { path: '.securityContext', text });
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    for (const [i, container] of (spec[list] ?? []).entries()) {
      const own = ((container as { securityContext?: Json }).securityContext ?? {}) as Json;
      const path = `.${list}[${i}].securityContext`;
      refuse(own, windows ? notOnWindows.container : ['windowsOptions'], { path, text });
    }
  }
};

type WindowsContext = { readonly windowsOptions?: { readonly hostProcess?: boolean } };

/** Containers that run as processes of a Windows host: all of them or none, and on the host's network. */
export function hostProcesses(spec: CheckedSpec, check: Check): void {
  const ofPod = (spec.securityContext as WindowsContext | undefined)?.windowsOptions?.hostProcess;
  let [all, host] = [0, 0];
  for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
    const containers = spec[list];
    if (isAbsent(containers)) continue;
    for (let i = 0; i < containers.length; i++) {
      all++;
      const context = (containers[i] as { readonly securityContext?: WindowsContext }).securityContext;
      const own = context?.windowsOptions?.hostProcess;
      if (own ?? ofPod ?? false) host++;
      if (ofPod === undefined || own === undefined || own === ofPod) continue;
      const detail = `pod hostProcess value must be identical if both are specified, was ${ofPod}`;
      check.invalid(own, detail, `.${list}[${i}].securityContext.windowsOptions.hostProcess`);
    }
  }
  if (host === 0) return;
  if (host !== all)
    check.invalid('', 'If pod contains any hostProcess containers then all containers must be HostProcess containers');
  if (spec.hostNetwork !== true)
    check.invalid(false, 'hostNetwork must be true if pod contains any hostProcess containers', '.hostNetwork');
}
