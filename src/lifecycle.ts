/** Where a server stands between its start and its end: what its probes tell and what it may be asked. */

export interface Lifecycle {
  /** `starting` until the database is there and prepared, `draining` from the signal to stop on. */
  readonly state: 'starting' | 'ready' | 'draining';
}

export interface LifecycleControl extends Lifecycle {
  ready(): void;
  drain(): void;
}

/** A server that is told to stop stays so, whatever becomes ready later. */
export function createLifecycle(): LifecycleControl {
  let state: Lifecycle['state'] = 'starting';
  return {
    get state() {
      return state;
    },
    ready() {
      if (state === 'starting') state = 'ready';
    },
    drain() {
      state = 'draining';
    },
  };
}
