// Node ports: each given to one service. What is taken is read from the services; what a write on its way was given is
// held until the write has ended. The lower ports are left to those who name theirs (KEP-3668).

import { resources } from '../../../streams/resources/names.ts';
import type { Service, ServicePort, ServiceSpec } from '../../../streams/resources/service.ts';
import { internalError, invalid } from '../errors.ts';
import type { AdmissionRequest } from './admission.ts';
import type { HeldValues } from './held-values.ts';

const portMin = 30_000;
const portMax = 32_767;
/** min(max(16, size/32), 128) of the 2,768 ports. */
const staticBand = 86;

export type PortedSpec = ServiceSpec & {
  readonly allocateLoadBalancerNodePorts?: boolean;
  readonly externalTrafficPolicy?: string;
  readonly healthCheckNodePort?: number;
};

/** The spec with a node port wherever its type needs one. Throws Invalid for a port it cannot have. */
export function withNodePorts(
  spec: PortedSpec,
  {
    request,
    before,
    held,
  }: {
    readonly request: AdmissionRequest;
    readonly before: PortedSpec | undefined;
    readonly held: HeldValues<number>;
  },
): PortedSpec {
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer';
  if (!external && !needsHealthCheck(before)) return spec;
  const ports = new NodePorts(request, held, portsOf(before));
  return withHealthCheck(external ? { ...spec, ports: given(spec, ports) } : spec, { before, ports });
}

function given(spec: PortedSpec, ports: NodePorts): readonly ServicePort[] {
  const gives = spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts !== false;
  const all = spec.ports ?? [];
  // A port that is served over several protocols has one node port for all of them, a named one before a chosen one.
  const byPort = new Map<number, number>();
  for (const { port, nodePort } of all) if (nodePort && !byPort.has(port)) byPort.set(port, nodePort);
  return all.map((port, index) => {
    if (!port.nodePort && !gives) return port;
    const wanted = port.nodePort || byPort.get(port.port);
    const nodePort = wanted === undefined ? ports.takeFree() : ports.takeNamed(wanted, index);
    byPort.set(port.port, nodePort);
    return port.nodePort === nodePort ? port : { ...port, nodePort };
  });
}

function needsHealthCheck(spec: PortedSpec | undefined): boolean {
  return spec?.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

/** Load balancers that spare other nodes ask each node on this port whether it has endpoints. */
function withHealthCheck(
  spec: PortedSpec,
  { before, ports }: { readonly before: PortedSpec | undefined; readonly ports: NodePorts },
): PortedSpec {
  const { healthCheckNodePort: port, ...rest } = spec;
  if (needsHealthCheck(spec)) {
    const kept = port || (needsHealthCheck(before) ? before?.healthCheckNodePort : undefined);
    return { ...rest, healthCheckNodePort: ports.takeHealthCheck(kept) };
  }
  return needsHealthCheck(before) && port === before?.healthCheckNodePort ? rest : spec;
}

function portsOf(spec: PortedSpec | undefined): ReadonlySet<number> {
  const ports = new Set<number>();
  for (const { nodePort } of spec?.ports ?? []) if (nodePort) ports.add(nodePort);
  if (spec?.healthCheckNodePort) ports.add(spec.healthCheckNodePort);
  return ports;
}

class NodePorts {
  readonly #request: AdmissionRequest;
  readonly #held: HeldValues<number>;
  /** What the service has, or has been given here. */
  readonly #own: Set<number>;
  #taken: ReadonlySet<number> | undefined;

  constructor(request: AdmissionRequest, held: HeldValues<number>, own: ReadonlySet<number>) {
    this.#request = request;
    this.#held = held;
    this.#own = new Set(own);
  }

  takeNamed(port: number, index: number): number {
    const problem = this.#problem(port);
    if (problem === undefined) return port;
    const { kind, name } = this.#request;
    const field = `spec.ports[${index}].nodePort`;
    throw invalid(kind, name, [{ type: 'Invalid', field, value: port, detail: problem }]);
  }

  takeHealthCheck(port: number | undefined): number {
    if (port === undefined) return this.takeFree();
    const problem = this.#problem(port);
    if (problem === undefined) return port;
    throw internalError(new Error(`failed to allocate requested HealthCheck NodePort ${port}: ${problem}`));
  }

  takeFree(): number {
    const found = this.#search(portMin + staticBand, portMax) ?? this.#search(portMin, portMin + staticBand - 1);
    if (found !== undefined) return found;
    throw internalError(new Error('failed to allocate a nodePort: range is full'));
  }

  #problem(port: number): string | undefined {
    if (this.#own.has(port)) return undefined;
    if (port < portMin || port > portMax) {
      return `provided port is not in the valid range. The range of valid ports is ${portMin}-${portMax}`;
    }
    if (this.#others.has(port) || !this.#held.take(port, this.#request.holds)) {
      return 'provided port is already allocated';
    }
    this.#own.add(port);
    return undefined;
  }

  #search(first: number, last: number): number | undefined {
    const count = last - first + 1;
    const start = this.#request.random.int(count);
    for (let i = 0; i < count; i++) {
      const port = first + ((start + i) % count);
      if (this.#others.has(port) || this.#own.has(port) || this.#held.avoids(port)) continue;
      if (!this.#held.take(port, this.#request.holds)) continue;
      this.#own.add(port);
      return port;
    }
    return undefined;
  }

  /** The ports of all other services. */
  get #others(): ReadonlySet<number> {
    if (this.#taken !== undefined) return this.#taken;
    const taken = new Set<number>();
    const { uid } = this.#request.object.metadata;
    for (const service of this.#request.world.list<Service>(resources.services)) {
      if (service.metadata.uid === uid) continue;
      for (const port of portsOf(service.spec)) taken.add(port);
    }
    this.#taken = taken;
    return taken;
  }
}
