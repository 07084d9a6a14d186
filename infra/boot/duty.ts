// Work that one process of the cluster does at a time: it begins when this process is elected and ends when it no longer is.
// Without an election, as in a simulation, it begins at once.

import { type Election, type ElectionPorts, standForElection } from '../host/leader-elector.ts';

export type DutyOptions = {
  /** The lease in kube-system that says who does it, e.g. `kube-scheduler`. */
  readonly lease: string;
  /** Who this process is in elections; undefined where there are none. */
  readonly identity: string | undefined;
  readonly begin: () => void;
  /** Resolves once nothing is under way any more. */
  readonly end: () => Promise<void>;
};

export type Duty = {
  readonly lease: string;
  /** Who does it now, as far as that is known; empty for nobody, and where there are no elections. */
  readonly leader: string;
  readonly leading: boolean;
  /** Stands for election; resolves once it is known who does the work: this process, which has begun, or another. */
  start(): Promise<void>;
  stop(): Promise<void>;
};

export function duty({ lease, identity, begin, end }: DutyOptions, ports: ElectionPorts): Duty {
  let election: Election | undefined;
  let leading = false;
  // Beginning waits for an end that is under way, and the other way round.
  let turning: Promise<void> | undefined;
  const turn = (wanted: boolean): void => {
    const change = async () => {
      leading = wanted;
      if (wanted) begin();
      else await end();
    };
    const turned = turning === undefined ? change() : turning.then(change);
    // Work that does not begin or end must not keep the next turn from coming.
    turning = turned.catch((error) => ports.logger.error('a turn of leadership failed', { lease, error }));
  };
  return {
    lease,
    get leader() {
      return election?.leader ?? '';
    },
    get leading() {
      return leading;
    },
    async start() {
      if (identity === undefined) return turn(true);
      election = standForElection({ lease, identity, onLeadership: turn }, ports);
      await election.decided;
      await turning;
    },
    async stop() {
      if (leading) turn(false);
      await turning;
      await election?.stop();
    },
  };
}
