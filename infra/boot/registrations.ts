// Objects the API server keeps about itself: the APIServices of what it serves, and the bootstrap objects of priority and
// fairness. They are made beside everything else that starts, and nobody waits for them but /readyz. Registrations of
// custom resources come and go with their definitions for as long as the server runs.

import type { Write } from '../../actors/kit/write.ts';
import type { Logger } from '../../streams/base/logger.ts';
import type { AnyObject, Draft, KubeObject, ResourceName } from '../../streams/resources/meta.ts';
import { resources } from '../../streams/resources/names.ts';
import type { ObjectView } from '../../streams/views/object-view.ts';
import { type LocalApiService, localApiServices, managedLabel } from '../api/discovery/api-services.ts';
import { bootstrapFlowObjects, mandatorySpec } from '../api/flow/bootstrap.ts';
import type { KindTable } from '../api/kinds/kind-table.ts';
import { equal } from '../api/registry/equal.ts';
import type { HealthCheck } from '../api/server/health.ts';
import type { WriteContext, Writer } from '../host/writer.ts';

export type RegistrationPorts = {
  readonly kinds: KindTable;
  readonly view: ObjectView;
  readonly writer: Writer;
  readonly logger: Logger;
};

const context: WriteContext = { user: 'system:apiserver', agent: 'kube-apiserver', cause: null };
const triesMax = 5;

/** What the server registers once it serves; /readyz tells when all of it is there. */
export class Registrations {
  readonly #ports: RegistrationPorts;
  readonly #services: ApiServiceKeeper;
  #work: Promise<unknown> | undefined;
  #stopped = false;
  #done = { flows: false, services: false };

  readonly checks: readonly HealthCheck[] = [
    this.#check('poststarthook/priority-and-fairness-config-producer', () => this.#done.flows),
    this.#check('poststarthook/apiservice-registration-controller', () => this.#done.services),
  ];

  constructor(ports: RegistrationPorts) {
    this.#ports = ports;
    this.#services = new ApiServiceKeeper(ports);
  }

  /** Nothing that is started needs what is made here, so that nobody waits for it. */
  begin(): void {
    const flows = this.#attempt('flows', ensureFlowObjects(this.#ports));
    this.#work = Promise.all([flows, this.#attempt('services', this.#services.start())]);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([this.#work, this.#services.stop()]);
  }

  async #attempt(what: 'flows' | 'services', work: Promise<void>): Promise<void> {
    try {
      await work;
      this.#done[what] = true;
    } catch (error) {
      if (!this.#stopped)
        this.#ports.logger.error('the server could not register what it serves', { error: String(error) });
    }
  }

  #check(name: string, isDone: () => boolean): HealthCheck {
    return { name, readinessOnly: true, check: () => (isDone() ? undefined : 'not finished') };
  }
}

/** Makes the levels and schemas every cluster begins with; suggestions somebody has changed stay changed. */
async function ensureFlowObjects({ view, writer }: Pick<RegistrationPorts, 'view' | 'writer'>): Promise<void> {
  await Promise.all(
    bootstrapFlowObjects.map((object) => {
      const resource = object.kind === 'FlowSchema' ? resources.flowSchemas : resources.priorityLevels;
      return settled({ resource, object, change: flowChange(object) }, { view, writer });
    }),
  );
}

type FlowObject = (typeof bootstrapFlowObjects)[number];

function flowChange(wanted: FlowObject): Change {
  const kind = wanted.kind as 'FlowSchema' | 'PriorityLevelConfiguration';
  const mandatory = mandatorySpec(kind, wanted.metadata.name ?? '') !== undefined;
  return (existing) => {
    const automatic = existing.metadata.annotations?.['apf.kubernetes.io/autoupdate-spec'] === 'true';
    if ((!mandatory && !automatic) || equal(existing.spec, wanted.spec)) return existing;
    return { ...existing, spec: wanted.spec };
  };
}

/** Keeps an APIService for each group version that is served. */
class ApiServiceKeeper {
  readonly #ports: RegistrationPorts;
  #stopped = false;
  #running: Promise<void> | undefined;
  #again = false;
  #unlisten: () => void = () => {};

  constructor(ports: RegistrationPorts) {
    this.#ports = ports;
  }

  /** Resolves once everything served now is registered. */
  start(): Promise<void> {
    this.#unlisten = this.#ports.kinds.listen(() => {
      this.#sync().catch((error: unknown) => {
        const why = error instanceof Error ? error.message : String(error);
        this.#ports.logger.warn('API services could not be registered', { error: why });
      });
    });
    return this.#sync();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten();
    await this.#running?.catch(() => {});
  }

  /** One round at a time; a change meanwhile makes another one. */
  async #sync(): Promise<void> {
    this.#again = true;
    this.#running ??= this.#rounds().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #rounds(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      await this.#round();
    }
  }

  async #round(): Promise<void> {
    const { kinds, view, writer } = this.#ports;
    const wanted = localApiServices(kinds.all());
    const names = new Set(wanted.map(({ metadata }) => metadata.name));
    const gone = [...view.list<KubeObject>(resources.apiServices)].filter(
      ({ metadata }) => metadata.labels?.[managedLabel] === 'true' && !names.has(metadata.name),
    );
    await Promise.all([
      ...wanted.map((object) =>
        settled({ resource: resources.apiServices, object, change: registered(object) }, { view, writer }),
      ),
      ...gone.map(({ metadata: { name, uid } }) =>
        writer.write({ kind: 'delete', resource: resources.apiServices, namespace: '', name, uid }, context),
      ),
    ]);
  }
}

/** One somebody else has registered under the name is theirs. */
function registered(wanted: LocalApiService): Change {
  return (existing) => {
    if (existing.metadata.labels?.[managedLabel] === undefined) return existing;
    if (equal(existing.spec, wanted.spec)) return existing;
    return { ...existing, spec: wanted.spec } as AnyObject;
  };
}

type Change = (existing: AnyObject) => AnyObject;
type Wanted = { readonly resource: ResourceName; readonly object: Draft<KubeObject>; readonly change: Change };

/** The object is made, or changed; a lost race is decided again. */
async function settled(
  { resource, object, change }: Wanted,
  { view, writer }: Pick<RegistrationPorts, 'view' | 'writer'>,
): Promise<void> {
  const { name = '' } = object.metadata;
  for (let attempt = 1; ; attempt++) {
    const existing = view.get<KubeObject>(resource, { name }) as AnyObject | undefined;
    const next = existing === undefined ? undefined : change(existing);
    if (existing !== undefined && next === existing) return;
    const write: Write =
      next === undefined ? { kind: 'create', resource, object } : { kind: 'update', resource, object: next };
    const outcome = await writer.write(write, context);
    if (outcome.kind === 'done') return;
    const raced = ['Conflict', 'AlreadyExists', 'NotFound'].includes(outcome.reason);
    if (!raced || attempt >= triesMax) throw new Error(`cannot make ${resource.resource} ${name}: ${outcome.message}`);
  }
}
